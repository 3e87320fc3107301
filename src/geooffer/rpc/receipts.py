"""Receipts of consent events: JSON that says what was recorded, signed with Ed25519 (privacy C5).

    {"receipt": {…}, "signature": {"algorithm": "Ed25519", "key_id": …, "value": base64}}

What is signed is `receipt` as canonical JSON: keys sorted, no spaces, ASCII, UTF-8. The key lies in the state directory
(mode 0600), its public half beside it: hand that to whoever is to check receipts. A receipt does not carry the key it
is checked by, or anybody could sign one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from geooffer.errors import InvalidArgumentError
from geooffer.rpc.keys import private_key_file

FORMAT: Final = "geooffer-consent-receipt/1"
ALGORITHM: Final = "Ed25519"
KEY_NAME: Final = "consent-receipts.key"
PUBLIC_KEY_NAME: Final = "consent-receipts.pub"


class ReceiptSigner:
    """Signs for one service."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id(key.public_key())

    def sign(self, receipt: dict[str, Any]) -> str:
        """The signed document as text."""
        value = base64.b64encode(self._key.sign(canonical(receipt))).decode()
        signature = {"algorithm": ALGORITHM, "key_id": self.key_id, "value": value}
        return json.dumps({"receipt": receipt, "signature": signature}, ensure_ascii=False, indent=1)


def signer_of(state_directory: Path) -> ReceiptSigner:
    """By the key of a state directory, made on first use. Raises ConfigurationError where others can read it.

    The public half of a key that was lost stays, under a name of its own: by it alone older receipts are checked.
    """
    key = private_key_file(state_directory / KEY_NAME)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public_path = state_directory / PUBLIC_KEY_NAME
    held = public_path.read_bytes() if public_path.exists() else b""
    if held != pem:
        _set_aside(public_path, held)
        public_path.write_bytes(pem)
    return ReceiptSigner(key)


def _set_aside(path: Path, pem: bytes) -> None:
    try:
        held = serialization.load_pem_public_key(pem)
    except ValueError:
        return  # there is none, or it was cut short as it was made
    if isinstance(held, Ed25519PublicKey):
        path.rename(path.with_name(f"{path.stem}-{key_id(held)}{path.suffix}"))


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of the public key's 32 bytes, the first 16 hexadecimal digits."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def canonical(receipt: dict[str, Any]) -> bytes:
    """What is signed."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice is read one way by some and another by others."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def verified(document: str, key: Ed25519PublicKey) -> dict[str, Any]:
    """The receipt of a signed document. Raises InvalidArgumentError where it is none, or not signed by `key`."""
    try:
        signed = json.loads(document, object_pairs_hook=_each_once)
        receipt, signature = signed["receipt"], signed["signature"]
        value = base64.b64decode(signature["value"], validate=True)
        is_known = signature["algorithm"] == ALGORITHM and receipt["format"] == FORMAT
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise InvalidArgumentError("this is no consent receipt") from None
    if not is_known or set(signed) != {"receipt", "signature"}:
        raise InvalidArgumentError("this is no consent receipt of a kind that is known")
    try:
        key.verify(value, canonical(receipt))
    except InvalidSignature:
        rule = "the receipt was changed, or signed by another key than this one"
        raise InvalidArgumentError(f"{rule} (key {key_id(key)})") from None
    found: dict[str, Any] = receipt
    return found
