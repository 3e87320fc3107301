"""The log follows the journal: all of it, once, through crashes, cuts and exchanged journals."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_scene import ANNA, BERTA, COMMITS, ENTRY_COUNT, Scene, decision

from geooffer.audit.entries import SEAL
from geooffer.audit.follower import begin_following
from geooffer.audit.reading import Reader
from geooffer.errors import JournalError
from geooffer.journal.keyring import Keyring
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.synced_files import NotSyncedError
from geooffer.model.records import CustomerDeleted


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def told(scene: Scene) -> None:
    log = scene.open_log()
    scene.tell(log)
    log.close()


def told_lsns(scene: Scene) -> list[int]:
    return [entry.lsn for entry in scene.entries() if entry.kind != SEAL]


EXPECTED_LSNS = [1, 2, 2, 3, 3, 4, 5, 5, 6, 6]


def test_what_becomes_durable_is_told_and_then_the_journal_may_be_cut(scene: Scene) -> None:
    follower = scene.follow()
    scene.commit_all()
    last = scene.store.last
    place = follower.passed(last.lsn, 30.0)
    assert place.number == ENTRY_COUNT
    scene.store.truncate(last)
    scene.commit([decision(5)])
    follower.close()
    assert told_lsns(scene) == [*EXPECTED_LSNS, 7]
    assert scene.verify().head.position == scene.store.last


def test_an_encrypted_journal_is_followed_like_a_plain_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path, keyring=Keyring([bytes(range(32))]))
    follower = scene.follow()
    scene.commit_all()
    follower.close()
    assert told_lsns(scene) == EXPECTED_LSNS
    assert sum(scene.verify().counts.values()) == ENTRY_COUNT
    scene.close()


def test_who_called_stands_with_what_was_done(scene: Scene) -> None:
    scene.written()
    entries = [entry for entry in scene.entries() if entry.kind != SEAL]
    assert [entry.kind for entry in entries] == [
        "admin", "decision", "decision", "outcome", "outcome", "rights", "rights", "decision", "decision", "admin",
    ]  # fmt: skip
    assert [entry.method for entry in entries] == [
        "StoreService/CreateStore", "", "", "", "", "PrivacyService/ExportSubject", "SignalService/DeleteCustomer",
        "", "", "",
    ]  # fmt: skip
    assert entries[0].payload == {"put Category": {"count": 2, "ids": ["shoes", "hats"]}}
    assert entries[0].caller == (b"c" * 16).hex()


def test_a_log_that_cannot_be_written_is_tried_again_and_misses_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geooffer.audit import follower as module
    from geooffer.audit import log as log_module

    monkeypatch.setattr(module, "RETRY_MIN_S", 0.01)
    append, failures = log_module.append_synced, [OSError(28, "full")] * 3

    def failing(*arguments: object) -> None:
        if failures:
            raise failures.pop()
        append(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(log_module, "append_synced", failing)
    follower = scene.follow()
    scene.commit_all()
    follower.passed(scene.store.last.lsn, 30.0)
    assert follower.fault is None
    follower.close()
    assert not failures
    assert told_lsns(scene) == EXPECTED_LSNS


@pytest.mark.parametrize("step", ["drafted", "appended", "turned"])
def test_whatever_fails_after_lines_were_drafted_nothing_is_told_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A disk that is full when the head is written, or the next file begun: the lines are there already."""
    from geooffer.audit import follower as module
    from geooffer.audit import log as log_module

    monkeypatch.setattr(module, "RETRY_MIN_S", 0.01)
    monkeypatch.setattr(log_module, "SEGMENT_SIZE_BYTES", 600)
    failures = [OSError(28, "full")] * (1 if step == "turned" else 3)

    def failing(at: str) -> None:
        if at == step and failures:
            raise failures.pop()

    scene.commit_all()
    path = scene.directory / "journal.sqlite3"
    follower = begin_following(
        scene.open_log(failing), lambda: SqliteReader(path), base=scene.store.base, last=scene.store.last
    )
    follower.passed(scene.store.last.lsn, 30.0)
    follower.close()
    assert not failures
    assert told_lsns(scene) == EXPECTED_LSNS
    scene.verify()


