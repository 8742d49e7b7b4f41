"""One file per format: what its documents look like, and what they become here."""
