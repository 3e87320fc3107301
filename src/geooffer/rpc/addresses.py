"""Network addresses as users write them."""

from __future__ import annotations

import ipaddress

from geooffer.errors import ConfigurationError

PORT_MAX = 65_535


def split_address(address: str) -> tuple[str, int]:
    """host:port or [ipv6]:port as (host without brackets, port). Raises ConfigurationError."""
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigurationError("an IPv6 address is written [::1]:7430", field="address")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > PORT_MAX:
        raise ConfigurationError(f"must be host:port with a port of 0..{PORT_MAX}", field="address")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """The reverse of `split_address`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches host:port; a name other than `localhost` counts as reachable."""
    host, _ = split_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
