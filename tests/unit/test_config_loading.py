"""What is right in a configuration is used, in its order of precedence; what is wrong is told with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.configuring import Home, everything_said, revealed
from workbench.config.loading import load_configuration, validate_file
from workbench.config.values import FallbackStrategy, OnBrokenStream, Settings

KEY = "canary-key-A1b2C3-D4e5F6"

CONTRACT = """\
settings:
  default_provider: openai        # optional; otherwise the strategy decides
  fallback_strategy: priority
  on_broken_stream: ask
  request_timeout: 60
  first_token_timeout: 15
  stall_timeout: 20
  max_tokens: 4096
  temperature: 0.7
  max_concurrent_requests: 10
  health_check_interval: 30
providers:
  openai:
    kind: openai
    api_key: ${OPENAI_API_KEY}
    base_url: https://example.invalid/v1/
    models: [gpt-4o, gpt-4o-mini]
    priority: 1
    weight: 1
    timeout: 30
    max_retries: 2
    rate_limit: 100
    max_concurrent: 4
    enabled: true
    private: false
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "a home")


def places(home: Home, **kwargs: object) -> list[tuple[int, int, str]]:
    return [(p.line, p.column, p.key) for p in home.load({}).problems]


def test_the_documented_configuration_is_read_without_a_problem(home: Home) -> None:
    path = home.write(CONTRACT)
    configuration = home.load({"OPENAI_API_KEY": KEY})
    assert configuration.problems == ()
    assert configuration.files == (path,)
    assert configuration.settings == Settings(default_provider="openai")
    (provider,) = configuration.providers
    assert (provider.name, provider.kind, provider.models) == ("openai", "openai", ("gpt-4o", "gpt-4o-mini"))
    assert revealed(provider) == [KEY]
    assert provider.base_url == "https://example.invalid/v1"
    assert (provider.timeout_s, provider.max_retries, provider.rate_limit, provider.max_concurrent) == (30.0, 2, 100, 4)
    assert provider.usable


def test_each_limit_of_a_key_and_of_a_provider_is_taken_over(home: Home) -> None:
    limits = {
        "rate_limit": 1, "token_limit": 2, "max_concurrent": 3,
        "key_rate_limit": 4, "key_token_limit": 5, "key_max_concurrent": 6,
    }  # fmt: skip
    home.write("providers:\n  ollama:\n" + "".join(f"    {name}: {value}\n" for name, value in limits.items()))
    configuration = home.load({})
    assert configuration.problems == ()
    (provider,) = configuration.providers
    assert {name: getattr(provider, name) for name in limits} == limits


def test_without_a_file_everything_is_default(home: Home) -> None:
    configuration = home.load()
    assert (configuration.settings, configuration.providers, configuration.problems) == (Settings(), (), ())
    assert configuration.files == ()


def test_the_list_form_is_the_same_as_the_mapping(home: Home) -> None:
    home.write("providers:\n  a: {kind: ollama, models: x}\n  b: {kind: openai, priority: 3}\n")
    as_mapping = home.load().providers
    home.write("providers:\n- {name: a, kind: ollama, models: [x]}\n- name: b\n  kind: openai\n  priority: 3\n")
    assert home.load().providers == as_mapping
    assert home.load().problems == ()


def test_precedence_is_command_line_environment_overlay_file_default(home: Home) -> None:
    home.write("settings: {request_timeout: 1, stall_timeout: 1, max_tokens: 1, temperature: 1}\n")
    home.write("settings: {stall_timeout: 2, max_tokens: 2, temperature: 0.2}\n", profile="work")
    environ = {"WORKBENCH_SETTINGS__MAX_TOKENS": "3", "workbench_settings__temperature": "0.3"}
    used = home.load(environ, profile="work", overrides={"settings.temperature": 0.4, "settings": None}).settings
    assert (used.request_timeout, used.stall_timeout, used.max_tokens, used.temperature) == (1, 2, 3, 0.4)
    assert used.first_token_timeout == Settings().first_token_timeout
    assert home.load({**environ, "WORKBENCH_PROFILE": "work"}).profile == "work"


def test_an_overlay_is_merged_deeply_in_either_form(home: Home) -> None:
    home.write("providers:\n  OpenAI: {kind: openai, models: [a], priority: 5, api_key: '${K}'}\n")
    home.write("providers:\n- {name: openai, priority: 2}\n- {name: extra, kind: ollama}\n", profile="p")
    configuration = home.load({"K": KEY}, profile="p")
    assert [(p.name, p.priority, p.models) for p in configuration.providers] == [
        ("OpenAI", 2, ("a",)),
        ("extra", 1, ()),
    ]
    assert configuration.problems == ()


