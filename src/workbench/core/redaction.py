"""Keys kept out of every text that leaves the program: exact values first, then what looks like a key."""

from __future__ import annotations

import base64
import json
import re
import threading
from urllib.parse import quote, quote_plus

from workbench.core.secret import MASK, Secret
from workbench.core.text import clean

SHORTEST = 4
"""Values shorter than this are not registered: masking them would tear ordinary text to pieces."""

_WORD_ONLY_BELOW = 8
"""Shorter values are masked only where they stand alone."""

PLACEHOLDERS = frozenset(
    {"ollama", "lm-studio", "lmstudio", "llama.cpp", "vllm", "local", "dummy", "empty", "none", "null", "test", "fake",
     "no-key", "nokey", "not-needed", "notneeded", "unused", "changeme", "true", "false", "demo", "demonstration"}
)  # fmt: skip
"""What people write where a local server wants any key at all; words, not secrets."""

_RUN = r"[A-Za-z0-9._~+/=-]"
_NAMED = r"(?:api|access|auth|client|id|private|refresh|secret|session|signing|subscription)"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), replacement)
    for pattern, flags, replacement in (
        # Ends before the next one begins: else many beginnings without an end cost their number times the bound.
        (r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----(?:(?!-----BEGIN)[\s\S]){0,20000}?"
         r"(?:-----END \1-----|(?=-----BEGIN)|\Z)", 0, MASK),
        (rf"\b(bearer|basic)(\s{{1,4}}|%20|\+){_RUN}{{8,}}", re.IGNORECASE, rf"\1\2{MASK}"),
        (r"\b(?:sk|pk|rk|gsk|xai|hf|pplx|ghp|gho|ghu|ghs|ghr|glpat|npm|r8|fw|tvly|nvapi|sess)[-_][A-Za-z0-9_-]{12,}",
         0, MASK),
        (r"\bgithub_pat_[A-Za-z0-9_]{20,}", 0, MASK),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}", 0, MASK),
        (r"\bAIza[A-Za-z0-9_-]{20,}", 0, MASK),
        (r"\bxox[a-z]-[A-Za-z0-9-]{10,}", 0, MASK),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]{0,2000})?", 0, MASK),
        (rf"""((?:(?<![A-Za-z0-9]){_NAMED}[-_ ]?(?:api[-_ ]?)?(?:key|token|secret)"""
         rf"""|(?<![\w-])(?:key|token|password|passwd|authorization|secret))"""
         rf"""\\{{0,2}}["']?\s{{0,4}}(?:=|:|%3[dD])\s{{0,4}}\\{{0,2}}["']?){_RUN}{{8,}}""",
         re.IGNORECASE, rf"\1{MASK}"),
        (r"(://[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)", 0, rf"\1{MASK}"),
    )
)  # fmt: skip


def _forms(value: str) -> set[str]:
    """`value` and the ways in which it comes back: inside JSON, a URL, a header, a log line."""
    as_bytes = value.encode("utf-8", "surrogatepass")
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value))[3:-3],
        repr(value)[1:-1],
        as_bytes.hex(),
    }
    for encoded in (quote(as_bytes), quote(as_bytes, safe=""), quote_plus(as_bytes)):
        forms |= {encoded, re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)}
    # Base64 hides a value at three alignments, depending on what stands before it ("user:" in a Basic header);
    # only the characters that hold nothing but the value's own bits are looked for.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + as_bytes).decode()
        first = -(-before * 8 // 6)
        last = (before + len(as_bytes)) * 8 // 6
        core = encoded[first:last]
        if len(core) >= _WORD_ONLY_BELOW:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


class Redactor:
    """Masks registered secrets and key-like text; all its methods may be called from any thread."""

    def __init__(self) -> None:
        """Knows no secret yet."""
        self._lock = threading.Lock()
        self._known: set[Secret] = set()
        self._forms: tuple[str, ...] = ()
        self._words: re.Pattern[str] | None = None
        self._short: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """How many secrets it knows, none of them."""
        return f"Redactor({len(self._known)} secrets)"

    def register(self, secret: Secret) -> None:
        """Mask this value from now on, also where it comes back JSON-escaped, URL-encoded or in base64."""
        value = secret.reveal().strip()
        if len(value) < SHORTEST or value.lower() in PLACEHOLDERS:
            return
        with self._lock:
            if secret in self._known:
                return
            self._known.add(secret)
            if len(value) < _WORD_ONLY_BELOW:
                self._short = (*self._short, re.escape(value))
                alternatives = "|".join(sorted(self._short, key=len, reverse=True))
                self._words = re.compile(rf"(?<![\w-])(?:{alternatives})(?![\w-])")
            else:
                self._forms = tuple(sorted({*self._forms, *_forms(value)}, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """`text` with every registered secret, and whatever has the form of a key, masked."""
        text = self._without_known(text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def scrub(self, text: str) -> str:
        """Redacted and cleaned, for files and other places without a sink of their own.

        Patterns are looked for after cleaning only: in a key that was broken up by an invisible character they would
        mask the first half and leave the second unrecognisable.
        """
        return self.redact(clean(self._without_known(text)))

    def _without_known(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text if self._words is None else self._words.sub(MASK, text)


REDACTOR = Redactor()
"""The one that all sinks of this process share."""
