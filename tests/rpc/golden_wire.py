"""Write native/plane/tests/golden_wire.json: what Python makes of some messages, lives of streams and refusals,
for `cargo test`, which has no Python. `python tests/rpc/golden_wire.py` writes it anew.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from answer_lives import life, python_answers
from wire_messages import SENDERS, Chance, messages

from geooffer import errors
from geooffer.errors import GeoofferError
from geooffer.rpc import codec, status

PATH = Path(__file__).parents[2] / "native" / "plane" / "tests" / "golden_wire.json"
MESSAGE_SIZE_MAX_BYTES = 300
SCRIPT_SIZE_MAX_BYTES = 1_500
REFUSALS: tuple[GeoofferError, ...] = (
    errors.InvalidArgumentError("must be empty or as long as latitudes_e7", field="batch.device_keys"),
    errors.PermissionDeniedError("the token is of another device", field="ping.device_key"),
    errors.UnauthenticatedError("a valid token is required"),
    errors.QuotaExceededError("slower", retry_after_ms=1_250),
    errors.LimitExceededError("a device has at most 4 streams"),
    errors.OverloadedError("too many open streams; retry"),
    errors.DrainingError("the service is shutting down"),
    errors.ConfigurationError("grün, 100 %" + "x" * 200),
)


def golden() -> dict[str, Any]:
    """All of the file."""
    return {
        "messages": [_message(number, data) for number, data in enumerate(_short(messages(3, 1_200)))],
        "answers": [
            {"script": json.dumps(script, ensure_ascii=False), "bytes": python_answers(script).hex()}
            for script in map(life, map(Chance, range(100)))
            if len(json.dumps(script)) < SCRIPT_SIZE_MAX_BYTES
        ],
        "refusals": [_refusal(error) for error in REFUSALS],
    }


def _short(made: Any) -> list[bytes]:
    return [data for data in made if len(data) <= MESSAGE_SIZE_MAX_BYTES][:400]


def _message(number: int, data: bytes) -> dict[str, Any]:
    sender = SENDERS[number % len(SENDERS)]
    told: dict[str, Any] = {"data": data.hex(), "own_key": sender.own_key, "key_ranges": sender.key_ranges}
    try:
        message = codec.decode_stream_request(data, sender, 9)
    except GeoofferError as error:
        refusal = [status.code_of(error).value[0], error.reason, error.field, error.message]
        return {**told, "refusal": refusal}
    rows = [message.rows.hex(), message.fix_ages_ms.hex(), message.budget_ms, message.wants_next_ping]
    return {**told, "rows": rows}


def _refusal(error: GeoofferError) -> list[Any]:
    made = status.status_of(error)
    delay_ms = error.retry_after_ms if isinstance(error, errors.QuotaExceededError) else 0
    details = base64.b64encode(made.SerializeToString()).decode().rstrip("=")
    return [made.code, error.reason, error.field, error.message, delay_ms, details]


def text() -> str:
    """The file's text: one entry a line, so that a change shows."""
    parts = []
    for name, entries in golden().items():
        lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        parts.append(f'"{name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
