"""Key files: Ed25519 token keys in PEM, random secrets; private ones for their owner's eyes only (mode 0600)."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from geooffer.errors import ConfigurationError
from geooffer.journal.private_files import FILE_RULE, is_open_to_others
from geooffer.journal.synced_files import make_directory, write_once

DEV_PRIVATE_NAME = "token-dev.key"
DEV_PUBLIC_NAME = "token-dev.pub"


class TokenKeys(NamedTuple):
    """A pair for development: whoever can read the state directory may issue tokens."""

    private_key: Ed25519PrivateKey
    public_key: Ed25519PublicKey


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read an Ed25519 public key (PEM). Raises ConfigurationError."""
    try:
        key = serialization.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{path.name} is not a PEM public key", field="token_public_key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{path.name} is not an Ed25519 public key", field="token_public_key")
    return key


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 private key (PEM, no passphrase). Refused if anyone but its owner can read it."""
    data = _read(path)
    if is_open_to_others(path):
        raise ConfigurationError(f"{path.name} {FILE_RULE}", field="token_key")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{path.name} is not a PEM private key", field="token_key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{path.name} is not an Ed25519 private key", field="token_key")
    return key


def development_keys(state_directory: Path) -> TokenKeys:
    """The development pair of a state directory, made on first use (directory 0700, private file 0600).

    Safe against two processes starting at once: the first file linked into place holds for both.
    """
    try:
        make_directory(state_directory)
    except OSError as error:
        rule = f"cannot make the state directory: {error.strerror}"
        raise ConfigurationError(rule, field="state_dir") from None
    path = state_directory / DEV_PRIVATE_NAME
    if not path.exists():
        _create(path, _private_pem())
    private = load_private_key(path)
    public = private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public_path = state_directory / DEV_PUBLIC_NAME
    if not public_path.exists() or public_path.read_bytes() != pem:
        public_path.write_bytes(pem)
    return TokenKeys(private, public)


def private_key_file(path: Path) -> Ed25519PrivateKey:
    """The Ed25519 key kept in `path`, made on first use. Refused if anyone but its owner can read it."""
    if not path.exists():
        _create(path, _private_pem())
    return load_private_key(path)


def secret_file(path: Path, size_bytes: int) -> bytes:
    """The random secret kept in `path`, made on first use. Refused if anyone but its owner can read it."""
    if not path.exists():
        _create(path, secrets.token_bytes(size_bytes))
    secret = _read(path)
    if is_open_to_others(path):
        raise ConfigurationError(f"{path.name} {FILE_RULE}", field="state_dir")
    if len(secret) != size_bytes:
        raise ConfigurationError(f"{path.name} does not hold {size_bytes} bytes", field="state_dir")
    return secret


def _private_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _create(path: Path, content: bytes) -> None:
    try:
        write_once(path, content)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path.name}: {error.strerror}", field="state_dir") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path.name}: {error.strerror}", field="token_key") from None
