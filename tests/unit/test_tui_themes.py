from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from workbench.core.errors import ConfigurationError
from workbench.tui.state.themes import ThemeChoice, merged
from workbench.tui.themes import (
    DEFAULT_THEME,
    GROUNDS,
    LIGHT_THEME,
    READABLE,
    TEXTS,
    WELL_READABLE,
    ThemeFile,
    ThemeFolder,
    contrast,
    faint_pairs,
    fingerprint_of_themes,
    load_shipped_theme,
    load_shipped_themes,
    load_themes,
    parse_theme,
    register_themes,
    shipped_themes_dir,
)

SHIPPED = load_shipped_themes()
OWN_COLOURS = [theme for theme in SHIPPED if not theme.ansi]
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
ANSI = (shipped_themes_dir() / "terminal-dark.yaml").read_text(encoding="utf-8")


def named(theme: ThemeFile) -> str:
    return theme.name


def test_there_is_a_theme_for_everybody_the_dark_one_first() -> None:
    names = [theme.name for theme in SHIPPED]
    assert names[:2] == [DEFAULT_THEME, LIGHT_THEME]
    assert {"contrast-dark", "contrast-light", "colour-blind-dark", "colour-blind-light"} <= set(names)
    assert [(theme.name, theme.dark) for theme in SHIPPED if theme.ansi] == [
        ("terminal-dark", True), ("terminal-light", False),
    ]  # fmt: skip
    assert len(names) == len(set(names)) >= 8


def test_each_can_be_read_alone_and_nothing_else_can() -> None:
    assert [load_shipped_theme(theme.name) for theme in SHIPPED] == SHIPPED
    assert [load_shipped_theme(name) for name in ("nowhere", "dark", "../themes/ember", "ember.yaml", "")] == [None] * 5


@pytest.mark.parametrize("theme", OWN_COLOURS, ids=named)
def test_text_is_readable_on_every_ground_it_is_drawn_on(theme: ThemeFile) -> None:
    assert faint_pairs(theme, WELL_READABLE if theme.name.startswith("contrast-") else READABLE) == []
    grounds = [Color.parse(theme.colours[ground]).get_contrast_text(1).rgb for ground in GROUNDS]
    assert set(grounds) == {(255, 255, 255) if theme.dark else (0, 0, 0)}


@pytest.mark.parametrize("theme", OWN_COLOURS, ids=named)
def test_grounds_and_severities_can_be_told_apart(theme: ThemeFile) -> None:
    assert len({theme.colours[role] for role in (*GROUNDS, *TEXTS)}) == len(GROUNDS) + len(TEXTS)


def as_a_deuteranope_sees(colour: str) -> tuple[float, float, float]:
    """The colour in CIE Lab, after the simulation of deuteranopia by Machado, Oliveira and Fernandes (2009)."""
    matrix = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881))
    parts = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in Color.parse(colour).normalized]
    red, green, blue = (min(max(sum(m * p for m, p in zip(row, parts, strict=True)), 0), 1) for row in matrix)
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("name", ["colour-blind-dark", "colour-blind-light"])
def test_severities_are_told_apart_without_red_and_green(name: str) -> None:
    theme = next(theme for theme in SHIPPED if theme.name == name)
    seen = [as_a_deuteranope_sees(theme.colours[role]) for role in ("accent", "success", "warning", "error")]
    distances = [
        sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
        for first, second in itertools.combinations(seen, 2)
    ]
    # Two colours side by side are told apart from a distance of about 2; these stand far from each other.
    assert min(distances) > 20


@pytest.mark.parametrize("theme", SHIPPED, ids=named)
def test_a_theme_makes_every_variable_that_textual_needs(theme: ThemeFile) -> None:
    variables = theme.theme().to_color_system().generate()
    assert variables["text-muted"] == theme.colours["muted"]
    assert variables["panel"].lower() == theme.colours["panel"]
    assert set(Theme(name="x", primary="#000000", ansi=theme.ansi).to_color_system().generate()) <= set(variables)


async def test_every_shipped_theme_can_be_taken() -> None:
    app: App[None] = App()
    assert [theme.name for theme in register_themes(app)] == [theme.name for theme in SHIPPED]
    async with app.run_test():
        for theme in SHIPPED:
            app.theme = theme.name
            assert (app.current_theme.name, app.native_ansi_color) == (theme.name, theme.ansi)


