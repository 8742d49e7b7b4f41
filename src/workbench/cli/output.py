"""What a command writes: cleaned text and JSON on standard output, narration on standard error.

Every string passes `core.text.clean` on its way out, in JSON too: keys and values are cleaned before they are
encoded, so that no control, bidi or invisible character reaches the stream raw, and none comes back as a raw one
when a program decodes the document and prints it. What is stored stays as it came.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import PurePath
from typing import TextIO, cast

from workbench.core.redaction import REDACTOR
from workbench.core.text import clean, clean_line

DIM = "2"
BOLD = "1"
STRUCK = "9;2"
RED = "31"
YELLOW = "33"
GREEN = "32"
"""Numbers of select-graphic-rendition sequences, the only colours the commands use."""

_NANO = 1_000_000_000
_NARRATION_LIMIT = 1000


def prepare_streams() -> None:
    """Let no text fail: what the output's encoding lacks is shown escaped, input that is none is replaced."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=errors)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees the stream; False for a closed one."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def obeys_sequences(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal that understands cursor movement and erasing."""
    return is_terminal(stream) and os.environ.get("TERM", "") not in ("", "dumb")


def styled(text: str, style: str, stream: TextIO) -> str:
    """`text` in a colour, on a terminal that has colours and a user who wants them; otherwise as it is."""
    if not text or os.environ.get("NO_COLOR") or not obeys_sequences(stream):
        return text
    return f"\x1b[{style}m{text}\x1b[0m"


class OutputFailed(Exception):
    """Standard output takes nothing more; the command has nobody left to work for."""

    def __init__(self, problem: OSError) -> None:
        """`problem` says why: a reader that went away, a full disk."""
        super().__init__(os.strerror(problem.errno or 0))
        self.reader_gone = isinstance(problem, BrokenPipeError)


def write(text: str) -> None:
    """Foreign text to standard output, cleaned, without a line end of its own."""
    _emit(clean(text))


def write_line(text: str = "", style: str = "") -> None:
    """A line to standard output, cleaned; `text` may hold line ends."""
    _emit((styled(clean(text), style, sys.stdout) if style else clean(text)) + "\n")


def write_text_line(text: str, style: str = "", limit: int = 2000) -> None:
    """One line to standard output, whatever `text` holds: LF and TAB become spaces, the rest is cut."""
    _emit((styled(clean_line(text, limit), style, sys.stdout) if style else clean_line(text, limit)) + "\n")


def write_marked_line(before: str, text: str, marks: Iterable[tuple[int, int]]) -> None:
    """One line to standard output: `before`, then `text` with the stretches from start to end of `marks` in bold."""
    pieces = [clean_line(before)]
    at = 0
    for start, end in marks:
        pieces += [clean_line(text[at:start]), styled(clean_line(text[start:end]), BOLD, sys.stdout)]
        at = end
    _emit("".join([*pieces, clean_line(text[at:])]) + "\n")


def write_sequence(sequence: str) -> None:
    """A terminal sequence of our own to standard output; never for text that came from outside."""
    _emit(sequence)


def flush() -> None:
    """Hand what is written to whoever reads it, now."""
    _emit("", hand_over=True)


def note(text: str, style: str = "") -> None:
    """One line of narration to standard error: redacted, cleaned, at most 1000 characters; never fails."""
    line = clean_line(REDACTOR.scrub(text), _NARRATION_LIMIT)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write((styled(line, style, sys.stderr) if style else line) + "\n")
        sys.stderr.flush()


def prompt(text: str) -> None:
    """A question of ours on standard error; the answer is typed behind it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def note_lines(text: str, style: str = "") -> None:
    """Several lines of narration."""
    for line in text.split("\n"):
        note(line, style)


def write_json(document: Mapping[str, object]) -> None:
    """One JSON document to standard output."""
    _emit(_encode(document, indent=2) + "\n")


def write_ndjson(document: Mapping[str, object]) -> None:
    """One JSON document in one line, handed on at once."""
    _emit(_encode(document) + "\n", hand_over=True)


def silence() -> None:
    """Send further output nowhere, so that the interpreter's last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _emit(text: str, *, hand_over: bool = False) -> None:
    try:
        sys.stdout.write(text)
        if hand_over:
            sys.stdout.flush()
    except OSError as problem:
        raise OutputFailed(problem) from None


def _encode(document: Mapping[str, object], indent: int | None = None) -> str:
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    return json.dumps(cleaned(document), ensure_ascii=ascii_only, indent=indent, allow_nan=False)


def cleaned(value: object) -> object:
    """A plain JSON value with every string in it cleaned; numbers that JSON lacks become null."""
    result: object
    if isinstance(value, Enum):
        return cleaned(value.value)
    if isinstance(value, (str, PurePath)):
        result = clean(str(value))
    elif value is None or isinstance(value, (bool, int)):
        result = value
    elif isinstance(value, float):
        result = value if value - value == 0 else None
    elif isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        result = {clean(str(key)): cleaned(item) for key, item in pairs}
    elif isinstance(value, Iterable):
        result = [cleaned(item) for item in cast("Iterable[object]", value)]
    else:
        result = clean(str(value))
    return result


def dollars(cost_nano: int | None) -> float | None:
    """Nano-dollars as decimal dollars; None stays unknown."""
    return None if cost_nano is None else cost_nano / _NANO


def table(rows: Iterable[Iterable[str]]) -> list[str]:
    """Rows as lines with aligned columns; the last column is not padded. Cells are cleaned to one line each."""
    from rich.cells import cell_len

    cells = [[clean_line(cell, 200) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            cell if column == len(row) - 1 else cell + " " * (widths[column] - cell_len(cell))
            for column, cell in enumerate(row)
        ).rstrip()
        for row in cells
    ]
