"""Actions on messages: their keys work while the transcript has the focus."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

TRANSCRIPT: tuple[Action, ...] = (
    Action(
        id="chat.copy_reply", title="Copy message", scope=Scope.TRANSCRIPT, handler="screen.do('copy_message')",
        keys=("y",), slash=("copy",), help="Copy the message under the cursor, or the last reply.", word="copy",
    ),
    Action(
        id="chat.copy_code", title="Copy code block", scope=Scope.TRANSCRIPT, handler="screen.do('copy_code')",
        keys=("Y",), help="Copy the code block of the message at the bar as it was written; asks which of several.",
    ),
    Action(
        id="chat.unfold", title="Fold or unfold", scope=Scope.TRANSCRIPT, handler="screen.do('toggle_fold')",
        keys=("space", "o"), help="Show or hide the reasoning or the tool output of the message at the bar.",
    ),
    Action(
        id="chat.links", title="Links", scope=Scope.TRANSCRIPT, handler="screen.do('show_links')", keys=("l",),
        slash=("links",), word="links",
        help="List the links of the message at the bar with their whole addresses, to open or copy one.",
    ),
    Action(
        id="chat.regenerate", title="Ask again", scope=Scope.TRANSCRIPT, handler="screen.do('answer_again')",
        keys=("r",), word="again", help="Ask the question at the bar again; both answers are kept.",
    ),
    Action(
        id="chat.ask_another", title="Ask another provider", scope=Scope.TRANSCRIPT, argument="[NAME]",
        handler="screen.do('pick_another')", keys=("R",), slash=("retry",), command="ask_named",
        word="another",
        help="Ask another provider the question at the bar, and keep both answers; /retry alone takes the next one.",
    ),
    Action(
        id="chat.earlier_answer", title="Answer or branch before", scope=Scope.TRANSCRIPT,
        handler="screen.do('walk_answers', -1)",
        keys=("left",), help="Show the answer, or the wording of the prompt, before the one at the bar.",
        palette=False,
    ),
    Action(
        id="chat.later_answer", title="Answer or branch after", scope=Scope.TRANSCRIPT,
        handler="screen.do('walk_answers', 1)",
        keys=("right",), help="Show the answer, or the wording of the prompt, after the one at the bar.",
        palette=False,
    ),
    Action(
        id="chat.edit_prompt", title="Edit and branch", scope=Scope.TRANSCRIPT, handler="screen.do('edit_prompt')",
        keys=("e",), slash=("reword",), command="edit_prompt", word="edit",
        help="Put the prompt at the bar in other words: a new branch, the old one stays. esc leaves it as it is.",
    ),
    Action(
        id="chat.continue", title="Continue", scope=Scope.TRANSCRIPT, handler="screen.do('go_on')", keys=("c",),
        slash=("continue",), command="go_on", word="continue",
        help="Go on with a reply that was stopped, interrupted or cut to length; both are kept.",
    ),
    Action(
        id="chat.quote", title="Quote", scope=Scope.TRANSCRIPT, handler="screen.do('quote')", keys=("Q",),
        slash=("quote",), command="quote", word="quote",
        help="Put what is selected, else the message at the bar, into the composer as a quote.",
    ),
    Action(
        id="chat.rate_good", title="Rate good", scope=Scope.TRANSCRIPT, handler="screen.do('rate', 1)",
        keys=("plus",), slash=("rate",), command="rate_named", argument="good | bad | none",
        help="Mark the reply at the bar as good; again takes it back.",
    ),
    Action(
        id="chat.rate_bad", title="Rate bad", scope=Scope.TRANSCRIPT, handler="screen.do('rate', -1)",
        keys=("minus",), help="Mark the reply at the bar as bad; again takes it back.",
    ),
    Action(
        id="chat.delete_message", title="Delete message", scope=Scope.TRANSCRIPT,
        handler="screen.do('delete_message')", keys=("d",), slash=("delete",), command="delete_message",
        word="delete",
        help="Delete the message at the bar with all that follows it; u brings it back.",
    ),
    Action(
        id="chat.undo_delete", title="Undo deletion", scope=Scope.TRANSCRIPT, handler="screen.do('undo_delete')",
        keys=("u",), slash=("undo",), command="undo_delete",
        help="Bring back what was deleted last in this conversation, or the conversation deleted just now.",
    ),
    Action(
        id="chat.view_outside", title="Open in $EDITOR", scope=Scope.TRANSCRIPT,
        handler="screen.do('view_outside')", keys=("v",), slash=("view",), command="view_outside",
        help="Read the message at the bar in your own editor; what is stored stays as it is.",
    ),
    Action(
        id="chat.export", title="Export", scope=Scope.TRANSCRIPT, handler="screen.do('export')", keys=("x",),
        slash=("export",), command="export", argument="[PATH]", word="export",
        help="Write this branch to a file, as Markdown or JSON; nothing is replaced unasked.",
    ),
)  # fmt: skip