def test_a_head_that_reached_its_place_and_maybe_not_the_disk_is_gone_on_from(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geooffer.audit import log as log_module

    log = scene.open_log()
    scene.commit_all()
    sync, failures = log_module.sync_directory, [NotSyncedError(5, "io")]

    def failing(path: Path) -> None:
        if failures:
            raise failures.pop()
        sync(path)

    monkeypatch.setattr(log_module, "sync_directory", failing)
    with pytest.raises(NotSyncedError):
        scene.tell(log)
    scene.tell(log)
    log.close()
    assert told_lsns(scene) == EXPECTED_LSNS
    scene.verify()


def test_a_fault_is_retried_now_and_then_also_while_somebody_waits(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geooffer.audit import follower as module
    from geooffer.audit import log as log_module

    attempts = []

    def full(*arguments: object) -> None:
        attempts.append(arguments)
        raise OSError(28, "full")

    monkeypatch.setattr(module, "RETRY_MIN_S", 0.2)
    monkeypatch.setattr(log_module, "append_synced", full)
    follower = scene.follow()
    scene.commit_all()
    with pytest.raises(JournalError, match="does not keep up"):
        follower.passed(scene.store.last.lsn, 0.5)
    assert 1 <= len(attempts) <= 4
    follower.close()


def test_who_was_erased_by_the_restore_is_unreadable_in_the_log_too(scene: Scene, tmp_path: Path) -> None:
    """The disk was lost in the middle of her erasure: the restored journal has it, the log has not."""
    scene.commit([decision(BERTA), decision(ANNA)])
    scene.commit([CustomerDeleted(ANNA)])
    scene.commit([decision(5)])
    told(scene)
    other = tmp_path / "restored"
    other.mkdir()
    restored = Scene(other)
    restored.commit([decision(BERTA), decision(ANNA)])
    restored.commit([CustomerDeleted(ANNA)])  # in the backup, and told before
    restored.commit([CustomerDeleted(BERTA)])  # appended by `restore`
    for path in [scene.audit, scene.directory / "audit.key"]:
        path.rename(other / path.name)
    restored.follow().close()
    reader = Reader(restored.audit, restored.keys)
    payloads = [payload for _, payload in reader.entries(person_keys=[BERTA])]
    reader.close()
    assert payloads == [None, {"destroyed_key_count": 1, "event": "erased"}]
    assert [entry.lsn for entry in restored.entries() if entry.kind == "rights"] == [2, 3], "Anna's is not told twice"
    restored.verify()
    restored.close()


def test_a_journal_put_back_is_told_as_such_and_followed(scene: Scene, tmp_path: Path) -> None:
    scene.written()
    other = tmp_path / "restored"
    other.mkdir()
    restored = Scene(other)
    restored.commit(COMMITS[0])
    for path in [scene.audit, scene.directory / "audit.key"]:
        path.rename(other / path.name)
    follower = restored.follow()
    restored.commit([decision(5)])
    follower.close()
    entries = restored.entries()
    assert [entry.payload["event"] for entry in entries if entry.kind == "security" and entry.payload] == [
        "journal exchanged"
    ]
    assert [entry.lsn for entry in entries if entry.kind == "decision"][-1] == 2
    restored.verify()
    restored.close()


def test_who_waits_for_a_commit_that_never_comes_is_told(scene: Scene) -> None:
    follower = scene.follow()
    with pytest.raises(JournalError, match="does not keep up"):
        follower.passed(1_000, 0.05)
    follower.close()


def test_whichever_step_it_is_killed_at_every_entry_is_there_once(tmp_path: Path) -> None:
    """Every step of every write, in a process that ends there; the next one goes on."""
    script = Path(__file__).with_name("killed_writer.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], check=True, capture_output=True, text=True, timeout=100
    )
    found_at = json.loads(done.stdout)
    assert len(found_at) == 18
    steps = {name.partition(" ")[2] for name in found_at}
    assert {"keyed", "destroyed", "drafted", "appended", "signed"} <= steps
    for name, found in found_at.items():
        assert found["lsns"] == EXPECTED_LSNS, name
        assert found["readable"] == found_at["0 none"]["readable"], name


def test_lines_that_a_crash_left_are_not_before_the_next_file(scene: Scene) -> None:
    """Killed between lines and head; and when it starts again it is time for a new file."""
    from audit_scene import NOW_MS

    scene.commit([decision(1, NOW_MS)])
    told(scene)
    scene.commit([decision(2, NOW_MS)])
    scene.commit([decision(3, NOW_MS)])

    def killed(step: str) -> None:
        if step == "appended":
            raise KeyboardInterrupt

    log = scene.open_log(killed)
    with pytest.raises(KeyboardInterrupt):
        scene.tell(log)
    log.persons.close()
    assert scene.verify().unsigned_count == 2
    log = scene.open_log(now_ms=lambda: NOW_MS + 40 * 86_400_000)
    log.keep_bounded()
    scene.verify()
    scene.tell(log)
    log.close()
    assert told_lsns(scene) == [1, 2, 3]
    assert scene.verify().unsigned_count == 0


def test_retention_drops_whole_segments_and_the_rest_verifies(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit_scene import NOW_MS

    from geooffer.audit import log as module

    monkeypatch.setattr(module, "SEGMENT_SIZE_BYTES", 1_500)
    day_ms = 86_400_000
    for number in range(40):
        now_ms = NOW_MS + number * day_ms
        scene.commit([decision(number + 1, now_ms)])
        log = scene.open_log(retention_ms=30 * day_ms, now_ms=lambda now_ms=now_ms: now_ms)
        scene.tell(log)
        log.close()
    entries = scene.entries()
    latest_ms = NOW_MS + 39 * day_ms
    ages = [(latest_ms - entry.time_ms) // day_ms for entry in entries]
    assert 28 <= max(ages) <= 38, ages
    found = scene.verify()
    assert found.head.base.number == entries[0].number - 1 > 0
    # dropping more than the head says is found
    from geooffer.audit.segments import segments_of

    segments_of(scene.audit)[0].path.unlink()
    with pytest.raises(JournalError, match="has no entries"):
        scene.verify()
