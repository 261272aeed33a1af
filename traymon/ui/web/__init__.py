"""The fix page: live on 127.0.0.1, or as a static file."""
