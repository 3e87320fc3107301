"""The erasure ledger: what it says survives, what does not follow is refused, and nobody can be read out of it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geooffer.errors import JournalError
from geooffer.journal.erasing import open_ledger
from geooffer.journal.erasures import KEY_NAME, LEDGER_NAME, ErasureLedger
from geooffer.model.keys import person_key

KEY = bytes(range(32))
ANN, BOB = person_key("ann"), person_key("bob")


def written(path: Path) -> ErasureLedger:
    ledger = ErasureLedger(path, KEY)
    ledger.begin("e-1", [ANN], time_ms=100, lsn=4)
    ledger.begin("e-1", [ANN, BOB], time_ms=101, lsn=4)
    ledger.erased("e-1", time_ms=102, lsn=5, counts={"customers": 1, "devices": 2})
    ledger.begin("e-2", [7], time_ms=200, lsn=6)
    return ledger


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / LEDGER_NAME
    ledger = written(path)
    again = ErasureLedger(path, KEY)
    assert again.erasures == ledger.erasures
    assert again.unfinished() == [ledger.erasures["e-1"]]
    held = again.erasures["e-1"]
    assert (held.begun_ms, held.begun_lsn, held.erased_ms, held.lsn) == (100, 4, 102, 5)
    assert (held.counts, held.names) == ({"customers": 1, "devices": 2}, {again.name_of(ANN), again.name_of(BOB)})
    again.done("e-1", time_ms=300, snapshot_lsn=9)
    assert ErasureLedger(path, KEY).unfinished() == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_last_line_that_was_cut_off_was_never_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / LEDGER_NAME
    written(path)
    data = path.read_bytes()
    last = data.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(data)):
        path.write_bytes(data[:end])
        ledger = ErasureLedger(path, KEY)
        assert set(ledger.erasures) == {"e-1"}
        assert path.read_bytes() == data[:last]
    ledger.begin("e-3", [8], time_ms=300, lsn=7)
    assert set(ErasureLedger(path, KEY).erasures) == {"e-1", "e-3"}


def test_any_other_damage_is_refused_saying_where(tmp_path: Path) -> None:
    path = tmp_path / LEDGER_NAME
    written(path)
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    changed = [data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :] for index in range(0, len(data) - 1, 7)]
    dropped, swapped = b"".join(lines[1:]), b"".join([lines[1], lines[0], *lines[2:]])
    for damaged in (*changed, dropped, swapped, data + lines[0]):
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match=r"line [1-5]"):
            ErasureLedger(path, KEY)
    path.write_bytes(data)
    with pytest.raises(JournalError, match="line 1"):
        ErasureLedger(path, bytes(32))


def test_it_says_nothing_of_anybody_without_its_key(tmp_path: Path) -> None:
    path = tmp_path / LEDGER_NAME
    ledger = written(path)
    data = path.read_bytes()
    for form in (
        b"ann",
        str(ANN).encode(),
        f"{ANN & (1 << 64) - 1:x}".encode(),
        ANN.to_bytes(8, "little", signed=True),
    ):
        assert form not in data
    assert ErasureLedger(None, bytes(32)).name_of(ANN) != ledger.name_of(ANN)


def test_a_lost_key_and_files_open_to_others_are_refused(tmp_path: Path) -> None:
    open_ledger(tmp_path).begin("e-1", [ANN], time_ms=1, lsn=0)
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert set(open_ledger(tmp_path).erasures) == {"e-1"}
    for name in (KEY_NAME, LEDGER_NAME):
        (tmp_path / name).chmod(0o644)
        with pytest.raises(JournalError, match="0600"):
            open_ledger(tmp_path)
        (tmp_path / name).chmod(0o600)
    (tmp_path / KEY_NAME).unlink()
    with pytest.raises(JournalError, match="cannot be told"):
        open_ledger(tmp_path)


def test_a_line_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / LEDGER_NAME
    ledger = ErasureLedger(path, KEY)
    ledger.begin("e-1", [5], time_ms=1, lsn=0)
    text = '{"kind":"forgotten","erasure_id":"e-1"}'
    with path.open("a") as file:
        file.write(f"{ledger._follow(text)} {text}\n")
    with pytest.raises(JournalError, match="line 2 of a newer version"):
        ErasureLedger(path, KEY)


@contextmanager
def no_room_beyond(size_bytes: int) -> Iterator[None]:
    """A file size limit stands for a full disk: a write that reaches it is cut short, the next one refused."""
    held = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, held[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, held)


@pytest.mark.parametrize("room_bytes", [0, 1, 40])
def test_after_a_full_disk_has_room_again_it_goes_on(tmp_path: Path, room_bytes: int) -> None:
    path = tmp_path / LEDGER_NAME
    ledger = written(path)
    before, held = path.read_bytes(), dict(ledger.erasures)
    for _ in range(2):
        with no_room_beyond(len(before) + room_bytes), pytest.raises(JournalError, match="was not written"):
            ledger.begin("e-3", [8], time_ms=300, lsn=7)
        assert path.read_bytes() == before, "a torn line is left"
        assert ledger.erasures == held
    ledger.begin("e-4", [8], time_ms=301, lsn=7)
    assert ErasureLedger(path, KEY).erasures == ledger.erasures
    assert set(ledger.erasures) == {"e-1", "e-2", "e-4"}


def test_what_a_failed_line_left_behind_is_cut_off_by_the_next(tmp_path: Path) -> None:
    """Where not even the cutting worked."""
    path = tmp_path / LEDGER_NAME
    ledger = written(path)
    with path.open("ab") as file:
        file.write(b"0123 torn")
    ledger.begin("e-3", [8], time_ms=300, lsn=7)
    assert ErasureLedger(path, KEY).erasures == ledger.erasures


def test_a_ledger_that_somebody_cut_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / LEDGER_NAME
    ledger = written(path)
    os.truncate(path, 10)
    with pytest.raises(JournalError, match="shorter"):
        ledger.begin("e-3", [8], time_ms=300, lsn=7)


def test_a_failed_fsync_is_final_until_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second fsync that says all is well proves nothing."""
    path = tmp_path / LEDGER_NAME
    ledger = written(path)

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("geooffer.journal.synced_files.os.fsync", fails)
        with pytest.raises(JournalError):
            ledger.begin("e-3", [8], time_ms=300, lsn=7)
    with pytest.raises(JournalError, match="Input/output"):
        ledger.begin("e-4", [8], time_ms=300, lsn=7)
    ErasureLedger(path, KEY).begin("e-5", [8], time_ms=300, lsn=7)
