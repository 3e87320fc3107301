"""Who is on an audience's list: added and taken off in batches, in force with the next ping."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from geooffer.errors import NotFoundError
from geooffer.model.catalog import Audience
from geooffer.rpc import checks
from geooffer.services.batches import apply_batch
from geooffer.services.control import Control
from geooffer.services.pages import Key, page_of
from geooffer.v1 import campaign_service_pb2 as pb

R = TypeVar("R", bound=Message)


class AudienceMemberCalls:
    """The calls of CampaignService about members."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def add(self, request: pb.AddAudienceMembersRequest) -> pb.AddAudienceMembersResponse:
        """Put customers on the list."""
        return await self._change(request, pb.AddAudienceMembersResponse, are_members=True)

    async def remove(self, request: pb.RemoveAudienceMembersRequest) -> pb.RemoveAudienceMembersResponse:
        """Take customers off it."""
        return await self._change(request, pb.RemoveAudienceMembersResponse, are_members=False)

    def page(self, request: pb.ListAudienceMembersRequest) -> pb.ListAudienceMembersResponse:
        """One page of the list."""
        audience_id = self._audience_id(request)
        members = map(_member, self._control.engine.audience_members(audience_id))
        page, token = page_of(members, _key, _same, request, "members", audience_id)
        return pb.ListAudienceMembersResponse(
            customer_ids=[message.customer_ids[0] for message in page],
            next_page_token=token,
            catalog_generation=self._control.engine.saved_generation,
        )

    async def _change(self, request: Any, response: type[R], *, are_members: bool) -> R:
        # before the rows: an unknown list is the call's fault, not each row's
        audience_id = self._audience_id(request)

        def decode(customer_id: str) -> str:
            return checks.identifier(customer_id, "customer_ids")

        def put(customer_ids: list[str]) -> Any:
            return self._control.engine.put_audience_members(
                audience_id,
                customer_ids,
                are_members=are_members,
                now_ms=self._control.now_ms(),
                partial=request.partial,
            )

        result = await apply_batch(request.customer_ids, "customer_ids", decode, put, partial=request.partial)
        return self._control.batch_answer(result, response)

    def _audience_id(self, request: Any) -> str:
        audience_id = checks.identifier(request.audience_id, "audience_id")
        if audience_id not in self._control.engine.registry.nouns(Audience):
            raise NotFoundError("no audience of this audience_id", field="audience_id")
        return audience_id


def _member(customer_id: str) -> pb.ListAudienceMembersResponse:
    """A page is of messages, because it is bounded by their size."""
    return pb.ListAudienceMembersResponse(customer_ids=[customer_id])


def _key(message: pb.ListAudienceMembersResponse) -> Key:
    return (message.customer_ids[0],)


def _same(message: pb.ListAudienceMembersResponse) -> pb.ListAudienceMembersResponse:
    return message
