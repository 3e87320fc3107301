"""Canary: nothing of a person gets into a log, an error or a command's report, and of where she is, what she searched
and who she proved to be into no file at all (privacy M1).

What is driven: a real `geooffer serve`; every method of every service that the generated code knows (one that is not
called fails this test), health and reflection with them, each with a good marked request, with each of
its fields in turn unknown, not legal, too long or out of range, with too many rows, cut off, without a token, with
wrong tokens, with wrong roles; every reason an error may have, but those that take a fault; and real `geooffer import`,
`replay`, `try`, `privacy` and `policy` commands on files with bad rows and about nobody.

What is searched:
- stdout and stderr of the server, from its start to its end, with all it logs at level debug and every span it traces;
- what its metrics port says, of paths that there are and of a marked one;
- stdout and stderr of the commands;
- every file of the state directory (journal, snapshots, ledger, audit log, keys) and of a backup, for places of pings,
  in the forms of memory and messages, search words and tokens; the audit log also for who she is, in every form.
  That plain files hold customer ids until she is erased is told by tests/scenarios/test_erasure.py, that encrypted ones
  never do by tests/cli/test_audit_trail.py;
- the server's core file limit;
- of every failed call its code, details, debug text and all metadata (google.rpc.Status with its ErrorInfo and
  BadRequest), of every successful one its row problems and repair notes.

For what: marked customer ids, device keys (decimal, hexadecimal), tokens (claims and signatures), coordinates (degrees
cut after four digits, E7), search words (names of categories and products, ids within touchpoints), sizes, notice
versions, and the marks of all other fields. Ids of the catalog may be named and are not searched for.

What is not searched: what an answer says to the one who asked (GetCustomer's customer, an offer's reason, the events
that `replay --events` lists); options of commands that never reach our code (a latitude that is no number).
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from canary_bytes import NEVER, files_below, files_that_tell, found, marks_of
from canary_caller import END_S, Caller, Tokens, is_ping_method
from canary_calls import CUSTOMER_ID, METHODS, at, deleting_requests, good_requests
from canary_files import NAMED_FEATURE, Reach, commands
from canary_marks import DEVICE, FORBIDDEN, NOW_MS, PERSON, SIZE, TOKEN, groups_in, wrong_variants
from canary_policy_calls import refused_requests

from geooffer.journal.tail import JOURNAL_NAME
from geooffer.model.units import format_time_ms
from geooffer.rpc import roles
from geooffer.rpc.status import CODES
from geooffer.v1.consent_service_pb2 import WithdrawConsentRequest
from serving import serving

STATE_NAME = "canarycatalog-state"
"""Named by the server on stderr: proves that the search reaches what a server writes."""

# all commands in one process, one after another; a process each would cost a second each
RUN_ALL = """
import json, sys
from typer.main import get_command
from geooffer.cli.main import build_app
geooffer = get_command(build_app())
codes = []
for arguments in json.load(open(sys.argv[1])):
    try:
        geooffer(arguments, prog_name="geooffer")
        codes.append(0)
    except SystemExit as end:
        codes.append(end.code)
