"""Keys of persons and devices, and the partition a person lives in."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from geooffer.model import keys, limits

PARTITIONS = [8, 36, 6, 26]
PERSON_KEY_ANN = 6608815893084983162


@given(st.text(max_size=40))
def test_a_key_is_never_zero_and_fits_int64(text: str) -> None:
    for key in (keys.person_key(text), keys.device_key(text)):
        assert key != 0
        assert -(2**63) <= key < 2**63


@given(st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_a_decimal_device_key_is_itself(key: int) -> None:
    assert keys.device_key(str(key)) == key


def test_other_device_keys_are_hashed() -> None:
    assert keys.device_key("0") not in (0, 1)
    assert keys.device_key("1_000") != 1_000
    assert keys.device_key("٣") != 3
    assert keys.device_key(str(2**63)) != 2**63
    assert keys.device_key("abc") == keys.device_key("abc") != keys.device_key("abd")
    assert keys.text_key("abc", b"one") != keys.text_key("abc", b"two")


def test_partitions_are_fixed_for_good() -> None:
    """They stand in the journal's header: these numbers may never change."""
    assert [keys.partition_of(keys.person_key(name)) for name in ("ann", "bob", "carl", "dora")] == PARTITIONS
    assert keys.person_key("ann") == PERSON_KEY_ANN
    assert keys.partition_of(1) == 0x9E3779B97F4A7C15 >> 58


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_partition_is_one_of_64(key: int) -> None:
    assert 0 <= keys.partition_of(key) < limits.PARTITION_COUNT


def test_people_spread_evenly() -> None:
    counts = Counter(keys.partition_of(keys.person_key(f"customer-{index}")) for index in range(64_000))
    assert len(counts) == limits.PARTITION_COUNT
    assert max(counts.values()) < 1_200
    assert min(counts.values()) > 800
