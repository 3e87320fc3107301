"""What tests of failed calls share."""

from __future__ import annotations

from collections.abc import Awaitable

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from geooffer.rpc.status import DETAILS_KEY, DOMAIN


async def refused(call: Awaitable[object], reason: str, field: str = "") -> str:
    """Assert that a call fails with this reason (and names this field); returns its text."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    error = caught.value
    packed = [value for key, value in error.trailing_metadata() if key == DETAILS_KEY]
    assert len(packed) == 1, error.details()
    status = status_pb2.Status.FromString(packed[0])
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    infos, fields = [], []
    for detail in status.details:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            infos.append((info.reason, info.domain))
        if detail.Unpack(request):
            fields += [violation.field for violation in request.field_violations]
    assert infos == [(reason, DOMAIN)], error.details()
    if field:
        assert fields == [field]
    return status.message