json.dump(codes, open(sys.argv[2], "w"))
"""

OF_FAULTS = {"INTERNAL", "CONFIGURATION", "JOURNAL", "DISK_FULL", "OVERLOADED", "DRAINING"}
"""Reasons that take a fault, a full disk or an end: tests/faults, tests/rpc/test_faults.py, tests/cli/test_drain.py."""

TIMESTAMP = re.compile(r'"(timestamp|start_time|end_time)": "[^"]*"')
"""Of log lines and spans: seconds such as 47.391856 look like a latitude."""


def read_pages(address: str) -> str:
    """Everything the metrics port says, to good requests and to marked ones."""
    host, _, port = address.rpartition(":")
    told = []
    for path in ("/livez", "/readyz", "/metrics", f"/{PERSON}", f"/metrics?name={PERSON}"):
        connection = http.client.HTTPConnection(host, int(port), timeout=END_S)
        connection.request("GET", path, headers={"Accept": TOKEN, "X-Customer": PERSON})
        answer = connection.getresponse()
        told += [str(answer.getheaders()), answer.read().decode()]
        connection.close()
    return "\n".join(told)


async def drive_well(caller: Caller, tokens: Tokens) -> None:
    """Every method with its good requests; deleting ones too, so twice."""
    good, deleting = good_requests(), deleting_requests()
    assert {method for method, _ in good + deleting} == set(METHODS)
    for method, request in good + deleting + good:
        data = caller.named(request).SerializeToString()
        assert await caller.call(method, data, tokens.good(method)) == "OK", method


async def drive_badly(caller: Caller, tokens: Tokens) -> None:
    """Every method with everything that is wrong."""
    good, deleting = good_requests(), deleting_requests()
    for method, request in good + deleting:
        data = request.SerializeToString()
        own = tokens.gateway if roles.GATEWAY in roles.METHODS[method] else tokens.good(method)
        wrong = [variant.SerializeToString() for variant in wrong_variants(request)]
        wrong += [data[:-1], data + b"\xff", b"\x0a\xff\x01" + data, data + b"\x0a\x02\xc3\x28"]
        await asyncio.gather(*(caller.call(method, each, own) for each in wrong))
        by_others = [caller.call(method, data, token) for token in tokens.wrong(method)]
        assert ("OK" in await asyncio.gather(*by_others)) == (method == roles.HEALTH_CHECK), method
    # what takes a state of its own: a store in use, a signal without consent
    store_in_use, signal_of_hers = deleting[-1], next(item for item in good if "RecordTouchpoints" in item[0])
    withdraw = next(method for method, _ in good if "WithdrawConsent" in method)
    # later than any grant above
    withdrawal = WithdrawConsentRequest(customer_id=CUSTOMER_ID, purposes=[3, 4], event_time=at(20_000))
    assert await caller.call(withdraw, withdrawal.SerializeToString(), tokens.operator) == "OK"
    for method, request in (store_in_use, signal_of_hers):
        assert await caller.call(method, request.SerializeToString(), tokens.operator) == "FAILED_PRECONDITION", method
    for reason, method, request in refused_requests():
        await caller.call(method, request.SerializeToString(), tokens.good(method))
        assert not reason or reason == "QUOTA_EXCEEDED" or reason in caller.reasons, reason
    # more than the transport takes, which then takes its time: once a port
    for method, request in (good[0], good[-1]):
        assert await caller.call(method, request.SerializeToString(), TOKEN * 1_000) == "RESOURCE_EXHAUSTED"


def run_commands(folder: Path, reach: Reach) -> tuple[list[int], str]:
    """Run all commands; (exit code of each, everything they wrote)."""
    runs = commands(folder, reach)
    asked, ended = folder / "commands.json", folder / "codes.json"
    asked.write_text(json.dumps(runs))
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL, str(asked), str(ended)], capture_output=True, text=True, timeout=END_S
    )
    assert done.returncode == 0, done.stderr
    codes = json.loads(ended.read_text())
    assert len(codes) == len(runs)
    return codes, done.stdout + done.stderr


def run_command(*arguments: str) -> str:
    """All that one more command wrote; it went well."""
    command = [sys.executable, "-m", "geooffer.cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=END_S)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def check_files(folder: Path, state_dir: Path, backup: Path, tokens: Tokens) -> None:
    """No file that the server or a backup of it left holds where she was, what she searched, or a token; and the audit
    log tells nobody who she is.
    """
    planted, seen = folder / "planted", set()
    for method, request in good_requests():
        planted.write_bytes(request.SerializeToString() + tokens.device.encode())
        kinds = files_that_tell([planted], tokens.issued).keys()
        assert "place" in kinds or not is_ping_method(method), "the search finds it in all forms of a message"
        seen |= kinds
    assert seen == {"place", "search word", "token"}, "the search finds what there is"
    files = files_below(state_dir, backup)
    assert {JOURNAL_NAME, "audit.head", "backup.json"} <= {path.name for path in files}
    assert files_that_tell(files, tokens.issued) == {}
    audit = [path for path in files if path.is_relative_to(state_dir / "audit")]
    assert any(path.stat().st_size > 10_000 for path in audit), "the calls above were noted"
    hers = NEVER | marks_of(state_dir) | {"size": (SIZE.encode(),)}
    del hers["notice version"]  # a notice that was registered is named like all that is put into the catalog
    assert found(hers, audit) == {}


@pytest.mark.usefixtures("clean_environment")
@pytest.mark.timeout(3 * END_S)
async def test_no_mark_is_told_to_anyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state_dir, folder = tmp_path / STATE_NAME, tmp_path / "files"
    folder.mkdir()
    tokens = Tokens(state_dir)
    command = [sys.executable, "-m", "geooffer.cli.main"]
    options = ("--clock", "client", "--clock-start", format_time_ms(NOW_MS), "--state-dir", str(state_dir))
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    with serving(command, "--json", "--log-level", "debug", *options) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        # read on all the while: a server that wrote much must not wait for us
        written = asyncio.create_task(asyncio.to_thread(process.communicate))
        where = json.loads(ready)
        data, control = where["data_address"], where["control_address"]
        try:
            async with grpc.aio.insecure_channel(data) as data_port, grpc.aio.insecure_channel(control) as control_port:
                caller = Caller(data_port, control_port)
                await drive_well(caller, tokens)
                reach = Reach(data, control, tokens.operator, tokens.device)
                ended, reports = await asyncio.to_thread(run_commands, folder, reach)
                await drive_badly(caller, tokens)
                pages = await asyncio.to_thread(read_pages, where["metrics_address"])
                backup = ["backup", str(tmp_path / "backup"), "--state-dir", str(state_dir), "--json"]
                reports += await asyncio.to_thread(run_command, *backup)
                limits_of_server = Path(f"/proc/{process.pid}/limits").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = await written
    assert process.returncode == 0
    check_files(folder, state_dir, tmp_path / "backup", tokens)
    (core,) = [line for line in limits_of_server.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] in (["1", "1"], ["0", "0"]), "no dump, neither as a file nor into a program"

    forbidden = tokens.forbidden()
    told = "\n".join(dict.fromkeys(caller.told))
    for source, text in (("server", ready + out + err), ("metrics", pages), ("commands", reports), ("errors", told)):
        lines = [TIMESTAMP.sub("", line) for line in text.splitlines()]
        found = [(groups_in(line, forbidden), line) for line in lines]
        assert [(groups, line) for groups, line in found if groups] == [], source

    # the controls: what may be named is found where it is named, and every mark where it was asked for
    assert STATE_NAME in err
    logged = [json.loads(line) for line in err.splitlines()]
    assert {line["method"] for line in logged if line.get("event") == "call"} >= {
        method for method in METHODS if not is_ping_method(method)
    }
    (plane,) = {line["plane"] for line in logged if line.get("event") == "serving"}
    # a native worker's batch has no span
    spans = {"journal.commit"} if plane == "native" else {"engine.batch", "journal.commit"}
    assert {line["name"] for line in logged if "context" in line} >= spans
    assert 'geooffer_pings_total{verdict="ACCEPTED"}' in pages
    assert NAMED_FEATURE in reports
    assert "customers[0].device_keys" in told
    answered = groups_in("\n".join(caller.answers), forbidden)
    assert {
        "customer id", "device key", "coordinate in E7", "search word", "size", "notice version", "other value"
    } == set(answered)  # fmt: skip
    # and the errors were made: of every method, and of every kind
    failed = {method for method, code in caller.codes if code != "OK"}
    assert failed == set(METHODS)
    codes = {code for _, code in caller.codes}
    assert codes >= {
        "OK", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "UNAUTHENTICATED",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    }  # fmt: skip
    assert caller.reasons == {kind.reason for kind in CODES} - OF_FAULTS
    assert set(ended) == {0, 1, 2}
    assert "Traceback" not in err + reports


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("no customer CanaryPerson-7", ["customer id"]),
        (f"device {DEVICE:,} is unknown", ["device key"]),
        ("outside: 47.391826, 8.5", ["coordinate in degrees"]),
        ("latitude_e7=473918264", ["coordinate in E7"]),
        ("store canarycatalog-shop", []),
    ],
)
def test_the_search_finds_a_planted_mark(text: str, groups: list[str]) -> None:
    assert groups_in(text, FORBIDDEN) == groups
