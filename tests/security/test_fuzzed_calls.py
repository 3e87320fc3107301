"""G8: every decoder of every call takes anything: an answer or a named refusal, never a fault of ours or its text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from every_method import CALL_TIMEOUT_S, OURS, Method, is_on
from fuzzed_messages import MARK, message_of
from google.rpc import error_details_pb2, status_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.errors import GeoofferError
from geooffer.rpc import roles
from geooffer.rpc.status import DETAILS_KEY
from planes import NATIVE, PLANES, PYTHON, both_planes, plane_settings

FORBIDDEN = ("Traceback", "Error(", "Exception", ".py", "/src", "object at", "geooffer.", "numpy", "0x", "protobuf.")
"""What an exception's text or a path would show."""
QUICK = settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


class Town:
    """A service in a loop of this thread, which plain tests drive."""

    def __init__(self, state_dir: Path, kind: str) -> None:
        wanted = loopback_settings(state_dir=state_dir, clock="system", **plane_settings(kind))
        self.loop = asyncio.new_event_loop()
        self._stack = contextlib.AsyncExitStack()
        self.service: RunningService = self.run(self._stack.enter_async_context(running_service(wanted)))
        self._channels: dict[str, grpc.aio.Channel] = self.run(self._connected())

    async def _connected(self) -> dict[str, grpc.aio.Channel]:
        # a channel is of the loop it is made in
        return {
            "data": grpc.aio.insecure_channel(self.service.data_address),
            "control": grpc.aio.insecure_channel(self.service.control_address),
        }

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        for channel in self._channels.values():
            self.run(channel.close())
        self.run(self._stack.aclose())
        self.loop.close()

    async def call(self, method: Method, data: bytes) -> grpc.aio.AioRpcError | None:
        """What a call by a role that may make it fails with; None where it is answered."""
        role = roles.OPERATOR if roles.allowed(roles.OPERATOR, method.path) else min(roles.METHODS[method.path])
        token = self.service.issue_token(role, device_key=7 if role == roles.DEVICE else None)
        options: dict[str, Any] = {"metadata": (("authorization", f"Bearer {token}"),), "timeout": CALL_TIMEOUT_S}
        channel = self._channels["data" if is_on(method, "data") else "control"]
        try:
            if not method.client_streams and not method.server_streams:
                await channel.unary_unary(method.path)(data, **options)
            elif method.client_streams:
                async for _ in channel.stream_stream(method.path)(iter([data]), **options):
                    pass
            else:
                async for _ in channel.unary_stream(method.path)(data, **options):
                    break
        except grpc.aio.AioRpcError as error:
            return error
        return None


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Town]]:
    """One for all tests of a plane: what earlier requests left is part of the fuzz."""
    found: dict[str, Town] = {}

    def of_plane(kind: str) -> Town:
        if kind not in found:
            found[kind] = Town(tmp_path_factory.mktemp("state"), kind)
        return found[kind]

    yield of_plane
    for town in found.values():
        town.close()


@pytest.fixture
def town(towns: Callable[[str], Town], plane_kind: str) -> Town:
    """Of the test's plane."""
    return towns(plane_kind)


PUBLIC = [method for method in OURS if is_on(method, "data")]
"""What comes to the native plane: its own, and what it hands on."""
every_method = pytest.mark.parametrize(
    ("plane_kind", "method"),
    [(PYTHON, method) for method in OURS] + [pytest.param(NATIVE, method, marks=PLANES[1].marks) for method in PUBLIC],
    indirect=["plane_kind"],
    ids=lambda value: value if isinstance(value, str) else value.path.rpartition(".")[2],
)


def check_refusal(error: grpc.aio.AioRpcError, where: str, own_ids: bool = True) -> None:
    """A named refusal of the error table, without any text but our own."""
    packed = [value for key, value in error.trailing_metadata() or () if key == DETAILS_KEY]
    assert len(packed) == 1, f"{where}: {error.code()} {error.details()}"
    status = status_pb2.Status.FromString(packed[0])
    infos = [error_details_pb2.ErrorInfo() for _ in status.details]
    reasons = [info.reason for detail, info in zip(status.details, infos, strict=True) if detail.Unpack(info)]
    assert len(reasons) == 1, where
    assert reasons[0] in REASONS, f"{where}: {reasons} {error.details()}"
    told = (error.details() or "") + "".join(str(detail) for detail in status.details[1:])
    assert not any(word in told for word in FORBIDDEN), f"{where}: {told}"
    if not own_ids:
        assert MARK not in told, f"{where}: {told}"
    assert told.isprintable() or "\n" in told, where


def _reasons(kind: type[GeoofferError]) -> set[str]:
    return {kind.reason}.union(*(_reasons(below) for below in kind.__subclasses__()))


REASONS = _reasons(GeoofferError) - {"INTERNAL", "UNAUTHENTICATED", "JOURNAL"}


@every_method
def test_any_message(town: Town, method: Method) -> None:
    @QUICK
    @given(request=message_of(method.request))
    def tried(request: Any) -> None:
        error = town.run(town.call(method, request.SerializeToString()))
        if error is not None:
            check_refusal(error, f"{method.path} {request}", own_ids=False)

    tried()


@pytest.mark.long
@every_method
def test_any_message_at_length(town: Town, method: Method) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(request=message_of(method.request))
    def tried(request: Any) -> None:
        error = town.run(town.call(method, request.SerializeToString()))
        if error is not None:
            check_refusal(error, f"{method.path} {request}", own_ids=False)

    tried()


@both_planes
def test_any_bytes(town: Town) -> None:
    """Garbage, and good messages cut short or with bits turned over, to a method drawn at random."""

    @settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(method=st.sampled_from(OURS), data=st.binary(max_size=60), cut=st.integers(0, 40), draw=st.data())
    def tried(method: Method, data: bytes, cut: int, draw: st.DataObject) -> None:
        good = draw.draw(message_of(method.request)).SerializeToString()[cut:]
        for content in (data, good, bytes(byte ^ 1 for byte in good)):
            error = town.run(town.call(method, content))
            if error is not None:
                check_refusal(error, method.path, own_ids=False)

    tried()


@every_method
def test_garbage_has_one_text(town: Town, method: Method) -> None:
    error = town.run(town.call(method, b"\xff\xff\xff\xff\x0f" + MARK.encode()))
    assert error is not None
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    check_refusal(error, method.path, own_ids=False)
