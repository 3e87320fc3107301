"""A server that does not answer is the commonest fault of all: it gets a sentence of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from geooffer.cli.options import Access, claimed_role
from geooffer.client import CallError, GeoofferClient, GeoofferControl
from geooffer.errors import ConfigurationError, PermissionDeniedError
from geooffer.rpc.addresses import split_address
from geooffer.rpc.roles import ROLES


class UnreachableError(CallError):
    """Nobody answers at the address, or nobody who knows the call."""

    reason = "UNREACHABLE"


@asynccontextmanager
async def reached(server: str, access: Access, option: str = "--server") -> AsyncIterator[GeoofferControl]:
    """The control port at `server`, which `option` named, for as long as it is asked.

    Raises ConfigurationError for what is no address, UnreachableError where nobody answers.
    """
    check_address(server, option)
    roots = access.root_certificates
    async with GeoofferClient(
        control_target=server,
        token=access.token,
        root_certificates=roots,
        client_certificate=access.client_certificate,
    ) as client:
        with reaching(server, tls=roots is not None), _telling_the_role(access.token):
            yield client.control


@contextmanager
def _telling_the_role(token: str) -> Iterator[None]:
    """The service does not say which role it saw: whoever took another file's token would look elsewhere for long."""
    try:
        yield
    except PermissionDeniedError as error:
        role = claimed_role(token)
        known = f"; the token's role is {role}" if role in ROLES and "role" in error.message else ""
        raise PermissionDeniedError(f"{error.message}{known}") from None


@contextmanager
def reaching(address: str, *, tls: bool) -> Iterator[None]:
    """Turn the transport's UNAVAILABLE into the address and what to look at.

    The transport says the same of a silent port, of plaintext to a TLS port and of a certificate it does not
    trust, but for words that change with its version; so the sentence names all that it can be.
    """
    try:
        yield
    except UnreachableError:
        raise
    except CallError as error:
        if error.code == "UNAVAILABLE":
            raise UnreachableError(error.code, _sentence(address, tls)) from None
        if error.code == "UNIMPLEMENTED":
            rule = f"{address} does not know this call; is it the other port? (pings 7430, everything else 7431)"
            raise UnreachableError(error.code, rule) from None
        raise


def check_address(address: str, option: str) -> None:
    """Raises ConfigurationError naming the option: the transport would only say that nobody answers."""
    try:
        split_address(address)
    except ConfigurationError as error:
        raise ConfigurationError(f"{option}: {error.message}", field="address") from None


def _sentence(address: str, tls: bool) -> str:
    if tls:
        return (
            f"no server answers at {address} over TLS; is `geooffer serve --tls-cert` running there, and does "
            "--ca-file hold the root of its certificate, which names this address? "
            "(one with tls_client_ca asks for $GEOOFFER_CLIENT_CERT)"
        )
    return f"no server answers at {address}; is `geooffer serve` running there? (one with TLS needs --ca-file)"
