"""Encryption at rest: what is sealed opens in its own place, under its own key, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.commits import Position
from geooffer.journal.frames import partitions_of
from geooffer.journal.keyring import MAGIC, CommitSealer, Keyring, is_sealed, key_id_of, load_keyring
from geooffer.journal.sqlite import SqliteReader, SqliteStore

ONE, TWO = bytes(range(32)), bytes(range(1, 33))
PLACE = Position(4, b"h" * 32)
HEADER_SIZE_BYTES = len(MAGIC) + 8 + 16


def test_a_commit_opens_in_its_place_only() -> None:
    keyring = Keyring([ONE])
    sealed = CommitSealer(keyring).seal(PLACE, b"a consent")
    assert is_sealed(sealed)
    assert key_id_of(sealed) == keyring.key_id
    assert b"consent" not in sealed
    assert Keyring([ONE]).open_commit(PLACE, sealed) == b"a consent"
    for elsewhere in (Position(5, PLACE.hash), Position(4, b"g" * 32)):
        with pytest.raises(JournalError, match="another's place"):
            keyring.open_commit(elsewhere, sealed)


def test_every_bit_that_is_flipped_is_found() -> None:
    keyring = Keyring([ONE])
    sealed = CommitSealer(keyring).seal(PLACE, b"x")
    for bit in range(len(MAGIC) * 8, len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JournalError):
            keyring.open_commit(PLACE, bytes(changed))


def test_a_nonce_is_never_used_twice_under_a_key() -> None:
    """The same commit number again: after a power cut, or in a restored copy, by another opening of the store."""
    keyring = Keyring([ONE])
    sealer = CommitSealer(keyring)
    first = sealer.seal(PLACE, b"x")
    with pytest.raises(JournalError, match="encrypted once already"):
        sealer.seal(PLACE, b"y")
    again = CommitSealer(keyring).seal(PLACE, b"x")
    assert first[:HEADER_SIZE_BYTES] != again[:HEADER_SIZE_BYTES], "another salt, so another key"
    assert first[HEADER_SIZE_BYTES:] != again[HEADER_SIZE_BYTES:]


def test_parts_are_bound_to_name_and_position() -> None:
    keyring = Keyring([ONE])
    sealed = keyring.seal_part("people-01.part", PLACE, b"content")
    assert keyring.open_part("people-01.part", PLACE, sealed) == b"content"
    assert sealed != keyring.seal_part("people-01.part", PLACE, b"content")
    for name, place in (("people-02.part", PLACE), ("people-01.part", Position(5, PLACE.hash))):
        with pytest.raises(JournalError, match="another's place"):
            keyring.open_part(name, place, sealed)


def test_old_keys_open_and_the_first_one_seals() -> None:
    sealed = CommitSealer(Keyring([ONE])).seal(PLACE, b"x")
    both = Keyring([TWO, ONE])
    assert both.open_commit(PLACE, sealed) == b"x"
    assert key_id_of(CommitSealer(both).seal(PLACE, b"y")) == Keyring([TWO]).key_id
    with pytest.raises(JournalError, match=f"under key {Keyring([ONE]).key_id}, which"):
        Keyring([TWO]).open_commit(PLACE, sealed)


def test_without_a_key_the_chain_is_checked_and_the_content_stays_shut(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    store = SqliteStore(path, synchronous="OFF", keyring=Keyring([ONE]))
    for lsn in range(5):
        store.append(b"x", lsn)
    reader = SqliteReader(path)
    found = list(reader.read())
    assert [commit.position for commit in found] == [commit.position for commit in store.read()]
    with pytest.raises(JournalError, match="no encryption_key_file was given"):
        partitions_of(found[0].payload)
    reader.close()
    store.close()


def test_switched_on_the_plain_commits_are_read_and_a_later_plain_one_is_refused(tmp_path: Path) -> None:
    path, keyring = tmp_path / "journal.sqlite3", Keyring([ONE])
    plain = SqliteStore(path, synchronous="OFF")
    plain.append(b"before", 0)
    plain.close()
    store = SqliteStore(path, synchronous="OFF", keyring=keyring)
    store.append(b"after", 1)
    assert [commit.payload for commit in store.read()] == [b"before", b"after"]
    store.close()
    intruder = SqliteStore(path, synchronous="OFF")
    intruder.append(b"forged", 2)
    intruder.close()
    store = SqliteStore(path, synchronous="OFF", keyring=keyring)
    with pytest.raises(JournalError, match="commit 3 of the journal: it is not encrypted"):
        list(store.read())
    store.close()


def test_a_key_file_is_refused_unless_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert load_keyring(None) is None
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_keyring(path)
    for text in ("", "abc\n", "00" * 32, f"{ONE.hex()}\n{ONE.hex()}\n", f"{ONE.hex()}1\n", "\n".join([TWO.hex()] * 17)):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(ConfigurationError, match="encryption_key_file"):
            load_keyring(path)
    path.write_text(f"# since 2026\n{TWO.hex()}\n\n{ONE.hex()}\n")
    keyring = load_keyring(path)
    assert keyring is not None
    assert keyring.key_id == Keyring([TWO]).key_id
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="open to others"):
        load_keyring(path)
