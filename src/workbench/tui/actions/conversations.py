"""Actions of the list of conversations."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

CONVERSATIONS: tuple[Action, ...] = (
    Action(
        id="conversations.open", title="Open", scope=Scope.CONVERSATIONS, handler="open", keys=("enter",),
        help="Open the conversation under the cursor.", palette=False,
    ),
    Action(
        id="conversations.new", title="New conversation", scope=Scope.CONVERSATIONS,
        handler="screen.do('new_conversation')", keys=("n",), palette=False, help="Begin an empty conversation.",
    ),
    Action(
        id="conversations.delete", title="Delete", scope=Scope.CONVERSATIONS, handler="screen.do('delete_listed')",
        keys=("d",), palette=False, help="Delete the conversation under the cursor; u brings it back.",
    ),
    Action(
        id="conversations.restore", title="Undo", scope=Scope.CONVERSATIONS, handler="screen.do('undo_listed')",
        keys=("u",), palette=False,
        help="Take back what was changed last; after a deletion bring the conversation back, and open it.",
    ),
    Action(
        id="conversations.rename", title="Rename", scope=Scope.CONVERSATIONS,
        handler="screen.do('rename_conversation')", keys=("r",), palette=False,
        help="Give the conversation under the cursor another title.",
    ),
    Action(
        id="conversations.pin", title="Pin", scope=Scope.CONVERSATIONS, handler="screen.do('pin_conversation')",
        keys=("p",), palette=False, help="Let the conversation under the cursor stand first, or no longer.",
    ),
    Action(
        id="conversations.tag", title="Tags", scope=Scope.CONVERSATIONS, handler="screen.do('tag_conversation')",
        keys=("t",), palette=False, help="Change the tags of the conversation under the cursor.",
    ),
    Action(
        id="conversations.move", title="Folder", scope=Scope.CONVERSATIONS, handler="screen.do('move_conversation')",
        keys=("M",), palette=False, help="Lay the conversation under the cursor into a folder.",
    ),
    Action(
        id="conversations.archive", title="Archive", scope=Scope.CONVERSATIONS,
        handler="screen.do('archive_conversation')", keys=("a",), palette=False,
        help="Leave the conversation under the cursor out of the list; is:archived in the history finds it.",
    ),
)  # fmt: skip

ORGANIZING: tuple[Action, ...] = (
    Action(
        id="chat.rename", title="Rename conversation", scope=Scope.CHAT, handler="screen.do('rename_conversation')",
        slash=("rename",), command="rename_conversation", argument="[TITLE]",
        help="Give the open conversation another title.",
    ),
    Action(
        id="chat.pin_conversation", title="Pin conversation", scope=Scope.CHAT,
        handler="screen.do('pin_conversation')", slash=("pin",), command="pin_conversation",
        help="Let the open conversation stand first in the list, or no longer.",
    ),
    Action(
        id="chat.tag", title="Tags of the conversation", scope=Scope.CHAT, handler="screen.do('tag_conversation')",
        slash=("tag",), command="tag_conversation", argument="[TAG, -TAG]",
        help="Give the open conversation tags, or take some away; tag:name in the history finds them.",
    ),
    Action(
        id="chat.folder", title="Folder of the conversation", scope=Scope.CHAT,
        handler="screen.do('move_conversation')", slash=("folder",), command="move_conversation",
        argument="[FOLDER | -]", help="Lay the open conversation into a folder such as work/rust; - takes it out.",
    ),
    Action(
        id="chat.archive", title="Archive conversation", scope=Scope.CHAT,
        handler="screen.do('archive_conversation')", slash=("archive",), command="archive_conversation",
        help="Leave the open conversation out of the list, or take it back in.",
    ),
)  # fmt: skip
"""The same for the open conversation."""
