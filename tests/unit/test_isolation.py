from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.support.isolation import NetworkGuard, OutsideAddressError, isolated_environment


def test_home_folder_and_environment_are_the_tests_own(tmp_path: Path, isolation: Path) -> None:
    assert os.environ["WORKBENCH_HOME"] == str(isolation)
    for path in (isolation, Path.cwd(), Path.home()):
        assert path.is_relative_to(tmp_path.parent)
        assert not path.is_relative_to(tmp_path)
    assert time.tzname[0] == "UTC"


def test_keys_proxies_and_colours_are_taken_away(tmp_path: Path) -> None:
    bait = {
        "OPENAI_API_KEY": "x", "some_api_key": "x", "AWS_PROFILE": "x", "https_proxy": "x", "ALL_PROXY": "x",
        "NO_COLOR": "1", "COLORTERM": "truecolor", "TEXTUAL_THEME": "x", "WORKBENCH_PROFILE": "x", "EDITOR": "vi",
    }  # fmt: skip
    environment = isolated_environment({**bait, "PATH": "/bin"}, tmp_path)
    assert not bait.keys() & environment.keys()
    assert environment["PATH"] == "/bin"


def test_the_keyring_refuses() -> None:
    import keyring
    import keyring.errors

    with pytest.raises(keyring.errors.NoKeyringError):
        keyring.get_password("workbench", "anything")


def test_animations_are_off() -> None:
    from textual.app import App

    assert App[None]().animation_level == "none"


class TestNetworkGuard:
    def test_loopback_passes(self, network: NetworkGuard) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 2):
            assert network.refused == []

    @pytest.mark.parametrize("address", [("192.0.2.1", 9), ("2001:db8::1", 9, 0, 0)])
    def test_other_addresses_raise(self, network: NetworkGuard, address: tuple[object, ...]) -> None:
        family = socket.AF_INET6 if ":" in str(address[0]) else socket.AF_INET
        with socket.socket(family) as outside, pytest.raises(OutsideAddressError):
            outside.connect(address)
        assert network.refused == [str(address)]
        network.refused.clear()

    def test_names_are_not_even_looked_up(self, network: NetworkGuard) -> None:
        with pytest.raises(OutsideAddressError):
            socket.getaddrinfo("example.org", 443)
        network.refused.clear()

    async def test_asyncio_is_guarded(self, network: NetworkGuard) -> None:
        with pytest.raises(OutsideAddressError):
            await asyncio.open_connection("192.0.2.1", 9)
        network.refused.clear()

    def test_a_swallowed_refusal_in_a_thread_is_remembered(self, network: NetworkGuard) -> None:
        def reach_out() -> None:
            try:
                socket.create_connection(("192.0.2.1", 9))
            except OutsideAddressError:
                return

        thread = threading.Thread(target=reach_out)
        thread.start()
        thread.join(5)
        assert network.refused
        network.refused.clear()
