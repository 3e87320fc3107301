"""The ledger applied: whoever was erased after a backup was taken, or whose erasure a crash cut short, is erased again.

Called on a state directory that nobody serves: by restore after it put the files in place, and by every start.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from pathlib import Path

from geooffer.engine.apply import fold
from geooffer.engine.state import State
from geooffer.errors import JournalError
from geooffer.journal.commits import CommitStore
from geooffer.journal.erasures import KEY_NAME, KEY_SIZE_BYTES, LEDGER_NAME, ErasureLedger
from geooffer.journal.frames import decode_entries, encode_entries
from geooffer.journal.private_files import FILE_RULE, is_open_to_others
from geooffer.journal.synced_files import write_once
from geooffer.model.keys import partition_of
from geooffer.model.records import CustomerDeleted, Entry

CLOCK_DOUBT_MS = 10 * 60_000
"""Between the clocks that a backup and a ledger were written by: erased a little before it was taken is in doubt."""


def open_ledger(directory: Path) -> ErasureLedger:
    """The ledger of a state directory, made where there is none. Raises JournalError for damage, a lost or another key,
    and files that others may read."""
    path, key_path = directory / LEDGER_NAME, directory / KEY_NAME
    if not key_path.exists():
        if path.exists() and path.stat().st_size:
            raise JournalError(f"{LEDGER_NAME} is there and {KEY_NAME} is not: who was erased cannot be told")
        write_once(key_path, secrets.token_bytes(KEY_SIZE_BYTES))
    for file in (path, key_path):
        if file.exists() and is_open_to_others(file):
            raise JournalError(f"{file.name} {FILE_RULE}")
    key = key_path.read_bytes()
    if len(key) != KEY_SIZE_BYTES:
        raise JournalError(f"{KEY_NAME} does not hold {KEY_SIZE_BYTES} bytes")
    return ErasureLedger(path, key)


def persons_to_erase(state: State, ledger: ErasureLedger, names: Collection[str]) -> list[int]:
    """Keys of the persons in `state` who bear one of `names`, themselves or by an id united with them; sorted."""
    found = {state.resolve(key) for key in ledger.persons_named([*state.people.person_slots, *state.aliases], names)}
    return sorted(found & state.people.person_slots.keys())


def erase_again(state: State, store: CommitStore, person_keys: Iterable[int]) -> int:
    """Append one erase record a person, durably, and fold them; returns the latest LSN."""
    entries = []
    sequences = dict(state.sequences)
    for key in person_keys:
        partition = partition_of(key)
        sequences[partition] = sequences.get(partition, 0) + 1
        entries.append(Entry(partition, sequences[partition], CustomerDeleted(key)))
    if entries:
        store.append(encode_entries(entries), store.last.lsn)
        fold(state, entries)
    return store.last.lsn


def complete_names(state: State, ledger: ErasureLedger, found: Collection[int], *, now_ms: int) -> None:
    """Record all names of those who are about to be erased: somebody may have been united with her after her erasure
    was begun, and an older backup holds that one under a name of its own.
    """
    for person in found:
        keys = {person, *state.aliases_of(person)}
        names = {ledger.name_of(key) for key in keys}
        for item in list(ledger.erasures.values()):
            if names & item.names and not names <= item.names:
                ledger.begin(item.erasure_id, keys, time_ms=now_ms, lsn=item.begun_lsn)


def erased_unrecorded(store: CommitStore, ledger: ErasureLedger) -> set[str]:
    """Ids of erasures whose erase record is in the journal though the ledger does not say so: the crash came between
    the two. Whoever bears such a name now signed up after it and is somebody new.

    The journal still has that record: nothing is truncated before the ledger knows (services/compactions.py).
    """
    found: set[str] = set()
    unseen = ledger.unseen()
    if not unseen:
        return found
    start_lsn = max(store.base.lsn, min(item.begun_lsn for item in unseen))
    for commit in store.read(start_lsn) if start_lsn < store.last.lsn else ():
        for entry in decode_entries(commit.payload):
            if isinstance(entry.record, CustomerDeleted):
                name = ledger.name_of(entry.record.person_key)
                late = (item for item in unseen if item.begun_lsn < commit.position.lsn)
                found |= {item.erasure_id for item in late if name in item.names}
    return found


def overtaken(state: State, store: CommitStore, ledger: ErasureLedger) -> set[str]:
    """Ids of erasures that were begun and came to nothing: a restriction of her was answered meanwhile, and the crash
    came before the ledger said so. Nobody restricted is let begin one, so the restriction is the later of the two;
    where the journal ends before it was begun it is an old one, and nobody knows.
    """
    if store.last.lsn < ledger.restored_lsn:
        return set()
    kept = {ledger.name_of(key) for person in state.rights.restricted for key in (person, *state.aliases_of(person))}
    return {item.erasure_id for item in ledger.unseen() if item.names & kept and item.begun_lsn <= store.last.lsn}


def apply_ledger(state: State, store: CommitStore, ledger: ErasureLedger, *, taken_ms: int, now_ms: int) -> int:
    """After a restore: erase whoever was erased since the backup was taken, in doubt somebody more.

    `taken_ms`, `now_ms`: real time. Returns how many were erased. The bytes are still in the restored files: a
    compaction has to follow, and the next start asks for it.
    """
    unseen = ledger.names_unseen(erased_unrecorded(store, ledger))
    names = ledger.names_begun_since(taken_ms - CLOCK_DOUBT_MS) | unseen
    found = persons_to_erase(state, ledger, names)
    complete_names(state, ledger, found, now_ms=now_ms)
    lsn = erase_again(state, store, found)
    ledger.restored(time_ms=now_ms, lsn=lsn, erased_count=len(found))
    return len(found)


def finish_erasures(state: State, store: CommitStore, ledger: ErasureLedger, *, now_ms: int) -> int:
    """At a start: finish what was begun and not seen through, unless a restriction came between. Returns how many were
    erased.
    """
    erased_ids = erased_unrecorded(store, ledger)
    for erasure_id in sorted(overtaken(state, store, ledger) - erased_ids):
        ledger.given_up(erasure_id, time_ms=now_ms)
    unseen = ledger.unseen()
    names = ledger.names_to_erase_again(store.last.lsn, erased_ids)
    found = persons_to_erase(state, ledger, names)
    complete_names(state, ledger, found, now_ms=now_ms)
    lsn = erase_again(state, store, found)
    for item in unseen:
        ledger.erased(item.erasure_id, time_ms=now_ms, lsn=lsn, counts={})
    if found:
        ledger.restored(time_ms=now_ms, lsn=lsn, erased_count=len(found))
    return len(found)
