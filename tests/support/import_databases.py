"""Databases of other programs, made by us with their exact tables."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

_LLM_OLD = """
create table conversations(id text primary key, name text, model text);
create table responses(
  id text primary key, model text, prompt text, system text, prompt_json text, options_json text, response text,
  response_json text, conversation_id text references conversations(id), duration_ms integer, datetime_utc text,
  input_tokens integer, output_tokens integer, token_details text, schema_id text, resolved_model text, reasoning text);
create table attachments(id text primary key, type text, path text, url text, content blob);
create table prompt_attachments(response_id text, attachment_id text, "order" integer);
create table fragments(id integer primary key, hash text, content text, datetime_utc text, source text);
create table prompt_fragments(response_id text, fragment_id integer, "order" integer);
create table system_fragments(response_id text, fragment_id integer, "order" integer);
create table tool_calls(id integer primary key, response_id text, tool_id integer, name text, arguments text,
  tool_call_id text);
create table tool_results(id integer primary key, response_id text, tool_id integer, name text, output text,
  tool_call_id text);
create virtual table responses_fts using fts5(prompt, response, content=responses);
insert into conversations values ('c1', 'Pelicans', 'gpt-4o');
insert into fragments values (1, 'h', 'A long text about pelicans.', null, null);
insert into attachments values ('a1', 'image/png', '/tmp/pelican.png', null, x'0102');
insert into responses(id, model, prompt, system, response, conversation_id, datetime_utc, reasoning) values
  ('r1', 'gpt-4o', 'Name one', 'Be brief', 'Percy', 'c1', '2025-10-09T08:53:20.123456+00:00', 'P...'),
  ('r2', 'gpt-4o', 'Another', 'Be brief', 'Pam', 'c1', '2025-10-09T08:54:20', null),
  ('r3', 'o1', 'Alone', null, 'Yes', null, '2025-10-10T08:00:00', null);
insert into prompt_fragments values ('r1', 1, 0);
insert into prompt_attachments values ('r1', 'a1', 0);
insert into tool_calls values (1, 'r1', 1, 'look', '{"at": 1}', 'call-1');
insert into tool_results values (1, 'r2', 1, 'look', 'seen', 'call-1');
"""
_LLM_NEW = """
create table if not exists fragments(id integer primary key, hash text, content text, datetime_utc text, source text);
create table threads(id text primary key, name text, tip_message_hash text, forked_from text, datetime_utc text);
create table turns(id text primary key, thread_id text, parent_message_hash text, tip_message_hash text, model text,
  resolved_model text, options_json text, input_tokens integer, output_tokens integer, datetime_utc text);
create table messages(hash text primary key, parent_hash text, role text, provider_metadata text);
create table parts(id integer primary key, message_hash text, position integer, type text, tool_name text, text text,
  payload text);
insert into fragments values (9, 'h9', 'A novel.', null, null);
insert into threads values ('t1', 'Walruses', 'b2:d', null, '2026-03-01T10:00:00+00:00');
insert into messages values
  ('b2:a', null, 'user', null), ('b2:b', 'b2:a', 'assistant', null), ('b2:c', 'b2:b', 'user', null),
  ('b2:d', 'b2:c', 'assistant', null), ('b2:e', 'b2:b', 'user', null), ('b2:f', 'b2:e', 'assistant', null);
insert into parts(message_hash, position, type, tool_name, text, payload) values
  ('b2:a', 0, 'text', null, null, '{"text_ref": [{"fragment": 9}, {"literal": "\\nWhat is it?"}]}'),
  ('b2:b', 0, 'reasoning', null, 'Hm.', null), ('b2:b', 1, 'text', null, 'A book.', null),
  ('b2:c', 0, 'text', null, 'Name a walrus', null),
  ('b2:d', 0, 'tool_call', 'names', null, '{"tool_call_id": "1", "arguments": {"of": "walrus"}}'),
  ('b2:d', 1, 'text', null, 'Wallace', null),
  ('b2:e', 0, 'text', null, 'Name a seal', null), ('b2:f', 0, 'text', null, 'Sam', null);
