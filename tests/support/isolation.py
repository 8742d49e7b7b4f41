"""What keeps a test from the machine it runs on and from the network."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

_REMOVED = re.compile(
    r".*(_API_KEY|_TOKEN|_SECRET|_PROXY)$|(OPENAI|ANTHROPIC|AZURE|AWS|GOOGLE|GEMINI|LITELLM|OLLAMA|HF|XDG|WORKBENCH|"
    r"TEXTUAL|TMUX|SSH)_.*|TMUX|NO_COLOR|FORCE_COLOR|CLICOLOR.*|COLORTERM|COLORFGBG|TERM_PROGRAM.*|WT_SESSION|"
    r"EDITOR|VISUAL|PAGER|COLUMNS|LINES|PYTHONPATH|PYTHONWARNINGS|"
    # Each of the many processes would compile every module anew.
    r"PYTHONDONTWRITEBYTECODE",
    re.IGNORECASE,
)
_LOCAL_NAMES = {"localhost", "ip6-localhost", ""}


def isolated_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """`environ` without keys, proxies and what changes colours; homes lie under `folder`, the keyring refuses."""
    kept = {name: value for name, value in environ.items() if not _REMOVED.fullmatch(name)}
    return kept | {
        "HOME": str(folder / "user"),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "TEXTUAL_ANIMATIONS": "none",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


class OutsideAddressError(RuntimeError):
    """A test reached for an address that is not loopback."""


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a path: AF_UNIX
    host = address[0]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


class NetworkGuard:
    """Stands before the socket module: loopback passes, everything else raises and is remembered."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        """Addresses and names that were asked for since the test began."""

    def check(self, address: object) -> None:
        """Raise for an address outside this machine."""
        if not _is_local(address):
            self.refused.append(str(address))
            raise OutsideAddressError(f"only loopback may be reached in tests, not {address}")

    def _guarded(self, original: Callable[..., Any], which: int) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.check(args[which])
            return original(*args, **kwargs)

        return guarded

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In force for the whole process; name look-ups count as reaching out."""
        look_up = socket.getaddrinfo

        def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
            self.check((host,))
            return look_up(host, *args, **kwargs)

        with (
            mock.patch.object(socket.socket, "connect", self._guarded(socket.socket.connect, 1)),
            mock.patch.object(socket.socket, "connect_ex", self._guarded(socket.socket.connect_ex, 1)),
            mock.patch.object(socket.socket, "sendto", self._guarded(socket.socket.sendto, -1)),
            mock.patch.object(socket, "getaddrinfo", guarded_look_up),
        ):
            yield
