"""Every method of the control port: what it says to nobody, and to bytes that are no message. The role matrix is in
tests/security/test_role_matrix.py.
"""

from __future__ import annotations

import time

import grpc
import pytest
from wire import refused

from geooffer.rpc import auth, roles
from geooffer.v1 import (
    campaign_service_pb2,
    consent_service_pb2,
    decision_service_pb2,
    diagnostics_service_pb2,
    inventory_service_pb2,
    offer_service_pb2,
    ping_service_pb2,
    privacy_service_pb2,
    signal_service_pb2,
    store_service_pb2,
)

MODULES = (
    store_service_pb2,
    inventory_service_pb2,
    campaign_service_pb2,
    signal_service_pb2,
    consent_service_pb2,
    decision_service_pb2,
    diagnostics_service_pb2,
    privacy_service_pb2,
)


def methods_of(module) -> list[str]:
    return [
        f"/{service.full_name}/{method.name}"
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


DATA_METHODS = [*methods_of(ping_service_pb2), *methods_of(offer_service_pb2)]
CONTROL_METHODS = [method for module in MODULES for method in methods_of(module)]


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer x"),), (("authorization", "Basic eDp4"),)])
async def test_nobody_calls_anything(plane, metadata):
    texts = {
        await refused(plane.anonymous.unary_unary(method)(b"", metadata=metadata), "UNAUTHENTICATED")
        for method in CONTROL_METHODS
    }
    assert len(texts) == 1


async def test_an_expired_token_is_as_good_as_none(plane):
    token = auth.issue_token(
        plane.token_keys.private_key, role=roles.OPERATOR, subject="x", now_s=time.time() - 100, lifetime_s=50
    )
    metadata = ((auth.AUTHORIZATION_KEY, f"Bearer {token}"),)
    await refused(plane.anonymous.unary_unary(CONTROL_METHODS[0])(b"", metadata=metadata), "UNAUTHENTICATED")


# a length that runs past the end; an unfinished varint; a group that never ends
@pytest.mark.parametrize("data", [b"\x0a\xff\x01", b"\xff", b"\x0b"])
async def test_bytes_that_are_no_message(plane, data):
    metadata = plane.metadata(roles.OPERATOR)
    for method in CONTROL_METHODS:
        code, text = await outcome(plane.anonymous.unary_unary(method)(data, metadata=metadata))
        assert code is grpc.StatusCode.INVALID_ARGUMENT, method
        assert "pars" not in text
    assert plane.engine.saved_generation == 0


async def test_text_that_is_not_utf_8(plane):
    call = plane.anonymous.unary_unary("/geooffer.v1.StoreService/GetStore")
    answer = await outcome(call(b"\x0a\x02\xc3\x28", metadata=plane.metadata(roles.OPERATOR)))
    assert answer == (grpc.StatusCode.INVALID_ARGUMENT, "the message is not valid protobuf")


async def outcome(call) -> tuple[grpc.StatusCode, str]:
    """Code and text a call ended with."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""


@pytest.mark.parametrize(
    "method",
    ["/geooffer.v1.StoreService/Nothing", "/geooffer.v1.storeservice/GetStore", "//geooffer.v1.StoreService/GetStore"],
)
async def test_unknown_paths_are_unimplemented(plane, method):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await plane.anonymous.unary_unary(method)(b"", metadata=plane.metadata(roles.OPERATOR))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("method", DATA_METHODS)
async def test_the_data_ports_methods_are_not_served_on_the_control_port(plane, method):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await plane.anonymous.unary_unary(method)(b"", metadata=plane.metadata(roles.OPERATOR))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
