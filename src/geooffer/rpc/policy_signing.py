"""Policies are signed: by the service when they come into force, by who holds its key when they are edited as a file.

canonical text ... \\n[signature]\\nalgorithm = "ed25519"\\nvalue = "<base64>"\\n        a sealed file
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from geooffer.errors import ConfigurationError, InvalidArgumentError
from geooffer.journal.backup import POLICY_KEY_NAME
from geooffer.rpc.keys import load_private_key, private_key_file

_HEADING = '\n[signature]\nalgorithm = "ed25519"\nvalue = "'
_END = '"\n'
_SEAL = re.compile(rf'{re.escape(_HEADING)}[A-Za-z0-9+/=]*"\s*\Z')


class PolicySigner:
    """One key pair."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(text)

    def is_good(self, text: str, signature: bytes) -> bool:
        """Whether this key signed exactly this text."""
        try:
            self._key.public_key().verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def seal(self, text: str) -> str:
        """The text with its signature below it."""
        return f"{text}{_HEADING}{base64.b64encode(self.sign(text.encode())).decode()}{_END}"

    def unseal(self, sealed: str) -> str:
        """The text of a sealed file. Raises InvalidArgumentError where it is not signed, or by another key, or changed
        since.
        """
        text, heading, value = sealed.rpartition(_HEADING)
        if not heading or not value.endswith(_END):
            raise InvalidArgumentError("the policy is not signed", field="signature")
        try:
            signature = base64.b64decode(value.removesuffix(_END), validate=True)
        except binascii.Error:
            raise InvalidArgumentError("the policy's signature is no base64", field="signature") from None
        if not self.is_good(text, signature):
            raise InvalidArgumentError(
                "the policy was changed after it was signed, or by another key", field="signature"
            )
        return text


def without_seal(text: str) -> str:
    """The text of a file that may be sealed; whether the signature is right is not looked at. What stands below a seal
    stays, so that whoever reads the text refuses it: nothing an officer added there is passed over.
    """
    return _SEAL.sub("", text)


def sha256_of(text: str) -> bytes:
    """What an officer compares."""
    return hashlib.sha256(text.encode()).digest()


def policy_signer(state_directory: Path, *, was_used: bool) -> PolicySigner:
    """Of the key in the state directory, made on first use (mode 0600).

    `was_used`: policies signed by it are in the journal. Raises ConfigurationError where it is lost then, or readable.
    """
    path = state_directory / POLICY_KEY_NAME
    if was_used and not path.exists():
        rule = f"{POLICY_KEY_NAME} is missing beside policies it signed: copy it back (docs/policy.md)"
        raise ConfigurationError(rule, field="state_dir")
    return PolicySigner(load_private_key(path) if path.exists() else private_key_file(path))
