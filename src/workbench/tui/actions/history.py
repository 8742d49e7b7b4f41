"""Actions of the history pane."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

HISTORY: tuple[Action, ...] = (
    Action(
        id="history.search", title="Search", scope=Scope.HISTORY, handler="screen.search", keys=("slash",),
        help='Type words, "a phrase", -without, role:assistant, after:2026-10, has:code; f lists all conditions.',
        word="search", palette=False,
    ),
    Action(
        id="history.filter", title="Add a condition", scope=Scope.HISTORY, handler="screen.add_filter", keys=("f",),
        help="Choose who said it, when, which provider, tag or folder, archived or deleted ones.", word="filter",
    ),
    Action(
        id="history.drop_filter", title="Drop the last condition", scope=Scope.HISTORY, handler="screen.drop_filter",
        keys=("backspace",), palette=False,
        help="Take one condition of the search away; on the line of conditions, the marked one.",
    ),
    Action(
        id="history.order", title="Newest or best first", scope=Scope.HISTORY, handler="screen.change_order",
        keys=("o",), help="List the newest hits first, or the best matches.", word="order",
    ),
    Action(
        id="history.read", title="Read", scope=Scope.HISTORY, handler="screen.enter", keys=("enter",),
        help="From the results and the branches go to the reader; from there to the message in the chat.",
        palette=False, word="read",
    ),
    Action(
        id="history.open", title="Open in the chat", scope=Scope.HISTORY, handler="screen.take('open_in_chat')",
        keys=("g",),
        help="Open the conversation in the chat, at this message and on its branch; escape comes back.",
        word="open in chat",
    ),
    Action(
        id="history.continue", title="Continue from here", scope=Scope.HISTORY, handler="screen.take('continue_here')",
        keys=("c",), word="continue",
        help="Go on in the chat after this message: the next prompt begins a branch, and what follows it is kept.",
    ),
    Action(
        id="history.branches", title="Branches", scope=Scope.HISTORY, handler="screen.show_branches", keys=("b",),
        help="Go to the tree of the conversation, or back to the results.", word="branches",
    ),
    Action(
        id="history.next_hit", title="Next hit", scope=Scope.HISTORY, handler="screen.step_hit(1)", keys=("n",),
        help="Go to the next hit of this branch, then of the next result.", palette=False, word="next hit",
    ),
    Action(
        id="history.previous_hit", title="Hit before", scope=Scope.HISTORY, handler="screen.step_hit(-1)",
        keys=("N",), help="Go to the hit before.", palette=False,
    ),
    Action(
        id="history.siblings", title="Compare with the answer beside", scope=Scope.HISTORY,
        handler="screen.take('siblings')", keys=("v",), word="versus",
        help="Show this message and the other answer or wording at its place side by side, with their differences.",
    ),
    Action(
        id="history.mark", title="Mark to compare", scope=Scope.HISTORY, handler="screen.take('mark')", keys=("m",),
        help="Mark this message; m on another one compares both, and b there their branches.", word="mark",
    ),
    Action(
        id="history.fork", title="Make it a conversation", scope=Scope.HISTORY, handler="screen.take('fork')",
        keys=("F",),
        help="Copy this branch, down to this message, into a conversation of its own, and open it.", word="own chat",
    ),
    Action(
        id="history.export", title="Export", scope=Scope.HISTORY, handler="screen.take('export')", keys=("x",),
        help="Write the branch that is shown to a file.", word="export",
    ),
    Action(
        id="history.copy", title="Copy message", scope=Scope.HISTORY, handler="screen.take('copy')", keys=("y",),
        help="Copy this message as it is stored.", palette=False, word="copy",
    ),
    Action(
        id="history.copy_code", title="Copy code block", scope=Scope.HISTORY, handler="screen.take('copy_code')",
        keys=("Y",), help="Copy the code block of this message; asks which of several.", palette=False,
    ),
    Action(
        id="history.links", title="Links", scope=Scope.HISTORY, handler="screen.take('show_links')", keys=("l",),
        help="List the links of this message with their whole addresses, to open or copy one.", palette=False,
    ),
    Action(
        id="history.unfold", title="Fold or unfold", scope=Scope.HISTORY, handler="screen.unfold", keys=("space",),
        help="List all hits of a conversation; in the reader show reasoning, tool output and attachments.",
        palette=False, word="unfold",
    ),
    Action(
        id="history.earlier_branch", title="Branch before", scope=Scope.HISTORY, handler="screen.take('branch_before')",
        keys=("left",), help="Show the answer or wording before, with what followed it.", palette=False,
    ),
    Action(
        id="history.later_branch", title="Branch after", scope=Scope.HISTORY, handler="screen.take('branch_after')",
        keys=("right",), help="Show the answer or wording after, with what followed it.", palette=False,
    ),
    Action(
        id="history.select", title="Select", scope=Scope.HISTORY,
        handler="screen.do('select_conversation')", keys=("s",),
        help="Select the conversation under the cursor, to put several in order at once; escape lets them go.",
        palette=False, word="select",
    ),
    Action(
        id="history.rename", title="Rename", scope=Scope.HISTORY, handler="screen.do('rename_conversation')",
        keys=("r",), help="Give this conversation another title.", palette=False,
    ),
    Action(
        id="history.pin", title="Pin", scope=Scope.HISTORY, handler="screen.do('pin_conversation')", keys=("p",),
        help="Let this conversation, or those that are selected, stand first in the chat's list, or no longer.",
        palette=False,
    ),
    Action(
        id="history.tag", title="Tags", scope=Scope.HISTORY, handler="screen.do('tag_conversation')", keys=("t",),
        help="Change the tags of this conversation, or of those that are selected.", palette=False, word="tag",
    ),
    Action(
        id="history.move", title="Folder", scope=Scope.HISTORY, handler="screen.do('move_conversation')",
        keys=("M",), help="Lay this conversation, or those that are selected, into a folder.", palette=False,
    ),
    Action(
        id="history.archive", title="Archive", scope=Scope.HISTORY, handler="screen.do('archive_conversation')",
        keys=("a",), help="Leave this conversation, or those that are selected, out of the lists, or take them back.",
        palette=False,
    ),
    Action(
        id="history.delete", title="Delete", scope=Scope.HISTORY, handler="screen.do('delete_conversations')",
        keys=("d",), help="Put this conversation, or those that are selected, into the trash.", palette=False,
    ),
    Action(
        id="history.undelete", title="Bring back from the trash", scope=Scope.HISTORY,
        handler="screen.do('restore_conversations')", keys=("R",), palette=False,
        help="Bring back this conversation, or those that are selected; is:trash lists what lies there.",
    ),
    Action(
        id="history.undo", title="Undo", scope=Scope.HISTORY, handler="screen.do('undo_ordering')", keys=("u",),
        help="Take back what was changed last here: titles, pins, tags, folders, the archive, deletions.",
    ),
    Action(
        id="history.back", title="Step back", scope=Scope.HISTORY, handler="screen.step_back", keys=("escape",),
        help="Ends a search that runs; goes from the reader to the results; there it shows all conversations again.",
        palette=False,
    ),
)  # fmt: skip
