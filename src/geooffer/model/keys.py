"""64-bit keys of persons and devices, and the partition a person lives in.

Text becomes a key by BLAKE2b with an 8-byte digest (RFC 7693). Zero is never a key: it marks an empty slot of
the hash tables in kernels/hashing.py.
"""

from __future__ import annotations

import hashlib
import re

from geooffer.model import limits
from geooffer.model.signals import Identity

GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFF_FFFF_FFFF_FFFF
_DECIMAL = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def text_key(text: str, domain: bytes, secret: bytes = b"") -> int:
    """A non-zero signed 64-bit key of `text`; `domain` (≤ 16 bytes) separates uses of the same text. With a `secret`
    (≤ 64 bytes) nobody who lacks it can tell whose key it is, nor try texts out.
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=domain, key=secret).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def person_key(customer_id: str, secret: bytes = b"") -> int:
    """The key of a person; the engine asks its Pseudonyms, which know the secret (model/pseudonyms.py)."""
    return text_key(customer_id, b"geooffer.person", secret)


def identity_key(identity: Identity, secret: bytes = b"") -> int:
    """The key of a web or loyalty pseudonym; only this hash is kept. The engine asks its Pseudonyms."""
    return text_key(f"{int(identity.kind)}\x00{identity.identity_id}", b"geooffer.ident", secret)


def device_key(text: str) -> int:
    """The key a device is addressed by: a decimal int64 other than 0 is itself, any other text its hash."""
    if _DECIMAL.fullmatch(text) and -(2**63) <= int(text) < 2**63 and int(text) != 0:
        return int(text)
    return text_key(text, b"geooffer.device")


def partition_of(key: int) -> int:
    """The person's partition, fixed for good: top 6 bits of key × 2⁶⁴/φ (Fibonacci hashing)."""
    return ((key * GOLDEN) & _MASK) >> 58


def slice_of(key: int) -> int:
    """The slice of its partition that a person is swept in: the next 3 bits of the same product."""
    return (((key * GOLDEN) & _MASK) >> 55) & 7


assert limits.PARTITION_COUNT == 64
assert limits.RETENTION_SLICE_COUNT == 8
