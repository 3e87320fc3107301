"""A server that does not answer is the commonest fault of all: it gets a sentence of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geooffer.client import CallError


class UnreachableError(CallError):
    """Nobody answers at the address."""

    reason = "UNREACHABLE"


@contextmanager
def reaching(address: str, *, tls: bool) -> Iterator[None]:
    """Turn the transport's UNAVAILABLE into the address and what to look at.

    The transport says the same of a silent port, of plaintext to a TLS port and of a certificate it does not
    trust, but for words that change with its version; so the sentence names all that it can be.
    """
    try:
        yield
    except CallError as error:
        if error.code != "UNAVAILABLE":
            raise
        raise UnreachableError(error.code, _sentence(address, tls)) from None


def _sentence(address: str, tls: bool) -> str:
    if tls:
        return (
            f"no server answers at {address} over TLS; is `geooffer serve --tls-cert` running there, and does "
            "--ca-file hold the root of its certificate, which names this address?"
        )
    return f"no server answers at {address}; is `geooffer serve` running there? (one with TLS needs --ca-file)"
