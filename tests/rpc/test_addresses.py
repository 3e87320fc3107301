"""host:port, and who can reach it."""

from __future__ import annotations

import pytest

from geooffer.errors import ConfigurationError
from geooffer.rpc.addresses import is_loopback, join_address, split_address


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.168.0.1:1", False),
        ("localhost.example:1", False),
    ],
)
def test_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    "address",
    [
        *("", ":1", "localhost", "localhost:", "localhost:x", "::1:5", "h:65536", "h:-1", "h:\u0661", "[]:1"),
        *("http://h:1", "a b:1", "a\nb:1", "h:1\n", "[localhost]:1", "h:" + "9" * 5_000),
    ],
)
def test_addresses_are_host_and_port(address: str) -> None:
    with pytest.raises(ConfigurationError):
        split_address(address)


@pytest.mark.parametrize(("address", "parts"), [("[::1]:0", ("::1", 0)), ("h:65535", ("h", 65_535))])
def test_parts_of_an_address(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
    assert join_address(*parts) == address
