"""A server that does not answer is the commonest fault of all: it gets a sentence of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geooffer.client import CallError


class UnreachableError(CallError):
    """Nobody answers at the address."""

    reason = "UNREACHABLE"


@contextmanager
def reaching(address: str) -> Iterator[None]:
    """Turn the transport's UNAVAILABLE into the address and what to look at."""
    try:
        yield
    except CallError as error:
        if error.code != "UNAVAILABLE":
            raise
        raise UnreachableError(
            error.code, f"no server answers at {address}; is `geooffer serve` running there?"
        ) from None
