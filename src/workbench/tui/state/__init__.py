"""What the screens show, as plain values folded from events; no Textual here."""