def test_a_refused_value_gives_way_to_what_it_was_laid_over(home: Home) -> None:
    home.write("settings: {request_timeout: 33}\n")
    home.write("settings: {request_timeout: soon}\n", profile="p")
    configuration = home.load(profile="p", overrides={"settings": {"request_timeout": "never"}})
    assert configuration.settings.request_timeout == 33
    assert [Path(p.file).name for p in configuration.problems] == ["config.p.yaml", "command line"]


@pytest.mark.parametrize("profile", ["../evil", "a/b", "", " ", "x" * 80, ".", "a\0b", "ä"])
def test_a_profile_is_a_name_and_never_a_path(home: Home, profile: str) -> None:
    home.write("settings: {max_tokens: 7}\n")
    (home.paths.config_dir.parent / "evil.yaml").write_text("settings: {max_tokens: 8}\n")
    configuration = home.load(profile=profile)
    assert configuration.settings.max_tokens == 7
    assert len(configuration.problems) == (1 if profile else 0)


def test_a_profile_without_a_file_is_a_problem(home: Home) -> None:
    home.write("settings: {max_tokens: 7}\n")
    configuration = home.load(profile="absent")
    assert configuration.settings.max_tokens == 7
    assert configuration.problems[0].file.endswith("config.absent.yaml")


def test_environment_overrides_reach_providers_whatever_their_case(home: Home) -> None:
    home.write("providers: {OpenAI: {kind: openai, models: [m]}}\n")
    configuration = home.load(
        {
            "WORKBENCH_PROVIDERS__openai__PRIORITY": "7",
            "WORKBENCH_PROVIDERS__OPENAI__MODELS": "a, b",
            "WORKBENCH_PROVIDERS__openai__enabled": "false",
            "WORKBENCH_PROVIDERS__lab__KIND": "ollama",
            "WORKBENCH_PROVIDERS__lab__MODELS": '["x", "y"]',
            "WORKBENCH_PROVIDERS__lab__WEIGHT": "0.5",
        }
    )
    assert configuration.problems == ()
    one, lab = configuration.providers
    assert (one.name, one.priority, one.models, one.enabled) == ("OpenAI", 7, ("a", "b"), False)
    assert (lab.name, lab.kind, lab.models, lab.weight) == ("lab", "ollama", ("x", "y"), 0.5)


def test_a_bad_environment_override_is_told_by_its_variable(home: Home) -> None:
    configuration = home.load(
        {
            "WORKBENCH_SETTINGS__REQUEST_TIMEOUT": "soon",
            "WORKBENCH_SETTINGS__TYPO": "1",
            "WORKBENCH_SETTINGS": "[[",
            "WORKBENCH_SETTINGS__MAX_TOKENS": "12",
        }
    )
    assert configuration.settings.max_tokens == 12
    assert {(p.file, p.key) for p in configuration.problems} == {
        ("$WORKBENCH_SETTINGS__REQUEST_TIMEOUT", "settings.request_timeout"),
        ("$WORKBENCH_SETTINGS__TYPO", "settings.typo"),
        ("$WORKBENCH_SETTINGS", "(document)"),
    }


def test_the_env_file_fills_variables_below_the_environment(home: Home) -> None:
    home.write("providers:\n  p: {kind: openai, api_key: ['${A}', '${B}'], base_url: 'http://[::1]:${PORT:-99}/v1'}\n")
    home.paths.env_file.write_text(
        f'export A="{KEY}-file"  # comment\nB={KEY}-b\nPORT=77\nWORKBENCH_SETTINGS__MAX_TOKENS=5\n'
    )
    configuration = home.load({"A": f"{KEY}-env"})
    provider = configuration.providers[0]
    assert revealed(provider) == [f"{KEY}-env", f"{KEY}-b"]
    assert provider.base_url == "http://[::1]:77/v1"
    assert configuration.settings.max_tokens == 5
    assert "B" not in os.environ


def test_the_env_file_is_literal_and_its_bad_lines_are_told(home: Home) -> None:
    home.write("providers:\n  p: {kind: openai, api_key: '${A}'}\n")
    home.paths.env_file.write_text(f"A=${{B}}-x\nB=1\n{KEY} oops\nC\n")
    configuration = home.load({})
    assert revealed(configuration.providers[0]) == ["${B}-x"]
    assert [(Path(p.file).name, p.line) for p in configuration.problems] == [(".env", 3), (".env", 4)]
    assert KEY not in everything_said(configuration)


