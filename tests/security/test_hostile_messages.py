"""Attack list, messages: impossible numbers, floods of ids and fields, texts that break a log, replays, odd paths."""

from __future__ import annotations

import gzip
import time
from typing import Any

import grpc
import pytest
import structlog
from hyperframe.frame import HeadersFrame

from geooffer.bench import direct_world
from geooffer.cli.assembly import RunningService
from geooffer.model import limits
from geooffer.model.verdicts import PingVerdict
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import shapes_pb2 as shapes
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import store_service_pb2 as stores
from planes import NATIVE, both_planes, verdicts_of
from raw_http2 import RawConnection, data_frame, message

INGEST = "/geooffer.v1.PingService/IngestPings"
INT32_MAX, INT64_MAX = 2**31 - 1, 2**63 - 1
HOSTILE_TEXTS = (
    "=HYPERLINK(\"http://example.invalid\")", "@SUM(1+1)", "x\r\n{\"event\": \"serving\"}", "\x1b[2J\x1b[31mred",
    "\x00null", "\u202egnp.exe", "%s%s%n", "${jndi:ldap://example.invalid}", "'; DROP TABLE customers; --",
)  # fmt: skip


def bearer(service: RunningService, role: str = "operator", **more: Any) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {service.issue_token(role, **more)}"),)


async def ingest(service: RunningService, request: pb.IngestPingsRequest | bytes, **more: Any) -> pb.PingAnswer:
    data = request if isinstance(request, bytes) else request.SerializeToString()
    async with grpc.aio.insecure_channel(service.data_address) as channel:
        answer = await channel.unary_unary(INGEST)(data, metadata=bearer(service, **more))
    return pb.IngestPingsResponse.FromString(answer).answer


async def control(service: RunningService, path: str, request: Any) -> bytes:
    async with grpc.aio.insecure_channel(service.control_address) as channel:
        method: Any = channel.unary_unary(f"/geooffer.v1.{path}")
        answer: bytes = await method(request.SerializeToString(), metadata=bearer(service))
    return answer


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details() or ""


async def outcome(call: Any) -> tuple[grpc.StatusCode, str]:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""


IMPOSSIBLE: tuple[dict[str, int], ...] = (
    {"latitude_e7": 900_000_000},
    {"latitude_e7": -900_000_000, "longitude_e7": -1_800_000_000},
    {"longitude_e7": 1_800_000_000},
    {"latitude_e7": 900_000_001},
    {"latitude_e7": INT32_MAX, "longitude_e7": -INT32_MAX - 1},
    {"accuracy_cm": -1},
    {"accuracy_cm": INT32_MAX},
    {"speed_cm_per_s": -1},
    {"speed_cm_per_s": INT32_MAX},
    {"sequence": -1},
    {"sequence": INT64_MAX},
    {"session_id": -INT64_MAX - 1},
    {"fix_age_millis": INT64_MAX},
    {"fix_age_millis": -INT64_MAX - 1},
    {"decision_budget_millis": INT32_MAX},
    {"decision_budget_millis": -1},
)


