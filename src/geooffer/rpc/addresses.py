"""Network addresses as users write them."""

from __future__ import annotations

import ipaddress
import re

from geooffer.errors import ConfigurationError

PORT_MAX = 65_535
UNIX = "unix:"
"""Before the path of a socket that only this machine reaches."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")


def split_address(address: str) -> tuple[str, int]:
    """host:port or [ipv6]:port as (host without brackets, port). Raises ConfigurationError."""
    host, _, port = address.rpartition(":")
    shape = _NAME
    if host.startswith("[") and host.endswith("]"):
        host, shape = host[1:-1], _IPV6
    if not shape.fullmatch(host) or not re.fullmatch("[0-9]{1,5}", port) or int(port) > PORT_MAX:
        raise ConfigurationError(f"must be host:port (IPv6 [::1]:port), a port of 0..{PORT_MAX}", field="address")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """The reverse of `split_address`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches host:port or unix:path; a name other than `localhost` counts as reachable."""
    if address.startswith(UNIX):
        return True
    host, _ = split_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
