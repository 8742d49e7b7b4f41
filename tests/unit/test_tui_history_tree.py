"""The tree of a conversation: its branches, and how they are drawn."""

from __future__ import annotations

from workbench.conversations.branching.outlines import Node
from workbench.conversations.values import MessageState, Role
from workbench.tui.history.tree import MessageTree


def node(id_: str, parent: str | None, role: Role) -> Node:
    return Node(
        id=id_, parent_id=parent, role=role, state=MessageState.DONE, provider=None, model=None, created_at_ms=0,
        beginning=id_,
    )  # fmt: skip


def tree(spec: str, active: str | None = None) -> MessageTree:
    """`a> b>a c>a`: each message and what it follows; prompts have odd depth."""
    nodes: dict[str, Node] = {}
    depth: dict[str, int] = {"": 0}
    for part in spec.split():
        id_, _, parent = part.partition(">")
        depth[id_] = depth[parent] + 1
        nodes[id_] = node(id_, parent or None, Role.USER if depth[id_] % 2 else Role.ASSISTANT)
    return MessageTree(tuple(nodes.values()), active)


def drawn(made: MessageTree) -> list[str]:
    return [f"{row.lead}{row.number}{row.node.id}" for row in made.rows]


BUSHY = "a> b>a c>b d>c e>c f>b g>f"


def test_the_branch_in_force_goes_straight_down_and_the_others_stand_beside_it() -> None:
    assert drawn(tree(BUSHY, "g")) == ["1a", "2b", "├─3c", "│ ├─4d", "│ 4be", "3bf", "4g"]
    assert drawn(tree(BUSHY, "d")) == ["1a", "2b", "├─3bf", "│ 4g", "3c", "├─4be", "4d"]
    assert drawn(tree(BUSHY)) == drawn(tree(BUSHY, "g")), "without one in force it is the newest"
    assert drawn(tree("a> b> c>b")) == ["├─1a", "1bb", "2c"], "a first prompt has other wordings too"


def test_ways_through_it() -> None:
    made = tree(BUSHY, "d")
    assert made.path_to("e") == ["a", "b", "c", "e"]
    assert made.end_of("b") == "g"
    assert made.end_of("c") == "e"
    assert made.siblings("d") == ("d", "e")
    assert made.siblings("a") == ("a",)
    assert made.default_end("d") == "d"
    assert made.default_end(None) == made.default_end("gone") == "g"
    assert sorted(made.below("c")) == ["d", "e"]
    assert MessageTree.in_common(made.path_to("d"), made.path_to("g")) == 2
    assert made.places["d"] == len(made) - 1


def test_messages_whose_parent_is_gone_and_no_messages_at_all() -> None:
    assert MessageTree((), None).rows == []
    assert MessageTree((), None).default_end(None) is None
    orphan = MessageTree((node("x", "deleted", Role.USER),), "x")
    assert drawn(orphan) == ["1x"]
    assert orphan.path_to("x") == ["x"]


def test_ten_thousand_turns_are_no_wider_than_one_and_many_answers_are_numbered() -> None:
    long = tree(" ".join(["m0>", *(f"m{n}>m{n - 1}" for n in range(1, 10_000))]))
    assert {row.lead for row in long.rows} == {""}
    assert long.rows[-1].number == "10000"
    many = tree(" ".join(["a>", *(f"b{n}>a" for n in range(30))]))
    assert [row.number for row in many.rows[1:4]] == ["2", "2b", "2c"]
    assert many.rows[-1].number == "2.30"


def test_branches_of_branches_without_end_take_no_more_room_than_a_screen_has() -> None:
    # At each of them the newest way on stands beside what goes deeper.
    deep = [f"m{n}>m{n - 1}" for n in range(1, 2_000)]
    aside = [f"s{n}>m{n}" for n in range(1_999, -1, -1)]
    made = tree(" ".join(["m0>", *deep, *aside]))
    assert len(made.rows) == 4_000
    assert max(len(row.lead) for row in made.rows) < 300
