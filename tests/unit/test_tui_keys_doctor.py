"""What the key doctor says, and where the letters of jump mode stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.actions.registry import ACTIONS, action_by_id
from workbench.tui.actions.values import put_in_force
from workbench.tui.keys.doctor import KeyPress, Tone, findings, surroundings, taken_here
from workbench.tui.keys.jumping import LABEL_WIDTH, LETTERS, Spot, spots


def told(press: KeyPress, *here: str) -> str:
    return "\n".join(f"{one.title} {one.text}" for one in findings(press, ACTIONS, here))


def test_a_key_of_ours_tells_its_action_its_place_and_who_takes_it() -> None:
    found = findings(KeyPress(key="ctrl+p", character="\x10"), ACTIONS, ("zellij",))
    assert [(one.title, one.tone) for one in found] == [
        ("arrives as", Tone.PLAIN), ("does", Tone.GOOD), ("taken here", Tone.TROUBLE), ("taken by", Tone.PLAIN),
    ]  # fmt: skip
    assert found[0].text == "ctrl+p, character U+0010"
    assert found[1].text == "Everywhere: Commands (app.palette)"
    assert "Zellij: pane mode; lock it" in found[2].text
    assert "VS Code: goes to a file (code.visualstudio.com" in found[3].text


def test_a_sign_is_written_in_text_fields_and_has_its_names() -> None:
    text = told(KeyPress(key="question_mark", character="?"))
    assert "question_mark (?), character U+003F question mark" in text
    assert "Everywhere: Help" in text
    assert "in a text field: it is written" in text


def test_keys_without_an_action() -> None:
    assert "in a text field: delete left to start of word" in told(KeyPress(key="ctrl+w"))
    assert "chat.find: f12" in told(KeyPress(key="f12"))
    assert "only this terminal sends it" in told(KeyPress(key="ctrl+alt+k"))
    assert "the same bytes as ctrl+i" in told(KeyPress(key="tab", aliases=("tab", "ctrl+i")))
    assert "Option is used as Meta" in told(KeyPress(key="alt+g"))


def test_the_doctor_knows_the_keys_in_force() -> None:
    put_in_force({"app.palette": ("f12",)})
    try:
        assert "app.palette" not in told(KeyPress(key="ctrl+p"))
        assert "app.palette" in told(KeyPress(key="f12"))
        assert "ctrl+p" not in taken_here([action_by_id("app.palette")], ("zellij",))
    finally:
        put_in_force({})


def test_who_is_around() -> None:
    assert surroundings({"TERM": "xterm"}, ()) == "Runs in xterm; nothing around it is known to take keys."
    told_of = surroundings({"TERM_PROGRAM": "vscode", "TMUX": "x"}, ("tmux", "vscode"))
    assert told_of == "Runs inside tmux and VS Code."
    assert taken_here(ACTIONS, ()) == ""
    assert taken_here([action_by_id("app.palette"), action_by_id("app.jump")], ("zellij",)).startswith(
        "Zellij keeps ctrl+o, ctrl+p;"
    )


# -- jump mode -------------------------------------------------------------------------------------------------------


def test_letters_stand_on_the_corners_in_order() -> None:
    assert spots([(1, 2), (40, 2)], 80, 24) == [Spot(letter="a", x=1, y=2), Spot(letter="s", x=40, y=2)]
    taken = [Spot(letter="a", x=1, y=2)]
    assert spots([(1, 2)], 80, 24, taken) == [Spot(letter="s", x=4, y=2)]


@given(
    corners=st.lists(st.tuples(st.integers(-5, 200), st.integers(-5, 60)), max_size=40),
    width=st.integers(40, 160), height=st.integers(12, 50),
)  # fmt: skip
def test_no_letter_lies_on_another_or_off_the_screen(corners: list[tuple[int, int]], width: int, height: int) -> None:
    placed = spots(corners, width, height)
    assert len(placed) == min(len(corners), len(LETTERS))
    assert len({spot.letter for spot in placed}) == len(placed)
    cells = {(spot.x + offset, spot.y) for spot in placed for offset in range(LABEL_WIDTH)}
    assert len(cells) == LABEL_WIDTH * len(placed)
    assert all(0 <= x < width and 0 <= y < height for x, y in cells)
