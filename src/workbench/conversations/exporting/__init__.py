"""Conversations as files for people and for programs."""
