"""Who is calling: a signed token becomes an Identity, once per call or stream.

A token is a JWT (EdDSA or ES256, whichever its key is for) with `exp iat sub aud iss` and `role`. A device's `sub` is
its device key in decimal; gateways and operators speak for the keys in `device_key_ranges` ([[low, high], …], both
inclusive), a store for its `store_ids`. Whatever is wrong with a token, the caller reads the same sentence, and the
service has done the same work: one signature is checked, a decoy's where the token's cannot be.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import jwt
import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from geooffer.errors import InvalidArgumentError, UnauthenticatedError
from geooffer.model import limits
from geooffer.model.columns import Int64Array
from geooffer.rpc import roles
from geooffer.rpc.token_keys import EDDSA, ES256, SIGNATURE_SIZE_BYTES, KeyRing, PublicKey, TokenKey

ISSUER = "geooffer"
AUDIENCE = "geooffer"
AUTHORIZATION_KEY = "authorization"
ALL_DEVICE_KEYS = ((-(2**63), 2**63 - 1),)
LIFETIME_DEFAULT_S = 3_600

LIFETIME_DEFAULT_MAX_S = 7 * 86_400
LEEWAY_DEFAULT_S = 5

TOKEN_REQUIRED = "a valid token is required"
_REQUIRED = ("exp", "iat", "sub", "aud", "iss")
_UNHEARD_OF = frozenset({"crit", "b64", "zip", "enc"})
"""Header fields that change what the rest means; keys and addresses of keys in a header are not read."""
_SIGNATURE_LENGTH = (SIGNATURE_SIZE_BYTES * 8 + 5) // 6
"""Characters of base64url, unpadded."""
_FAULTS = (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
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
    """Seconds since 1970, real clock; leeway included. Streams end then."""
    store_ids: frozenset[str] = frozenset()
    """Of role `store` only: the stores it may speak for."""


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
        raise UnauthenticatedError(TOKEN_REQUIRED) from None


def bound_identity() -> Identity | None:
    """The caller of the running RPC; None where it needs no token (health), or before it was verified."""
    return _identity.get(None)


def bind_identity(identity: Identity) -> None:
    """Set the caller of the running RPC. Only rpc/interceptors.py calls this."""
    _identity.set(identity)


class TokenRules(NamedTuple):
    """What is checked of a token beside its signature."""

    issuer: str
    audience: str
    leeway_s: float
    lifetime_max_s: float


class TokenVerifier:
    """Verifies tokens against one ring of public keys, which a reload may exchange."""

    def __init__(
        self,
        keys: KeyRing | PublicKey,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        leeway_s: float = 0.0,
        lifetime_max_s: float = limits.TOKEN_LIFETIME_MAX_S,
    ) -> None:
        """`leeway_s`: how far the issuer's clock may be off, 0..60; `lifetime_max_s`: from `iat` to `exp`, at most."""
        assert 0 <= leeway_s <= limits.TOKEN_LEEWAY_MAX_S
        assert 0 < lifetime_max_s <= limits.TOKEN_LIFETIME_MAX_S
        self._ring = keys if isinstance(keys, KeyRing) else KeyRing({"": keys})
        self._issuer = issuer
        self._audience = audience
        self.leeway_s = leeway_s
        self._lifetime_max_s = lifetime_max_s

    @property
    def ring(self) -> KeyRing:
        """The keys in force."""
        return self._ring

    @property
    def rules(self) -> TokenRules:
        """Never change."""
        return TokenRules(self._issuer, self._audience, self.leeway_s, self._lifetime_max_s)

    def replace(self, keys: KeyRing) -> bool:
        """Verify by `keys` from now on; streams that are open stay. False where they are the same."""
        if keys == self._ring:
            return False
        self._ring = keys
        return True

    def verify(self, token: str) -> Identity:
        """The identity a token proves. Raises UnauthenticatedError, with one text for every cause."""
        key = self._key_for(token)
        if key is None:
            self._refuse()
        try:
            claims = self._claims(token, key)
            return _identity_from(claims, self._lifetime_max_s, self.leeway_s)
        except _FAULTS:
            # from None: the cause may quote the token
            raise UnauthenticatedError(TOKEN_REQUIRED) from None

    def _claims(self, token: str, key: TokenKey) -> dict[str, Any]:
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=self._audience,
            issuer=self._issuer,
            leeway=self.leeway_s,
            options={"require": list(_REQUIRED)},
        )

    def _key_for(self, token: str) -> TokenKey | None:
        """The key whose signature is going to be checked; None where none can be."""
        if len(token) > limits.TOKEN_LENGTH_MAX or len(token.rpartition(".")[2]) != _SIGNATURE_LENGTH:
            return None
        try:
            header = jwt.get_unverified_header(token)
        except _FAULTS:
            return None
        if _UNHEARD_OF & header.keys():
            return None
        key = self._ring.find(header.get("kid"))
        return key if key is not None and key.algorithm == header.get("alg") else None

    def _refuse(self) -> NoReturn:
        """Refuse a token whose signature was not checked, after the work of checking one."""
        ring = self._ring
        with contextlib.suppress(jwt.PyJWTError):
            self._claims(ring.decoy_token, ring.decoy)
        raise UnauthenticatedError(TOKEN_REQUIRED)

    def verify_metadata(self, metadata: Iterable[tuple[str, str | bytes]] | None) -> Identity:
        """The identity of exactly one `authorization: Bearer …` entry. Raises UnauthenticatedError."""
        values = [value for key, value in metadata or () if key == AUTHORIZATION_KEY]
        if len(values) != 1 or not isinstance(values[0], str):
            self._refuse()
        scheme, _, token = values[0].partition(" ")
        if scheme.lower() != "bearer":
            self._refuse()
        return self.verify(token)


