"""The secret of each domain that speaks of persons (model/pseudonyms.py): a file each, for its owner's eyes only."""

from __future__ import annotations

from pathlib import Path

from geooffer.errors import ConfigurationError
from geooffer.model.pseudonyms import DOMAIN_KEY_SIZE_BYTES, Domain, DomainKey
from geooffer.rpc.keys import secret_file

DIFFERENT_BYTE_COUNT_MIN = 20
"""Of 32 random bytes about 30 differ; fewer than 20 do once in 10¹³ keys. Words, zeros and repeats have fewer."""


def domain_key_path(directory: Path, domain: Domain) -> Path:
    """Where the secret of a domain is kept."""
    return directory / f"pseudonyms-{domain}.key"


def domain_key(directory: Path, domain: Domain) -> DomainKey:
    """The secret of a domain, made on first use (mode 0600). Raises ConfigurationError where others can read it, it has
    not 32 bytes, is no random secret, or is another domain's.
    """
    path = domain_key_path(directory, domain)
    secret = secret_file(path, DOMAIN_KEY_SIZE_BYTES)
    if len(set(secret)) < DIFFERENT_BYTE_COUNT_MIN:
        raise ConfigurationError(f"{path.name} is no random secret: leave it to the first start to make one")
    for other in Domain:
        beside = domain_key_path(directory, other)
        if other is not domain and beside.exists() and beside.read_bytes() == secret:
            raise ConfigurationError(f"{path.name} is the same as {beside.name}: each domain has a key of its own")
    return DomainKey(secret)
