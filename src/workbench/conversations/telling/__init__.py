"""Conversations in words and in plain documents."""
