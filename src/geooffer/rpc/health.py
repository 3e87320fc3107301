"""grpc.health.v1.Health of a port: all its services are well, or none.

Not the servicer of grpcio-health-checking: that one writes to its watchers under the lock that a change of health
takes, so one watcher who reads nothing keeps a port from ever reporting, or draining, again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc as rpc

from geooffer.errors import LimitExceededError, NotFoundError

WATCHER_COUNT_MAX: Final = 256
"""Of a port: gateways and probes, each on a connection of its own."""


class Health(rpc.HealthServicer):  # type: ignore[misc]  # it has no types
    """NOT_SERVING until it is told otherwise."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: of the port's services; '' stands for all of them."""
        self._names = ("", *names)
        self._status = pb.HealthCheckResponse.NOT_SERVING
        self._changed = asyncio.Event()
        self.watcher_count = 0

    def report(self, is_serving: bool) -> None:
        """Waits for nobody: watchers are woken, and each writes in its own time."""
        status = pb.HealthCheckResponse.SERVING if is_serving else pb.HealthCheckResponse.NOT_SERVING
        if status != self._status:
            self._status = status
            self._changed.set()
            self._changed = asyncio.Event()

    async def Check(self, request: pb.HealthCheckRequest, context: Any) -> pb.HealthCheckResponse:
        if request.service not in self._names:
            raise NotFoundError("no such service on this port", field="service")
        return pb.HealthCheckResponse(status=self._status)

    async def List(self, request: pb.HealthListRequest, context: Any) -> pb.HealthListResponse:
        answer = pb.HealthCheckResponse(status=self._status)
        return pb.HealthListResponse(statuses=dict.fromkeys(self._names, answer))

    async def Watch(self, request: pb.HealthCheckRequest, context: Any) -> AsyncIterator[pb.HealthCheckResponse]:
        """The status now and whenever it changes; of a name that is not served SERVICE_UNKNOWN, for good."""
        if self.watcher_count >= WATCHER_COUNT_MAX:
            raise LimitExceededError(f"a port has at most {WATCHER_COUNT_MAX} watchers")
        is_known, told = request.service in self._names, None
        self.watcher_count += 1
        try:
            while True:
                changed = self._changed
                status = self._status if is_known else pb.HealthCheckResponse.SERVICE_UNKNOWN
                if status != told:
                    told = status
                    yield pb.HealthCheckResponse(status=status)
                else:
                    await changed.wait()
        finally:
            self.watcher_count -= 1
