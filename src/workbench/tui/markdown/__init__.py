"""Replies as lines of text: blocks, inline styles, tables, code."""
