"""Canary: nothing of a person gets into a log, an error or a command's report (privacy M1, as far as step 1 has rooms).

What is driven: a real `geooffer serve`; every method of every service, each with a good marked request, with each of
its fields in turn unknown, not legal, too long or out of range, with too many rows, cut off, without a token, with
wrong tokens, with wrong roles; and real `geooffer import`, `replay` and `try` commands on files with bad rows.

What is searched:
- stdout and stderr of the server, from its start to its end, with all it logs at level debug and every span it traces;
- what its metrics port says, of paths that there are and of a marked one;
- stdout and stderr of the commands;
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
import base64
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from canary_calls import CUSTOMER_ID, METHODS, NOW_MS, at, deleting_requests, good_requests, response_of
from canary_files import NAMED_FEATURE, Reach, commands
from canary_marks import DEVICE, FORBIDDEN, PERSON, TOKEN, groups_in, segments_of, wrong_variants

from geooffer.model.units import format_time_ms
from geooffer.rpc import roles
from geooffer.rpc.auth import AUTHORIZATION_KEY, issue_token
from geooffer.rpc.call_watch import TRACE_PARENT_KEY
from geooffer.rpc.keys import development_keys
from geooffer.v1.consent_service_pb2 import (
    GetConsentHistoryResponse,
    GetConsentReceiptRequest,
    WithdrawConsentRequest,
)
from geooffer.v1.decision_service_pb2 import DecideResponse
from geooffer.v1.diagnostics_service_pb2 import GetDecisionRequest
from geooffer.v1.privacy_service_pb2 import EraseSubjectResponse, GetErasureRequest
from geooffer.v1.rights_pb2 import ExtendRequestRequest, RecordRequestResponse, RefuseRequestRequest
from serving import serving

END_S = 60
STATE_NAME = "canarycatalog-state"
"""Named by the server on stderr: proves that the search reaches what a server writes."""

# all commands in one process, one after another; a process each would cost a second each
RUN_ALL = """
import json, sys
from geooffer.cli.main import build_app
app = build_app()
codes = []
for arguments in json.load(open(sys.argv[1])):
    try:
        app(arguments, prog_name="geooffer")
        codes.append(0)
    except SystemExit as end:
        codes.append(end.code)
