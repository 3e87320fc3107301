"""Exclusion zones and sweeps as they are written since there are any. Lines are added, never changed."""

from __future__ import annotations

from typing import Any

import pytest

from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.journal.frames import decode_raw, encode_raw
from geooffer.model import records
from geooffer.model.exclusion import ExclusionZone, ZoneCategory

NOW_MS = 1_772_528_400_000
AREA, _ = polygon_from_lonlat([[[(179.99, 10.0), (-179.99, 10.0), (-179.99, 10.02), (179.99, 10.0)]]])
GOLDEN: tuple[tuple[Any, str], ...] = (
    (
        records.NounPut(
            ExclusionZone(
                "clinic-1", ZoneCategory.CLINIC, circle(525_200_000, 134_050_000, 4_000), 2_500, "Charité", NOW_MS,
                NOW_MS + 9,
            ),
            NOW_MS + 1,
        ),
        "010092c73a1c97a8636c696e69632d3101c70e3093ce1f4dea80ce07fd70d0cd0fa0cd09c4a8436861726974c3a9cf0000019cb2"
        "ecf680cf0000019cb2ecf689cf0000019cb2ecf681",
    ),
    (
        records.NounPut(ExclusionZone("school-1", ZoneCategory.SCHOOL, AREA), NOW_MS + 2),
        "010092c7331c97a87363686f6f6c2d3104c721329191c71c319191c41800e1f505604b486b00e1f505a0584b6b40eef805a0584b"
        "6b00a00000cf0000019cb2ecf682",
    ),
    (
        records.NounDeleted("ExclusionZone", "clinic-1", NOW_MS + 3),
        "020093ad4578636c7573696f6e5a6f6e65a8636c696e69632d31cf0000019cb2ecf683",
    ),
    (
        records.RetentionSwept(3, 1, NOW_MS, 1, 2, 3, 4, (5, 6), (7,)),
        "1400990301cf0000019cb2ecf680010203049205069107",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("record", "written"), GOLDEN, ids=lambda value: type(value).__name__)
def test_what_is_written_is_golden_and_reads_back(record: Any, written: str) -> None:
    assert encode_raw(record).hex() == written
    assert decode_raw(bytes.fromhex(written)) == record


def test_a_sweep_of_an_older_journal_names_no_products() -> None:
    """The last field is new: an array without it reads."""
    swept = records.RetentionSwept(3, 1, NOW_MS, 1, 2, 3, 4, (5, 6))
    written = encode_raw(records.RetentionSwept(3, 1, NOW_MS, 1, 2, 3, 4, (5, 6), (7,)))
    shorter = written[:2] + bytes((written[2] - 1,)) + written[3:-2]
    assert decode_raw(shorter) == swept
