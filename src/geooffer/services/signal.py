"""Customers, their touchpoints, and what stands for them."""

from __future__ import annotations

from typing import Any

from geooffer.engine.profiles import profile_of
from geooffer.errors import NotFoundError
from geooffer.model.catalog import Customer
from geooffer.model.signals import IdentityLink, Touchpoint
from geooffer.rpc import checks
from geooffer.rpc.convert_people import (
    decode_customer,
    decode_identity_link,
    decode_touchpoint,
    encode_customer,
    encode_profile,
)
from geooffer.services.batches import apply_batch, tried
from geooffer.services.control import Control
from geooffer.v1 import signal_service_pb2 as pb
from geooffer.v1 import signal_service_pb2_grpc as rpc

NAME = "geooffer.v1.SignalService"
Context = Any


class SignalService(rpc.SignalServiceServicer):
    """Customers and signals; the fields and rules are in proto/geooffer/v1/signal_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def UpsertCustomers(self, request: pb.UpsertCustomersRequest, context: Context) -> pb.UpsertCustomersResponse:
        def put(customers: list[Customer]) -> Any:
            return self._control.engine.upsert_customers(customers, partial=request.partial)

        result = await apply_batch(request.customers, "customers", decode_customer, put, partial=request.partial)
        return self._control.batch_answer(result, pb.UpsertCustomersResponse)

    async def GetCustomer(self, request: pb.GetCustomerRequest, context: Context) -> pb.GetCustomerResponse:
        customer = self._control.engine.customer(checks.identifier(request.customer_id, "customer_id"))
        return pb.GetCustomerResponse(
            customer=encode_customer(customer),
            profile=encode_profile(profile_of(self._control.engine, customer.customer_id)),
            catalog_generation=self._control.engine.saved_generation,
        )

    async def DeleteCustomer(self, request: pb.DeleteCustomerRequest, context: Context) -> pb.DeleteCustomerResponse:
        await self._control.erasures.erase(checks.identifier(request.customer_id, "customer_id"))
        return pb.DeleteCustomerResponse(catalog_generation=self._control.engine.saved_generation)

    async def RecordTouchpoints(
        self, request: pb.RecordTouchpointsRequest, context: Context
    ) -> pb.RecordTouchpointsResponse:
        def put(touchpoints: list[Touchpoint]) -> Any:
            now_ms = self._control.now_of_ms([item.time_ms for item in touchpoints])
            return self._control.engine.record_touchpoints(touchpoints, now_ms=now_ms, partial=request.partial)

        result = await apply_batch(request.touchpoints, "touchpoints", decode_touchpoint, put, partial=request.partial)
        return self._control.batch_answer(result, pb.RecordTouchpointsResponse)

    async def LinkIdentity(self, request: pb.LinkIdentityRequest, context: Context) -> pb.LinkIdentityResponse:
        self._link(decode_identity_link(request.link))
        return pb.LinkIdentityResponse(catalog_generation=self._control.engine.saved_generation)

    async def BatchLinkIdentities(
        self, request: pb.BatchLinkIdentitiesRequest, context: Context
    ) -> pb.BatchLinkIdentitiesResponse:
        def put(links: list[IdentityLink]) -> Any:
            return [tried(self._link, link) for link in links]

        result = await apply_batch(request.links, "links", decode_identity_link, put, partial=True)
        return self._control.batch_answer(result, pb.BatchLinkIdentitiesResponse)

    async def UnlinkIdentity(self, request: pb.UnlinkIdentityRequest, context: Context) -> pb.UnlinkIdentityResponse:
        link = decode_identity_link(request.link)
        new_id = checks.identifier(request.new_customer_id, "new_customer_id", required=False)
        engine = self._control.engine
        if link.identity is not None:
            engine.unlink_identity(link.customer_id, link.identity, new_id)
        else:
            engine.unlink_device(link.customer_id, link.device_key, new_id)
        return pb.UnlinkIdentityResponse(catalog_generation=engine.saved_generation)

    async def MergeCustomers(self, request: pb.MergeCustomersRequest, context: Context) -> pb.MergeCustomersResponse:
        engine = self._control.engine
        for field in ("from_customer_id", "into_customer_id"):
            try:
                engine.key_of(checks.identifier(getattr(request, field), field))
            except NotFoundError as error:
                raise NotFoundError(error.message, field=field) from None
        engine.merge_customers(request.from_customer_id, request.into_customer_id)
        return pb.MergeCustomersResponse(catalog_generation=engine.saved_generation)

    def _link(self, link: IdentityLink) -> None:
        engine = self._control.engine
        if link.identity is not None:
            engine.link_identity(link.customer_id, link.identity)
        else:
            engine.link_device(link.customer_id, link.device_key)