json.dump(codes, open(sys.argv[2], "w"))
"""

TIMESTAMP = re.compile(r'"(timestamp|start_time|end_time)": "[^"]*"')
"""Of log lines and spans: seconds such as 47.391856 look like a latitude."""


def is_data_method(method: str) -> bool:
    """Whether the data port serves it."""
    return "PingService" in method or "OfferService" in method


def is_ping_method(method: str) -> bool:
    """Whether it is counted by batches, not by calls."""
    return method.startswith("/geooffer.v1.PingService/")


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


class Caller:
    """Calls methods by bytes and keeps everything that is said about failures."""

    def __init__(self, data: grpc.aio.Channel, control: grpc.aio.Channel) -> None:
        self._channels = {True: data, False: control}
        self.told: list[str] = []
        """What must not name anything."""
        self.answers: list[str] = []
        """What may: answers to those who asked."""
        self.codes: Counter[tuple[str, str]] = Counter()
        """(method, code) → calls."""
        self.decision_id = ""
        """Of the last offer that was decided."""
        self.erasure_id = ""
        """Of the last erasure."""
        self.rights_request_id = ""
        """Of the last request that was taken down."""
        self.event_id = ""
        """Of a consent event."""

    def named(self, request: Any) -> Any:
        """The request with the ids that only the server could give."""
        for kind, name, value in (
            (GetDecisionRequest, "decision_id", self.decision_id),
            (GetErasureRequest, "erasure_id", self.erasure_id),
            (ExtendRequestRequest, "rights_request_id", self.rights_request_id),
            (RefuseRequestRequest, "rights_request_id", self.rights_request_id),
            (GetConsentReceiptRequest, "event_id", self.event_id),
        ):
            if isinstance(request, kind):
                setattr(request, name, value)
        return request

    async def call(self, method: str, data: bytes, token: str | None) -> str:
        """The name of the code it ended with."""
        channel = self._channels[is_data_method(method)]
        metadata: tuple[tuple[str, str], ...] = ((TRACE_PARENT_KEY, f"00-{PERSON}-01"),)
        if token is not None:
            metadata += ((AUTHORIZATION_KEY, f"Bearer {token}"),)
        try:
            if METHODS[method].client_streaming:
                call = channel.stream_stream(method)(iter([data]), metadata=metadata, timeout=END_S)
                responses = [response async for response in call]
            else:
                responses = [await channel.unary_unary(method)(data, metadata=metadata, timeout=END_S)]
        except grpc.aio.AioRpcError as failure:
            self._keep_failure(failure)
            code = failure.code().name
        else:
            for response in responses:
                self._keep_answer(response_of(method, response))
            code = "OK"
        self.codes[method, code] += 1
        return code

    def _keep_failure(self, failure: grpc.aio.AioRpcError) -> None:
        self.told += [failure.code().name, failure.details() or "", failure.debug_error_string() or ""]
        for key, value in (*(failure.initial_metadata() or ()), *(failure.trailing_metadata() or ())):
            # texts stand in a serialized Status as they are
            self.told += [key, value if isinstance(value, str) else value.decode("latin-1")]

    def _keep_answer(self, answer: Any) -> None:
        self.answers.append(str(answer))
        if isinstance(answer, DecideResponse):
            self.decision_id = answer.offer.decision_id
        if isinstance(answer, EraseSubjectResponse):
            self.erasure_id = answer.erasure.erasure_id
        if isinstance(answer, RecordRequestResponse):
            self.rights_request_id = answer.request.rights_request_id
        if isinstance(answer, GetConsentHistoryResponse):
            self.event_id = answer.events[0].event_id
        self.told += [str(problem) for problem in getattr(answer, "problems", ())]
        self.told += [repair.note for repair in getattr(answer, "repairs", ())]
        self.told.append(getattr(answer, "repair_note", ""))


class Tokens:
    """Tokens of all roles, and the search forms of everything that was issued."""

    def __init__(self, state_dir: Path) -> None:
        self._key = development_keys(state_dir).private_key
        self.issued: list[str] = []
        self.operator = self.issue("operator", f"{PERSON}-operator")
        self.gateway = self.issue("gateway", f"{PERSON}-gateway", device_key_ranges=[(DEVICE, DEVICE)])
        self.device = self.issue("device", str(DEVICE))
        others = {role: self.issue(role, f"{PERSON}-{role}") for role in (roles.MARKETING, roles.PRIVACY_OFFICER)}
        self.of_role = {roles.DEVICE: self.device, roles.GATEWAY: self.gateway, **others}

    def issue(self, role: str, subject: str, *, age_s: float = 0, **more: Any) -> str:
        token = issue_token(self._key, role=role, subject=subject, now_s=time.time() - age_s, lifetime_s=600, **more)
        self.issued.append(token)
        return token

    def wrong(self, method: str) -> Iterator[str | None]:
        """None at all; garbage; an expired one; a changed signature; changed claims; and those of all
        roles that may not call the method.
        """
        yield None
        yield f"{TOKEN}.{TOKEN}.{TOKEN}"
        yield self.issue("operator", f"{PERSON}-late", age_s=10_000)
        head, claims, signature = self.operator.split(".")
        yield f"{head}.{claims}.{signature[::-1]}"
        forged = base64.urlsafe_b64encode(json.dumps({"sub": TOKEN, "role": TOKEN}).encode()).decode()
        yield f"{head}.{forged}.{signature}"
        yield from (token for role, token in self.of_role.items() if role not in roles.METHODS[method])

    def forbidden(self) -> dict[str, tuple[str, ...]]:
        """FORBIDDEN with all tokens that were issued."""
        used = tuple(segment for token in self.issued for segment in segments_of(token))
        return FORBIDDEN | {"token": FORBIDDEN["token"] + used + tuple(segment[::-1] for segment in used)}


async def drive_well(caller: Caller, tokens: Tokens) -> None:
    """Every method with its good requests; deleting ones too, so twice."""
    good, deleting = good_requests(), deleting_requests()
    assert {method for method, _ in good + deleting} == set(METHODS)
    for method, request in good + deleting + good:
        token = tokens.device if roles.OPERATOR not in roles.METHODS[method] else tokens.operator
        assert await caller.call(method, caller.named(request).SerializeToString(), token) == "OK", method


async def drive_badly(caller: Caller, tokens: Tokens) -> None:
    """Every method with everything that is wrong."""
    good, deleting = good_requests(), deleting_requests()
    for method, request in good + deleting:
        data = request.SerializeToString()
        own = tokens.gateway if is_data_method(method) else tokens.operator
        own = own if roles.OPERATOR in roles.METHODS[method] else tokens.device
        wrong = [variant.SerializeToString() for variant in wrong_variants(request)]
        wrong += [data[:-1], data + b"\xff", b"\x0a\xff\x01" + data, data + b"\x0a\x02\xc3\x28"]
        await asyncio.gather(*(caller.call(method, each, own) for each in wrong))
        by_others = [caller.call(method, data, token) for token in tokens.wrong(method)]
        assert "OK" not in await asyncio.gather(*by_others), method
    # what takes a state of its own: a store in use, a signal without consent
    store_in_use, signal_of_hers = deleting[-1], next(item for item in good if "RecordTouchpoints" in item[0])
    withdraw = next(method for method, _ in good if "WithdrawConsent" in method)
    # later than any grant above
    withdrawal = WithdrawConsentRequest(customer_id=CUSTOMER_ID, purposes=[3, 4], event_time=at(20_000))
    assert await caller.call(withdraw, withdrawal.SerializeToString(), tokens.operator) == "OK"
    for method, request in (store_in_use, signal_of_hers):
        assert await caller.call(method, request.SerializeToString(), tokens.operator) == "FAILED_PRECONDITION", method
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


@pytest.mark.usefixtures("clean_environment")
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
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = await written
    assert process.returncode == 0

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
    assert {line["name"] for line in logged if "context" in line} >= {"engine.batch", "journal.commit"}
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
