"""Records of policies as they are written since there are any. Lines are added, never changed."""

from __future__ import annotations

from typing import Any

import pytest

from geooffer.journal.frames import decode_raw, encode_raw
from geooffer.model import records

NOW_MS = 1_772_528_400_000
GOLDEN: tuple[tuple[Any, str], ...] = (
    (
        records.PolicyMoved(1, 7, NOW_MS, "anna", "format = 1\n", True, 6, 4),
        "1a00990107cf0000019cb2ecf680a4616e6e61ab666f726d6174203d20310ac30604c400",
    ),
    (
        records.PolicyMoved(3, 7, NOW_MS + 1, "bert", signature=bytes(range(8))),
        "1a00990307cf0000019cb2ecf681a462657274a0c20000c4080001020304050607",
    ),
    (
        records.PolicyStopSwitched(True, NOW_MS + 2, "ops", "wrong prices"),
        "1b0094c3cf0000019cb2ecf682a36f7073ac77726f6e6720707269636573",
    ),
)


@pytest.mark.parametrize(("record", "written"), GOLDEN, ids=lambda value: type(value).__name__)
def test_what_is_written_is_golden_and_reads_back(record: Any, written: str) -> None:
    assert encode_raw(record).hex() == written
    assert decode_raw(bytes.fromhex(written)) == record
