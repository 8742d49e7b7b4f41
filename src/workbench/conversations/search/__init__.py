"""Searching everything that was ever said."""
