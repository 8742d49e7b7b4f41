"""Titles, tags, folders, archive and trash."""
