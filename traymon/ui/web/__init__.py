"""The fix page: live on 127.0.0.1, and as a static file."""
