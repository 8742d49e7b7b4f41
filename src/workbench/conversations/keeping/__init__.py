"""Conversations on disk: read, written, and what is kept beside them."""
