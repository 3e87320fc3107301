"""`geooffer privacy consents|was-allowed|receipt|receipt-verify`, `import notices|consents`, against a real server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from feeds import Feeds
from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.rpc.receipts import KEY_NAME, PUBLIC_KEY_NAME

Invoke = Callable[..., Result]

TEXT = hashlib.sha256(b"We use where you are to offer what you looked for.").hexdigest()
CUSTOMERS = ("customer_id,device_keys", "c-1,4711")
NOTICES = (
    "notice_version,effective_time,purposes,controller,withdrawal_method,sha256_en,recipients,validity_days",
    f"2026-01,2026-01-01T00:00:00Z,PUSH_MARKETING|PERSONALISED_OFFERS,Shop AG,in the app,{TEXT},Post,10",
)
CONSENTS = (
    "customer_id,purposes,granted,event_time,notice_version,language,method",
    "c-1,PUSH_MARKETING|PERSONALISED_OFFERS,true,2026-02-01T10:00:00Z,2026-01,en,WEB",
    "c-1,PUSH_MARKETING,false,2026-02-03T10:00:00Z,,,",
    "c-1,SEARCH_INTENT_USE,true,2026-02-01T10:00:00Z,2026-01,en,WEB",
    "c-1,PUSH_MARKETING,true,2026-02-04T10:00:00Z,2026-01,xx,WEB",
)
START = "2026-02-05T03:00:00Z"


async def privacy(feeds: Feeds, invoke: Invoke, *arguments: str | Path, code: int = 0) -> Result:
    result = await asyncio.to_thread(invoke, "privacy", *arguments, *feeds.access)
    assert result.exit_code == code, result.output
    return result


async def test_what_she_said_is_imported_told_and_proven(invoke: Invoke, tmp_path: Path) -> None:
    state = tmp_path / "state"
    settings = loopback_settings(state_dir=state, clock_start=START, journal="sqlite")
    async with running_service(settings) as service:
        feeds = Feeds(service, invoke, tmp_path)
        await feeds.load("customers", CUSTOMERS)
        assert (await privacy(feeds, invoke, "consents", "c-1")).stdout == "she said nothing yet\n"
        await feeds.load("notices", NOTICES)
        refused = await feeds.run("consents", feeds.written("consents", CONSENTS))
        assert refused.exit_code == 1
        assert "the notice does not tell of one of these purposes" in refused.output
        assert "the notice is not registered in this language" in refused.output

        told = json.loads((await privacy(feeds, invoke, "consents", "c-1", "--json")).stdout)
        first, second = told["consents"]
        assert (first["granted"], second["granted"]) == (True, False)
        assert (first["method"], first["language"], first["notice_sha256"]) == ("WEB", "en", TEXT)
        assert first["valid_until"] == "2026-02-11T10:00:00Z"
        assert first["is_latest_of"] == ["PERSONALISED_OFFERS"]
        lines = (await privacy(feeds, invoke, "consents", "c-1")).stdout.splitlines()
        assert "gave     PERSONALISED_OFFERS* PUSH_MARKETING until 2026-02-11T10:00:00Z" in lines[0]

        moments = {"2026-01-31T10:00:00Z": 1, "2026-02-02T10:00:00Z": 0, "2026-02-03T10:00:00Z": 1}
        for moment, code in moments.items():
            asked = await privacy(feeds, invoke, "was-allowed", "c-1", "push-marketing", moment, code=code)
            assert asked.stdout.startswith("no" if code else "yes")
        assert (
            "but not by what was known then"
            in (await privacy(feeds, invoke, "was-allowed", "c-1", "PUSH_MARKETING", "2026-02-02T10:00:00Z")).stdout
        )
        await privacy(feeds, invoke, "was-allowed", "c-1", "EVERYTHING", START, code=2)
        await privacy(feeds, invoke, "consents", "c-2", code=2)

        receipt = tmp_path / "receipt.json"
        await privacy(feeds, invoke, "receipt", "c-1", first["event_id"], "--out", receipt)
        await privacy(feeds, invoke, "receipt", "c-1", first["event_id"], "--out", receipt, code=2)
        await privacy(feeds, invoke, "receipt", "c-1", "00" * 16, code=2)
    assert receipt.stat().st_mode & 0o777 == (state / KEY_NAME).stat().st_mode & 0o777 == 0o600
    check_receipt(invoke, state, receipt)


def check_receipt(invoke: Invoke, state: Path, receipt: Path) -> None:
    """Genuine without a server; not once anything in it, or the key, is another."""
    told = json.loads(invoke("privacy", "receipt-verify", receipt, "--state-dir", state, "--json").stdout)
    said = told["receipt"]
    assert told["genuine"]
    assert (said["customer_id"], said["controller"], said["recipients"]) == ("c-1", "Shop AG", ["Post"])
    assert (said["withdrawal_method"], said["notice_version"], said["notice_sha256"]) == ("in the app", "2026-01", TEXT)
    by_key = ("--public-key", state / PUBLIC_KEY_NAME)
    assert "genuine, issued 2026-02-05" in invoke("privacy", "receipt-verify", receipt, *by_key).stdout
    document = json.loads(receipt.read_text())
    for forged in forgeries(document):
        receipt.write_text(forged if isinstance(forged, str) else json.dumps(forged))
        refused = invoke("privacy", "receipt-verify", receipt, *by_key)
        assert refused.exit_code == 1, forged
        assert refused.stdout.startswith("NOT GENUINE")
    receipt.write_text(json.dumps(document))
    nowhere = invoke("privacy", "receipt-verify", receipt, "--state-dir", receipt.parent)
    assert nowhere.exit_code == 2


def forgeries(document: dict[str, Any]) -> list[Any]:
    """Everything that may be changed, changed."""
    signature = document["signature"]
    raw = bytearray(base64.b64decode(signature["value"]))
    raw[5] ^= 1
    changed = [document | {"receipt": document["receipt"] | {name: "other"}} for name in document["receipt"]]
    return [
        *changed,
        document | {"receipt": document["receipt"] | {"more": 1}},
        document | {"signature": signature | {"value": base64.b64encode(raw).decode()}},
        document | {"signature": signature | {"value": ""}},
        document | {"signature": signature | {"algorithm": "none"}},
        document | {"more": 1},
        {},
        [],
        "no JSON",
        json.dumps(document).replace('"granted": true', '"granted": false, "granted": true'),
    ]


async def test_a_receipt_key_that_others_can_read_keeps_the_service_from_starting(tmp_path: Path) -> None:
    from geooffer.errors import ConfigurationError
    from geooffer.rpc.receipts import signer_of

    signer_of(tmp_path)
    (tmp_path / KEY_NAME).chmod(0o640)
    with pytest.raises(ConfigurationError, match="mode 0600"):
        async with running_service(loopback_settings(state_dir=tmp_path, journal="sqlite")):
            pass
