"""Files that are no configuration: each a problem with its place, no exception, no hang, no key echoed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.configuring import Home, everything_said
from workbench.config.values import Settings
from workbench.config.yaml_source import MAX_BYTES

KEY = "canary-key-A1b2C3-D4e5F6"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def only_problem(home: Home) -> tuple[int, int, str]:
    configuration = home.load()
    assert configuration.settings == Settings()
    (problem,) = configuration.problems
    assert problem.expected
    return problem.line, problem.column, problem.problem


@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [
        (b"settings:\n\tmax_tokens: 5\n", 2, 1, "a tab where YAML wants spaces"),
        (b"settings:\n  max_tokens: 5\n \tx: 1\n", 3, 2, "tab"),
        (b"settings: [1,\n", 2, 1, "expected the node content"),
        (b"settings: {max_tokens: 5\n", 2, 1, "expected"),
        (b"settings: 'open\n", 2, 1, "unexpected end of stream"),
        (b"settings:\n  - a\n b: 1\n", 3, 2, "expected"),
        (b"settings: 1\n  max: 2\n", 2, 6, "mapping values are not allowed here"),
        (b"a: *nope\n", 1, 4, "undefined alias"),
        (b"--- {}\n--- {}\n", 2, 1, "a second document"),
        (b"settings: {max_tokens: 5}\nbad: \xff\n", 2, 6, "not UTF-8"),
        ("settings: ü\n".encode("latin-1"), 1, 11, "not UTF-8"),
        (b"settings:\n  x: \x07\n", 2, 6, "control character"),
        (b"settings:\n  x: \x00\n", 2, 6, "control character"),
        (b"- a\n- b\n", 1, 1, "not a mapping"),
        (b"just text\n", 1, 1, "not a mapping"),
        (b"settings: !!python/object/apply:os.system ['id']\n", 1, 11, "tag"),
        (b"!secret x: 1\n", 1, 1, "unknown key"),
        (b"? [a]\n: 1\n", 1, 3, "no plain text"),
    ],
)
def test_what_is_no_configuration_has_its_place(home: Home, content: bytes, line: int, column: int, said: str) -> None:
    home.write(content)
    found = only_problem(home)
    assert said in found[2]
    assert found[:2] == (line, column)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n\n", b"# only a comment\n", b"---\n", b"~\n", b"{}\n", b"settings:\nproviders:\n", b"\xef\xbb\xbf",
        b"providers: []\n", b"%YAML 1.2\n---\nsettings: {}\n",
    ],
)  # fmt: skip
def test_an_empty_configuration_is_a_valid_one(home: Home, content: bytes) -> None:
    home.write(content)
    configuration = home.load()
    assert (configuration.settings, configuration.providers, configuration.problems) == (Settings(), (), ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_marks_and_line_ends_of_other_systems_are_read(home: Home, encoding: str, end: str) -> None:
    text = f"settings:{end}  max_tokens: 5{end}  temperature: 9{end}"
    home.write(("\ufeff" * (encoding == "utf-16-le") + text).encode(encoding))
    configuration = home.load()
    assert configuration.settings.max_tokens == 5
    assert [(p.line, p.column) for p in configuration.problems] == [(3, 16)]


def test_of_a_repeated_key_the_first_counts(home: Home) -> None:
    home.write("settings: {max_tokens: 5}\nproviders:\n  a: {kind: ollama, priority: 2, priority: 3}\n  a: {kind: x}\n"
               "settings: {max_tokens: 6}\n")  # fmt: skip
    configuration = home.load()
    assert configuration.settings.max_tokens == 5
    assert [(p.name, p.priority) for p in configuration.providers] == [("a", 2)]
    assert [(p.line, p.column, p.key) for p in configuration.problems] == [
        (3, 34, "providers.a.priority"),
        (4, 3, "providers.a"),
        (5, 1, "settings"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        BOMB + "settings: *j\n",
        "x-y: " + "[" * 5000,
        "x-y: " + "[" * 400 + "]" * 400,
        "- " * 5000,
        "settings: " + "{a: " * 3000,
        "a: &x {b: *x}\nsettings: *x\n",
        "settings: {max_tokens: &a [*a]}\n",
        "x-a: [" + "1," * 25_000 + "]\n",
        "? " * 5000,
        "settings: {max_tokens: " + "9" * 100_000 + "}",
        "settings: {max_tokens: 0x" + "f" * 100_000 + "}",
        "settings: {temperature: 1e999999999999}",
        "settings: {? {? {a: 1} : 2} : 3}",
    ],
    ids=lambda content: content[:10].strip() + content[-6:].strip(),
)
def test_documents_made_to_exhaust_are_refused_quickly(home: Home, content: str) -> None:
    home.write(content)
    begin = time.thread_time()
    configuration = home.load()
    assert time.thread_time() - begin < 5
    assert configuration.problems
    assert all(len(str(problem)) < 1500 for problem in configuration.problems)


def test_a_file_of_100_megabytes_is_not_read(home: Home) -> None:
    path = home.write("settings: {}\n")
    with path.open("r+b") as stream:
        stream.truncate(100_000_000)
    begin = time.monotonic()
    assert "too large" in only_problem(home)[2]
    assert time.monotonic() - begin < 10
    home.write("#" * MAX_BYTES)
    assert home.load().problems == ()


def test_what_is_no_readable_file_is_a_problem(home: Home) -> None:
    home.paths.config_file.mkdir()
    home.paths.env_file.mkdir()
    problems = home.load().problems
    assert [Path(p.file).name for p in problems] == [".env", "config.yaml"]
    assert all("this is a folder" in p.problem for p in problems)


def test_a_named_pipe_and_a_device_do_not_hang(home: Home) -> None:
    os.mkfifo(home.paths.config_file)
    home.paths.env_file.symlink_to("/dev/zero")
    begin = time.monotonic()
    assert [p.problem for p in home.load().problems] == ["this is no regular file"] * 2
    assert time.monotonic() - begin < 10


def test_links_that_lead_nowhere_or_in_circles_are_told(home: Home) -> None:
    home.paths.config_file.symlink_to(home.paths.config_file)
    assert "cannot be read" in only_problem(home)[2]


def test_a_file_without_permission_is_a_problem(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("settings: {max_tokens: 5}\n")
    opened = os.open

    def refusing(path: str, *args: int, **kwargs: int) -> int:
        if Path(path).name == "config.yaml":
            raise PermissionError(13, "Permission denied", path)
        return opened(path, *args, **kwargs)

    monkeypatch.setattr("workbench.config.yaml_source.os.open", refusing)
    assert "Permission denied" in only_problem(home)[2]


@pytest.mark.parametrize(
    "text",
    [
        "providers: {p: {kind: openai, api_key: %s}}",
        "providers: {p: {kind: openai, api_key: [%s, '${X}']}}",
        "providers: {p: {kind: openai, api_key: {a: %s}}}",
        "providers: {p: {kind: openai, api_key: 'Bearer %s'}}",
        "providers: {p: {kind: openai, api_key: '${X:-%s}'}}",
        "providers: {p: {kind: openai, api_key: '${%s'}}",
        "providers: {p: {kind: openai, api_key: '$$%s'}}",
        "providers: {p: {kind: openai, api_key: !%s x}}",
        "providers: {p: {kind: openai, api_key: *%s}}",
        "providers: {p: {kind: openai, api_key: |%s}}",
        "providers: {p: {kind: openai, api_key: '%s}}",
        "providers: {p: {kind: openai, key: %s}}",
        "providers: {p: {kind: %s}}",
        "providers: {p: {kind: openai, base_url: %s}}",
        "providers: {p: {kind: openai, base_url: 'https://u:%s@x/v1'}}",
        "providers: {p: {kind: openai, base_url: 'https://x/v1?key=%s'}}",
        "providers: {p: {kind: openai, priority: %s}}",
        "providers: {p: {kind: openai, enabled: %s}}",
        "providers: {p: {kind: openai, models: {%s: 1}}}",
        "providers: {p: {%s: 1}}",
        "providers: {%s: {kind: openai}}",
        "providers: {%s: 1}",
        "providers: [{name: %s, kind: openai, x: 1}]",
        "providers: %s",
        "settings: {fallback_strategy: %s}",
        "settings: {default_provider: %s}\nproviders: {p: {kind: ollama}}",
        "settings: {%s: 1}",
        "settings: {temperature: %s}",
        "settings: {temperature: '${%s'}",
        "%s: 1",
        "%s",
        "'%s",
        "&%s [",
        "!%s x",
        "%%%s",
    ],
)
def test_a_pasted_key_is_never_repeated(home: Home, text: str) -> None:
    home.write(text % KEY + "\n")
    configuration = home.load({})
    assert configuration.problems
    said = everything_said(configuration) + repr(configuration)
    assert "A1b2C3" not in said
    assert "D4e5F6" not in said
