"""Records of consent as they are written since there are any. Lines are added, never changed."""

from __future__ import annotations

from typing import Any

import pytest

from geooffer.journal.frames import decode_raw, encode_raw
from geooffer.model import records
from geooffer.model.consent import Notice

NOW_MS = 1_772_528_400_000
GOLDEN: tuple[tuple[Any, str], ...] = (
    (
        records.ConsentTaken(
            -5, 127, True, NOW_MS, NOW_MS + 7, NOW_MS + 9, 3, "2026-01 ä", "de", bytes(range(32)), (4, 9)
        ),
        "1801fbffffffffffffff7f0000000180f6ecb29c01000087f6ecb29c01000089f6ecb29c010000030a0002002000080032303236"
        "2d303120c3a46465000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0400000009000000",
    ),
    (
        records.ConsentTaken(-5, 3, False, NOW_MS + 1, NOW_MS + 8, 0, 7, "", "", b""),
        "1801fbffffffffffffff030000000081f6ecb29c01000088f6ecb29c0100000000000000000000070000000000000000",
    ),
    (
        records.ConsentLapsed(-5, NOW_MS + 9, (4,)),
        "190093fbcf0000019cb2ecf6899104",
    ),
    (
        records.LocationSnoozed(-5, NOW_MS + 20, NOW_MS + 10),
        "170093fbcf0000019cb2ecf694cf0000019cb2ecf68a",
    ),
    (
        records.NounPut(
            Notice(
                "2026-01", NOW_MS, 127, (("de", "ab" * 32), ("en", "cd" * 32)), "Shop AG", ("Post", "Bank"), "app",
                "policy 7", 365,
            ),
            NOW_MS + 11,
        ),
        "010092c7c32d99a7323032362d3031cf0000019cb2ecf6807f9292a26465d9406162616261626162616261626162616261626162"
        "616261626162616261626162616261626162616261626162616261626162616261626162616261626162616292a2656ed9406364"
        "63646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364"
        "63646364636463646364a753686f7020414792a4506f7374a442616e6ba3617070a8706f6c6963792037cd016dcf0000019cb2ec"
        "f68b",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("record", "written"), GOLDEN, ids=lambda value: type(value).__name__)
def test_what_is_written_is_golden_and_reads_back(record: Any, written: str) -> None:
    assert encode_raw(record).hex() == written
    assert decode_raw(bytes.fromhex(written)) == record


def test_a_sweep_and_a_history_of_older_journals_read_with_nothing_of_consent_events() -> None:
    """Fields that were added at the end: an older array is shorter."""
    swept = records.RetentionSwept(3, 1, NOW_MS, 1, 2, 3)
    assert swept.consents_before_ms < 0
    history = records.PersonHistory(consents=((1, True, NOW_MS, "2026-01"),))
    arrived = records.PersonArrived(-5, 6, True, history, (4,))
    assert decode_raw(encode_raw(arrived)) == arrived
    assert (arrived.time_ms, history.consent_events) == (0, ())
