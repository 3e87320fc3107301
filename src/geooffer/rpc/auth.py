"""Who is calling: a signed token becomes an Identity, once per call or stream.

A token is a JWT (EdDSA, nothing else) with `exp iat sub aud iss` and `role`. A device's `sub` is its device
key in decimal; gateways and operators speak for the keys in `device_key_ranges` ([[low, high], …], both
inclusive). Whatever is wrong with a token, the caller reads the same sentence.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from geooffer.errors import InvalidArgumentError, UnauthenticatedError
from geooffer.model import limits
from geooffer.model.columns import Int64Array
from geooffer.rpc import roles

ALGORITHM = "EdDSA"
ISSUER = "geooffer"
AUDIENCE = "geooffer"
AUTHORIZATION_KEY = "authorization"
ALL_DEVICE_KEYS = ((-(2**63), 2**63 - 1),)
LIFETIME_DEFAULT_S = 3_600

_REFUSED = "a valid token is required"
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """A verified caller."""

    role: str
    subject: str
    device_key: int | None
    """Of role `device` only."""
    device_key_ranges: Int64Array
    """Shape (n, 2): inclusive bounds of the device keys it may speak for."""
    expires_at: float
    """Seconds since 1970, real clock."""


_identity: contextvars.ContextVar[Identity] = contextvars.ContextVar("geooffer_identity")


def identity_of(context: object) -> Identity:
    """The caller of the running RPC (and of tasks it starts). UnauthenticatedError outside the interceptor.

    The identity travels in a context variable because grpc.aio's context object takes no attributes;
    `context` is asked for so that only code inside an RPC calls this.
    """
    del context
    try:
        return _identity.get()
    except LookupError:
        raise UnauthenticatedError(_REFUSED) from None


def bind_identity(identity: Identity) -> None:
    """Set the caller of the running RPC. Only rpc/interceptors.py calls this."""
    _identity.set(identity)


class TokenVerifier:
    """Verifies tokens against one public key."""

    def __init__(self, public_key: Ed25519PublicKey, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> None:
        self._key = public_key
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str) -> Identity:
        """The identity a token proves. Raises UnauthenticatedError, with one text for every cause."""
        if len(token) > limits.TOKEN_LENGTH_MAX:
            raise UnauthenticatedError(_REFUSED)
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
            return _identity_from(claims)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError):
            # from None: the cause may quote the token
            raise UnauthenticatedError(_REFUSED) from None

    def verify_metadata(self, metadata: Iterable[tuple[str, str | bytes]] | None) -> Identity:
        """The identity of exactly one `authorization: Bearer …` entry. Raises UnauthenticatedError."""
        values = [value for key, value in metadata or () if key == AUTHORIZATION_KEY]
        if len(values) != 1 or not isinstance(values[0], str):
            raise UnauthenticatedError(_REFUSED)
        scheme, _, token = values[0].partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthenticatedError(_REFUSED)
        return self.verify(token)


def _identity_from(claims: dict[str, Any]) -> Identity:
    role, subject = claims["role"], claims["sub"]
    if role not in roles.ROLES or not 1 <= len(subject) <= limits.ID_LENGTH_MAX:
        raise ValueError
    key: int | None = None
    ranges: Sequence[Sequence[int]] = claims.get("device_key_ranges", ())
    if role == roles.DEVICE:
        key = int(subject)
        # one spelling only, so that `sub` can be compared as text elsewhere
        if str(key) != subject or key == 0:
            raise ValueError
        ranges = ((key, key),)
    return Identity(role, subject, key, _ranges(ranges), float(claims["exp"]))


def _ranges(pairs: Sequence[Sequence[int]]) -> Int64Array:
    rows = []
    for low, high in pairs:
        if type(low) is not int or type(high) is not int or not _INT64_MIN <= low <= high <= _INT64_MAX:
            raise ValueError
        rows.append((low, high))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def issue_token(
    private_key: Ed25519PrivateKey,
    *,
    role: str,
    subject: str,
    now_s: float,
    lifetime_s: float = LIFETIME_DEFAULT_S,
    device_key_ranges: Sequence[tuple[int, int]] | None = None,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> str:
    """A signed token. `now_s`: seconds since 1970. Gateways and operators may speak for all keys by default.

    Raises InvalidArgumentError for an unknown role, no lifetime, or what TokenVerifier would refuse.
    """
    if role not in roles.ROLES:
        raise InvalidArgumentError(f"role must be one of {', '.join(roles.ROLES)}", field="role")
    if lifetime_s <= 0:
        raise InvalidArgumentError("a token's lifetime must be positive", field="lifetime_s")
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": int(now_s),
        "exp": int(now_s + lifetime_s),
        "role": role,
    }
    if role in (roles.GATEWAY, roles.OPERATOR):
        pairs = ALL_DEVICE_KEYS if device_key_ranges is None else device_key_ranges
        claims["device_key_ranges"] = [list(pair) for pair in pairs]
    try:
        _identity_from(claims)
    except (TypeError, ValueError):
        if role == roles.DEVICE:
            rule = "a device's subject is its device key: a decimal int64 other than 0"
        else:
            rule = f"a subject has 1 to {limits.ID_LENGTH_MAX} characters; a range of device keys ascends within int64"
        raise InvalidArgumentError(rule, field="subject") from None
    return jwt.encode(claims, private_key, algorithm=ALGORITHM)
