"""Decisions that web shop, newsletter and messenger ask for (semantics D9)."""

from __future__ import annotations

from typing import Any

from geooffer.engine.asking import Answer
from geooffer.engine.decisions import Decision
from geooffer.errors import InvalidArgumentError
from geooffer.model.kinds import Channel
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc import checks
from geooffer.rpc.convert_people import decode_person
from geooffer.rpc.convert_places import decode_place, encode_nearby_store
from geooffer.rpc.render import OfferRenderer
from geooffer.services.control import Control
from geooffer.services.requests import REMEMBERED_COUNT_MAX
from geooffer.v1 import decision_service_pb2 as pb
from geooffer.v1 import decision_service_pb2_grpc as rpc
from geooffer.v1 import ping_service_pb2 as ping_pb

NAME = "geooffer.v1.DecisionService"
Context = Any


class DecisionService(rpc.DecisionServiceServicer):
    """Decide; the fields and rules are in proto/geooffer/v1/decision_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._renderer = OfferRenderer()
        self._decided: dict[str, Decision] = {}
        """What remembered answers hold, oldest first: it passes the send gate each time it is told."""

    async def Decide(self, request: pb.DecideRequest, context: Context) -> pb.DecideResponse:
        async def call() -> pb.DecideResponse:
            return self._decide(request)

        answer = await self._control.once("Decide", request, context, call)
        # the send gate comes after the waiting: consent may have been withdrawn meanwhile
        await self._control.durable()
        if not answer.HasField("offer") or self._may_leave(answer.offer.decision_id):
            return answer
        return pb.DecideResponse(
            verdict=int(OfferVerdict.PURPOSE_NOT_CONSENTED),  # type: ignore[arg-type]
            nearby_stores=answer.nearby_stores,
            catalog_generation=answer.catalog_generation,
            policy_version=answer.policy_version,
        )

    def _decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        engine = self._control.engine
        customer_id, identity = decode_person(request)
        person_key = engine.owner_of(customer_id, identity)
        channel = Channel(checks.integer(request.channel, min(Channel), max(Channel), "channel"))
        answer = engine.decide(
            engine.state.people.customers[person_key].customer_id,
            channel=channel,
            now_ms=self._now_ms(request),
            product_id=checks.identifier(request.product_id, "product_id", required=False),
            category_id=checks.identifier(request.category_id, "category_id", required=False),
            place=decode_place(request.place, "place") if request.HasField("place") else None,
        )
        return self._encoded(answer)

    def _encoded(self, answer: Answer) -> pb.DecideResponse:
        engine = self._control.engine
        response = pb.DecideResponse(
            verdict=int(answer.verdict),  # type: ignore[arg-type]
            nearby_stores=[encode_nearby_store(nearby) for nearby in answer.nearby],
            catalog_generation=engine.live_generation,
            policy_version=engine.policy.version,
        )
        if answer.decision is not None:
            offer = ping_pb.PersonalOffer.FromString(self._renderer.render(answer.decision, 0, 0))
            response.offer.CopyFrom(offer)
            self._decided[answer.decision.decision_id] = answer.decision
            while len(self._decided) > REMEMBERED_COUNT_MAX:
                del self._decided[next(iter(self._decided))]
        return response

    def _may_leave(self, decision_id: str) -> bool:
        decision = self._decided.get(decision_id)
        return decision is not None and self._control.engine.may_send(decision)

    def _now_ms(self, request: pb.DecideRequest) -> int:
        field = "event_time"
        if not request.HasField(field):
            return self._control.started_now_ms(field)
        if self._control.engine.clock.kind == "system":
            raise InvalidArgumentError("event_time is for the client clock only", field=field)
        return self._control.now_of_ms([checks.time_ms(request, field)])
