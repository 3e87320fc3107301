"""Attack list: who walks a grid of made-up places to read offers or stock off the service gets next to nothing."""

from __future__ import annotations

import grpc

from geooffer.bench import direct_world
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.cli.callers import quota_rates
from geooffer.cli.settings import ServiceSettings
from geooffer.model.frequency import DEFAULT_CAP_RULES
from geooffer.model.kinds import CapScope
from geooffer.model.verdicts import OfferVerdict
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import places_pb2 as places

INGEST = "/geooffer.v1.PingService/IngestPings"
NEARBY = "/geooffer.v1.OfferService/FindNearbyStock"
FENCE_COUNT = 400
HOUR_MS = 3_600_000
NOON_MS = 1_772_532_000_000  # Tuesday 2026-03-03 11:00 in Berlin


def bearer(service: RunningService, device_key: int) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {service.issue_token('device', device_key=device_key)}"),)


async def test_a_walk_over_all_doors_of_a_city(service: RunningService) -> None:
    """A person who consents to all and searched, at the door of one shop after the other: as fast as a car she is
    offered nothing more, at a stroll what her day allows; and she is told of no door and no try.
    """
    direct_world.fill(service.engine, FENCE_COUNT, NOON_MS, 1)
    answers = [await walk(service, NOON_MS, 400, 10_000), await walk(service, NOON_MS + 2 * HOUR_MS, 30, 600_000)]
    assert [bool(answer.transitions or answer.tries) for answer in answers] == [False, False]
    a_day = next(rule.limit_count for rule in DEFAULT_CAP_RULES if rule.scope is CapScope.PERSON)
    # at the first door there is no speed yet
    assert len(answers[0].offers) <= 1
    assert 1 <= len(answers[0].offers) + len(answers[1].offers) <= a_day
    assert service.engine.statistics.tries[OfferVerdict.TOO_FAST] >= 390


async def walk(service: RunningService, begin_ms: int, door_count: int, pause_ms: int) -> pb.PingAnswer:
    """The answer to one batch of device 7, a door a fix."""
    batch = pb.PingBatch(accuracies_cm=[500] * door_count)
    batch.base_time.FromMilliseconds(begin_ms)
    for step in range(door_count):
        latitude, longitude = direct_world.fence_centre(step + 1)
        batch.latitudes_e7.append(int(latitude))
        batch.longitudes_e7.append(int(longitude))
        batch.fix_offsets_millis.append(step * pause_ms)
    async with grpc.aio.insecure_channel(service.data_address) as channel:
        data = await channel.unary_unary(INGEST)(
            pb.IngestPingsRequest(batch=batch).SerializeToString(), metadata=bearer(service, 7)
        )
    return pb.IngestPingsResponse.FromString(data).answer


async def test_stock_is_told_as_there_or_not_and_a_few_times_a_minute() -> None:
    names = {field.name for field in places.NearbyStore.DESCRIPTOR.fields}
    assert not {name for name in names if "count" in name}
    settings = loopback_settings(
        quota_device_calls_per_second=ServiceSettings.model_fields["quota_device_calls_per_second"].default
    )
    assert quota_rates(settings).device_calls == 1
    async with running_service(settings) as service:
        request = offers.FindNearbyStockRequest(product_id="x", place=places.Place())
        codes = []
        async with grpc.aio.insecure_channel(service.data_address) as channel:
            for _ in range(40):
                call = channel.unary_unary(NEARBY)(request.SerializeToString(), metadata=bearer(service, 7))
                codes.append(await call.code())
        assert codes[:10] == [grpc.StatusCode.NOT_FOUND] * 10
        assert grpc.StatusCode.RESOURCE_EXHAUSTED in codes
