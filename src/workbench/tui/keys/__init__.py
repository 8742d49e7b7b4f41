"""The keys of actions: the user's key map, what terminals can send, and who takes it before us."""
