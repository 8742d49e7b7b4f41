"""Editing the configuration: only what was asked for changes, in whatever way the files are written."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.configuring import Home
from workbench.config.editing import ConfigurationEditor
from workbench.config.values import Provider
from workbench.core.errors import ConfigurationError
from workbench.core.secret import Secret

ENVIRON = {"ALPHA_KEY": "canary-alpha-1", "BETA_KEY": "canary-beta-2"}
COMMENTED = """\
# mine
settings: {max_tokens: 5}   # small

providers:   # two
    alpha:
        kind: openai   # the big one
        api_key: ${ALPHA_KEY}
        models: [a,
           'b'] # both
        enabled: yes    # for now
    # between
    beta: {kind: "openai", api_key: ["${BETA_KEY}"], # key
       models: [m] }
# the end
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def editor(home: Home, profile: str | None = None, **more: str) -> ConfigurationEditor:
    return ConfigurationEditor(home.paths, profile=profile, environ=ENVIRON | more)


def changed(before: str, after: str) -> list[str]:
    """Lines that went and came, with their sign."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line.rstrip("\r\n") for line in lines if line[0] in "+-"]


def edited(home: Home, text: str, change: Callable[[ConfigurationEditor], None]) -> list[str]:
    path = home.write(text)
    change(editor(home))
    return changed(text, path.read_bytes().decode())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda e: e.set_provider_enabled("alpha", False),
         ["-         enabled: yes    # for now", "+         enabled: false    # for now"]),
        (lambda e: e.set_provider_enabled("ALPHA", False),
         ["-         enabled: yes    # for now", "+         enabled: false    # for now"]),
        (lambda e: e.set_provider_enabled("beta", False),
         ["-        models: [m] }", "+        models: [m], enabled: false }"]),
        (lambda e: e.set_priorities({"alpha": 2}), ["+         priority: 2"]),
        (lambda e: e.add_api_key_reference("alpha", "keyring:alpha"),
         ["-         api_key: ${ALPHA_KEY}", '+         api_key: ["${ALPHA_KEY}", "keyring:alpha"]']),
        (lambda e: e.add_api_key_reference("beta", "${MORE}"),
         ['-     beta: {kind: "openai", api_key: ["${BETA_KEY}"], # key',
          '+     beta: {kind: "openai", api_key: ["${BETA_KEY}", "${MORE}"], # key']),
    ],
)  # fmt: skip
def test_only_what_was_asked_for_changes(
    change: Callable[[ConfigurationEditor], None], expected: list[str], home: Home
) -> None:
    assert edited(home, COMMENTED, change) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("providers:\n- name: a   # x\n  kind: openai\n- name: b\n  kind: openai\n", ["+   enabled: false"]),
        ("providers:\n  - {name: a, kind: openai}\n", ["-   - {name: a, kind: openai}",
                                                       "+   - {name: a, kind: openai, enabled: false}"]),
        ("providers:\n  a:\n    kind: openai\n    enabled:   # unset\n",
         ["-     enabled:   # unset", "+     enabled: false   # unset"]),
        ("providers:\n  a:\n    kind: openai\n    enabled: ${ON:-true}\n",
         ["-     enabled: ${ON:-true}", "+     enabled: false"]),
        ("providers:\n  a:\n    kind: openai", ["-     kind: openai", "+     kind: openai", "+     enabled: false"]),
        ("providers:\r\n  a:\r\n    kind: openai\r\n", ["+     enabled: false"]),
        ("providers:\n  a:\n    kind: |-\n      openai\n\n# end\n", ["+     enabled: false"]),
        ("x-d: &d {kind: openai}\nproviders:\n  a:\n    <<: *d\n", ["+     enabled: false"]),
        ('{"providers": {"a": {"kind": "openai"}}}',
         ['- {"providers": {"a": {"kind": "openai"}}}',
          '+ {"providers": {"a": {"kind": "openai", "enabled": false}}}']),
        ("providers: {a: {kind: openai, }}\n", ["- providers: {a: {kind: openai, }}",
                                                "+ providers: {a: {kind: openai, enabled: false, }}"]),
        ("---\nproviders:\n  a: {kind: openai}\n...\n", ["-   a: {kind: openai}",
                                                         "+   a: {kind: openai, enabled: false}"]),
    ],
)  # fmt: skip
def test_every_way_of_writing_it(text: str, expected: list[str], home: Home) -> None:
    assert edited(home, text, lambda e: e.set_provider_enabled("a", False)) == expected
    assert not home.provider(ENVIRON, "a").enabled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    api_key:\n    - ${ALPHA_KEY}  # one\n    # two\n", ["+     - keyring:a"]),
        ("    api_key: []\n", ["-     api_key: []", '+     api_key: ["keyring:a"]']),
        ("    api_key: ''\n", ["-     api_key: ''", '+     api_key: "keyring:a"']),
        ("    api_key: '${ALPHA_KEY}' # one\n",
         ["-     api_key: '${ALPHA_KEY}' # one", "+     api_key: ['${ALPHA_KEY}', \"keyring:a\"] # one"]),
        ("", ["+     api_key: keyring:a"]),
    ],
)  # fmt: skip
def test_one_more_key_in_every_form(text: str, expected: list[str], home: Home) -> None:
    said = edited(
        home, f"providers:\n  a:\n    kind: openai\n{text}", lambda e: e.add_api_key_reference("a", "keyring:a")
    )
    assert [line.replace('"keyring:a"', "keyring:a") for line in said] == [
        line.replace('"keyring:a"', "keyring:a") for line in expected
    ]
    home.keyring.stored["a"] = "canary-new"
    refs = home.provider(ENVIRON, "a").key_refs
    assert refs == (("ALPHA_KEY", "keyring:a") if "ALPHA_KEY" in text else ("keyring:a",))


COMMENTS = st.sampled_from(["", "   # why", " #", " # 'odd' {text"])
KEYS = {"kind": "openai", "api_key": "${ALPHA_KEY}", "priority": "7", "enabled": "on", "weight": "1.50",
        "models": "['x', y ]", "timeout": "0x10", "base_url": "'http://127.0.0.1:1/v1'"}  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Configurations in all styles, with comments and blank lines where they may stand."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    listed = draw(st.booleans())
    indent = " " * draw(st.integers(2, 5))
    lines = [
        draw(st.sampled_from(["# head", "", "settings: {max_tokens: 0x10}", "---"])),
        "providers:" + draw(COMMENTS),
    ]
    for name in ("alpha", "beta"):
        chosen = draw(st.lists(st.sampled_from(sorted(KEYS)), unique=True))
        entries = [(key, KEYS[key]) for key in dict.fromkeys(["kind", *chosen])]
        if draw(st.booleans()):
            inside = ", ".join(f'{key}: "{value}"' if "$" in value else f"{key}: {value}" for key, value in entries)
            lead = f"- {{name: {name}, " if listed else f"{indent}{name}: {{ "
            lines.append(f"{lead}{inside} }}{draw(COMMENTS)}")
        else:
            deeper = "  " if listed else indent * 2
            lines.append((f"- name: {name}" if listed else f"{indent}{name}:") + draw(COMMENTS))
            for key, value in entries:
                lines.append(f"{deeper}{key}: {value}{draw(COMMENTS)}")
                lines += draw(st.sampled_from([[], [""], [f"{deeper}# note"], ["# far left", ""]]))
    return newline.join(lines) + draw(st.sampled_from(["", newline, f"{newline}# end{newline}{newline}"]))


CHANGES = st.sampled_from(["off", "on", "first", "key"])


@settings(max_examples=60, deadline=None)
@given(text=documents(), changes=st.lists(CHANGES, min_size=1, max_size=2))
def test_everything_else_stays_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, text: str, changes: list[str]
) -> None:
    home = Home(tmp_path_factory.mktemp("editing") / "home")
    path = home.write(text)
    for change in changes:
        before = path.read_bytes().decode()
        was = home.load(ENVIRON)
        match change:
            case "first":
                editor(home).set_priorities({"beta": 3})
            case "key":
                editor(home).add_api_key_reference("beta", "keyring:more")
            case _:
                editor(home).set_provider_enabled("beta", change == "on")
        after = path.read_bytes().decode()
        moved = changed(before, after)
        assert len([line for line in moved if line[0] == "-"]) <= 1
        assert len([line for line in moved if line[0] == "+"]) <= (1 if before.endswith("\n") else 2)
        assert before.count("#") == after.count("#")
        assert ("\r\n" in before) == ("\r\n" in after)
        now = home.load(ENVIRON)
        assert now.settings == was.settings
        assert now.provider("alpha") == was.provider("alpha")
        beta = now.provider("beta")
        assert beta is not None
        match change:
            case "first":
                assert beta.priority == 3
            case "key":
                assert beta.missing_keys[-1] == "keyring:more"
            case _:
                assert beta.enabled is (change == "on")


def test_the_profile_is_edited_where_it_decides_and_the_base_elsewhere(home: Home) -> None:
    base = home.write(COMMENTED)
    overlay = home.write("providers:\n  Alpha: {enabled: true}\n", "work")
    editor(home, "work").set_provider_enabled("alpha", False)
    assert overlay.read_text() == "providers:\n  Alpha: {enabled: false}\n"
    editor(home, "work").set_priorities({"alpha": 4, "beta": 5})
    assert overlay.read_text() == "providers:\n  Alpha: {enabled: false}\n"
    assert changed(COMMENTED, base.read_text()) == [
        "+         priority: 4", "-        models: [m] }", "+        models: [m], priority: 5 }",
    ]  # fmt: skip
    home.write("providers:\n  gamma: {kind: openai}\n", "play")
    editor(home, None, WORKBENCH_PROFILE="play").set_provider_enabled("gamma", False)
    assert "gamma: {kind: openai, enabled: false}" in home.paths.overlay_file("play").read_text()


def test_a_variable_that_decides_is_named_instead_of_an_edit_without_effect(home: Home) -> None:
    path = home.write(COMMENTED)
    with pytest.raises(ConfigurationError, match="environment variable") as raised:
        editor(home, WORKBENCH_PROVIDERS__ALPHA__ENABLED="true").set_provider_enabled("alpha", False)
    assert "WORKBENCH_PROVIDERS__alpha__ENABLED" in raised.value.detail
    assert path.read_text() == COMMENTED


FOUND = (
    Provider(name="openai", kind="openai", models=("gpt-x", "gpt-y"), api_keys=(Secret("canary-alpha-1"),),
             key_refs=("ALPHA_KEY",), priority=1),
    Provider(name="llama.cpp", kind="openai-compatible", models=("m:7b", "n"), needs_key=False,
             base_url="http://127.0.0.1:8080/v1", private=True, priority=2),
    Provider(name="ollama", kind="ollama", models=("yes",), needs_key=False, base_url="http://127.0.0.1:11434",
             private=True, priority=3),
)  # fmt: skip
TEMPLATES = [None, "", "# only words\n", "settings:\n  max_tokens: 9 # few\n", "providers:   # none\n  # openai: x\n",
             "providers: {}\n", "{}", "providers: []\n", '{"settings": {"max_tokens": 9}}']  # fmt: skip


@pytest.mark.parametrize("text", TEMPLATES)
def test_found_providers_are_written_out_before_the_first_edit(text: str | None, home: Home) -> None:
    if text is not None:
        home.write(text)
    editor(home).set_provider_enabled("ollama", False, discovered=FOUND)
    loaded = home.load(ENVIRON)
    assert loaded.problems == ()
    openai, llama, ollama = loaded.providers
    assert (openai, llama) == FOUND[:2]
    assert (ollama.enabled, ollama.models, ollama.base_url) == (False, ("yes",), FOUND[2].base_url)
    assert loaded.settings.max_tokens == (9 if text and "9" in text else 4096)
    written = home.paths.config_file.read_text()
    assert "canary" not in written
    for line in (text or "").splitlines():
        assert "#" not in line or line in written
    editor(home).set_priorities({"openai": 9}, discovered=FOUND)
    assert len(home.load(ENVIRON).providers) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: [1,\n", "cannot be read"),
        ("- a\n", "cannot be read"),
        ("providers:\n\ta: 1\n", "cannot be read"),
        ("x-d: &d {kind: openai}\nproviders:\n  a: *d\n", "only you can change"),
        ("providers:\n  a: &a {kind: openai, enabled: true}\n  b: *a\n", "only you can change"),
        ("providers:\n  a:\n    kind: openai\n    enabled: [1, 2]\n", "only you can change"),
        ("providers:\n  a:\n    kind: openai\n    enabled: &on true\n    private: *on\n", "only you can change"),
        ("providers:\n  ? a\n  : kind: openai\n", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_safely_stays_as_it_is(text: str, said: str, home: Home) -> None:
    path = home.write(text)
    if not said:
        editor(home).set_provider_enabled("a", False)
        assert not home.provider(name="a").enabled
        return
    with pytest.raises(ConfigurationError, match=said):
        editor(home).set_provider_enabled("a", False)
    assert path.read_text() == text


def test_a_result_that_is_not_right_is_refused(home: Home) -> None:
    path = home.write(COMMENTED)
    for wrong in (lambda: editor(home).set_priorities({"alpha": 2, "beta": 5_000}),
                  lambda: editor(home).set_provider_enabled("unheard-of", True)):  # fmt: skip
        with pytest.raises(ConfigurationError, match="would not be right"):
            wrong()
    with pytest.raises(ConfigurationError, match="must not stand") as raised:
        editor(home).add_api_key_reference("alpha", "canary-literal-key")
    assert "canary" not in str(raised.value)
    assert path.read_text() == COMMENTED
    wrong_already = COMMENTED.replace("max_tokens: 5", "max_tokens: none")
    path.write_text(wrong_already)
    editor(home).set_provider_enabled("alpha", False)
    assert len(changed(wrong_already, path.read_text())) == 2