insert into turns(id, thread_id, parent_message_hash, tip_message_hash, model, datetime_utc) values
  ('u1', 't1', 'b2:a', 'b2:b', 'gpt-4o', '2026-03-01T10:00:01'),
  ('u2', 't1', 'b2:c', 'b2:d', 'gpt-4o', '2026-03-01T10:01:01'),
  ('u3', 't1', 'b2:e', 'b2:f', 'o3', '2026-03-01T10:02:01');
"""
_ELIA = """
create table chat(id integer primary key, model varchar not null, title varchar, started_at datetime, archived boolean);
create table message(id integer primary key, chat_id integer, role varchar not null, content varchar not null,
  timestamp datetime, meta json, parent_id integer, model varchar);
insert into chat values (1, 'gpt-4o', 'Rain', '2025-10-09 08:53:20.000000', 0);
insert into message values
  (1, 1, 'system', 'Be wet.', '2025-10-09 08:53:20.000000', '{}', null, null),
  (2, 1, 'user', 'Rain?', '2025-10-09 08:53:21.000000', '{}', null, null),
  (3, 1, 'assistant', 'Wet.', '2025-10-09 08:53:22.500000', '{"tokens": 2}', null, 'gpt-4o');
"""
_OTERM = """
create table chat(id integer primary key autoincrement, name text, model text not null, system text, format text,
  parameters text, keep_alive integer default 5, tools text, thinking boolean);
create table message(id integer primary key autoincrement, chat_id integer not null, author text not null,
  text text not null, images text);
insert into chat values (1, 'Snow', 'llama3.2', 'Be cold.', '', '{"seed": 1}', 5, '[]', 0);
insert into message(chat_id, author, text, images) values
  (1, 'user', 'Snow?', '["aGk="]'), (1, 'assistant', 'Cold.', '[]');
"""


def database(path: Path, sql: str) -> Path:
    """A database made by `sql`."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    return path


def llm_old(path: Path) -> Path:
    """llm's logs as they were until 2026: fragments, an attachment, tools, one response alone."""
    return database(path, _LLM_OLD)


def llm_both(path: Path) -> Path:
    """The same after an upgrade: `c1` went on in the new tables, `t1` has two branches."""
    first = "A long text about pelicans.\n\nName one"
    went_on = [("b2:1", None, "system", "Be brief"), ("b2:2", "b2:1", "user", first),
               ("b2:3", "b2:2", "assistant", "Percy"), ("b2:4", "b2:3", "user", "Another"),
               ("b2:5", "b2:4", "assistant", "Pam"), ("b2:6", "b2:5", "user", "A third"),
               ("b2:7", "b2:6", "assistant", "Pia")]  # fmt: skip
    with contextlib.closing(sqlite3.connect(database(path, _LLM_OLD + _LLM_NEW))) as connection:
        connection.execute("insert into threads values ('c1', 'Pelicans', 'b2:7', null, '2026-02-01T08:00:00')")
        for hash_, parent, role, text in went_on:
            connection.execute("insert into messages values (?, ?, ?, null)", (hash_, parent, role))
            connection.execute(
                "insert into parts(message_hash, position, type, text) values (?, 0, 'text', ?)", (hash_, text)
            )
        turn = ("u9", "c1", "b2:6", "b2:7", "gpt-4o", "2026-02-01T08:00:01")
        columns = "id, thread_id, parent_message_hash, tip_message_hash, model, datetime_utc"
        connection.execute(f"insert into turns({columns}) values (?, ?, ?, ?, ?, ?)", turn)
        connection.commit()
    return path


def elia(path: Path) -> Path:
    """Elia's database."""
    return database(path, _ELIA)


def oterm(path: Path) -> Path:
    """oterm's database."""
    return database(path, _OTERM)


def jsonl(documents: list[dict[str, object]]) -> str:
    """Documents, one a line."""
    return "".join(json.dumps(document) + "\n" for document in documents)
