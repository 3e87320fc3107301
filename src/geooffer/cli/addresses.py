"""Network addresses as users write them."""

from __future__ import annotations

import ipaddress


def split_address(address: str) -> tuple[str, int]:
    """host:port or [ipv6]:port as (host, port). Raises ValueError."""
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 address is written [::1]:7430")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("must be host:port with a port of 0..65535")
    return host, int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address; a name other than `localhost` counts as reachable."""
    host, _ = split_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
