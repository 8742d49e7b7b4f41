"""Queries as SQLite's full-text index takes them. Pure; what was typed only ever appears inside quotation marks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from workbench.conversations.search import terms
from workbench.conversations.search.query import FacetFilter, Query, Term
from workbench.conversations.search.stemming import stem
from workbench.conversations.values import Role
from workbench.core.text import folded

_KINDS: Final = {"role": terms.ROLE, "has": terms.HAS, "provider": terms.PROVIDER, "model": terms.MODEL}
_BEGINNINGS: Final = frozenset({"provider", "model"})
"""Facets whose value may be the beginning of a name."""
_ENDINGS: Final = (
    "s", "es", "ed", "ing", "ings", "er", "ers", "ation", "ations", "ion", "ions", "ment", "ments", "ness", "able",
    "ance", "ence", "ful", "ous", "ive", "ize", "ized", "izing", "ically", "ies", "ied", "y", "ity", "ably",
)  # fmt: skip


def match_of(query: Query) -> str:
    """The MATCH expression of the messages that have what the query asks of them, and nothing that it excludes."""
    wanted = [_text(term) for term in query.terms] + [_facet(each) for each in query.facets if not each.negated]
    unwanted = [_text(term) for term in query.without] + [_facet(each) for each in query.facets if each.negated]
    # Nothing can be taken away from nothing: every message has a role.
    found = " AND ".join(wanted) or _facet(FacetFilter(name="role", values=tuple(Role)))
    return f"({found}) NOT ({' OR '.join(unwanted)})" if unwanted else found


def facets_match(query: Query) -> str | None:
    """The MATCH expression of the facets alone; None when there are none that a message must have."""
    return " AND ".join(_facet(each) for each in query.facets if not each.negated) or None


def stem_endings(beginning: str) -> set[str]:
    """Stems of words that begin with `beginning` but whose stem does not, e.g. `run` for `runnin`."""
    found: set[str] = set()
    for ending in _ENDINGS:
        for cut in range(1, len(ending)):
            if beginning.endswith(ending[:cut]):
                whole = stem(beginning + ending[cut:])
                if not whole.startswith(stem(beginning)):
                    found.add(whole)
    return found


def _text(term: Term) -> str:
    phrase = _quoted(terms.spaced(term.text))
    if not term.beginning:
        return f"{{text}} : {phrase}"
    also: Iterable[str] = ()
    if term.text.isalnum():
        also = (_quoted(each) for each in sorted(stem_endings(folded(term.text))))
    return f"{{text}} : ({' OR '.join([f'{phrase} *', *also])})"


def _facet(facet: FacetFilter) -> str:
    star = " *" if facet.name in _BEGINNINGS else ""
    values = [f"{_quoted(terms.facet(_KINDS[facet.name], value))}{star}" for value in facet.values]
    return f"{{facets}} : ({' OR '.join(values)})"


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
