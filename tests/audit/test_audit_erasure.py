"""D2: who is erased is unreadable in the audit log, and its chain still verifies."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_scene import ANNA, BERTA, ENTRY_COUNT, NOW_MS, STORE_NUMBER, Scene, decision

from geooffer.audit.entries import AuditEntry
from geooffer.audit.keys import PERSONS_NAME, PersonKeys, load_audit_keys
from geooffer.audit.reading import Reader
from geooffer.audit.set_aside import path_aside
from geooffer.errors import ConfigurationError
from geooffer.model.records import ConsentRecord, CustomerDeleted, PersonDeparted


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def told(scene: Scene) -> None:
    log = scene.open_log()
    scene.tell(log)
    log.close()


def readable(scene: Scene, person_key: int) -> list[tuple[AuditEntry, object]]:
    reader = Reader(scene.audit, scene.keys)
    try:
        return list(reader.entries(person_keys=[person_key]))
    finally:
        reader.close()


def test_erasing_makes_her_entries_unreadable_and_the_chain_holds(scene: Scene) -> None:
    scene.commit([decision(ANNA), decision(BERTA)])
    told(scene)
    before = readable(scene, ANNA)
    assert [payload["store_number"] for _, payload in before] == [STORE_NUMBER]  # type: ignore[index]
    scene.commit([CustomerDeleted(ANNA)])
    told(scene)
    after = readable(scene, ANNA)
    assert [payload for _, payload in after] == [None, {"destroyed_key_count": 1, "event": "erased"}]
    assert [payload["store_number"] for _, payload in readable(scene, BERTA)] == [STORE_NUMBER]  # type: ignore[index]
    assert scene.verify().counts["decision"] == 2


def test_her_wrapped_key_is_in_no_file_any_more(scene: Scene) -> None:
    scene.commit([decision(ANNA)])
    told(scene)
    subject = scene.keys.subject_of(ANNA)
    persons = PersonKeys(scene.audit / PERSONS_NAME, scene.keys.wrapping)
    wrapped = persons._connection.execute("SELECT wrapped FROM keys WHERE subject = ?", (subject,)).get
    persons.close()
    assert isinstance(wrapped, bytes)
    files = [path for path in scene.audit.iterdir() if path.is_file()]
    assert any(wrapped in path.read_bytes() for path in files), "the control"
    scene.commit([CustomerDeleted(ANNA)])
    told(scene)
    assert not any(wrapped in path.read_bytes() for path in scene.audit.iterdir() if path.is_file())


def test_a_new_customer_of_the_same_id_has_a_key_of_her_own(scene: Scene) -> None:
    scene.commit([decision(ANNA, NOW_MS)])
    scene.commit([CustomerDeleted(ANNA), decision(ANNA, NOW_MS + 1)])
    told(scene)
    payloads = [payload for _, payload in readable(scene, ANNA)]
    assert payloads[0] is None
    assert payloads[2]["time_ms"] == NOW_MS + 1  # type: ignore[index]


def test_who_was_united_with_her_goes_with_her(scene: Scene) -> None:
    scene.commit([decision(ANNA), decision(BERTA), PersonDeparted(BERTA, ANNA)])
    told(scene)
    assert next(payload for _, payload in readable(scene, BERTA)) is not None
    scene.commit([CustomerDeleted(ANNA)])
    told(scene)
    assert next(payload for _, payload in readable(scene, BERTA)) is None


def test_nothing_of_a_person_stands_in_the_clear(scene: Scene) -> None:
    scene.written()
    text = b"".join(path.read_bytes() for path in scene.audit.iterdir() if path.suffix == ".log")
    assert str(STORE_NUMBER).encode() not in text
    for key in (ANNA, BERTA):
        assert f'"{key}"'.encode() not in text
        assert key.to_bytes(8, "little", signed=True).hex().encode() not in text
    entries = scene.entries()
    assert len([entry for entry in entries if entry.kind != "seal"]) == ENTRY_COUNT
    sealed = [entry for entry in entries if entry.sealed]
    assert len({base64.b64decode(entry.sealed)[:12] for entry in sealed}) == len(sealed), "a nonce of its own each"


def test_a_sealed_payload_opens_in_its_own_place_only(scene: Scene) -> None:
    scene.commit([decision(BERTA), decision(BERTA)])
    told(scene)
    first, second = [entry for entry, _ in readable(scene, BERTA)]
    reader = Reader(scene.audit, scene.keys)
    assert reader.payload_of(first) is not None
    moved = AuditEntry(**{**json.loads(second.text()), "sealed": first.sealed})
    assert reader.payload_of(moved) is None
    reader.close()


def test_decisions_are_readable_half_a_year_at_most_and_consents_go_on(scene: Scene) -> None:
    day_ms = 86_400_000
    scene.commit([decision(ANNA), ConsentRecord(ANNA, 3, True, NOW_MS, "2026-01")])
    told(scene)
    ages = []
    for days in range(200):
        now_ms = NOW_MS + days * day_ms
        log = scene.open_log(now_ms=lambda now_ms=now_ms: now_ms)
        log.keep_bounded()
        log.persons.close()
        decided, consented = [payload for _, payload in readable(scene, ANNA)]
        assert consented["notice_version"] == "2026-01"  # type: ignore[index]
        if decided is not None:
            ages.append(days)
    assert ages == list(range(len(ages)))
    assert 151 <= len(ages) <= 183
    scene.verify()


def test_a_log_put_aside_forgets_whom_the_present_one_forgets(scene: Scene) -> None:
    scene.commit([decision(ANNA), decision(BERTA), decision(5)])
    told(scene)
    aside = path_aside(scene.audit, NOW_MS)
    scene.audit.rename(aside)
    readable_aside = {key: persons_of(scene, aside, key) for key in (ANNA, BERTA, 5)}
    assert readable_aside == {ANNA: 1, BERTA: 1, 5: 1}, "the control"
    scene.commit([CustomerDeleted(ANNA)])
    told(scene)
    assert [persons_of(scene, aside, key) for key in (ANNA, BERTA, 5)] == [0, 1, 1]
    # who was erased while nothing was told: those who are held stay
    log = scene.open_log()
    assert log.set_aside.keep_only({scene.keys.subject_of(BERTA)}) == 1
    assert [persons_of(scene, aside, key) for key in (ANNA, BERTA, 5)] == [0, 1, 0]
    log.set_aside.drop_old(NOW_MS + 400 * 86_400_000, 500 * 86_400_000)
    assert persons_of(scene, aside, BERTA) == 0, "an epoch that is over"
    log.set_aside.drop_old(NOW_MS + 501 * 86_400_000, 500 * 86_400_000)
    assert not aside.exists()
    log.close()


def test_keys_put_aside_that_are_damaged_are_dropped_so_that_no_erasure_waits_for_them(scene: Scene) -> None:
    scene.commit([decision(ANNA)])
    told(scene)
    aside = path_aside(scene.audit, NOW_MS)
    scene.audit.rename(aside)
    (aside / PERSONS_NAME).write_bytes(b"no database" * 1_000)
    scene.commit([CustomerDeleted(ANNA)])
    told(scene)
    assert not (aside / PERSONS_NAME).exists()
    assert readable(scene, ANNA)[-1][1] == {"destroyed_key_count": 1, "event": "erased"}


def persons_of(scene: Scene, directory: Path, person_key: int) -> int:
    """How many keys of a person a log holds."""
    persons = PersonKeys(directory / PERSONS_NAME, scene.keys.wrapping, is_read_only=True)
    subject = scene.keys.subject_of(person_key)
    count = persons._connection.execute("SELECT count(*) FROM keys WHERE subject = ?", (subject,)).get
    persons.close()
    assert isinstance(count, int)
    return count


def test_keys_of_many_new_persons_cost_one_transaction(scene: Scene) -> None:
    scene.commit([decision(number) for number in range(1, 200)])
    log = scene.open_log()
    commits: list[bool] = []
    log.persons._connection.set_commit_hook(lambda: bool(commits.append(True)))
    scene.tell(log)
    log.close()
    assert len(commits) <= 2, "the other one looks for epochs that are over"


def test_a_secret_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    path.write_bytes(bytes(32))
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="no random secret"):
        load_audit_keys(path)
