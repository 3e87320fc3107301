"""What grpcurl, ghz and grpc-health-probe are asked to do, and what has to come of it.

A check says what it saw where that is not what has to be; None where all is well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from outside import run
from served import Served

INGEST, STREAM = "geooffer.v1.PingService/IngestPings", "geooffer.v1.PingService/StreamPings"
PROTO = ("-import-path", ".", "-proto", "geooffer/v1/ping_service.proto", "-proto", "geooffer/v1/offer_service.proto")
PING = {"ping": {"device_key": "7", "latitude_e7": 470_000_000, "longitude_e7": 85_000_000}}
OUTSIDE_OF_EARTH = {"ping": {"device_key": "7", "latitude_e7": 999_000_000}}
CALL_COUNT, STREAM_COUNT = 2_000, 200
Check = Callable[[Served], "str | None"]


def checks(served: Served) -> Iterator[tuple[str, Check]]:
    """Each with its name. Over TLS those that do without reflection and load."""
    yield from HEALTH
    yield from CURL
    yield from GHZ
    if served.root is None:
        yield "grpcurl lists services by reflection (control port)", _lists_services


def _probe(served: Served, *arguments: str) -> tuple[int, str]:
    tls = ("-tls", "-tls-ca-cert", str(served.root)) if served.root else ()
    done = run("grpc-health-probe", "-addr", served.data_address, *tls, *arguments)
    return done.returncode, done.stderr


def _is_serving(served: Served) -> str | None:
    for service in ("", "geooffer.v1.PingService", "geooffer.v1.OfferService"):
        code, text = _probe(served, "-service", service)
        if code or "SERVING" not in text:
            return f"{service!r}: {code} {text}"
    return None


def _is_unknown(served: Served) -> str | None:
    code, text = _probe(served, "-service", "no.such.Service")
    return None if code == 3 and "NotFound" in text else f"{code} {text}"


def _curl(served: Served, method: str, *messages: Any, token: str | None = None) -> tuple[int, list[Any], str]:
    tls = ("-cacert", str(served.root)) if served.root else ("-plaintext",)
    bearer = ("-H", f"authorization: Bearer {token or served.token}") if token != "" else ()
    data = "\n".join(json.dumps(message) for message in messages)
    done = run("grpcurl", *tls, *PROTO, "-format-error", *bearer, "-d", data, served.data_address, method)
    return done.returncode, list(_documents(done.stdout)), done.stderr


def _documents(text: str) -> Iterator[Any]:
    """JSON documents in a row."""
    decoder, text = json.JSONDecoder(), text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:].strip()


def _ingests(served: Served) -> str | None:
    code, answers, text = _curl(served, INGEST, PING)
    expected = {
        "acknowledgedMessageSequence": "1",
        "rejectedRows": [{"messageSequence": "1", "verdict": "PING_VERDICT_NO_CONSENT"}],
        "locationWanted": True,
    }
    return None if (code, answers) == (0, [{"answer": expected}]) else f"{code} {answers} {text}"


def _streams(served: Served) -> str | None:
    code, answers, text = _curl(served, STREAM, PING, OUTSIDE_OF_EARTH, PING)
    told = [row.get("verdict") for answer in answers for row in answer["answer"].get("rejectedRows", ())]
    expected = ["PING_VERDICT_NO_CONSENT", "PING_VERDICT_MALFORMED", "PING_VERDICT_NO_CONSENT"]
    last = answers[-1]["answer"]["acknowledgedMessageSequence"] if answers else "none"
    return None if (code, told, last) == (0, expected, "3") else f"{code} {answers} {text}"


def _half_closes(served: Served) -> str | None:
    """No message at all: an empty stream ends well."""
    code, answers, text = _curl(served, STREAM)
    return None if (code, answers) == (0, []) else f"{code} {answers} {text}"


def _refused(method: str, message: Any, token: str | None, code: int, reason: str) -> Check:
    def check(served: Served) -> str | None:
        exit_code, _, text = _curl(served, method, message, token=token)
        try:
            status = json.loads(text)
        except ValueError:
            return f"{exit_code} {text}"
        found = [detail.get("reason") for detail in status.get("details", ()) if "reason" in detail]
        # grpcurl ends with 64 + the code
        return None if (exit_code, status["code"], found) == (64 + code, code, [reason]) else f"{exit_code} {text}"

    return check


def _lists_services(served: Served) -> str | None:
    bearer = ("-H", f"authorization: Bearer {served.token}")
    done = run("grpcurl", "-plaintext", *bearer, served.control_address, "list")
    return None if "geooffer.v1.StoreService" in done.stdout.split() else f"{done.returncode} {done.stderr}"


def _ghz(served: Served, method: str, count: int, data: Any) -> str | None:
    tls = ("--cacert", str(served.root)) if served.root else ("--insecure",)
    done = run(
        "ghz", *tls, "-i", ".", "--proto", "geooffer/v1/ping_service.proto", "--call", method.replace("/", "."),
        "-m", json.dumps({"authorization": f"Bearer {served.token}"}), "-d", json.dumps(data),
        "-n", str(count), "-c", "20", "--connections", "4", "-O", "json", served.data_address,
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return f"{done.returncode} {done.stderr or done.stdout[:300]}"
    statuses = report["statusCodeDistribution"]
    return None if statuses == {"OK": count} else f"{statuses} {report.get('errorDistribution')}"


HEALTH: tuple[tuple[str, Check], ...] = (
    ("grpc-health-probe: SERVING, by each name of the port", _is_serving),
    ("grpc-health-probe: NOT_FOUND for a service that is not there", _is_unknown),
)
CURL: tuple[tuple[str, Check], ...] = (
    ("grpcurl IngestPings", _ingests),
    ("grpcurl StreamPings, three messages", _streams),
    ("grpcurl StreamPings, none", _half_closes),
    ("grpcurl without a token: UNAUTHENTICATED", _refused(INGEST, PING, "", 16, "UNAUTHENTICATED")),
    ("grpcurl stream with a bad token: UNAUTHENTICATED", _refused(STREAM, PING, "x.y.z", 16, "UNAUTHENTICATED")),
    ("grpcurl empty message: INVALID_ARGUMENT with BadRequest", _refused(INGEST, {}, None, 3, "INVALID_ARGUMENT")),
    ("grpcurl empty stream message: INVALID_ARGUMENT", _refused(STREAM, {}, None, 3, "INVALID_ARGUMENT")),
    (
        "grpcurl OfferService at the same address",
        _refused("geooffer.v1.OfferService/FindNearbyStock", {"product_id": "x", "place": {}}, None, 5, "NOT_FOUND"),
    ),
)
GHZ: tuple[tuple[str, Check], ...] = (
    (f"ghz {CALL_COUNT} calls of IngestPings, 20 at once", lambda served: _ghz(served, INGEST, CALL_COUNT, PING)),
    (
        f"ghz {STREAM_COUNT} streams of 5 messages, 20 at once",
        lambda served: _ghz(served, STREAM, STREAM_COUNT, [PING] * 5),
    ),
)
