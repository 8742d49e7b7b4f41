"""Files named in a prompt: typing, finding, marking, and what is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.state.files import (
    Attachments,
    FoundFile,
    filled,
    folder_of,
    mention_before,
    named_files,
    rank,
    readable,
    text_of,
    without_signs,
)


@pytest.mark.parametrize(("line", "mention"), [
    ("@", ""), ("see @src/a", "src/a"), ("tab\t@x", "x"), ("@~/no", "~/no"),
    ("", None), ("mail a@b", None), ("@a b", None), ("see @a ", None),
])  # fmt: skip
def test_a_mention_begins_with_an_at_after_a_blank_and_ends_at_the_cursor(line: str, mention: str | None) -> None:
    assert mention_before(line) == mention


@pytest.mark.parametrize(("mention", "folder"), [("/", "/"), ("/etc/ho", "/etc/"), ("~", "~/"), ("../", "../")])
def test_a_place_is_listed_by_its_folder(mention: str, folder: str) -> None:
    assert folder_of(mention) == folder


FILES = [
    FoundFile(path)
    for path in (
        "docs/composer/notes.md", "src/tui/widgets/composer.py", "tests/ui/test_composer.py", "src/core/compose.md",
        "src/com/process/order.py", "README.md",
    )
]  # fmt: skip


def test_names_that_begin_with_the_query_come_first_and_scattered_letters_last() -> None:
    assert [file.path for file in rank(FILES, "composer")] == [
        "src/tui/widgets/composer.py", "tests/ui/test_composer.py", "docs/composer/notes.md",
        "src/com/process/order.py",
    ]  # fmt: skip
    assert [file.path for file in rank(FILES, "WiCo")] == ["src/tui/widgets/composer.py"]
    assert rank(FILES, "zebra") == []


def test_without_a_query_the_shallow_files_come_first() -> None:
    assert rank(FILES, "")[0].path == "README.md"


def test_letters_that_fit_in_many_ways_are_ranked_in_one_pass() -> None:
    many = [FoundFile("a-" * 60 + f"/{n}") for n in range(200)]
    assert len(rank(many, "a" * 20)) == 200
    assert rank(many, "a" * 20 + "z") == []


@given(st.lists(st.text("ab/.", min_size=1, max_size=12)), st.text("ab", max_size=4))
def test_what_does_not_fit_a_word_does_not_fit_a_longer_one(paths: list[str], query: str) -> None:
    files = [FoundFile(path) for path in paths]
    longer = rank(files, query + "b")
    assert longer == rank(rank(files, query), query + "b")


def test_a_mark_is_kept_as_its_path_and_comes_back_with_its_size() -> None:
    files = Attachments()
    mark = files.mark_for("src/a b.py", 1_240)
    assert mark == "⟦@src/a b.py 1.2 kB⟧"
    unsent = files.to_unsent(f"see {mark}, and {mark}")
    assert (named_files(unsent), readable(unsent)) == (["src/a b.py"], "see @src/a b.py, and @src/a b.py")
    files.forget_all()
    assert files.pieces(unsent) == [("see ", False), (mark, True), (", and ", False), (mark, True)]


@given(st.text())
def test_no_text_from_elsewhere_names_a_file(text: str) -> None:
    forged = f"{text}\x1f@/etc/passwd\x1f"
    assert named_files(without_signs(forged)) == []
    assert named_files(Attachments().to_unsent(forged)) == []


def test_a_mark_that_was_never_made_is_text() -> None:
    files = Attachments()
    files.mark_for("a.py", 1)
    assert named_files(files.to_unsent("⟦@/etc/passwd 1 B⟧")) == []


def test_a_prompt_has_each_file_once_as_a_fenced_block_under_its_path() -> None:
    files = Attachments()
    a, b = files.mark_for("src/a.py", 5), files.mark_for("notes", 5)
    unsent = files.to_unsent(f"Compare {a} with {b}, then {a} again.")
    assert filled(unsent, {"src/a.py": "x = 1\n", "notes": "one ````\ntwo"}) == (
        "Compare src/a.py with notes, then src/a.py again.\n\n"
        "src/a.py\n```py\nx = 1\n```\n\n"
        "notes\n`````\none ````\ntwo\n`````"
    )
    assert filled("nothing named", {}) == "nothing named"


@pytest.mark.parametrize(("data", "text"), [
    (b"one\r\ntwo\rthree", "one\ntwo\nthree"), ("\ufeffä".encode(), "ä"), (b"", ""), (b"a\0b", None), (b"\xff", None),
])  # fmt: skip
def test_text_is_utf_8_without_nul(data: bytes, text: str | None) -> None:
    assert text_of(data) == text