def test_nothing_is_read_from_the_working_directory(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bait = tmp_path / "bait"
    bait.mkdir()
    for name in (".env", "config.yaml", ".workbench.yaml", "workbench.yaml", "pyproject.toml", "sitecustomize.py"):
        (bait / name).write_text("settings: {max_tokens: 1}\nWORKBENCH_SETTINGS__MAX_TOKENS=1\nK=stolen-key-12345\n")
    (bait / "config").mkdir()
    (bait / "config" / "config.yaml").write_text("settings: {max_tokens: 1}\n")
    monkeypatch.chdir(bait)
    home.write("providers: {p: {kind: openai, api_key: '${K}'}}\n")
    configuration = home.load({})
    assert configuration.settings == Settings()
    assert configuration.providers[0].missing_keys == ("K",)


@pytest.mark.parametrize(
    ("text", "line", "column", "key", "said"),
    [
        ("settings:\n  requst_timeout: 3\n", 2, 3, "settings.requst_timeout", 'did you mean "request_timeout"'),
        ("provders: {}\n", 1, 1, "provders", 'did you mean "providers"'),
        ("settings:\n  temperature: 5\n", 2, 16, "settings.temperature", "out of range"),
        ("settings:\n  temperature: .nan\n", 2, 16, "settings.temperature", "out of range"),
        ("settings:\n  request_timeout: 0\n", 2, 20, "settings.request_timeout", "out of range"),
        ("settings:\n  request_timeout: .inf\n", 2, 20, "settings.request_timeout", "out of range"),
        ("settings:\n  request_timeout: '30'\n", 2, 20, "settings.request_timeout", "text has the wrong type"),
        ("settings:\n  max_tokens: true\n", 2, 15, "settings.max_tokens", "true or false has the wrong type"),
        ("settings:\n  max_tokens: 1.5\n", 2, 15, "settings.max_tokens", "a number has the wrong type"),
        ("settings:\n  max_tokens:\n    a: 1\n", 3, 5, "settings.max_tokens", "a mapping has the wrong type"),
        ("settings:\n  fallback_strategy: priorty\n", 2, 22, "settings.fallback_strategy", 'mean "priority"'),
        ("settings:\n  fallback_strategy: round_robin\n", 2, 22, "settings.fallback_strategy", 'mean "round-robin"'),
        ("settings:\n  on_broken_stream: 7\n", 2, 21, "settings.on_broken_stream", "not one of"),
        ("settings: [1]\n", 1, 11, "settings", "a list"),
        ("providers: 7\n", 1, 12, "providers", "a number"),
        ("providers:\n  p: text\n", 2, 6, "providers.p", "text"),
        ("providers:\n- kind: openai\n", 2, 3, "providers[0]", "without a name"),
        ("providers:\n- name: a\n  kind: openai\n- name: A\n  kind: openai\n", 4, 9, "providers.A", "taken"),
        ("providers:\n  p:\n    kind: openia\n", 3, 11, "providers.p.kind", 'did you mean "openai"'),
        ("providers:\n  p:\n    models: [x]\n", 2, 3, "providers.p.kind", "missing"),
        ("providers:\n  p:\n    kind: openai\n    priority: '1'\n", 4, 15, "providers.p.priority", "text"),
        ("providers:\n  p:\n    kind: openai\n    models: [a, 5]\n", 4, 17, "providers.p.models[1]", "a number"),
        ("providers:\n  p:\n    kind: openai\n    enabled: flase\n", 4, 14, "providers.p.enabled", "text"),
        (
            "providers:\n  p:\n    kind: openai\n    max_retrys: 1\n",
            4,
            5,
            "providers.p.max_retrys",
            'mean "max_retries"',
        ),
        ("providers:\n  p:\n    kind: openai\n    base_url: ftp://x\n", 4, 15, "providers.p.base_url", "http"),
        ("providers:\n  p:\n    kind: openai-compatible\n", 2, 3, "providers.p.base_url", "missing"),
        ("providers:\n  p:\n    kind: openai_like\n", 2, 3, "providers.p.base_url", "missing"),
        ("providers:\n  p:\n    kind: azure\n    models: [m]\n", 2, 3, "providers.p.base_url", "missing"),
        (
            "settings:\n  default_provider: opnai\nproviders:\n  openai:\n",
            2,
            21,
            "settings.default_provider",
            '"openai"',
        ),
        ("settings:\n  max_tokens: ${NOPE}\n", 2, 15, "settings.max_tokens", "NOPE is not set"),
        ("settings:\n  max_tokens: ${NOPE\n", 2, 15, "settings.max_tokens", "not closed"),
    ],
)
def test_a_problem_has_its_place_and_says_what_would_be_right(
    home: Home, text: str, line: int, column: int, key: str, said: str
) -> None:
    path = home.write("# first line\n" + text)
    configuration = home.load({})
    (problem,) = configuration.problems
    assert (problem.file, problem.line, problem.column, problem.key) == (str(path), line + 1, column, key)
    assert said in problem.problem
    assert problem.expected
    assert str(problem).startswith(f"{path}:{line + 1}:{column}: {key}: ")
    assert validate_file(path, environ={}) == configuration.problems


def test_what_is_right_beside_what_is_wrong_is_used(home: Home) -> None:
    home.write(
        "settings: {request_timeout: 7, temperature: 99, fallback_strategy: random, typo: 1}\n"
        "providers:\n"
        "  good: {kind: ollama, models: [a, 5, b], weight: -1}\n"
        "  sk-canary-A1b2C3D4e5F6G7h8: {kind: openai}\n"
        "  'bad name!': {kind: openai}\n"
        "  odd: [1]\n"
        "  off: {kind: openai, enabled: nein}\n"
    )
    configuration = home.load()
    assert configuration.settings.request_timeout == 7
    assert configuration.settings.fallback_strategy is FallbackStrategy.RANDOM
    assert configuration.settings.temperature == Settings().temperature
    assert [(p.name, p.models, p.weight, p.enabled) for p in configuration.providers] == [
        ("good", ("a", "b"), 1.0, True),
        ("off", ("gpt-6-sol", "gpt-6-luna"), 1.0, False),
    ]
    assert len(configuration.problems) == 8
    assert "A1b2C3D4" not in everything_said(configuration)


@pytest.mark.parametrize("field", ["kind: nonsense", "base_url: 'not a url'", "enabled: 5", "base_url: '${'"])
def test_a_provider_whose_target_was_refused_is_never_asked(home: Home, field: str) -> None:
    kind = "" if field.startswith("kind") else "kind: openai, "
    home.write(f"providers: {{p: {{{kind}models: [m], api_key: '${{K}}', {field}}}}}\n")
    assert not home.provider({"K": KEY}).usable


@pytest.mark.parametrize("strategy", list(FallbackStrategy))
@pytest.mark.parametrize("broken", list(OnBrokenStream))
def test_every_documented_word_is_known(home: Home, strategy: FallbackStrategy, broken: OnBrokenStream) -> None:
    home.write(f"settings: {{fallback_strategy: {strategy}, on_broken_stream: {broken}}}\n")
    configuration = home.load(overrides={"settings.on_broken_stream": broken})
    assert (configuration.settings.fallback_strategy, configuration.settings.on_broken_stream) == (strategy, broken)
    assert configuration.problems == ()


def test_anchors_and_merge_keys_work(home: Home) -> None:
    home.write(
        "x-common: &c {timeout: 9, max_retries: 0}\n"
        "providers:\n  a: {<<: *c, kind: ollama, max_retries: 3}\n  b: {kind: ollama, <<: [*c]}\n"
    )
    configuration = home.load()
    assert configuration.problems == ()
    assert [(p.timeout_s, p.max_retries) for p in configuration.providers] == [(9, 3), (9, 0)]


def test_an_overlay_file_is_validated_over_its_base(home: Home) -> None:
    home.write("providers: {a: {kind: ollama}}\nsettings: {max_tokens: wrong}\n")
    good = home.write("providers: {a: {priority: 2}}\n", profile="good")
    bad = home.write("providers: {a: {priority: x}}\n", profile="bad")
    assert validate_file(good, environ={}) == ()
    assert [p.key for p in validate_file(bad, environ={})] == ["providers.a.priority"]
    assert [p.key for p in validate_file(home.paths.config_file, environ={})] == ["settings.max_tokens"]
    assert [p.problem for p in validate_file(home.paths.config_dir / "none.yaml")] == ["there is no such file"]
    elsewhere = home.paths.config_dir.parent / "other.yaml"
    elsewhere.write_text("settings: {max_tokens: 5}\n")
    assert validate_file(elsewhere, environ={"WORKBENCH_SETTINGS__TYPO": "1"}) == ()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(st.sampled_from("settingsproviders:{}[]&*!|>'\"%@`-?,#~<\n\t 0.$ax\u2028\x85"), max_size=80).map(
            str.encode
        ),
        st.integers(0, len(CONTRACT)).map(lambda cut: CONTRACT.encode()[:cut]),
        st.tuples(st.integers(0, len(CONTRACT)), st.binary(max_size=4)).map(
            lambda t: CONTRACT.encode()[: t[0]] + t[1] + CONTRACT.encode()[t[0] :]
        ),
    )
)
def test_no_content_of_a_file_raises(home: Home, content: bytes) -> None:
    home.write(content)
    home.paths.env_file.write_bytes(content)
    configuration = home.load({"OPENAI_API_KEY": KEY})
    assert KEY not in everything_said(configuration)
    for problem in configuration.problems:
        assert problem.line >= 0
        assert problem.problem


def test_the_default_environment_is_the_process_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_SETTINGS__MAX_TOKENS", "11")
    assert load_configuration(home.paths).settings.max_tokens == 11
