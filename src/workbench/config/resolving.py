"""From merged layers to a configuration: variables filled in, values checked, keys found, each provider on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from workbench.config.gathering import Gathered
from workbench.config.interpolation import MalformedError, Reference, interpolate, parse_reference
from workbench.config.keyring_secrets import Secrets
from workbench.config.kinds import (
    ALIASES,
    KINDS,
    OPENAI_COMPATIBLE,
    Kind,
    find_kind,
    is_loopback,
    is_nearby,
)
from workbench.config.schema import API_KEY, ProviderSection, SettingsSection, check
from workbench.config.tree import KeyPath, Loose, Node, nearest, problem_at
from workbench.config.values import Configuration, Problem, Provider, Settings
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret

_MUST_BE_RIGHT = frozenset({"kind", "base_url", "enabled"})
"""A provider with one of these refused is not asked: its key could go to another host than was meant."""


def resolve(gathered: Gathered, secrets: Secrets) -> Configuration:
    """The configuration, its problems those of `gathered` and whatever is wrong with the values."""
    problems = list(gathered.problems)
    notes: list[str] = []
    resolved = [_Resolver(name, node, gathered.variables, secrets) for name, node in gathered.providers.items()]
    providers: list[Provider] = []
    for resolver in resolved:
        providers.append(resolver.provider())
        problems += resolver.problems
        notes += resolver.notes
    settings, found = _settings(gathered, providers)
    problems += found
    return Configuration(
        settings=settings,
        providers=tuple(providers),
        problems=tuple(sorted(dict.fromkeys(problems), key=_place)),
        files=gathered.files,
        profile=gathered.profile,
        notes=tuple(notes),
    )


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.file, problem.line, problem.column


@dataclass(slots=True, kw_only=True)
class _Filled:
    """Entries with their variables filled in."""

    entries: dict[str, Node]
    unset: dict[str, tuple[Node, tuple[str, ...]]] = field(default_factory=dict[str, tuple[Node, tuple[str, ...]]])
    malformed: set[str] = field(default_factory=set[str])
    problems: list[Problem] = field(default_factory=list[Problem])


def _fill_all(entries: Mapping[str, Node], variables: Mapping[str, str], path: KeyPath) -> _Filled:
    filled = _Filled(entries={})
    for key, node in entries.items():
        missing: list[str] = []
        try:
            filled.entries[key] = _fill(node, variables, missing)
        except MalformedError as error:
            filled.malformed.add(key)
            filled.problems.append(
                problem_at(node.place, (*path, key), str(error), "${NAME}, ${NAME:-default}, or $$ for a dollar sign")
            )
        if missing:
            filled.unset[key] = (node, tuple(dict.fromkeys(missing)))
            filled.entries.pop(key, None)
    return filled


def _fill(node: Node, variables: Mapping[str, str], missing: list[str]) -> Node:
    under = _fill(node.under, variables, []) if node.under is not None else None
    if isinstance(node.value, list):
        return replace(node, value=[_fill(item, variables, missing) for item in node.value], under=under)
    if not isinstance(node.value, str) or "$" not in node.value:
        return replace(node, under=under)
    result = interpolate(node.value, variables)
    missing += result.missing
    return replace(node, value=Loose(result.text), under=under)


def _settings(gathered: Gathered, providers: list[Provider]) -> tuple[Settings, list[Problem]]:
    path = ("settings",)
    filled = _fill_all(gathered.settings, gathered.variables, path)
    problems = filled.problems
    for key, (node, names) in filled.unset.items():
        problems.append(
            problem_at(node.place, (*path, key), _not_set(names), "a variable that is set, or ${NAME:-default}")
        )
    section, checked = check(SettingsSection, filled.entries, path)
    problems += checked.problems
    settings = Settings(**section.model_dump())
    wanted = settings.default_provider
    if wanted is not None:
        names = {provider.name.lower(): provider.name for provider in providers}
        actual = names.get(wanted.lower())
        if actual is None and (providers or gathered.providers):
            meant = nearest(wanted, names)
            problems.append(
                problem_at(
                    filled.entries["default_provider"].place,
                    (*path, "default_provider"),
                    "no provider has that name" + (f'; did you mean "{names[meant]}"?' if meant else ""),
                    "one of " + ", ".join(names.values()),
                )
            )
        settings = replace(settings, default_provider=actual)
    return settings, problems


def _not_set(names: tuple[str, ...]) -> str:
    return f"the variable {', '.join(names)} is not set"


class _Resolver:
    """One provider."""

    def __init__(self, name: str, node: Node, variables: Mapping[str, str], secrets: Secrets) -> None:
        self._name = name
        self._node = node
        self._path: KeyPath = ("providers", name)
        self._variables = variables
        self._secrets = secrets
        self._missing: list[str] = []
        self._blocked = False
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def provider(self) -> Provider:
        """The provider; one that cannot be used as it is written is switched off or has no key."""
        entries = dict(self._node.entries())
        key_node = entries.pop(API_KEY, None)
        filled = _fill_all(entries, self._variables, self._path)
        self.problems += filled.problems
        section, checked = check(ProviderSection, filled.entries, self._path)
        self.problems += checked.problems
        self._blocked = bool(_MUST_BE_RIGHT & (checked.refused | filled.malformed))
        unset = [name for _, names in filled.unset.values() for name in names]
        kind = self._kind(section, {*checked.refused, *filled.malformed, *filled.unset})
        base_url = self._base_url(section, kind, "base_url" in filled.unset)
        found = self._keys(key_node, kind)
        needs_key = kind.needs_key
        if kind.name == OPENAI_COMPATIBLE:
            needs_key = base_url is None or not is_nearby(base_url)
        written = key_node is not None and key_node.value not in (None, "")
        if unset:
            # What it refers to is not there, so it is in the same state as one whose key is missing.
            found, needs_key = {}, True
            self._missing += unset
        models = section.models
        if not models and "models" not in entries:
            models = kind.models
        provider = Provider(
            name=self._name,
            kind=kind.name,
            models=tuple(dict.fromkeys(models)),
            api_keys=tuple(found),
            key_refs=tuple(found.values()),
            missing_keys=tuple(dict.fromkeys(self._missing)),
            needs_key=needs_key or written,
            base_url=base_url,
            priority=section.priority,
            weight=section.weight,
            timeout_s=section.timeout,
            max_retries=section.max_retries,
            rate_limit=section.rate_limit,
            token_limit=section.token_limit,
            max_concurrent=section.max_concurrent,
            key_rate_limit=section.key_rate_limit,
            key_token_limit=section.key_token_limit,
            key_max_concurrent=section.key_max_concurrent,
            context_window=section.context_window,
            api_version=section.api_version,
            enabled=section.enabled and not self._blocked,
            private=section.private if section.private is not None else bool(base_url) and is_loopback(base_url or ""),
        )
        self._remark(provider, kind)
        return provider

    def _kind(self, section: ProviderSection, told: set[str]) -> Kind:
        """The kind that is written, or the one that the provider is named after."""
        written = section.kind
        kind = find_kind(written or self._name)
        if kind is not None and not (written is None and "kind" in told):
            return kind
        self._blocked = True
        if "kind" not in told:
            node = self._node.entries().get("kind", self._node)
            place = node.place if written else self._node.key_place
            meant = nearest(written or self._name, (*KINDS, *ALIASES))
            asked = f'; did you mean "{ALIASES.get(meant, meant)}"?' if meant else ""
            problem = "unknown kind" if written else "the kind is missing"
            self.problems.append(
                problem_at(place, (*self._path, "kind"), problem + asked,
                           "a LiteLLM provider name, e.g. openai, anthropic, ollama, openai-compatible")
            )  # fmt: skip
        return Kind(name="unknown")

    def _base_url(self, section: ProviderSection, kind: Kind, unset: bool) -> str | None:
        written = section.base_url
        node = self._node.entries().get("base_url", self._node)
        if written is None:
            if kind.usual_address and not unset and not self._blocked:
                self._blocked = True
                self.problems.append(
                    problem_at(self._node.key_place, (*self._path, "base_url"), "the base_url is missing",
                               f"its address, e.g. {kind.usual_address}")
                )  # fmt: skip
            return None if unset else kind.base_url
        wrong = _wrong_url(written)
        if wrong:
            self._blocked = True
            self.problems.append(
                problem_at(node.place, (*self._path, "base_url"), wrong,
                           "an http or https URL without user, password or query")
            )  # fmt: skip
            return None
        if written.lower().startswith("http:") and not is_nearby(written):
            self.notes.append(f"{self._name}: its base_url is not encrypted (http), so its key can be read on the way")
        return written.rstrip("/")

    def _keys(self, node: Node | None, kind: Kind) -> dict[Secret, str]:
        """Each key with what it is called, in their order."""
        if node is None or node.value in (None, ""):
            return {}
        found: dict[Secret, str] = {}
        for index, item in enumerate(node.items()):
            path = (*self._path, API_KEY, index) if isinstance(node.value, list) else (*self._path, API_KEY)
            reference = parse_reference(item.value) if isinstance(item.value, str) else None
            if reference is None:
                self._refuse_literal(item, path, kind)
                continue
            secret = self._look_up(reference, item, path)
            if secret is not None:
                REDACTOR.register(secret)
                found.setdefault(secret, reference.name)
        return found

    def _refuse_literal(self, item: Node, path: KeyPath, kind: Kind) -> None:
        if isinstance(item.value, str):
            REDACTOR.register(Secret(item.value))
        variable = kind.key_variables[0] if kind.key_variables else f"{as_variable(self._name)}_API_KEY"
        expected = f"${{{variable}}} with the key in the environment or in config/.env, or keyring:{self._name}"
        if not kind.needs_key:
            expected += "; this kind needs none"
        self.problems.append(
            problem_at(item.place, path, "a key must not stand in the configuration, it is not used", expected)
        )

    def _look_up(self, reference: Reference, item: Node, path: KeyPath) -> Secret | None:
        if reference.label:
            answer = self._secrets.get(reference.label)
            secret, reason = answer.secret, answer.reason
        else:
            value = self._variables.get(reference.variable, "").strip() or reference.default
            secret, reason = (Secret(value) if value else None), f"{reference.variable} is not set"
        if secret is not None and can_be_sent(secret):
            return secret
        if secret is not None:
            reason = f"{reference.name} has blanks, control or non-ASCII characters"
            self.problems.append(problem_at(item.place, path, reason, "the key alone, as the provider gave it"))
        self._missing.append(reference.name)
        self.notes.append(f"{self._name}: no key, {reason}")
        return None

    def _remark(self, provider: Provider, kind: Kind) -> None:
        if not provider.enabled:
            return
        if provider.needs_key and not provider.api_keys and not provider.missing_keys:
            variable = kind.key_variables[0] if kind.key_variables else f"{as_variable(self._name)}_API_KEY"
            self.notes.append(f"{self._name}: no key, write api_key: ${{{variable}}}")
        elif provider.missing_keys and not self.notes:
            self.notes.append(f"{self._name}: {_not_set(provider.missing_keys)}")
        if not provider.models:
            self.notes.append(f"{self._name}: no model, write models: [...]")


def as_variable(name: str) -> str:
    """A provider's name as part of the name of an environment variable."""
    return "".join(c if c.isalnum() else "_" for c in name.upper())


def can_be_sent(secret: Secret) -> bool:
    """Whether a key can stand in a header: without blanks, control and non-ASCII characters."""
    value = secret.reveal()
    return value.isascii() and value.isprintable() and " " not in value


def _wrong_url(url: str) -> str:
    """What is wrong with a base URL, or nothing; never quotes it, because it may hold a password."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "the URL has characters that a URL cannot have"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "this is no URL"
    if parts.scheme.lower() not in {"http", "https"}:
        return "the URL does not begin with http:// or https://"
    if "@" in parts.netloc:
        REDACTOR.register(Secret(parts.password or parts.username or ""))
        return "the URL holds a user or a password"
    if not parts.hostname or port == 0:
        return "the URL has no host, or no port that can be used"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "the URL has a query or a fragment"
    return ""
