"""The ceiling of the native plane: the same transport and tokens, no decoding, no engine. For benchmarks only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from geooffer.dataplane.native_callers import tls_bytes, tokens_json
from geooffer.dataplane.native_module import native_module
from geooffer.dataplane.native_settings import NativeSettings
from geooffer.rpc.auth import TokenVerifier
from geooffer.rpc.tls import TlsFiles

if TYPE_CHECKING:
    from geooffer_native import Plane


@contextmanager
def echo_plane(
    address: str,
    verifier: TokenVerifier,
    *,
    tls: TlsFiles | None = None,
    worker_count: int = 1,
    gateway_address: str = "",
) -> Iterator[Plane]:
    """Acknowledges pings unread at `address` (port 0: see `phone_address`) until the block is left.

    Raises ConfigurationError where geooffer-native is missing, OSError where it cannot listen.
    """
    settings = NativeSettings(address, gateway_address, worker_count=worker_count, echo=True)
    plane = native_module().Plane(
        json.dumps(asdict(settings)),
        tokens_json=tokens_json(verifier),
        tls=None if tls is None else tls_bytes(tls),
    )
    try:
        yield plane
    finally:
        plane.stop(0.0)
