"""Listening for HTTP, bounded against whatever connects; knows nothing of what is served."""
