"""A file as the conversations in it, whatever its format; it is told by the content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.conversations.importing import limits
from workbench.conversations.importing.format import Format, Outcome
from workbench.conversations.importing.formats import (
    chatgpt,
    claude,
    claude_code,
    gemini,
    librechat,
    open_webui,
    openai,
    own,
    sharegpt,
)
from workbench.conversations.importing.json_stream import Found, documents_of
from workbench.conversations.importing.opening import SNIFFED, Content, Progress, Text, content_of, opened, texts_of
from workbench.conversations.importing.values import ImportRefusedError, MalformedError, Trouble
from workbench.core.text import clean_line

if TYPE_CHECKING:
    from workbench.storage.foreign import ForeignDatabase

    Knows = Callable[[ForeignDatabase], bool]
    Reads = Callable[[ForeignDatabase], Iterator[Outcome]]

FORMATS = (
    own.FORMAT,
    chatgpt.FORMAT,
    claude.FORMAT,
    open_webui.FORMAT,
    librechat.FORMAT,
    claude_code.FORMAT,
    gemini.FORMAT,
    openai.FORMAT,
    sharegpt.FORMAT,
)
"""Those of JSON; the first that knows a document has it."""
_SESSION = (re.compile(r"^model:", re.MULTILINE), re.compile(r"^(compressed_)?messages:", re.MULTILINE))
"""Keys that a YAML file must have to be looked at more closely."""
_READ_BYTES = 256 * 1024


class ImportFile:
    """One file that is read from its beginning to its end."""

    def __init__(self, file: Path) -> None:
        """Nothing is opened before `outcomes`."""
        self.file = file
        self.format = ""
        """Of the first part that was known."""
        self.label = ""
        self.progress = Progress()
        self.changed_ms = 0
        """When the file was changed last: what it holds is no younger."""

    def outcomes(self) -> Iterator[Outcome]:
        """The conversations, one at a time; raises WorkbenchError for a file that is none of ours or is broken."""
        with opened(self.file) as stream:
            self.changed_ms = self.file.stat().st_mtime_ns // 1_000_000
            content = content_of(stream.read(SNIFFED))
            stream.seek(0)
            if content is Content.SQLITE:
                yield from self._database()
            else:
                for text in texts_of(stream, self.file.name, self.progress):
                    if text.content is Content.JSON:
                        yield from self._documents(text)
                    elif not self.format:
                        yield from self._other(text)
        if not self.format:
            raise ImportRefusedError(
                f"{clean_line(self.file.name, 80)} is no file of conversations that is known here",
                hint="`workbench history import --help` lists the formats",
            )

    def _is(self, name: str, label: str) -> None:
        if not self.format:
            self.format, self.label = name, label

    def _documents(self, text: Text) -> Iterator[Outcome]:
        documents = documents_of(text.stream, text.name)
        before: list[Found] = []
        for found in documents:
            before.append(found)
            known = None if isinstance(found, Trouble) else _format_of(found.value)
            if known is not None:
                self._is(known.name, known.label)
                yield from known.read(chain(before, documents))
                return
            if len(before) > limits.LOOKED_AT:
                return

    def _other(self, text: Text) -> Iterator[Outcome]:
        if text.content is Content.HTML:
            for outcome in gemini.read_html(text.stream):
                self._is(gemini.NAME, gemini.LABEL)
                yield outcome
        elif text.content is Content.YAML:
            yield from self._session(text)

    def _session(self, text: Text) -> Iterator[Outcome]:
        from workbench.conversations.importing.formats import aichat

        content = bytearray()
        while len(content) <= limits.YAML_BYTES and (chunk := text.stream.read(_READ_BYTES)):
            content += chunk
        yaml = content.decode("utf-8-sig", "replace")
        if not all(key.search(yaml) for key in _SESSION):
            return
        self._is(aichat.NAME, aichat.LABEL)
        if len(content) > limits.YAML_BYTES:
            raise ImportRefusedError(
                f"{text.name} is too large", detail=f"more than {limits.YAML_BYTES:,} bytes of YAML"
            )
        try:
            document = aichat.document_in(yaml)
            if document is None:
                raise MalformedError("it is no session")
            yield aichat.conversation_of(document, Path(text.name).stem)
        except MalformedError as error:
            raise ImportRefusedError(f"{text.name} cannot be read", detail=str(error)) from error

    def _database(self) -> Iterator[Outcome]:
        from workbench.conversations.importing.formats import elia, llm, oterm
        from workbench.storage.foreign import opened_foreign

        known: tuple[tuple[str, str, Knows, Reads], ...] = (
            (llm.NAME, llm.LABEL, llm.knows, llm.read),
            (elia.NAME, elia.LABEL, elia.knows, elia.read),
            (oterm.NAME, oterm.LABEL, oterm.knows, oterm.read),
        )
        with opened_foreign(self.file) as database:
            if database.ours:
                raise ImportRefusedError(
                    "This is a database of workbench",
                    hint="`workbench restore FILE` puts it in place of this one;"
                    " `workbench history export --all` there makes a file that can be imported",
                )
            for name, label, knows, read in known:
                if knows(database):
                    self._is(name, label)
                    yield from read(database)
                    return


def _format_of(document: dict[str, object]) -> Format | None:
    return next((one for one in FORMATS if one.knows(document)), None)
