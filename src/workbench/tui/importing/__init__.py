"""Importing conversations from the screens."""
