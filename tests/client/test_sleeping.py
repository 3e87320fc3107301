"""A live phone and the time its answers take, without a network: dwell times and ways beyond what its regions cover."""

from __future__ import annotations

from geooffer.client.pacer import Fix, Pacer, Reason, Watch
from geooffer.client.pings import Ping
from geooffer.client.sleeping import SleepingPhone
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import ping_service_pb2 as pb

MINUTE_MS = 60_000
METRE = 1 / 111_195.08


def at(time_ms: int, north_m: float = 0.0) -> Fix:
    return Fix(time_ms, north_m * METRE, 0.0, 5.0)


def hint(**fields: object) -> pb.NextPing:
    usual = {"distance_m": 1_000, "latest_millis": 10 * MINUTE_MS, "enter_count": 1, "leave_count": 2}
    return pb.NextPing(**(usual | {"assumed_accuracy_m": 50} | fields))  # type: ignore[arg-type]


INSIDE = {"dwell_millis": [MINUTE_MS], "leave_distance_m": 100}


def followed(told: pb.NextPing, *, delay_ms: int = 0) -> Pacer:
    """A pacer whose fix at 0 was answered, and confirmed a millisecond later."""
    pacer = Pacer()
    for time_ms in (0, 1):
        assert pacer.reason(at(time_ms)) is not None
        pacer.sent()
        pacer.follow(at(time_ms), told, delay_ms=delay_ms)
    return pacer


def test_s14_a_dwell_is_told_where_the_fix_that_entered_was_long_under_way() -> None:
    pacer = followed(hint(**INSIDE), delay_ms=1_500)
    # the service holds the first fix to be of up to 1,500 ms: a minute after that it knows she stays
    assert pacer.reason(at(MINUTE_MS + 1_400)) is None
    assert pacer.reason(at(MINUTE_MS + 1_501)) is Reason.DWELL


def test_s14_a_way_that_begins_beyond_the_validity_circle_may_cross_anything() -> None:
    pacer = followed(hint(distance_m=10, leave_distance_m=500))
    pacer.watch = Watch(at(0), offer_pb.ListWakeRegionsResponse(validity_radius_m=500))
    assert pacer.reason(at(MINUTE_MS, 400.0)) is None
    assert pacer.reason(at(2 * MINUTE_MS, 600.0)) is Reason.ENTER
    assert pacer.reason(at(3 * MINUTE_MS, 450.0)) is Reason.ENTER


class _Slow:
    """Stands for the network, two seconds away."""

    def __init__(self) -> None:
        self.now_ms = 0

    async def ingest(self, batch: pb.PingBatch) -> pb.PingAnswer:
        self.now_ms += 2_000
        return pb.PingAnswer(location_wanted=True, next_pings=[hint(row=len(batch.latitudes_e7) - 1, **INSIDE)])


async def test_s14_a_live_phone_counts_the_way_of_its_answers() -> None:
    network = _Slow()
    phone = SleepingPhone(network, watches=False, now_ms=lambda: network.now_ms)  # type: ignore[arg-type]
    for _ in range(2):
        assert await phone.take(Ping(0.0, 0.0, 5.0)) is not None
    network.now_ms = 2_000 + MINUTE_MS - 1
    assert await phone.take(Ping(0.0, 0.0, 5.0)) is None
    network.now_ms = 4_000 + MINUTE_MS
    assert await phone.take(Ping(0.0, 0.0, 5.0)) is not None
    assert phone.reason is Reason.DWELL
