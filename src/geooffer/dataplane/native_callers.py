"""Who may call and how often, as the native plane is told it: at its start, and again whole at every reload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from geooffer import errors
from geooffer.rpc.auth import Identity, TokenVerifier
from geooffer.rpc.quotas import QuotaRates
from geooffer.rpc.tls import TlsFiles
from geooffer.rpc.token_keys import PublicKey

if TYPE_CHECKING:
    from geooffer_native import Refused

TlsBytes = tuple[bytes, bytes, bytes | None]
_ERRORS = {
    kind.reason: kind
    for kind in (
        errors.PermissionDeniedError,
        errors.QuotaExceededError,
        errors.LimitExceededError,
        errors.InvalidArgumentError,
        errors.UnauthenticatedError,
        errors.OverloadedError,
        errors.DrainingError,
        errors.JournalError,
    )
}


def tokens_json(verifier: TokenVerifier) -> str:
    """The key ring and the rules that tokens are checked by (native/plane/src/tokens)."""
    rules = verifier.rules
    keys = [
        {"kid": name, "algorithm": key.algorithm, "key": _raw_bytes(key.key).hex()}
        for name, key in verifier.ring.items()
    ]
    return json.dumps(
        {
            "issuer": rules.issuer,
            "audience": rules.audience,
            "leeway_s": float(rules.leeway_s),
            "lifetime_max_s": float(rules.lifetime_max_s),
            "keys": keys,
        }
    )


def _raw_bytes(key: PublicKey) -> bytes:
    """32 bytes of Ed25519, 65 of P-256 (0x04, x, y)."""
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def row_rates(rates: QuotaRates) -> tuple[int, int]:
    """Rows a second of a device, and of another caller; 0 = no bound."""
    return rates.device_rows, rates.rows


def tls_bytes(files: TlsFiles) -> TlsBytes:
    """Of the data port."""
    return files.certificate_chain, files.private_key, files.data_client_ca


def refusal_of(call: Refused) -> tuple[Identity, errors.GeoofferError]:
    """A call that the native plane refused, as rpc/refusals.py is told of it; roles and subjects are verified."""
    nobody = np.zeros((0, 2), dtype=np.int64)
    identity = Identity(call.role, call.subject, None, nobody, 0.0)
    kind = _ERRORS.get(call.reason, errors.OverloadedError)
    return identity, kind(call.message, field=call.field)
