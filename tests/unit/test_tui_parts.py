from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.tui.browser import BrowserError, browser_command, can_be_opened, host_of, open_address
from workbench.tui.markdown.addresses import addresses_in
from workbench.tui.markdown.parts import CodeBlock, LinkedAddress, code_blocks, links_of

TEXT = """\
See [the **paper**](http://a.example/x "title") and https://b.example/w_(1), or <mailto:me@c.example>.

- ```python
  def f():
      return 1
  ```

> ~~~
> quoted code
> ~~~

```sh
curl https://d.example/y
```

![picture](p.png) again https://b.example/w_(1). [run](javascript:alert(1)) [host](https://\u0430pple.com/)
"""


def test_code_blocks_are_as_they_were_written_also_in_lists_and_quotes() -> None:
    assert code_blocks(TEXT) == [
        CodeBlock(language="python", code="def f():\n    return 1"),
        CodeBlock(language="", code="quoted code"),
        CodeBlock(language="sh", code="curl https://d.example/y"),
    ]
    assert code_blocks(TEXT)[0].title == "python, 2 lines"
    assert code_blocks("no code, `only inline`") == []
    assert code_blocks("```\r\nx\r\n```")[0].code == "x"


def test_links_are_listed_once_with_the_address_they_lead_to() -> None:
    assert links_of(TEXT) == [
        LinkedAddress(label="the paper", address="http://a.example/x"),
        LinkedAddress(label="https://b.example/w_(1)", address="https://b.example/w_(1)"),
        LinkedAddress(label="mailto:me@c.example", address="mailto:me@c.example"),
        LinkedAddress(label="https://d.example/y", address="https://d.example/y"),
        LinkedAddress(label="picture", address="p.png"),
        # A letter that only looks like one of ours cannot hide.
        LinkedAddress(label="host", address="https://xn--pple-43d.com/"),
    ]
    assert links_of("plain text") == []


def test_controls_in_labels_and_addresses_are_pictures() -> None:
    (link,) = links_of("[a\x1b]8;;x\x07b](https://a.example/\u202egpj)")
    assert not any(character in link.label + link.address for character in "\x1b\x07\u202e")


def test_addresses_far_down_a_long_text_are_found() -> None:
    assert [link.address for link in links_of("word " * 60_000 + "https://far.example/x")] == ["https://far.example/x"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.example/b.", "https://a.example/b"),
        ("(https://a.example/b)", "https://a.example/b"),
        ("https://a.example/b_(c)", "https://a.example/b_(c)"),
        ("**https://a.example/b**", "https://a.example/b"),
        ("https://a.example/ä。", "https://a.example/ä"),
    ],
)
def test_an_address_ends_before_the_punctuation_of_its_sentence(text: str, address: str) -> None:
    assert [text[start:end] for start, end in addresses_in(text)] == [address]


def test_only_web_addresses_with_a_host_are_opened() -> None:
    assert can_be_opened("https://a.example/x")
    assert host_of("http://google.com@evil.example/x") == "evil.example"
    for address in (
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://a.example",
        "https:///x",
        "p.png",
        "http://[",
        "",
        "https://evil.example\\@good.example/",
        f"https://{'a' * 70}.example",
    ):
        assert not can_be_opened(address)
        with pytest.raises(BrowserError):
            open_address(address)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://\u0430pple.example/x", "xn--pple-43d.example"), ("https://fa\u00df.example", "xn--fa-hia.example"),
        ("https://good.example\u3002evil.example/", "good.example.evil.example"), ("https://[::1]:8080/", "::1"),
        ("https://user:password@10.0.0.1:80/", "10.0.0.1"), ("HTTPS://\uff21.Example", "a.example"),
    ],
)  # fmt: skip
def test_the_host_is_told_in_a_form_that_looks_like_no_other(address: str, host: str) -> None:
    assert can_be_opened(address)
    assert host_of(address) == host


def test_a_browser_of_the_terminal_is_never_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lynx", "firefox", "xdg-open", "wslview"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser_command({"BROWSER": "lynx"}, "linux") is None
    assert browser_command({"BROWSER": os.pathsep.join(["lynx", "firefox --new-tab %s &"])}, "linux") == [
        "firefox", "--new-tab",
    ]  # fmt: skip
    assert browser_command({"BROWSER": "lynx", "DISPLAY": ":0"}, "linux") == ["xdg-open"]
    assert browser_command({}, "linux") is None
    assert browser_command({}, "darwin") == ["open"]
    assert browser_command({"WSL_DISTRO_NAME": "Debian"}, "linux") == ["wslview"]
    monkeypatch.setattr("workbench.tui.browser.browser_command", lambda _: None)
    with pytest.raises(BrowserError, match="no browser"):
        open_address("https://a.example/")
