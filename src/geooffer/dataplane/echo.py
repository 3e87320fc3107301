"""The ceiling a plane is measured against: the same transport and tokens, no decoding, no engine.

Reads a message, acknowledges it, in one task per stream. What this cannot do, no plane over grpc.aio can.
"""

from __future__ import annotations

from typing import Any

import grpc

from geooffer.dataplane.ping_service import NAME
from geooffer.rpc.server import Service
from geooffer.v1 import ping_service_pb2 as pb


class EchoPlane:
    """Acknowledges pings unread. For benchmarks only: it decides nothing."""

    def service(self) -> Service:
        """What a port is assembled from."""
        return Service(NAME, self._add)

    def _add(self, server: grpc.aio.Server) -> None:
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "StreamPings": grpc.stream_stream_rpc_method_handler(self._stream)
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))

    async def _stream(self, _requests: Any, context: Any) -> None:
        count = 0
        while await context.read() is not grpc.aio.EOF:
            count += 1
            answer = pb.PingAnswer(acknowledged_message_sequence=count, location_wanted=True)
            await context.write(pb.StreamPingsResponse(answer=answer).SerializeToString())
