"""Snapshots: whole or not there; what is damaged, missing or too much is named and never served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kept_town import NOW_MS, KeptTown, digests, founded, recovered_digests

from geooffer.engine.parts import PARTITIONS, put_parts, take_part
from geooffer.engine.state import State
from geooffer.errors import JournalError
from geooffer.journal import snapshots
from geooffer.journal.commits import Position
from geooffer.journal.compactor import compact
from geooffer.journal.recovery import recover
from geooffer.journal.snapshots import (
    MANIFEST_NAME,
    SnapshotDraft,
    digest_of,
    newest_snapshot,
    open_snapshot,
    part_name,
    remove_older,
    snapshot_paths,
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A state directory with a snapshot and nothing after it."""
    founded(tmp_path)
    compact(tmp_path)
    return tmp_path


def test_a_snapshot_holds_the_state_of_its_commit(tmp_path: Path) -> None:
    expected = founded(tmp_path)
    done = compact(tmp_path)
    snapshot = newest_snapshot(tmp_path)
    assert snapshot is not None
    assert snapshot.position == done.position
    assert done.record_count > 20
    state = State()
    put_parts(state, snapshot.read_parts(), snapshot.counts)
    assert digests(state) == expected
    assert snapshot.counts.persons == len(state.people.person_slots) == done.person_count
    assert compact(tmp_path).position == done.position, "nothing happened since"
    assert len(snapshot_paths(tmp_path)) == 1


def test_files_are_the_owners_alone(kept: Path) -> None:
    (path,) = snapshot_paths(kept)
    assert path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}


@pytest.mark.parametrize("name", [part_name(-1), part_name(0), part_name(63), MANIFEST_NAME])
@pytest.mark.parametrize("harm", ["flip", "cut", "longer", "gone"])
def test_a_damaged_file_is_named(kept: Path, name: str, harm: str) -> None:
    (path,) = snapshot_paths(kept)
    file = path / name
    data = bytearray(file.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 0x10
    file.write_bytes({"cut": data[:-1], "longer": data + b"\0"}.get(harm, data))
    if harm == "gone":
        file.unlink()
    with pytest.raises(JournalError, match=f"{path.name}/{name}"):
        recover(kept)


def test_every_flipped_bit_of_a_part_is_found(kept: Path) -> None:
    (path,) = snapshot_paths(kept)
    snapshot = open_snapshot(path)
    file = path / part_name(-1)
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        with pytest.raises(JournalError, match="is damaged"):
            snapshot.read_part(-1)


def test_a_file_too_much_is_named(kept: Path) -> None:
    (path,) = snapshot_paths(kept)
    (path / "people-64.part").write_bytes(b"")
    with pytest.raises(JournalError, match=r"people-64\.part does not belong there"):
        recover(kept)


def test_parts_that_changed_places_are_named(kept: Path) -> None:
    """Even where somebody sealed the manifest anew."""
    (path,) = snapshot_paths(kept)
    told = json.loads((path / MANIFEST_NAME).read_bytes().splitlines()[0])
    one, other = part_name(3), part_name(4)
    told["parts"][one], told["parts"][other] = told["parts"][other], told["parts"][one]
    (path / one).rename(path / "x")
    (path / other).rename(path / one)
    (path / "x").rename(path / other)
    seal(path, told)
    with pytest.raises(JournalError, match=f"{one} is another partition's"):
        recover(kept)


def test_a_snapshot_by_another_name_is_refused(kept: Path) -> None:
    (path,) = snapshot_paths(kept)
    path.rename(kept / "snapshot-7")
    with pytest.raises(JournalError, match="snapshot-7 holds the state of commit"):
        recover(kept)


def test_a_newer_schema_is_refused_and_an_older_one_upgraded(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recovered_digests(kept)
    (path,) = snapshot_paths(kept)
    told = json.loads((path / MANIFEST_NAME).read_bytes().splitlines()[0])
    seal(path, told | {"schema": 2})
    with pytest.raises(JournalError, match="written by a newer version"):
        recover(kept)
    seal(path, told)
    upgraded = []

    def upgrade(part: snapshots.Part) -> snapshots.Part:
        upgraded.append(part["partition"])
        return part

    monkeypatch.setattr(snapshots, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(snapshots, "UPGRADES", {1: upgrade})
    assert recovered_digests(kept) == before
    assert tuple(upgraded) == PARTITIONS


def seal(path: Path, told: dict[str, object]) -> None:
    line = json.dumps(told).encode()
    (path / MANIFEST_NAME).write_bytes(line + b"\n" + digest_of(line).encode() + b"\n")


def test_older_ones_and_drafts_are_removed_the_newest_stays(kept: Path) -> None:
    town = KeptTown(kept)
    town.live(6)
    town.close()
    done = compact(kept)
    (kept / "snapshot-3.partial").mkdir()
    (kept / "snapshot-2.old").mkdir()
    assert len(snapshot_paths(kept)) == 2
    assert remove_older(kept) == 3
    assert [path.name for path in snapshot_paths(kept)] == [f"snapshot-{done.position.lsn}"]
    assert remove_older(kept) == 0
    assert recovered_digests(kept) == digests(town.engine.state)


def test_a_draft_of_a_crash_is_begun_anew(tmp_path: Path) -> None:
    position = Position(5, bytes(32))
    for earlier in (Position(3, bytes(32)), Position(4, bytes(32)), position):  # each attempt at a later commit
        SnapshotDraft(tmp_path, earlier).write(take_part(State(), -1))
    draft = SnapshotDraft(tmp_path, position)
    for partition in PARTITIONS:
        draft.write(take_part(State(), partition))
    assert draft.finish().position == position
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot-5"]


def test_nothing_in_a_snapshot_reads_as_a_position(tmp_path: Path) -> None:
    """M1: the persons' parts hold devices by their keys alone."""
    town = KeptTown(tmp_path)
    town.found()
    town.live(0)
    people = town.engine.state.people
    device = people.view.devices[people.device_slots[1]]
    device["latitude_e7"], device["longitude_e7"], device["watermark_ms"] = 523_456_789, 134_567_891, NOW_MS + 77
    town.close()
    compact(tmp_path)
    (path,) = snapshot_paths(tmp_path)
    held = b"".join((path / part_name(partition)).read_bytes() for partition in range(64))
    for figure, size in ((523_456_789, 4), (134_567_891, 4), (NOW_MS + 77, 8)):
        assert figure.to_bytes(size, "little") not in held
        assert figure.to_bytes(size, "big") not in held
