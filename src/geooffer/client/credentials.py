"""The bearer token on every call: fixed text, or asked for anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import grpc

Token = str | Callable[[], str]


class BearerToken:
    """Puts `authorization: Bearer …` on calls."""

    def __init__(self, token: Token) -> None:
        self._token = token

    @property
    def renews(self) -> bool:
        """Whether a later call may carry another token."""
        return callable(self._token)

    def metadata(self) -> grpc.aio.Metadata:
        """The metadata of one call."""
        token = self._token() if callable(self._token) else self._token
        return grpc.aio.Metadata(("authorization", f"Bearer {token}"))

    def interceptors(self) -> Sequence[grpc.aio.ClientInterceptor]:
        """For channels whose stubs do not know of tokens."""
        return [_UnaryToken(self)]


class _UnaryToken(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, token: BearerToken) -> None:
        self._token = token

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        details = grpc.aio.ClientCallDetails(
            client_call_details.method,
            client_call_details.timeout,
            self._token.metadata(),
            client_call_details.credentials,
            client_call_details.wait_for_ready,
        )
        return await continuation(details, request)
