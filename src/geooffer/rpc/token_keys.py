"""The public keys that tokens are verified by: one of a PEM file, or several by name, exchanged while the ports serve.

A key decides which algorithm it is used with (Ed25519: EdDSA, P-256: ES256), so no token can ask for another one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from geooffer.errors import ConfigurationError
from geooffer.model import limits

PublicKey = Ed25519PublicKey | ec.EllipticCurvePublicKey
EDDSA: Final = "EdDSA"
ES256: Final = "ES256"
SIGNATURE_SIZE_BYTES: Final = 64
"""Of both algorithms."""
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_FIELD: Final = "token_public_key"


class TokenKey(NamedTuple):
    """A key and the one algorithm it verifies."""

    key: PublicKey
    algorithm: str


class KeyRing:
    """What tokens may be signed with. Never changes: a reload makes another one."""

    def __init__(self, keys: Mapping[str, PublicKey]) -> None:
        """Keys by name (`kid`), 1..16. One that is alone and named '' verifies whatever `kid` a token has.

        Raises ConfigurationError for none, too many, or keys of another kind.
        """
        if not 1 <= len(keys) <= limits.TOKEN_KEY_COUNT_MAX:
            raise ConfigurationError(f"1..{limits.TOKEN_KEY_COUNT_MAX} token keys are needed", field=_FIELD)
        self._keys = {name: TokenKey(key, _algorithm_of(key)) for name, key in keys.items()}
        self._sole = next(iter(self._keys.values())) if len(self._keys) == 1 else None
        self._takes_any_name = "" in self._keys
        if self._takes_any_name and self._sole is None:
            raise ConfigurationError("of several token keys each needs a name", field=_FIELD)
        self.decoy = next(iter(self._keys.values()))
        """What is checked in place of a key that is not there."""
        self.decoy_token = _decoy_token(self.decoy.algorithm)
        """Well-formed, and signed by nobody."""

    def find(self, name: str | None) -> TokenKey | None:
        """The key of a token whose header names `name`; without a name the only one there is."""
        if name is None or self._takes_any_name:
            return self._sole
        return self._keys.get(name)

    def items(self) -> list[tuple[str, TokenKey]]:
        """Names and keys; the decoy first."""
        return list(self._keys.items())

    def __eq__(self, other: object) -> bool:
        """Whether the same keys have the same names."""
        return isinstance(other, KeyRing) and self._encoded() == other._encoded()

    def __hash__(self) -> int:
        """Of the names."""
        return hash(frozenset(self._keys))

    def _encoded(self) -> dict[str, bytes]:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return {name: item.key.public_bytes(encoding, form) for name, item in self._keys.items()}


def load_key_ring(path: Path) -> KeyRing:
    """A PEM file (one key), a JSON file (a JWK set), or a directory of `<kid>.pem`. Raises ConfigurationError."""
    if path.is_dir():
        return KeyRing({_name(file): _pem_key(_read(file), file) for file in sorted(path.glob("*.pem"))})
    data = _read(path)
    if data.lstrip().startswith(b"{"):
        return KeyRing(_key_set(data, path))
    return KeyRing({"": _pem_key(data, path)})


def _name(file: Path) -> str:
    if not _NAME.fullmatch(file.stem):
        raise ConfigurationError("a token key file is named by its kid: A-Z a-z 0-9 . _ -", field=_FIELD)
    return file.stem


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limits.SMALL_FILE_SIZE_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path.name}: {error.strerror}", field=_FIELD) from None
    if len(data) > limits.SMALL_FILE_SIZE_MAX_BYTES:
        raise ConfigurationError(f"{path.name} is too large for token keys", field=_FIELD)
    return data


def _pem_key(data: bytes, path: Path) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{path.name} is not a PEM public key", field=_FIELD) from None
    if not isinstance(key, Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise ConfigurationError(f"{path.name} is no Ed25519 or P-256 public key", field=_FIELD)
    return key


def _key_set(data: bytes, path: Path) -> dict[str, PublicKey]:
    try:
        members = jwt.PyJWKSet.from_json(data.decode()).keys
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
        raise ConfigurationError(f"{path.name} is not a JWK set", field=_FIELD) from None
    keys: dict[str, PublicKey] = {}
    for member in members:
        name, key = member.key_id, member.key
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in keys:
            raise ConfigurationError(f"{path.name}: each key needs a kid of its own", field=_FIELD)
        if not isinstance(key, Ed25519PublicKey | ec.EllipticCurvePublicKey):
            raise ConfigurationError(f"{path.name}: only public keys, Ed25519 or P-256", field=_FIELD)
        keys[name] = key
    return keys


def _algorithm_of(key: PublicKey) -> str:
    if isinstance(key, Ed25519PublicKey):
        return EDDSA
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ES256
    raise ConfigurationError("a token key is Ed25519 or P-256", field=_FIELD)


def _decoy_token(algorithm: str) -> str:
    signer = Ed25519PrivateKey.generate() if algorithm == EDDSA else ec.generate_private_key(ec.SECP256R1())
    # as long as a gateway's token, so that it takes as long to read
    return jwt.encode({"sub": secrets.token_hex(16), "iss": "", "aud": "", "exp": 0, "iat": 0}, signer, algorithm)
