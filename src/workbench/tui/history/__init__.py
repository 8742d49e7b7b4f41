"""The history pane: what was said, found, read and gone on with."""
