from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App
from textual.theme import Theme

from workbench.core.errors import ConfigurationError
from workbench.tui.themes import (
    DEFAULT_THEME,
    GROUNDS,
    LIGHT_THEME,
    TEXTS,
    ThemeFile,
    contrast,
    load_shipped_themes,
    load_themes,
    parse_theme,
    register_themes,
    shipped_themes_dir,
)

SHIPPED = load_shipped_themes()
GOOD = """\
# a comment
name: mine
dark: false   # another
background: "#ffffff"
surface: '#fafafa'
panel: "#eeeeee"
foreground: black
muted: "#555555"
accent: "#0000aa"
success: "#006600"
warning: "#664400"
error: "#aa0000"
"""


def test_both_themes_are_shipped_the_dark_one_first() -> None:
    assert [theme.name for theme in SHIPPED][:1] == [DEFAULT_THEME]
    assert {LIGHT_THEME, DEFAULT_THEME} <= {theme.name for theme in SHIPPED}
    assert [theme.dark for theme in SHIPPED if theme.name == LIGHT_THEME] == [False]
    assert (shipped_themes_dir() / "dark.yaml").is_file()


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_is_readable_on_every_ground(theme: ThemeFile, text: str, ground: str) -> None:
    assert contrast(theme.colours[text], theme.colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
def test_grounds_and_severities_can_be_told_apart(theme: ThemeFile) -> None:
    assert len({theme.colours[role] for role in (*GROUNDS, *TEXTS)}) == len(GROUNDS) + len(TEXTS)


@pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)
def test_a_theme_makes_every_variable_that_textual_needs(theme: ThemeFile) -> None:
    variables = theme.theme().to_color_system().generate()
    assert variables["text-muted"] == theme.colours["muted"]
    assert set(Theme(name="x", primary="#000000").to_color_system().generate()) <= set(variables)


async def test_themes_are_registered_and_bad_user_themes_are_told(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace("black", "notacolour"))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    app: App[None] = App()
    problems = register_themes(app, tmp_path)
    assert len(problems) == 2
    assert problems[0].startswith("bad.yaml:7: foreground: 'notacolour' is not a colour")
    async with app.run_test():
        for name in (DEFAULT_THEME, LIGHT_THEME, "mine"):
            app.theme = name
            assert app.current_theme.name == name
    assert register_themes(App[None](), tmp_path / "nowhere") == []


def test_a_flat_file_is_read_with_comments_and_quotes() -> None:
    theme = parse_theme(GOOD, "good.yaml")
    assert (theme.name, theme.dark, theme.colours["foreground"]) == ("mine", False, "black")


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("name: mine", "name: ../Mine", "bad.yaml:2: a name is"),
        ("name: mine", "name:", "bad.yaml:2: expected `key: value`"),
        ("dark: false   # another", "dark: maybe", "bad.yaml:3: `dark` is true or false"),
        ('muted: "#555555"', "", "bad.yaml: missing: muted"),
        ('muted: "#555555"', 'muted: "#55555"', "bad.yaml:8: muted: '#55555' is not a colour"),
        ('muted: "#555555"', 'muted: "#55555580"', "bad.yaml:8: muted: a plain opaque colour"),
        ('muted: "#555555"', "muted: ansi_red", "bad.yaml:8: muted: a plain opaque colour"),
        ('muted: "#555555"', 'accent: "#555555"', "bad.yaml:9: 'accent' is given twice"),
        ('muted: "#555555"', 'css: "x"', "bad.yaml:8: unknown key 'css'"),
        ('muted: "#555555"', "muted: &a [1]", "bad.yaml:8: muted:"),
        ('muted: "#555555"', "  - x", "bad.yaml:8: expected `key: value`"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, instead: str, message: str) -> None:
    assert line in GOOD
    with pytest.raises(ConfigurationError) as caught:
        parse_theme(GOOD.replace(line, instead), "bad.yaml")
    assert str(caught.value).startswith(message)


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        parse_theme("# " + "x" * 30_000, "huge.yaml")


def test_a_folder_with_good_and_bad_files_gives_both(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text("nonsense")
    (tmp_path / "c.txt").write_text("not a theme")
    themes, problems = load_themes(tmp_path)
    assert [theme.name for theme in themes] == ["mine"]
    assert len(problems) == 1


@pytest.mark.parametrize(("text", "ground", "expected"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_wcag(text: str, ground: str, expected: float) -> None:
    assert contrast(text, ground) == pytest.approx(expected, abs=0.01)
