"""Conversations of other programs and of other homes, read and added to this one."""
