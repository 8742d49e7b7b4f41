"""Putting conversations in order from the screens."""
