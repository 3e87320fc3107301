"""The audit log and encryption at rest of a whole server: who called is told, and no file tells it in the clear."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.cli.settings import ServiceSettings
from geooffer.client import GeoofferClient
from geooffer.errors import (
    ConfigurationError,
    DiskFullError,
    InvalidArgumentError,
    JournalError,
    PermissionDeniedError,
)
from geooffer.journal.backup import back_up
from geooffer.journal.keyring import load_keyring
from geooffer.journal.recovery import recover
from geooffer.journal.verification import verify_state
from geooffer.model.catalog import Customer, Store
from geooffer.v1 import policy_service_pb2 as policy_pb
from geooffer.v1 import privacy_service_pb2 as pb
from geooffer.v1 import signal_service_pb2 as signal_pb
from geooffer.v1 import store_service_pb2 as store_pb
from invoking import CliRunner, geooffer_app

NOW_MS = 1_772_528_400_000
MARK = "anna-marked-4711"
STORE = Store("store-marked", "One", 525_200_000, 134_050_000, "Europe/Berlin", "24/7")
pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "at-rest.keys"
    write_keys(path, "11")
    return path


def write_keys(path: Path, *seeds: str) -> None:
    """Each key begins with its seed and is of the same file for good."""
    rest = "".join(f"{number:02x}" for number in range(31))
    path.write_text("".join(f"# {seed}\n{seed}{rest}\n" for seed in seeds))
    path.chmod(0o600)


def settings_of(tmp_path: Path, key_file: Path | None) -> ServiceSettings:
    return loopback_settings(
        state_dir=tmp_path / "state",
        journal="sqlite",
        clock_start="2026-03-03T09:00:00Z",
        encryption_key_file=key_file,
        audit_key_file=None if key_file is None else key_file.with_name("audit-elsewhere.key"),
    )


@asynccontextmanager
async def client_of(service: RunningService, role: str) -> AsyncIterator[GeoofferClient]:
    target = {"control_target": service.control_address}
    async with GeoofferClient(service.data_address, token=service.issue_token(role), **target) as client:
        yield client


async def live(service: RunningService) -> None:
    """An operator makes a store and a customer, exports her; somebody from marketing tries to."""
    async with client_of(service, "operator") as client:
        await client.control.upsert_stores([STORE])
        await client.control.upsert_customers([Customer(MARK, (5,), "de", "Europe/Berlin")])
        request = pb.ExportSubjectRequest(customer_id=MARK, reason="she asked")
        await client.control.call(client.control.privacy.ExportSubject, request)
    async with client_of(service, "marketing") as client:
        with pytest.raises(PermissionDeniedError):
            await client.control.call(
                client.control.privacy.ExportSubject, pb.ExportSubjectRequest(customer_id=MARK, reason="she asked")
            )


def files_with(directory: Path, mark: str) -> list[str]:
    return [path.name for path in sorted(directory.rglob("*")) if path.is_file() and mark.encode() in path.read_bytes()]


def asked(*arguments: str) -> tuple[int, list[dict[str, object]]]:
    result = CliRunner().invoke(geooffer_app(), [*arguments, "--json"])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


async def test_who_called_is_told_once_and_found_by_person(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, None)
    async with running_service(settings) as service:
        await live(service)
        async with client_of(service, "privacy_officer") as client:
            answer = await client.control.call(client.control.privacy.VerifyAudit, pb.VerifyAuditRequest())
            assert answer.is_whole, answer.fault
    where = ("--state-dir", str(settings.state_dir))
    code, told = asked("audit", "show", *where)
    assert code == 0
    of_callers = [item for item in told if item["role"] != "service"]
    lines = [(item["kind"], item["role"], item.get("method", "")) for item in of_callers]
    assert list(dict.fromkeys(lines)) == [  # a request for a right leaves several records
        ("admin", "operator", "StoreService/BatchUpsertStores"),
        ("rights", "operator", "PrivacyService/ExportSubject"),
        ("security", "marketing", "PrivacyService/ExportSubject"),
        ("rights", "privacy_officer", "PrivacyService/VerifyAudit"),
    ]
    of_her = [item["says"] for item in asked("audit", "show", "--person", MARK, *where)[1]]
    assert of_her[0]["record"] == "RightsRequested"  # type: ignore[index]
    assert asked("audit", "show", "--person", "nobody", *where) == (0, [])
    assert asked("audit", "verify", *where)[0] == 0


async def test_what_is_shown_is_in_words_and_says_what_is_to_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geooffer.audit.follower.WRITE_INTERVAL_S", 600.0)
    settings = settings_of(tmp_path, None)
    where = ("--state-dir", str(settings.state_dir))
    show = ["audit", "show", "--kind", "rights", *where]
    async with running_service(settings) as service:
        trail: Any = service.watched.parts.audit if service.watched.parts else None
        while trail._follower.position.lsn == 0:  # the first policy is told at once, all else after the interval
            await asyncio.sleep(0.05)
        await live(service)
        beside = CliRunner().invoke(geooffer_app(), ["audit", "show", *where])
        assert "entries more are in the journal; they follow within 600 s" in beside.stderr
    shown = CliRunner().invoke(geooffer_app(), show)
    assert "record RightsRequested" in shown.stdout
    assert "kind EXPORT, purposes" not in shown.stdout, "she named none"
    assert "kind EXPORT, reason she asked, received 2026-03-03T09:00:00" in shown.stdout
    assert "_ms" not in shown.stdout
    assert shown.stderr == ""
    nobody = CliRunner().invoke(geooffer_app(), ["audit", "show", "--person", "nobody", *where])
    assert (nobody.exit_code, nobody.stdout) == (0, "")
    assert "no entry: is the customer id right?" in nobody.stderr
    for command in ("verify", "show"):
        lost = CliRunner().invoke(geooffer_app(), ["audit", command, "--state-dir", str(tmp_path / "nowhere")])
        assert lost.exit_code == 2
        assert "nowhere: no such directory (--state-dir, GEOOFFER_STATE_DIR)" in str(lost.exception) + lost.stderr


async def test_tampering_beside_a_running_server_is_told_by_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    start = asyncio.create_subprocess_exec

    async def counted(*arguments: object, **further: object) -> object:
        started.append(arguments)
        return await start(*arguments, **further)  # type: ignore[arg-type]

    monkeypatch.setattr("geooffer.audit.follower.WRITE_INTERVAL_S", 0.05)
    settings = settings_of(tmp_path, None)
    async with running_service(settings) as service, client_of(service, "privacy_officer") as client:
        await live(service)
        logs = settings.state_dir / "audit"
        while not any(b"put Store" in path.read_bytes() for path in logs.glob("*.log")):
            await asyncio.sleep(0.05)  # the follower writes behind the calls
        (path,) = logs.glob("*.log")
        ask = client.control.privacy.VerifyAudit
        assert (await client.control.call(ask, pb.VerifyAuditRequest())).is_whole, "the control"
        monkeypatch.setattr("geooffer.audit.follower.WRITE_INTERVAL_S", 600.0)
        await asyncio.sleep(0.2)  # what is being written is written
        path.write_bytes(path.read_bytes().replace(b"put Store", b"put Shoes"))
        monkeypatch.setattr(asyncio, "create_subprocess_exec", counted)
        answers = await asyncio.gather(*(client.control.call(ask, pb.VerifyAuditRequest()) for _ in range(4)))
        assert len(started) == 1, "whoever asks meanwhile is told the same"
        assert {(answer.is_whole, "was changed at entry" in answer.fault) for answer in answers} == {(False, True)}


async def test_what_an_officer_was_refused_is_told(tmp_path: Path) -> None:
    """Attack list: an export without a reason, a loosening alone."""
    settings = settings_of(tmp_path, None)
    async with running_service(settings) as service:
        await live(service)
        async with client_of(service, "privacy_officer") as client:
            with pytest.raises(InvalidArgumentError, match="reason"):
                await client.control.call(
                    client.control.privacy.ExportSubject, pb.ExportSubjectRequest(customer_id=MARK)
                )
            in_force = await client.control.call(client.control.policies.GetPolicy, policy_pb.GetPolicyRequest())
            looser = re.sub("cooldown_ms = [0-9]+", "cooldown_ms = 0", in_force.policy.text)
            looser = looser.replace("first start: the defaults", "")
            with pytest.raises(InvalidArgumentError, match="reason"):
                await client.control.call(
                    client.control.policies.ProposePolicy, policy_pb.ProposePolicyRequest(text=looser)
                )
    told = asked("audit", "show", "--kind", "security", "--state-dir", str(settings.state_dir))[1]
    refused = [(item["method"], item["says"]) for item in told if item["role"] == "privacy_officer"]
    assert refused == [
        ("PrivacyService/ExportSubject", {"reason": "INVALID_ARGUMENT reason"}),
        ("PolicyService/ProposePolicy", {"reason": "INVALID_ARGUMENT reason"}),
    ]


async def test_nothing_is_read_of_persons_that_could_not_be_noted(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, None)
    async with running_service(settings) as service:
        await live(service)
        assert service.disk is not None
        async with client_of(service, "operator") as client:
            asking = client.control.signals.GetCustomer, signal_pb.GetCustomerRequest(customer_id=MARK)
            await client.control.call(*asking)
            service.disk.reserve_bytes = 1 << 60
            service.disk.check()
            with pytest.raises(DiskFullError):
                await client.control.call(*asking)
            store = store_pb.GetStoreRequest(store_id="store-marked")
            await client.control.call(client.control.stores.GetStore, store)  # the control: it tells of nobody
            await client.control.call(client.control.privacy.ListErasures, pb.ListErasuresRequest())
    told = asked("audit", "show", "--kind", "admin", "--state-dir", str(settings.state_dir))[1]
    assert [item.get("method") for item in told].count("SignalService/GetCustomer") == 1


async def test_a_log_that_was_lost_keeps_the_service_from_starting_until_that_is_accepted(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, None)
    async with running_service(settings) as service:
        await live(service)
        compactions = service.watched.parts.compactions if service.watched.parts else None
        assert compactions is not None
        await compactions.compact()
        assert service.engine.state.audit_seal[0] > 0
    shutil.rmtree(settings.state_dir / "audit")
    with pytest.raises(ConfigurationError, match="audit log is gone"):
        async with running_service(settings):
            pass
    assert (
        CliRunner()
        .invoke(geooffer_app(), ["audit", "renew", "--yes", "--state-dir", str(settings.state_dir)])
        .exit_code
        == 0
    )
    async with running_service(settings):
        pass
    code, told = asked("audit", "show", "--kind", "security", "--state-dir", str(settings.state_dir))
    assert code == 0
    assert [item["says"]["event"] for item in told if "event" in item["says"]] == ["begun anew"]  # type: ignore[index, operator]
    assert asked("audit", "verify", "--state-dir", str(settings.state_dir))[0] == 0
    async with running_service(settings):
        pass


async def test_no_file_tells_of_her_in_the_clear_and_only_the_key_opens_them(tmp_path: Path, key_file: Path) -> None:
    settings = settings_of(tmp_path, key_file)
    async with running_service(settings) as service:
        await live(service)
        compactions = service.watched.parts.compactions if service.watched.parts else None
        assert compactions is not None
        await compactions.compact()
        async with client_of(service, "operator") as client:
            await client.control.upsert_customers([Customer(f"{MARK}-2", (6,), "de", "Europe/Berlin")])
        assert files_with(settings.state_dir, MARK) == []
    target = tmp_path / "backup"
    back_up(settings.state_dir, target, now_ms=NOW_MS)  # needs no key
    assert files_with(target, MARK) == []
    keyring = load_keyring(key_file)
    assert verify_state(settings.state_dir, keyring=keyring).person_count == 2
    for wrong in (None, tmp_path / "other.keys"):
        if wrong is not None:
            write_keys(wrong, "22")
        with pytest.raises(JournalError, match="encrypted"):
            recover(settings.state_dir, keyring=load_keyring(wrong))


async def test_another_key_takes_over_with_the_next_snapshot(tmp_path: Path, key_file: Path) -> None:
    settings = settings_of(tmp_path, key_file)
    async with running_service(settings) as service:
        await live(service)
    write_keys(key_file, "22", "11")
    async with running_service(settings) as service:
        compactions = service.watched.parts.compactions if service.watched.parts else None
        assert compactions is not None
        await compactions.compact()
    write_keys(key_file, "22")
    keyring = load_keyring(key_file)
    assert keyring is not None
    found = verify_state(settings.state_dir, keyring=keyring)
    assert (found.person_count, found.key_id) == (1, keyring.key_id)


async def test_the_control_plain_files_tell_of_her(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, None)
    async with running_service(settings) as service:
        await live(service)
    assert files_with(settings.state_dir, MARK)


def test_a_key_that_lies_with_what_it_opens_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, tmp_path / "state" / "at-rest.keys")
    assert [fault.partition(":")[0] for fault in settings.faults()] == ["encryption_key_file", "audit_key_file"]
    outside = settings_of(tmp_path, tmp_path / "at-rest.keys")
    assert outside.faults() == []
    beside = outside.model_copy(update={"audit_key_file": None})
    assert [fault.partition(":")[0] for fault in beside.faults()] == ["audit_key_file"]