def test_a_flat_file_is_read_with_comments_quotes_and_foreign_line_ends(tmp_path: Path) -> None:
    theme = parse_theme(GOOD, "good.yaml")
    assert (theme.name, theme.dark, theme.ansi, theme.colours["foreground"]) == ("mine", False, False, "black")
    (tmp_path / "windows.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_themes(tmp_path).by_file == {"windows.yaml": theme}


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("name: mine", "name: ../Mine", "bad.yaml:2:7: a name is"),
        ("name: mine", "name:", "bad.yaml:2:1: expected `key: value`"),
        ("dark: false   # another", "dark: maybe", "bad.yaml:3:7: `dark` is true or false"),
        ('muted: "#555555"', "", "bad.yaml: missing: muted"),
        ('muted: "#555555"', 'muted:   "#55555"', "bad.yaml:8:10: muted: '#55555' is not a colour"),
        ('muted: "#555555"', f'muted: "{"x" * 5_000}"', "bad.yaml:8:8: muted: 'xxx"),
        ('muted: "#555555"', 'muted: "#55555580"', "bad.yaml:8:8: muted: a plain opaque colour"),
        ('muted: "#555555"', "muted: ansi_red", "bad.yaml:8:8: muted: a plain opaque colour"),
        ('muted: "#555555"', 'accent: "#555555"', "bad.yaml:9:1: 'accent' is given twice"),
        ('muted: "#555555"', 'css: "x"', "bad.yaml:8:1: unknown key 'css'; known are accent,"),
        ('muted: "#555555"', "muted: &a [1]", "bad.yaml:8:8: muted:"),
        ('muted: "#555555"', "  - x", "bad.yaml:8:3: expected `key: value`"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(line: str, instead: str, message: str) -> None:
    assert line in GOOD
    with pytest.raises(ConfigurationError) as caught:
        parse_theme(GOOD.replace(line, instead), "bad.yaml")
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", ['"#00ff00"', "ansi_mauve", "blue"])
def test_the_terminals_own_palette_has_names_only(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"bad\.yaml:\d+:8: error: "):
        parse_theme(ANSI.replace("error: ansi_bright_red", f"error: {value}"), "bad.yaml")
    assert faint_pairs(parse_theme(ANSI, "good.yaml")) == []


def test_what_is_hard_to_read_is_measured() -> None:
    faint = GOOD.replace('muted: "#555555"', 'muted: "#777777"').replace("name: mine", "name: faint")
    assert faint_pairs(parse_theme(faint, "faint.yaml")) == [
        "muted on background 4.4", "muted on surface 4.2", "muted on panel 3.8",
    ]  # fmt: skip


def test_a_folder_with_good_and_bad_files_gives_both(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text("nonsense")
    (tmp_path / "c.txt").write_text("not a theme")
    (tmp_path / "d.yaml").write_text(GOOD)
    (tmp_path / "e.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "f.yaml").write_text(GOOD.replace("mine", DEFAULT_THEME))
    (tmp_path / "g.yaml").mkdir()
    os.mkfifo(tmp_path / "h.yaml")
    (tmp_path / "i.yaml").write_text("# " + "x" * 30_000)
    (tmp_path / "j.yaml").symlink_to("/dev/zero")
    (tmp_path / "k.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "l.yaml").write_text(GOOD.replace("mine", "pale").replace("#664400", "#ffff00"))
    found = load_themes(tmp_path, taken=[DEFAULT_THEME])
    assert {file: theme.name for file, theme in found.by_file.items()} == {"a.yaml": "mine", "l.yaml": "pale"}
    assert sorted(found.problems) == [f"{letter}.yaml" for letter in "bdefghijk"]
    assert found.problems["d.yaml"] == "d.yaml: another theme is called mine; give this one its own name"
    assert found.problems["f.yaml"].startswith("f.yaml: another theme is called workbench-dark")
    assert found.problems["h.yaml"] == "h.yaml: not a file"
    assert found.problems["i.yaml"] == "i.yaml: larger than 20 kB, so no theme"
    assert all(told.startswith(file) for file, told in found.problems.items())
    assert found.warnings == {
        "l.yaml": "l.yaml: hard to read (below 4.5): "
        "warning on background 1.0, warning on surface 1.0, warning on panel 1.0"
    }


def test_a_folder_of_too_many_files_is_read_in_part(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"{number:03d}.yaml").write_text(GOOD.replace("mine", f"mine-{number}"))
    found = load_themes(tmp_path)
    assert len(found.by_file) == len(fingerprint_of_themes(tmp_path)) == 100
    assert found.problems == {"": "120 theme files; the first 100 are read"}
    assert load_themes(tmp_path / "nowhere") == ThemeFolder(by_file={}, problems={}, warnings={})


def test_a_change_of_a_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    seen = [fingerprint_of_themes(tmp_path)]
    file.write_text(GOOD)
    seen.append(fingerprint_of_themes(tmp_path))
    os.utime(file, ns=(1, 1))
    seen.append(fingerprint_of_themes(tmp_path))
    file.rename(tmp_path / "b.yaml")
    seen.append(fingerprint_of_themes(tmp_path))
    assert len(set(seen)) == 4


def test_a_file_that_broke_keeps_its_theme_unless_another_has_its_name() -> None:
    good = parse_theme(GOOD, "a.yaml")
    other = parse_theme(GOOD.replace("mine", "other"), "b.yaml")
    broken = {"a.yaml": "a.yaml:1:1: nonsense"}
    known = {"a.yaml": good, "gone.yaml": other}
    assert merged(known, ThemeFolder(by_file={"b.yaml": other}, problems=broken, warnings={})) == {
        "a.yaml": good, "b.yaml": other,
    }  # fmt: skip
    assert merged(known, ThemeFolder(by_file={"c.yaml": good}, problems=broken, warnings={})) == {"c.yaml": good}
    assert merged(known, ThemeFolder(by_file={"a.yaml": other}, problems={}, warnings={})) == {"a.yaml": other}


def test_a_choice_says_what_it_is() -> None:
    assert ThemeChoice(name="x", dark=True, ansi=False, own=False).words == "dark"
    assert ThemeChoice(name="x", dark=False, ansi=True, own=True).words == "light, the terminal's own colours, yours"


@pytest.mark.parametrize(("text", "ground", "expected"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_wcag(text: str, ground: str, expected: float) -> None:
    assert contrast(text, ground) == pytest.approx(expected, abs=0.01)
