"""What the chat pane does: conversations at hand, sending, drafts, and what its parts show."""