@both_planes
async def test_impossible_numbers_are_a_verdict(service: RunningService) -> None:
    """By one ping and by a column of forty; nothing of the state changes, and the next good ping is decided."""
    direct_world.fill(service.engine, 8, time.time_ns() // 1_000_000)
    before = service.engine.journal.appended
    for fields in IMPOSSIBLE:
        await send_impossible(service, fields)
    assert sum(verdicts_of(service.engine).values()) == 41 * len(IMPOSSIBLE)
    # poles and the antimeridian are places, all else is malformed
    assert verdicts_of(service.engine)[PingVerdict.MALFORMED] >= 41 * (len(IMPOSSIBLE) - 6)
    assert service.engine.journal.appended == before
    await ingest(service, pb.IngestPingsRequest(ping=pb.Ping(device_key=8)))
    assert sum(verdicts_of(service.engine).values()) == 41 * len(IMPOSSIBLE) + 1


async def send_impossible(service: RunningService, fields: dict[str, int]) -> None:
    single = pb.Ping(device_key=7)
    for name, value in fields.items():
        setattr(single, name, value)
    await ingest(service, pb.IngestPingsRequest(ping=single))
    columns = {"device_keys": [7] * 40, "latitudes_e7": [0] * 40, "longitudes_e7": [0] * 40}
    batch = pb.PingBatch(**columns)
    plural = {"accuracy_cm": "accuracies_cm", "speed_cm_per_s": "speeds_cm_per_s", "fix_age_millis": "fix_ages_millis"}
    for name, value in fields.items():
        if name == "decision_budget_millis":
            batch.decision_budget_millis = value
            continue
        column = plural.get(name) or name.replace("latitude", "latitudes").replace("longitude", "longitudes")
        column = {"sequence": "sequences", "session_id": "session_ids"}.get(column, column)
        del getattr(batch, column)[:]
        getattr(batch, column).extend([value] * 40)
    await ingest(service, pb.IngestPingsRequest(batch=batch))


async def test_not_a_number_in_a_shape_is_refused(service: RunningService) -> None:
    """Coordinates are integers on the wire; times are the one place for numbers out of all range."""
    fence = resources.Geofence(
        geofence_id="f",
        shape=shapes.Shape(circle=shapes.Circle(latitude_e7=INT32_MAX, longitude_e7=-INT32_MAX, radius_cm=INT32_MAX)),
    )
    call = control(service, "StoreService/CreateGeofence", stores.CreateGeofenceRequest(geofence=fence))
    code, _ = await refusal(call)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    ping = pb.Ping(device_key=7)
    ping.fix_time.seconds, ping.fix_time.nanos = INT64_MAX, -1
    await ingest(service, pb.IngestPingsRequest(ping=ping))
    assert verdicts_of(service.engine)[PingVerdict.MALFORMED] == 1


@both_planes
async def test_ten_million_invented_devices_leave_no_state(service: RunningService) -> None:
    """Scaled to 204,800: pings of devices nobody knows are forgotten, whatever their keys."""
    people = service.engine.state.people
    sizes: list[tuple[int, ...]] = []
    journaled = service.engine.journal.appended
    async with grpc.aio.insecure_channel(service.data_address) as channel:
        for first in range(1, 204_800, 1_024):
            batch = pb.PingBatch(
                device_keys=range(first, first + 1_024), latitudes_e7=[0] * 1_024, longitudes_e7=[0] * 1_024
            )
            request = pb.IngestPingsRequest(batch=batch).SerializeToString()
            await channel.unary_unary(INGEST)(request, metadata=bearer(service))
            tables = [table.nbytes for table in people.view]
            sizes.append((len(people.person_slots), len(people.device_slots), *tables))
    assert verdicts_of(service.engine)[PingVerdict.NO_CONSENT] == 204_800
    # the first full batches make room for the rows of one batch, on the native plane beforehand and in the background
    assert set(sizes[100:]) == {sizes[100]}
    assert sizes[0][:2] == (0, 0)
    assert service.engine.journal.appended == journaled


@both_planes
async def test_a_million_repeated_fields(service: RunningService) -> None:
    """More than a message may weigh is refused by the transport; what fits, by its number of rows."""
    many = pb.PingBatch(latitudes_e7=[0] * 1_000_000).SerializeToString()
    packed = b"\x12" + _varint(len(many)) + many
    code, _ = await refusal(ingest(service, packed))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    code, text = await refusal(ingest(service, pb.IngestPingsRequest(batch=pb.PingBatch(latitudes_e7=[0] * 15_000))))
    assert (code, text) == (grpc.StatusCode.INVALID_ARGUMENT, "a batch has 1..1024 rows")
    ids = stores.CloseStoresRequest(store_ids=["a"] * 1_000_000)
    code, text = await refusal(control(service, "StoreService/CloseStores", ids))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "1000" in text


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


@both_planes
async def test_what_unpacks_to_too_much(service: RunningService, plane_kind: str) -> None:
    """5 MB, a gzip bomb of 5 KB, and headers of 20 KB; raw frames, so that no client of ours refuses first."""
    more = bearer(service)
    bomb = message(gzip.compress(bytes(5_000_000)), is_compressed=True)
    assert len(bomb) < 10_000
    async with RawConnection.to(service.data_address) as connection:
        await connection.send(connection.request(1, INGEST, [*more, ("grpc-encoding", "gzip")]))
        await connection.send(data_frame(1, bomb))
        # the native plane takes nothing compressed, and says so before it looks (docs/conformance.md)
        assert (await connection.ended(1))["grpc-status"] == ("12" if plane_kind == NATIVE else "8")
        await connection.send(connection.request(3, INGEST, more))
        # only announced: the length alone is enough
        await connection.send(data_frame(3, message(bytes(10))[:1] + (5_000_000).to_bytes(4, "big") + bytes(10)))
        assert (await connection.ended(3))["grpc-status"] == "8"
        asked = connection.request(
            5, INGEST, [*more, *((f"x-{i}", "y" * 200) for i in range(100))], flags=("END_STREAM",)
        )
        halves = asked.data[:16_000], asked.data[16_000:]
        first = HeadersFrame(5, halves[0])
        first.flags.add("END_STREAM")
        await connection.send(first)
        rest = connection.rest_of_headers(5, halves[1])
        await connection.send(rest)
        refused = await connection.ended(5)
        assert refused.get("grpc-status", refused[":status"]) == ("431" if plane_kind == NATIVE else "8")
    await ingest(service, pb.IngestPingsRequest(ping=pb.Ping(device_key=7)))


PATHS = (
    "geooffer.v1.PingService/IngestPings", "//geooffer.v1.PingService/IngestPings",
    "/geooffer.v1.PingService//IngestPings", "/geooffer.v1.PingService/IngestPings/",
    "/geooffer.v1.pingservice/IngestPings", "/geooffer.v1.PingService/ingestpings",
    "/geooffer.v1.PingService%2fIngestPings", "/geooffer.v1.PingService/IngestPings?x=1", "/geooffer.v1.PingService/",
    "/./geooffer.v1.PingService/IngestPings", "/x/../geooffer.v1.PingService/IngestPings", "/", "*",
    "/geooffer.v1.StoreService/GetStore", "/geooffer.v1.PrivacyService/ExportSubject",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/grpc.channelz.v1.Channelz/GetServers",
)  # fmt: skip


@both_planes
@pytest.mark.parametrize("path", PATHS)
async def test_odd_paths_reach_nothing(service: RunningService, path: str) -> None:
    async with RawConnection.to(service.data_address) as connection:
        await connection.send(connection.request(1, path, bearer(service)))
        await connection.send(data_frame(1, message(b"")))
        headers = await connection.ended(1)
    assert headers.get("grpc-status", "12") == "12", headers
    assert sum(verdicts_of(service.engine).values()) == 0


@both_planes
async def test_a_captured_message_says_nothing_twice(service: RunningService) -> None:
    """The same bytes again, by the same token: the fix is known, nothing is decided once more."""
    direct_world.fill(service.engine, 8, time.time_ns() // 1_000_000)
    latitudes, longitudes, _ = direct_world.path(7)
    ping = pb.Ping(
        device_key=7, sequence=5, latitude_e7=int(latitudes[0]), longitude_e7=int(longitudes[0]), accuracy_cm=500
    )
    ping.fix_time.GetCurrentTime()
    captured = pb.IngestPingsRequest(ping=ping).SerializeToString()
    await ingest(service, captured)
    verdicts, journaled = dict(verdicts_of(service.engine)), service.engine.journal.appended
    for _ in range(5):
        await ingest(service, captured)
    new = {kind: n - verdicts.get(kind, 0) for kind, n in verdicts_of(service.engine).items()}
    assert {kind: n for kind, n in new.items() if n} == {PingVerdict.DUPLICATE: 5}
    assert service.engine.journal.appended == journaled


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
async def test_texts_stay_data(service: RunningService, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Ids take no control characters; names are kept as they are; no log line holds either."""
    with structlog.testing.capture_logs() as logs:
        customer = signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id=text)])
        store = resources.Store(store_id="s", name=text, time_zone="Europe/Berlin")
        for path, request in (
            ("SignalService/UpsertCustomers", customer),
            ("StoreService/CreateStore", stores.CreateStoreRequest(store=store)),
        ):
            code, told = await outcome(control(service, path, request))
            assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT)
            assert text not in told
        path = f"/geooffer.v1.StoreService/{text.encode('ascii', 'replace').decode()}"
        if path.isprintable():
            async with RawConnection.to(service.control_address) as connection:
                await connection.send(connection.request(1, path, bearer(service)))
                await connection.send(data_frame(1, message(b"")))
                assert (await connection.ended(1)).get("grpc-status", "12") == "12"
    assert text not in str(logs)
    assert text not in capfd.readouterr().out


async def test_a_hundred_thousand_fences_at_one_point(service: RunningService) -> None:
    """Scaled: the 65th is refused, so no ping ever has more candidates than that."""
    town = resources.Store(store_id="s", name="s", time_zone="Europe/Berlin")
    await control(service, "StoreService/CreateStore", stores.CreateStoreRequest(store=town))
    fences = [
        resources.Geofence(
            geofence_id=f"f{number}",
            store_id="s",
            shape=shapes.Shape(
                circle=shapes.Circle(latitude_e7=470_000_000, longitude_e7=80_000_000, radius_cm=10_000)
            ),
        )
        for number in range(200)
    ]
    request = stores.BatchUpsertGeofencesRequest(geofences=fences, partial=True)
    answer = stores.BatchUpsertGeofencesResponse.FromString(
        await control(service, "StoreService/BatchUpsertGeofences", request)
    )
    assert answer.accepted_count == limits.FENCE_OVERLAP_COUNT_DEFAULT
    assert {problem.reason for problem in answer.problems} == {"OVERLAP_LIMIT"}
    assert len(answer.problems) == len(fences) - limits.FENCE_OVERLAP_COUNT_DEFAULT
