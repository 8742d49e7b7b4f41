"""What the scripted providers of the demonstration say."""

from __future__ import annotations

from collections.abc import Sequence


def limited_text() -> str:
    """The rate-limited provider on one of its good days."""
    return (
        "This time **`scripted-limited`** had room for your request and answered itself: it is first in the order, "
        "so nobody else was asked.\n\nAsk once more and it will be over its limit again."
    )


def broken_text() -> str:
    """The beginning of an answer that never ends."""
    return (
        "Of course! Here is a thorough answer, in three parts.\n\n1. First of all, it should be said that a "
        "connection can be lost at any"
    )


def steady_text(turn: int, told: Sequence[str], prompt: str) -> str:
    """The answer that arrives: what really happened on the way, then one of a few things to try."""
    opening = "*A scripted answer: no model has read your prompt"
    opening += f" (`{prompt}`).*" if prompt else ".*"
    if told:
        story = "\n".join(f"{place}. {step}." for place, step in enumerate(told, start=1))
        closing = f"{len(told) + 1}. `scripted-steady`, the next in the order, is answering now."
        happened = f"## What just happened\n\n{story}\n{closing}"
    else:
        happened = "## What just happened\n\nNothing went wrong: `scripted-steady` was asked first and answers."
    return "\n\n".join((opening, happened, _THINGS_TO_TRY[(turn - 1) % len(_THINGS_TO_TRY)]))


_THINGS_TO_TRY = (
    "You asked once and got one whole answer. Every step of it was recorded as it happened.\n\n"
    "## Try\n\n"
    "- **Ctrl+T** shows the trail of this answer: who was asked, what each said, how long it took.\n"
    "- **Esc** stops an answer; what has come is kept.\n"
    "- **Ctrl+L** picks a provider and model, **F8** takes the next one.\n"
    "- **F5** shows every step as it happened.\n\n"
    "## With providers of your own\n\n"
    "Set `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or another provider's key, or start a local server such as Ollama, "
    "and run `workbench`: they are found by themselves. Then you may close the terminal in the middle of an answer "
    "and come back: it is still there. This demonstration alone keeps nothing.",
    "The trail is the same for real providers. A few lines of configuration say who is asked first:\n\n"
    "```yaml\n"
    "providers:\n"
    "  openai:\n"
    "    kind: openai\n"
    "    api_key: ${OPENAI_API_KEY}\n"
    "    models: [gpt-4o-mini]\n"
    "    priority: 1\n"
    "  local:\n"
    "    kind: ollama\n"
    "    models: [llama3.2]\n"
    "    priority: 2\n"
    "```\n\n"
    "`workbench config path` tells where it belongs, `workbench config validate` checks it.",
    "Some failures are worth another try, some are not:\n\n"
    "| failure | next provider | same provider again |\n"
    "|---|---|---|\n"
    "| 429, 500, no connection | at once | when nobody else is left |\n"
    "| 401, 403 | at once | never |\n"
    "| silence | after the time limit | when nobody else is left |\n"
    "| broken off in mid-answer | as you configured | never |\n\n"
    "**F5** shows them as they happen.",
)

DRILL_PROMPT = "Does my chain hold?"

DRILL_ANSWER = (
    "No model has read your prompt: a stand-in on this machine says these words, one after the other, so that it can "
    "be checked whether every one of them arrives, and each of them once. A provider may refuse, fall silent, break "
    "off in the middle of a sentence or not be there at all; what you read in the end must be this text, whole and in "
    "its order, or it must be marked as not complete."
)
"""What every stand-in of a drill answers, so that text of two of them can be told to fit together."""
