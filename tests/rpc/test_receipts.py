"""C5: the key of receipts over starts: what was signed once can be checked for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from geooffer.errors import InvalidArgumentError
from geooffer.rpc.receipts import FORMAT, KEY_NAME, PUBLIC_KEY_NAME, signer_of, verified

RECEIPT = {"format": FORMAT, "event_id": "1"}


def public_key(path: Path) -> Ed25519PublicKey:
    key = load_pem_public_key(path.read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    return key


def test_the_key_stays_over_starts(tmp_path: Path) -> None:
    signed = signer_of(tmp_path).sign(RECEIPT)
    assert signer_of(tmp_path).sign(RECEIPT) == signed
    assert verified(signed, public_key(tmp_path / PUBLIC_KEY_NAME)) == RECEIPT
    assert {path.name for path in tmp_path.iterdir()} == {KEY_NAME, PUBLIC_KEY_NAME}


def test_what_a_lost_key_signed_is_checked_by_its_public_half(tmp_path: Path) -> None:
    first = signer_of(tmp_path)
    signed = first.sign(RECEIPT)
    (tmp_path / KEY_NAME).unlink()
    assert signer_of(tmp_path).key_id != first.key_id
    with pytest.raises(InvalidArgumentError):
        verified(signed, public_key(tmp_path / PUBLIC_KEY_NAME))
    assert verified(signed, public_key(tmp_path / f"consent-receipts-{first.key_id}.pub")) == RECEIPT


def test_a_public_half_cut_short_is_made_anew(tmp_path: Path) -> None:
    signed = signer_of(tmp_path).sign(RECEIPT)
    path = tmp_path / PUBLIC_KEY_NAME
    path.write_bytes(path.read_bytes()[:20])
    signer_of(tmp_path)
    assert verified(signed, public_key(path)) == RECEIPT
    assert len(list(tmp_path.iterdir())) == 2
