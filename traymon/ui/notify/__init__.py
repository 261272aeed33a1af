"""Desktop notifications: when one is due, and the channels that deliver it."""
