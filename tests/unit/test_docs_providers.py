"""The table of providers in the documentation says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.configuring import Home
from tests.support.kinds import SPOKEN
from workbench.config.kinds import KINDS as CONFIGURABLE
from workbench.providers.calling.kinds import KINDS, Prefill, kind_of

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/providers.md").read_text(encoding="utf-8")

REQUIRED = (
    "openai", "anthropic", "bedrock", "azure", "ollama", "lm_studio", "llama.cpp", "vllm", "openrouter", "gemini",
    "mistral", "groq", "deepseek", "openai-compatible",
)  # fmt: skip
WORDS = {
    Prefill.NONE: "no",
    Prefill.LISTED: "listed models",
    Prefill.PLAIN: "yes",
    Prefill.PREFIX: "yes, `prefix`",
    Prefill.CONTINUE: "yes, `continue_final_message`",
}
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def rows() -> dict[str, list[str]]:
    """The cells of the first table, by kind."""
    table = TEXT.partition("\n\nEach name")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:3] == "| `"]
    return {row[0].strip("`"): row for row in cells}


def test_every_kind_that_is_promised_is_in_the_table_and_proved() -> None:
    assert tuple(rows()) == REQUIRED
    assert set(REQUIRED) <= set(KINDS)
    assert {spoken.kind for spoken in SPOKEN.values()} == set(REQUIRED)


@pytest.mark.parametrize("kind", REQUIRED)
def test_a_row_says_what_the_program_knows(kind: str) -> None:
    _, key, _, prefill, probe, tests = rows()[kind]
    names = re.findall(r"`([^`]+)`", key)
    if CONFIGURABLE[kind].key_variables:
        assert tuple(names) == CONFIGURABLE[kind].key_variables
    else:
        assert names == []
    assert prefill.startswith(WORDS[kind_of(kind).prefill])
    assert probe == f"`{kind_of(kind).probe}`"
    assert {name.strip("`") for name in tests.split(", ")} == {
        name for name, spoken in SPOKEN.items() if spoken.kind == kind
    }


def test_the_other_kinds_that_are_known_are_named() -> None:
    for kind in set(KINDS) - set(REQUIRED):
        assert f"`{kind}`" in TEXT


def test_the_files_it_names_are_there() -> None:
    for name in re.findall(r"`(tests/[\w/.]+)`", TEXT):
        assert (ROOT / name).is_file()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_a_configuration_without_problems(number: int, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.keyring.stored["anthropic-second"] = "second-key-0123456789"
    home.write(EXAMPLES[number])
    variables = re.findall(r"\$\{(\w+)\}", EXAMPLES[number])
    configuration = home.load({name: f"key-of-{name.lower()}" for name in variables})
    assert configuration.problems == ()
    assert configuration.notes == () or all("not encrypted" in note for note in configuration.notes)
    assert all(provider.usable for provider in configuration.providers)


def test_the_examples_show_every_kind_and_one_that_is_only_litellms(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shown: set[str] = set()
    for example in EXAMPLES:
        home.write(example)
        shown |= {provider.kind for provider in home.load({}).providers}
    assert set(REQUIRED) <= shown
    assert shown - set(KINDS)


def test_a_version_is_text_however_it_is_written(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for written in ("2024-10-21", '"2024-10-21"', "2025-02-01-preview"):
        home.write(f"providers:\n  p:\n    kind: azure\n    models: [m]\n    api_version: {written}\n")
        assert home.provider().api_version == written.strip('"')
