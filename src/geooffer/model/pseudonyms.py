"""Keyed pseudonyms (privacy M8): keyed BLAKE2b (RFC 7693), a key of its own for each domain, so that what one domain
calls somebody says nothing to who reads another one.

    customer id ──┬─ engine key ──────► 64-bit person key      tables, journal, snapshots
    loyalty id  ──┤                     64-bit identity key    the id itself is not kept
                  ├─ audit key ───────► 128-bit pseudonym      the audit log
                  └─ statistics key ──► 128-bit pseudonym      for what is counted per person outside the engine

Keys are read by rpc/domain_keys.py and handed on as values; nothing here is global.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import NewType

from geooffer.model.keys import identity_key, person_key
from geooffer.model.signals import Identity

DomainKey = NewType("DomainKey", bytes)
"""The secret of one domain: DOMAIN_KEY_SIZE_BYTES random bytes."""
DOMAIN_KEY_SIZE_BYTES = 32
PSEUDONYM_SIZE_BYTES = 16


class Domain(StrEnum):
    """Who speaks of persons; the value is part of the name of the key's file."""

    ENGINE = "engine"
    AUDIT = "audit"
    STATISTICS = "statistics"


def pseudonym(domain_key: bytes, text: str) -> bytes:
    """16 bytes that stand for `text` in one domain; without the key nobody can tell which text, nor try texts out.

    Raises ValueError for a key that is none.
    """
    if len(domain_key) != DOMAIN_KEY_SIZE_BYTES:
        raise ValueError(f"a domain key has {DOMAIN_KEY_SIZE_BYTES} bytes")
    message = text.encode()
    return hashlib.blake2b(message, key=domain_key, digest_size=PSEUDONYM_SIZE_BYTES, person=b"geooffer.pseud").digest()


class Pseudonyms:
    """What the engine calls persons and identities. Without a key (journals in memory, and state directories from
    before there were keys) the hashes are unkeyed: who knows an id can look for it.
    """

    __slots__ = ("_key",)

    def __init__(self, engine_key: bytes = b"") -> None:
        if engine_key and len(engine_key) != DOMAIN_KEY_SIZE_BYTES:
            raise ValueError(f"a domain key has {DOMAIN_KEY_SIZE_BYTES} bytes")
        self._key = engine_key

    @property
    def is_keyed(self) -> bool:
        """Whether a secret is needed to tell whose a key is."""
        return bool(self._key)

    def person(self, customer_id: str) -> int:
        """The 64-bit key of a person. Two ids with one key are refused at upsert, never merged."""
        return person_key(customer_id, self._key)

    def identity(self, identity: Identity) -> int:
        """The 64-bit key of a web or loyalty pseudonym; only this hash is kept."""
        return identity_key(identity, self._key)
