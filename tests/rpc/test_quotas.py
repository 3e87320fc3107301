"""Buckets against a slow, obvious one; bounded memory; what of whom is counted where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import QuotaExceededError
from geooffer.model import limits
from geooffer.rpc.auth import Identity
from geooffer.rpc.quotas import REGION_LIST_BURST_COUNT, BucketTable, QuotaRates, Quotas

WHO = ("gateway", "a")


def identity(subject: str = "a", role: str = "gateway") -> Identity:
    return Identity(role, subject, 7 if role == "device" else None, np.zeros((0, 2), np.int64), 0.0)


class ObviousBucket:
    """Fills by the tick, never above its burst; may fall below zero by what one call takes at once."""

    def __init__(self, rate: int, burst: int) -> None:
        self.rate, self.burst, self.level, self.now_s = rate, burst, float(burst), 0

    def take(self, amount: int, now_s: int) -> bool:
        while self.now_s < now_s:
            self.now_s += 1
            self.level = min(self.burst, self.level + self.rate)
        if self.level < min(amount, self.burst):
            return False
        self.level -= amount
        return True


@given(
    rate=st.integers(1, 20),
    fill_s=st.integers(1, 5),
    steps=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 120)), max_size=40),
)
def test_as_an_obvious_bucket(rate: int, fill_s: int, steps: list[tuple[int, int]]) -> None:
    table, obvious, now_s = BucketTable(rate, rate * fill_s), ObviousBucket(rate, rate * fill_s), 0
    for pause_s, amount in steps:
        now_s += pause_s
        wait_s = table.take(WHO, amount, float(now_s))
        assert (wait_s == 0) == obvious.take(amount, now_s)
        if wait_s:
            # the wait that is told is enough, and not too much
            copy = BucketTable(rate, rate * fill_s)
            copy._full_at_s.update(table._full_at_s)
            assert copy.take(WHO, amount, now_s + wait_s * 0.999 - 1e-6) > 0
            assert copy.take(WHO, amount, now_s + wait_s + 1e-6) == 0


def test_without_a_rate_nothing_is_counted() -> None:
    table = BucketTable(0, 0)
    assert table.take(WHO, 10**9, 0.0) == 0
    assert len(table) == 0


def test_memory_is_bounded_whoever_calls() -> None:
    """Ten million invented subjects, scaled: twice what is remembered, all of them still owing."""
    count = 2 * limits.QUOTA_SUBJECT_COUNT_MAX
    table = BucketTable(1, 10)
    for number in range(count):
        assert table.take(("device", str(number)), 10, 0.0) == 0
    assert len(table) == limits.QUOTA_SUBJECT_COUNT_MAX
    assert table.take(("device", str(count - 1)), 1, 0.0) > 0


def test_who_is_full_again_is_forgotten() -> None:
    table = BucketTable(10, 100)
    for number in range(1_000):
        table.take(("device", str(number)), 1, float(number))
    assert len(table) <= 3


def test_each_identity_has_its_share_and_roles_have_their_rates() -> None:
    now = [0.0]
    quotas = Quotas(QuotaRates(device_rows=1, device_calls=2, rows=1_000, calls=3), clock_s=lambda: now[0])
    device, gateway = identity("7", "device"), identity("7")
    quotas.take_rows(device, limits.PING_BATCH_ROW_COUNT_MAX)
    quotas.take_rows(device, limits.PING_BATCH_ROW_COUNT_MAX)
    with pytest.raises(QuotaExceededError) as caught:
        quotas.take_rows(device, 1)
    assert caught.value.retry_after_ms == 1_000
    quotas.take_rows(gateway, 10_000)
    quotas.take_rows(identity("8", "device"), 1)
    for _ in range(20):
        quotas.take_call(device)
    with pytest.raises(QuotaExceededError, match="too many calls a second"):
        quotas.take_call(device)
    for _ in range(30):
        quotas.take_call(gateway)
    with pytest.raises(QuotaExceededError):
        quotas.take_call(gateway)
    now[0] = 1.0
    quotas.take_rows(device, 1)
    quotas.take_call(gateway)
    quotas.replace(QuotaRates())
    for _ in range(1_000):
        quotas.take_call(gateway)


def test_lists_of_regions_have_a_small_share_of_a_devices_calls() -> None:
    now_s = [100.0]
    quotas = Quotas(QuotaRates(device_calls=1), clock_s=lambda: now_s[0])
    phone = identity(role="device")
    for _ in range(REGION_LIST_BURST_COUNT):
        quotas.take_region_list(phone)
    with pytest.raises(QuotaExceededError, match="lists of regions") as caught:
        quotas.take_region_list(phone)
    assert caught.value.retry_after_ms == 10_000
    quotas.take_call(phone)  # the control: its other calls are not used up
    quotas.take_region_list(identity("b", "device"))
    now_s[0] += 10.0
    quotas.take_region_list(phone)
    for _ in range(100):  # who serves phones has calls of its own
        quotas.take_region_list(identity())
        Quotas().take_region_list(phone)
