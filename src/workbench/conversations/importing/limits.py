"""How much an import takes from a file before it calls it broken or hostile. All are limits of work, not of time."""

from __future__ import annotations

CONVERSATION_CHARACTERS = 64 * 1024 * 1024
"""JSON of one conversation. The largest real ones have a tenth of it."""
MESSAGES = 100_000
"""Messages of one conversation."""
PART_DEPTH = 64
"""Nesting of a part that is kept as it is; deeper ones are kept as text. SQLite's own limit is 1,000."""
KEY_CHARACTERS = 200
"""Of what a file calls a message; longer names are hashed."""

LOOKED_AT = 2000
"""Documents of a file that may be unknown before the whole file is."""
FAILURES = 10_000
"""Conversations of a file that may be broken before the whole file is."""

ZIP_DIRECTORY_BYTES = 2 * 1024 * 1024
"""The list of files at the end of a zip: about 20,000 files."""
ZIP_RATIO = 200
"""Bytes that one packed byte may become; text packs 3 to 20 times."""
ZIP_RATIO_FREE = 8 * 1024 * 1024
"""Files up to this size may be packed any way."""
ZIP_TOTAL_BYTES = 64 * 1024 * 1024 * 1024

YAML_BYTES = 2 * 1024 * 1024
YAML_EVENTS = 60_000
YAML_DEPTH = 40

HTML_CHARACTERS = 4 * 1024 * 1024
"""Of one activity in an HTML file."""
HTML_PENDING = 16 * 1024
"""Of an HTML tag that does not end: the parser reads it anew with each piece."""
