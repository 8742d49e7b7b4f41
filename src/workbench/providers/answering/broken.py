"""What becomes of an answer whose provider broke off after its first token. Pure."""

from __future__ import annotations

from workbench.config.values import OnBrokenStream
from workbench.providers.values import AnswerRequest, Resume

SMALL_TEXT = 1024
"""Characters up to which `ask` starts again by itself where nobody can be asked; more is kept."""


def resume_by_itself(request: AnswerRequest, characters: int) -> Resume | None:
    """What the policy says after `characters` of a broken answer; None when a person is to decide.

    After a tool has run nothing is answered twice: what came is kept.
    """
    if request.tool_has_run:
        return Resume.KEEP
    match request.on_broken_stream:
        case OnBrokenStream.RESTART:
            return Resume.RESTART
        case OnBrokenStream.CONTINUE:
            return Resume.CONTINUE
        case OnBrokenStream.STOP:
            return Resume.KEEP
        case OnBrokenStream.ASK if request.decide is not None:
            return None
        case OnBrokenStream.ASK:
            return Resume.RESTART if characters < SMALL_TEXT else Resume.KEEP
