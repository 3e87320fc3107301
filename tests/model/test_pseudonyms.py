"""Pseudonyms: keyed, a key per domain; ids that name a person elsewhere are refused (privacy M8)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import InvalidArgumentError, RawIdentifierError
from geooffer.model import keys
from geooffer.model.kinds import IdentityKind
from geooffer.model.pseudonyms import DOMAIN_KEY_SIZE_BYTES, Domain, Pseudonyms, pseudonym
from geooffer.model.raw_ids import refuse_raw_id
from geooffer.model.signals import Identity

SECRETS = st.binary(min_size=DOMAIN_KEY_SIZE_BYTES, max_size=DOMAIN_KEY_SIZE_BYTES)
LOYALTY = Identity(IdentityKind.LOYALTY, "loy-1")


@given(SECRETS, st.text(max_size=40))
def test_a_pseudonym_is_keyed_blake2b(secret: bytes, text: str) -> None:
    expected = hashlib.blake2b(text.encode(), key=secret, digest_size=16, person=b"geooffer.pseud").digest()
    assert pseudonym(secret, text) == expected


@given(st.lists(SECRETS, min_size=2, max_size=2, unique=True), st.text(max_size=40))
def test_two_domains_call_nobody_alike(secrets: list[bytes], text: str) -> None:
    assert pseudonym(secrets[0], text) != pseudonym(secrets[1], text)
    first, second = map(Pseudonyms, secrets)
    assert first.person(text) != second.person(text)
    assert first.identity(LOYALTY) != second.identity(LOYALTY)


@given(st.text(max_size=40))
def test_without_a_key_the_hashes_are_those_of_older_journals(text: str) -> None:
    unkeyed = Pseudonyms()
    assert not unkeyed.is_keyed
    assert unkeyed.person(text) == keys.person_key(text)
    assert unkeyed.identity(LOYALTY) == keys.identity_key(LOYALTY)
    assert Pseudonyms(b"k" * 32).person(text) != keys.person_key(text)


@pytest.mark.parametrize("secret", [b"k", b"k" * 31, b"k" * 33])
def test_a_key_of_another_length_is_none(secret: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(secret)
    with pytest.raises(ValueError, match="32 bytes"):
        pseudonym(secret, "ann")
    with pytest.raises(ValueError, match="32 bytes"):
        pseudonym(b"", "ann")


def test_domains_are_three() -> None:
    assert [str(domain) for domain in Domain] == ["engine", "audit", "statistics"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ann@example.com", "an e-mail address"),
        ("Ann.Lee+shop@mail.example.co.uk", "an e-mail address"),
        ("6D92078A-8246-4BA4-AE5B-76104861E7DC", "an advertising id"),
        ("38400000-8cf0-11bd-b23e-10b96e40000d", "an advertising id"),
        ("00000000-0000-0000-0000-000000000000", "an advertising id"),
        ("+49 170 1234567", "a phone number"),
        ("0049-170-1234567", "a phone number"),
        ("0170/1234567", "a phone number"),
        ("tel:+41791234567", "a phone number"),
        ("030.901820000", "a phone number"),
    ],
)
def test_ids_that_name_a_person_elsewhere_are_refused(text: str, form: str) -> None:
    with pytest.raises(RawIdentifierError, match=form) as caught:
        refuse_raw_id(text, "customer_id")
    assert isinstance(caught.value, InvalidArgumentError)
    assert caught.value.field == "customer_id"
    assert text not in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["ann", "c-1", "4711", "100000017", "customer-0170", "c-38400000-8cf0-11bd-b23e-10b96e40000d", "a@b", "2026-11-23"],
)
def test_pseudonyms_are_taken(text: str) -> None:
    assert refuse_raw_id(text, "customer_id") == text
