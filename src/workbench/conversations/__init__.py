"""Conversations as trees of messages, and the drafts that belong to them."""
