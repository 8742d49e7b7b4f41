"""Whether a request fits a model, and where one goes that was too long or that a content policy refused. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.config.values import Provider
from workbench.providers.routing.catalogue import ModelFacts
from workbench.providers.routing.order import Candidate, Skipped, look_at
from workbench.providers.values import ErrorKind

FactsOf = Callable[[Provider, str], ModelFacts]

SMALLEST_ANSWER = 256
"""Tokens that are left for an answer, at least, when it is cut to what the window still holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """Whom to ask now, and who is left out for what happened."""

    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...] = ()


def too_long(candidate: Candidate, tokens: int, facts: ModelFacts) -> Skipped | None:
    """Why this prompt cannot go there; None when it fits, or when nobody knows."""
    window = facts.context_window
    if window is None or tokens <= window:
        return None
    reason = f"its context window holds {window:,} tokens, the prompt has about {tokens:,}"
    return Skipped(
        provider=candidate.provider.name, model=candidate.model, kind=ErrorKind.CONTEXT_WINDOW, reason=reason
    )  # fmt: skip


def answer_tokens(wanted: int | None, prompt_tokens: int | None, facts: ModelFacts) -> int | None:
    """How long the answer may be: no longer than the model can, nor than its window still holds."""
    if wanted is None:
        return None
    if facts.max_output is not None:
        wanted = min(wanted, facts.max_output)
    if facts.context_window is not None and prompt_tokens is not None:
        wanted = min(wanted, max(SMALLEST_ANSWER, facts.context_window - prompt_tokens))
    return wanted


def named_candidates(
    names: Sequence[str], providers: Sequence[Provider], asked: Sequence[Candidate], *, private: bool
) -> list[Candidate]:
    """`provider` and `provider/model` names as candidates, without those asked already and those that cannot be."""
    found: list[Candidate] = []
    for name in names:
        # A provider's name may hold a slash itself, so the longest that fits is meant.
        fitting = [each for each in providers if name == each.name or name.startswith(f"{each.name}/")]
        provider = max(fitting, key=lambda each: len(each.name), default=None)
        if provider is None:
            continue
        model = name[len(provider.name) + 1 :] or (provider.models[0] if provider.models else "")
        candidate = look_at(provider, model, private=private)
        if isinstance(candidate, Candidate) and candidate not in (*asked, *found):
            found.append(candidate)
    return found


def larger_windows(failed: Candidate, remaining: Sequence[Candidate], facts_of: FactsOf) -> Rerouted:
    """After a prompt that was too long: larger windows first, the failed provider's own other models among them.

    Those known to hold no more than the failed one are left out; unknown ones are tried last.
    """
    limit = facts_of(failed.provider, failed.model).context_window
    others = [
        Candidate(provider=failed.provider, model=model, why="a larger window at the same provider")
        for model in failed.provider.models
        if model != failed.model and _window(facts_of(failed.provider, model)) > (limit or 0)
    ]
    kept: list[tuple[int, Candidate]] = []
    skipped: list[Skipped] = []
    for candidate in dict.fromkeys((*others, *remaining)):
        window = facts_of(candidate.provider, candidate.model).context_window
        if limit is not None and window is not None and window <= limit:
            reason = f"its context window holds {window:,} tokens, no more than the one that was too small"
            skipped.append(
                Skipped(
                    provider=candidate.provider.name,
                    model=candidate.model,
                    kind=ErrorKind.CONTEXT_WINDOW,
                    reason=reason,
                )
            )
        else:
            kept.append((window or 0, candidate))
    kept.sort(key=lambda pair: -pair[0])
    return Rerouted(candidates=tuple(candidate for _, candidate in kept), skipped=tuple(skipped))


def _window(facts: ModelFacts) -> int:
    return facts.context_window or 0
