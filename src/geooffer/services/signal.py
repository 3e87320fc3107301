"""Customers and their touchpoints."""

from __future__ import annotations

from typing import Any

from geooffer.model.catalog import Customer
from geooffer.model.signals import Touchpoint
from geooffer.rpc import checks
from geooffer.rpc.convert_people import decode_customer, decode_touchpoint, encode_customer
from geooffer.services.batches import apply_batch
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
        return pb.UpsertCustomersResponse(
            accepted_count=result.accepted_count,
            problems=result.problems,
            catalog_generation=self._control.engine.saved_generation,
        )

    async def GetCustomer(self, request: pb.GetCustomerRequest, context: Context) -> pb.GetCustomerResponse:
        customer = self._control.engine.customer(checks.identifier(request.customer_id, "customer_id"))
        return pb.GetCustomerResponse(
            customer=encode_customer(customer), catalog_generation=self._control.engine.saved_generation
        )

    async def DeleteCustomer(self, request: pb.DeleteCustomerRequest, context: Context) -> pb.DeleteCustomerResponse:
        self._control.engine.delete_customer(checks.identifier(request.customer_id, "customer_id"))
        return pb.DeleteCustomerResponse(catalog_generation=self._control.engine.saved_generation)

    async def RecordTouchpoints(
        self, request: pb.RecordTouchpointsRequest, context: Context
    ) -> pb.RecordTouchpointsResponse:
        def put(touchpoints: list[Touchpoint]) -> Any:
            now_ms = self._control.now_of_ms([item.time_ms for item in touchpoints])
            return self._control.engine.record_touchpoints(touchpoints, now_ms=now_ms, partial=request.partial)

        result = await apply_batch(request.touchpoints, "touchpoints", decode_touchpoint, put, partial=request.partial)
        return pb.RecordTouchpointsResponse(
            accepted_count=result.accepted_count,
            problems=result.problems,
            catalog_generation=self._control.engine.saved_generation,
        )
