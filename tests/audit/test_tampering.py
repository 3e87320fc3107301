"""A1: whatever is done to the log is found, and it is the chain, the signature or the journal that finds it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_scene import ENTRY_COUNT, Scene, decision, note

from geooffer.audit import verification
from geooffer.audit.entries import GENESIS, Place, follow, line_of
from geooffer.audit.head import HEAD_NAME
from geooffer.audit.reading import Reader
from geooffer.audit.segments import read_entries, segments_of
from geooffer.errors import JournalError
from geooffer.model.catalog import Category
from geooffer.model.records import AuditSealed, NounPut


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.written()
    yield made
    made.close()


def lines_of(scene: Scene) -> list[bytes]:
    return segments_of(scene.audit)[0].path.read_bytes().splitlines(keepends=True)


def put_lines(scene: Scene, lines: list[bytes]) -> None:
    segments_of(scene.audit)[0].path.write_bytes(b"".join(lines))


def chained_again(lines: list[bytes]) -> list[bytes]:
    """By somebody who knows how, and has no key: numbers and hashes fit."""
    place, made = Place(0, GENESIS), []
    for number, line in enumerate(lines, start=1):
        told = json.loads(line.split(b" ", 1)[1]) | {"number": number}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        place = follow(place, text)
        made.append(line_of(place, text))
    return made


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b"shoes", b"boots"), *lines[1:]]


def dropped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], *lines[4:]]


def inserted(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[2], *lines[3:]]


def reordered(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


TAMPERINGS = pytest.mark.parametrize("tamper", [changed, dropped, inserted, reordered])


def test_a_whole_log_is_whole(scene: Scene) -> None:
    found = scene.verify()
    assert sum(found.counts.values()) == ENTRY_COUNT
    assert found.seal_count == 1
    assert found.unsigned_count == 0


@TAMPERINGS
def test_tampering_is_found_by_the_chain(scene: Scene, tamper: object) -> None:
    lines = lines_of(scene)
    after = tamper(lines)  # type: ignore[operator]
    assert after != lines
    put_lines(scene, after)
    # the control: without the chain every line is a sound one
    assert all(json.loads(line.split(b" ", 1)[1])["kind"] for line in after)
    with pytest.raises(JournalError, match="audit log"):
        list(read_entries(scene.audit, Place()))
    with pytest.raises(JournalError, match="audit log"):
        scene.verify()


@TAMPERINGS
def test_tampering_that_makes_the_chain_again_is_found_by_the_signature(scene: Scene, tamper: object) -> None:
    after = chained_again(tamper(lines_of(scene)))  # type: ignore[operator]
    put_lines(scene, after)
    assert len(list(read_entries(scene.audit, Place()))) == len(after), "the control: the chain alone says nothing"
    with pytest.raises(JournalError, match=r"signed|cut"):
        scene.verify()


@pytest.mark.parametrize("left_count", [0, 1, ENTRY_COUNT - 1, ENTRY_COUNT])
def test_a_cut_log_is_found_by_its_head(scene: Scene, left_count: int) -> None:
    put_lines(scene, lines_of(scene)[:left_count])
    assert len(list(read_entries(scene.audit, Place()))) == left_count, "the control: the chain alone says nothing"
    with pytest.raises(JournalError, match="was cut"):
        scene.verify()
    with pytest.raises(JournalError, match="was cut"):
        scene.open_log()


def old_copy(scene: Scene, target: Path) -> None:
    shutil.copytree(scene.audit, target)


def put_back(scene: Scene, source: Path) -> None:
    shutil.rmtree(scene.audit)
    shutil.copytree(source, scene.audit)


def go_on(scene: Scene, *, hours: int = 1) -> None:
    scene.commit([decision(1_000 + hours)])
    log = scene.open_log()
    scene.tell(log)
    log.close()


def test_an_old_log_with_its_head_is_found_by_what_the_journal_remembers(scene: Scene, tmp_path: Path) -> None:
    old_copy(scene, tmp_path / "old")
    go_on(scene)
    place = scene.verify().place
    scene.commit([AuditSealed(place.number, place.hash, 0)])
    scene.verify()
    put_back(scene, tmp_path / "old")
    with pytest.raises(JournalError, match="was cut"):
        scene.verify()


def test_an_old_log_is_found_by_the_commits_that_the_journal_no_longer_holds(scene: Scene, tmp_path: Path) -> None:
    old_copy(scene, tmp_path / "old")
    go_on(scene)
    put_back(scene, tmp_path / "old")
    scene.verify()  # the journal still holds what is missing: the next start tells it again
    scene.store.truncate(scene.store.last)
    with pytest.raises(JournalError, match="old log was put in its place"):
        scene.verify()
    with pytest.raises(JournalError, match="older than it was"):
        scene.follow()


def test_all_put_back_together_is_found_by_a_head_kept_elsewhere(scene: Scene, tmp_path: Path) -> None:
    old_copy(scene, tmp_path / "old")
    go_on(scene)
    kept = tmp_path / "kept.head"
    shutil.copy(scene.audit / HEAD_NAME, kept)
    scene.verify(against=kept)
    put_back(scene, tmp_path / "old")
    scene.verify()
    with pytest.raises(JournalError, match="was cut"):
        scene.verify(against=kept)


def test_a_fork_is_found(scene: Scene, tmp_path: Path) -> None:
    """Two logs with the same beginning, both signed by the key: only one is that of the head kept elsewhere."""
    old_copy(scene, tmp_path / "old")
    go_on(scene, hours=1)
    kept = tmp_path / "kept.head"
    shutil.copy(scene.audit / HEAD_NAME, kept)
    put_back(scene, tmp_path / "old")
    log = scene.open_log()
    log.note("security", {"event": "another history"})
    log.note("security", {"event": "another history"})
    log.note("security", {"event": "another history"})
    log.close()
    scene.verify()
    with pytest.raises(JournalError, match=r"another one than was signed|two logs"):
        scene.verify(against=kept)


def behind_the_head(scene: Scene, *further: dict[str, object]) -> list[bytes]:
    """Lines of commits after the head, chained by somebody without a key; `scene` has them in its file."""
    lines = lines_of(scene)
    draft = json.loads(lines[0].split(b" ", 1)[1])
    forged = chained_again([*lines, *(b"x " + json.dumps(draft | told).encode() for told in further)])
    assert forged[: len(lines)] == lines
    put_lines(scene, forged)
    return forged


def test_an_entry_added_behind_the_head_is_found_and_never_signed(scene: Scene) -> None:
    lines = lines_of(scene)
    behind_the_head(scene, {"lsn": 6})
    with pytest.raises(JournalError, match="not signed, and the journal tells of no such"):
        scene.verify()
    scene.commit([decision(5)])
    log = scene.open_log()
    scene.tell(log)
    log.close()
    after = lines_of(scene)
    assert after[: len(lines)] == lines
    assert [entry.kind for entry in scene.entries()][len(lines) :] == ["decision", "seal"]
    scene.verify()


def test_what_was_written_and_not_signed_is_told_again_whatever_was_made_of_it(scene: Scene) -> None:
    """Lines that a crash left behind the head, changed before the next start."""
    count = len(lines_of(scene))
    scene.commit([note("StoreService/DeleteStore"), NounPut(Category("boots"), 0)])
    told = {
        "lsn": scene.store.last.lsn,
        "method": "StoreService/DeleteStore",
        "payload": {"put Category": {"count": 9}},
    }
    behind_the_head(scene, told)
    found = scene.verify()
    assert (found.unsigned_count, found.place.number) == (1, count), (
        "the control: what is not signed is not vouched for"
    )
    reader = Reader(scene.audit, scene.keys)
    assert len(list(reader.entries())) == count, "nor told"
    reader.close()
    log = scene.open_log()
    scene.tell(log)
    log.close()
    assert scene.entries()[count].payload == {"put Category": {"count": 1, "ids": ["boots"]}}
    assert scene.verify().unsigned_count == 0


def test_a_head_put_back_behind_whole_files_is_found(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from geooffer.audit import log as module

    kept = (scene.audit / HEAD_NAME).read_bytes()
    monkeypatch.setattr(module, "SEGMENT_SIZE_BYTES", 1)
    for hours in range(3):
        go_on(scene, hours=hours)
    (scene.audit / HEAD_NAME).write_bytes(kept)
    with pytest.raises(JournalError, match="its head is older"):
        scene.open_log()


def test_a_head_signed_by_another_key_is_refused(scene: Scene, tmp_path: Path) -> None:
    other = Scene.__new__(Scene)
    (tmp_path / "other").mkdir()
    other.__init__(tmp_path / "other")  # type: ignore[misc]
    other.written()
    shutil.copy(other.audit / HEAD_NAME, scene.audit / HEAD_NAME)
    other.close()
    with pytest.raises(JournalError, match="not signed by this key"):
        scene.verify()
    (scene.audit / HEAD_NAME).unlink()
    with pytest.raises(JournalError, match="no head"):
        scene.open_log()


def test_what_a_server_does_meanwhile_is_no_fault(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is cut between two looks at it: the same again, unless nothing has moved."""
    read, moves = verification._read_journal, [go_on]

    def cut_meanwhile(*arguments: object) -> object:
        if moves:
            moves.pop()(scene)
            raise JournalError("the journal has a gap")
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(verification, "_read_journal", cut_meanwhile)
    assert scene.verify().place.number > ENTRY_COUNT
    moves.append(lambda scene: None)
    with pytest.raises(JournalError, match="has a gap"):
        scene.verify()