def _identity_from(claims: dict[str, Any], lifetime_max_s: float, leeway_s: float) -> Identity:
    expires, issued = _seconds(claims["exp"]), _seconds(claims["iat"])
    if not 0 < expires - issued <= lifetime_max_s:
        raise ValueError
    if "cnf" in claims:
        # bound to a key or certificate by who issued it, which is not looked at here: it is not a bearer's
        raise ValueError
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
    stores = _store_ids(claims["store_ids"]) if role == roles.STORE else frozenset()
    return Identity(role, subject, key, _ranges(ranges), expires + leeway_s, stores)


def _seconds(value: object) -> float:
    # bool is an int to Python, and PyJWT takes digits in a text
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise ValueError
    return float(value)  # type: ignore[arg-type]


def _store_ids(values: object) -> frozenset[str]:
    if not isinstance(values, list) or not 1 <= len(values) <= limits.STORES_PER_TOKEN_COUNT_MAX:
        raise ValueError
    if not all(isinstance(value, str) and 1 <= len(value) <= limits.ID_LENGTH_MAX for value in values):
        raise ValueError
    return frozenset(values)


def _ranges(pairs: Sequence[Sequence[int]]) -> Int64Array:
    rows = []
    for low, high in pairs:
        if type(low) is not int or type(high) is not int or not _INT64_MIN <= low <= high <= _INT64_MAX:
            raise ValueError
        rows.append((low, high))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def issue_token(
    private_key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
    *,
    role: str,
    subject: str,
    now_s: float,
    lifetime_s: float = LIFETIME_DEFAULT_S,
    device_key_ranges: Sequence[tuple[int, int]] | None = None,
    store_ids: Sequence[str] = (),
    key_id: str = "",
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> str:
    """A signed token. `now_s`: seconds since 1970. Gateways and operators may speak for all keys by default; a store
    needs `store_ids`. `key_id`: its `kid`, for rings of several keys.

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
    if role == roles.STORE:
        claims["store_ids"] = list(store_ids)
    try:
        _identity_from(claims, limits.TOKEN_LIFETIME_MAX_S, 0.0)
    except (TypeError, ValueError):
        if role == roles.STORE:
            rule = f"a store's token names 1..{limits.STORES_PER_TOKEN_COUNT_MAX} store_ids"
        elif role == roles.DEVICE:
            rule = "a device's subject is its device key: a decimal int64 other than 0"
        else:
            rule = f"a subject has 1 to {limits.ID_LENGTH_MAX} characters; a range of device keys ascends within int64"
        raise InvalidArgumentError(rule, field="subject") from None
    algorithm = EDDSA if isinstance(private_key, Ed25519PrivateKey) else ES256
    return jwt.encode(claims, private_key, algorithm, headers={"kid": key_id} if key_id else None)
