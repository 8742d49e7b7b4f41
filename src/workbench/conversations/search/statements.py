"""Searches as SQL. Pure: statements with names for their values, and those values.

Hits are come by in one of two ways. Down the index, newest first, each message looked up with its conversation: that is
quick for words alone. Or `within`: down the index as well, but only places of messages of those conversations that the
query's filters let through are looked up: that is quick where these are few, and the words common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from workbench.conversations.branching.placing import first_place_of
from workbench.conversations.search.matching import facets_match, match_of
from workbench.conversations.search.query import ConversationFilter, FacetFilter, Flag, Query
from workbench.conversations.search.stemming import root
from workbench.core.text import folded

LATEST: Final = 2**62
"""A place after all others."""
RANKED: Final = 5_000
"""Hits that a search for the best may leave out again, because of their conversations; it gives no more."""
MOST_TEXT: Final = 1_000_000
"""Characters of a message among which its snippet is looked for."""
_SLACK_MS: Final = 7 * 86_400_000
"""How much later than its time a message's place is, unless `LATE` finds one that stands later still."""

Values = dict[str, object]


_HIT: Final = """
    f.n, m.id, m.role, m.state, m.provider, m.model, m.created_at, c.id as conversation_id, c.title,
      c.pinned, c.archived_at is not null as archived, json_extract(c.settings, '$.private') as private,
      substr(m.text, 1, :most_text) as text
"""
_JOINED: Final = """
    cross join messages m on m.n = f.n
    cross join conversations c on c.id = m.conversation_id
"""
# Not by the index of time: through that each row would be looked up on its own.
_CANDIDATES: Final = """
    select m.n from conversations c not indexed cross join messages m on m.conversation_id = c.id where $conversations
"""
_MATCHING: Final = "messages_fts match :match and rowid >= :low and rowid < :before"
_FOUND: Final = """
    select f.n from (select rowid as n from messages_fts where $matching $within order by rowid desc) f $joined
    where m.deleted_at is null and $messages and $conversations order by f.n desc limit :most
"""
_NEWEST: Final = """
    with found(n) as materialized ($found)
    select (select count(*) from found) as hits, $hit
    from (select n from found order by n desc limit :limit) f $joined order by f.n desc
"""
_COUNTED: Final = "select count(*) as hits from ($found)"
_RANKED: Final = """
    select $hit from (
      select rowid as n, bm25(messages_fts, 1.0, 0.0) as score from messages_fts
      where $matching $within order by score, rowid desc limit :ranked
    ) f $joined
    where m.deleted_at is null and $messages and $conversations
    order by f.score, f.n desc limit :limit offset :offset
"""
_LET_THROUGH: Final = """
    select count(*) as conversations from (select 1 from conversations c $scan where $conversations limit :most)
"""
MATCHING: Final = """
    select count(*) from (
      select 1 from messages_fts where messages_fts match :match and rowid >= :low and rowid < :before limit :most
    )
"""
"""How many messages the index has for a query, hidden ones too; at most `most`."""
PLACE_BACK: Final = "select id as n from messages_fts_docsize order by id desc limit 1 offset :back"
"""The place of the message that has `back` newer ones in the index."""
WITH_HITS: Final = """
    select wanted.value as conversation_id from json_each(:conversations) wanted where exists (
      select 1 from messages m cross join messages_fts f on f.rowid = m.n
      where m.conversation_id = wanted.value and m.deleted_at is null and messages_fts match :match
    )
"""
"""Those of some conversations that have a message with the words."""
_CONVERSATION: Final = """
    select c.id as conversation_id, c.title, c.updated_at, c.pinned, c.archived_at is not null as archived,
      json_extract(c.settings, '$.private') as private
    from conversations c $scan where $conversations
"""
_PAGED: Final = (
    _CONVERSATION
    + """
    and (c.updated_at, c.id) < (:updated, :id)
    order by c.updated_at desc, c.id desc limit :limit
"""
)
_NAMED: Final = (
    _CONVERSATION
    + """
    and c.titled_by <> 'prompt' order by c.updated_at desc, c.id desc limit :limit
"""
)
_BY_FACETS: Final = """
    c.id in (
      select m.conversation_id from messages_fts f cross join messages m on m.n = f.rowid
      where messages_fts match :facets and m.deleted_at is null
    )
"""
_SAID_BY: Final = """
    exists (
      select 1 from messages m
      where m.conversation_id = c.id and m.deleted_at is null and $column is not null and ($tests)
    )
"""
_TAGGED: Final = """
    (c.tags <> '[]' and exists (select 1 from json_each(c.tags) where value = :$name or lower(value) = :$name_lower))
"""
_FILED: Final = """
    coalesce(
      c.folder = :$name or lower(c.folder) = :$name_lower
        or substr(lower(c.folder), 1, length(:$name_inside)) = :$name_inside, 0
    )
"""
LATE: Final = "select n from messages indexed by messages_late where n > (created_at / 1000 + 604800) * 64 limit 1"
"""A message that stands over a week after its time, if there is one: the index `messages_late` knows."""
UNINDEXED: Final = """
    select (select count(*) from messages where indexed = 0) - (select count(*) from messages where state = 'streaming')
      as missing
"""
INDEXED: Final = "select count(*) as messages from messages_fts_docsize"
LISTED: Final = """
    select (select count(*) from conversations where archived_at is null and deleted_at is null) as listed,
      (select count(*) from conversations) as conversations
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """Those of one query, and their values."""

    match: str
    conversations: str
    """Condition on the conversation `c`."""
    messages: str
    """Condition on the message `m`."""
    values: Mapping[str, object] = field(default_factory=Values)
    late: bool = False
    """Whether messages may stand long after their time."""

    @property
    def low(self) -> int:
        """The first place that can have a hit."""
        after = self.values.get("after")
        return 0 if after is None else first_place_of(int(str(after)))

    @property
    def before(self) -> int:
        """A place after all that can have one."""
        before = self.values.get("until")
        return LATEST if before is None or self.late else first_place_of(int(str(before)) + _SLACK_MS)

    def newest(self, *, within: bool) -> str:
        """Hits before the place `before`, newest first: `limit` of them, each with how many there are up to `most`."""
        return self._with(_NEWEST, within=within)

    def counted(self, *, within: bool) -> str:
        """How many there are, at most `most`."""
        return self._with(_COUNTED, within=within)

    def best(self, *, within: bool) -> str:
        """Hits from the place `low` on, best first: `limit` after `offset`, among the best `ranked`."""
        return self._with(_RANKED, within=within)

    def let_through(self, *, all_rows: bool = True) -> str:
        """How many conversations there are, at most `most`; without `all_rows` an index alone can tell."""
        return self._with(_LET_THROUGH.replace("$scan", "not indexed" if all_rows else ""))

    def listed(self) -> str:
        """Conversations before `updated` and `id`, newest used first."""
        return self._with(_PAGED.replace("$scan", ""))

    def named(self) -> str:
        """Conversations that were given a title, newest used first; a title that came from a prompt is found there."""
        return self._with(_NAMED.replace("$scan", "indexed by conversations_named"))

    def _with(self, sql: str, *, within: bool = False) -> str:
        # In an order in which each part may hold those below it.
        parts = {
            "$found": _FOUND,
            "$hit": _HIT,
            "$joined": _JOINED,
            "$within": "and +rowid in ($candidates)" if within else "",
            "$candidates": _CANDIDATES,
            "$matching": _MATCHING,
            "$conversations": self.conversations,
            "$messages": self.messages,
        }
        for name, part in parts.items():
            sql = sql.replace(name, part)
        return sql


def of_messages(query: Query, *, late: bool = False) -> Statements:
    """What finds the messages of a query; `late` says that some may stand long after their time."""
    values: Values = {}
    messages = "1"
    if query.after_ms is not None:
        values["after"] = query.after_ms
        messages += " and m.created_at >= :after"
    if query.before_ms is not None:
        values["until"] = query.before_ms
        messages += " and m.created_at < :until"
    return Statements(
        match=match_of(query),
        conversations=" and ".join(_conversation_conditions(query, values)),
        messages=messages,
        values=values,
        late=late,
    )


def of_conversations(query: Query, *, by_facets: bool) -> Statements:
    """What lists the conversations of a query: those used in its span, with its words in their titles.

    `by_facets` looks the messages of its providers and models up in the index, which is quick when they are few.
    """
    values: Values = {}
    conditions = _conversation_conditions(query, values)
    if query.after_ms is not None:
        values["after"] = query.after_ms
        conditions.append("c.updated_at >= :after")
    if query.before_ms is not None:
        values["until"] = query.before_ms
        conditions.append("c.created_at < :until")
    for number, term in enumerate((*query.terms, *query.without)):
        values[f"word{number}"] = folded(term.text)
        wanted = "> 0" if number < len(query.terms) else "= 0"
        conditions.append(f"instr(c.title_folded, :word{number}) {wanted}")
    match = facets_match(query)
    if match is not None and by_facets:
        conditions.append(_BY_FACETS)
        values["facets"] = match
    for number, facet in enumerate(query.facets):
        if facet.negated or not by_facets:
            conditions.append(_said_by(facet, number, values))
    return Statements(match=match or "", conversations=" and ".join(conditions), messages="1", values=values)


def of_titles(query: Query) -> Statements:
    """What finds conversations whose title may have all words of a query, in one of their forms."""
    values: Values = {}
    conditions = _conversation_conditions(query, values)
    for number, term in enumerate(query.terms):
        word = folded(term.text)
        values[f"word{number}"] = root(word) if word.isalnum() and not term.beginning else word
        conditions.append(f"instr(c.title_folded, :word{number}) > 0")
    return Statements(match=match_of(query), conversations=" and ".join(conditions), messages="1", values=values)


def _conversation_conditions(query: Query, values: Values) -> list[str]:
    trash = query.flag(Flag.TRASH)
    conditions = ["c.deleted_at is not null" if trash else "c.deleted_at is null"]
    if not trash and not query.flag(Flag.ARCHIVED):
        conditions.append("c.archived_at is null")
    for number, each in enumerate(query.filters):
        condition = _condition(each, f"filter{number}", values)
        conditions.append(f"not ({condition})" if each.negated else condition)
    return conditions


def _condition(each: ConversationFilter, name: str, values: Values) -> str:
    if each.name == "is":
        return {
            Flag.PINNED: "c.pinned = 1",
            Flag.ARCHIVED: "c.archived_at is not null",
            Flag.TRASH: "c.deleted_at is not null",
            Flag.IMPORTED: "c.source is not null",
            Flag.PRIVATE: "coalesce(json_extract(c.settings, '$.private'), 0)",
        }[Flag(each.value)]
    values[name] = each.value
    values[f"{name}_lower"] = each.value.lower()
    if each.name == "tag":
        return _TAGGED.replace("$name", name)
    values[f"{name}_inside"] = f"{each.value.lower()}/"
    return _FILED.replace("$name", name)


def _said_by(facet: FacetFilter, number: int, values: Values) -> str:
    column = {"provider": "m.provider", "model": "m.model"}[facet.name]
    tests: list[str] = []
    for place, value in enumerate(facet.values):
        values[f"facet{number}_{place}"] = value.lower()
        tests.append(f"instr(lower({column}), :facet{number}_{place}) > 0")
    exists = _SAID_BY.replace("$column", column).replace("$tests", " or ".join(tests))
    return f"not {exists}" if facet.negated else exists
