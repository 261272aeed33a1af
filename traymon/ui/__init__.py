"""The surfaces: each renders the same Status, and none of them looks for itself."""
