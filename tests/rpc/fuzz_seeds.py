"""Write the seeds of native/fuzz: real messages, frames, claims and settings, from which its targets mutate.

`python tests/rpc/fuzz_seeds.py` writes native/fuzz/seeds anew; it is committed, since the numbers come from a seed.
"""

from __future__ import annotations

import json
from pathlib import Path

from wire_messages import messages

from geooffer.v1 import ping_service_pb2 as pb

FOLDER = Path(__file__).parents[2] / "native" / "fuzz" / "seeds"
SIZE_MAX_BYTES = 1_500


def _requests(who: int) -> list[bytes]:
    return [bytes((who,)) + data for data in messages(who, 90) if 0 < len(data) < SIZE_MAX_BYTES][:24]


def _frames() -> list[bytes]:
    parts = [data for data in messages(7, 60) if len(data) < 300][:30]
    framed = [b"\0" + len(data).to_bytes(4, "big") + data for data in parts]
    broken = [b"\1\0\0\0\1a", b"\0\0\1\0\1", b"\0\0\0"]
    return [b"\x07" + b"".join(framed[start : start + 5]) for start in range(0, 30, 5)] + [b"\x03" + b for b in broken]


def _tokens() -> list[bytes]:
    header = {"alg": "EdDSA", "typ": "JWT"}
    times = {"iss": "geooffer", "aud": "geooffer", "iat": 1_800_000_000, "exp": 1_800_000_600}
    claims = [
        {**times, "sub": "7", "role": "device"},
        {**times, "sub": "gw", "role": "gateway", "device_key_ranges": [["1", "1000"], [5, 6]], "nbf": 1_799_999_999},
        {**times, "sub": "op", "role": "operator", "aud": ["other", "geooffer"], "device_key_ranges": [[1, 2]]},
    ]
    heads = [header, {**header, "kid": "a"}, {"alg": "none"}, {**header, "crit": ["exp"]}]
    signed = [
        b"\1" + json.dumps(head).encode() + b"\0" + json.dumps(claim).encode() for head in heads for claim in claims
    ]
    return [*signed, b"\0eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI3In0.AAAA", b"\0a.b.c"]


def _settings() -> list[bytes]:
    plane = {"phone_address": "127.0.0.1:0", "worker_count": 2, "default_budget_ms": 50, "worker_cores": [0, 1]}
    key = {"kid": "", "algorithm": "EdDSA", "key": "01" * 32}
    token = {"issuer": "geooffer", "audience": "geooffer", "leeway_s": 30.0, "lifetime_max_s": 86400.0, "keys": [key]}
    return [json.dumps(value).encode() for value in (plane, token)]


def _answer_fields() -> list[bytes]:
    offer_try = pb.OfferTry(message_sequence=3, row=1, device_key=7, geofence_id="fence", verdict=22)  # type: ignore[arg-type]
    hint = pb.NextPing(message_sequence=3, row=1, distance_m=400, dwell_millis=[5, 6], leave_distance_m=0)
    one = pb.PingAnswer(tries=[offer_try]).SerializeToString()
    more = pb.PingAnswer(tries=[offer_try], next_pings=[hint], transitions=[pb.Transition(kind=1)])  # type: ignore[arg-type]
    return [bytes((len(one),)) + one + one, b"\0" + one, bytes((70,)) + more.SerializeToString()]


def write() -> None:
    """All seeds, each in a file of its target's folder."""
    seeds = {
        "stream_request": [*_requests(0), *_requests(1)],
        "ingest_request": [*_requests(2), *_requests(0)],
        "grpc_frames": _frames(),
        "token": _tokens(),
        "settings": _settings(),
        "answer_fields": _answer_fields(),
    }
    for target, contents in seeds.items():
        folder = FOLDER / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(contents):
            (folder / f"{number:02}").write_bytes(content)


if __name__ == "__main__":
    write()
