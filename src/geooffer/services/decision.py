"""Decisions that web shop, newsletter and messenger ask for (semantics D9)."""

from __future__ import annotations

from typing import Any

from geooffer.engine.asking import NearbyStore
from geooffer.engine.decisions import Decision
from geooffer.errors import InvalidArgumentError
from geooffer.model.kinds import Channel
from geooffer.model.records import RequestAnswered
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc import checks
from geooffer.rpc.convert_people import decode_person
from geooffer.rpc.convert_places import decode_place, encode_nearby_store
from geooffer.rpc.render import OfferRenderer
from geooffer.services.control import Control
from geooffer.services.requests import Memory, Remembered
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

    async def Decide(self, request: pb.DecideRequest, context: Context) -> pb.DecideResponse:
        question = _Question(self._control, self._renderer, request)
        answer = await self._control.once("Decide", request, context, question.decide, question)
        # the send gate comes after the waiting: consent may have been withdrawn meanwhile, the policy tightened
        await self._control.durable()
        decision = question.decision
        verdict = None if decision is None else self._control.engine.gate_verdict(decision, self._control.now_ms())
        return answer if verdict is None else _silent(answer, verdict)


class _Question(Memory[pb.DecideResponse]):
    """One call: decides, or tells again what was decided.

    Kept of an answer is its verdict, the decision and the time of the figure of stock; the branches near her place are
    found anew, so that no place of hers is kept.
    """

    def __init__(self, control: Control, renderer: OfferRenderer, request: pb.DecideRequest) -> None:
        super().__init__(request)
        self._control = control
        self._renderer = renderer
        self._request = request
        self.decision: Decision | None = None
        """What the answer tells of."""

    async def decide(self) -> pb.DecideResponse:
        """The first time."""
        engine, request = self._control.engine, self._request
        person_key = self._person_key()
        channel = Channel(checks.integer(request.channel, min(Channel), max(Channel), "channel"))
        answer = engine.decide(
            engine.state.people.customers[person_key].customer_id,
            channel=channel,
            now_ms=self._now_ms(),
            product_id=checks.identifier(request.product_id, "product_id", required=False),
            category_id=checks.identifier(request.category_id, "category_id", required=False),
            place=decode_place(request.place, "place") if request.HasField("place") else None,
            is_silent=engine.clock.is_far_ahead,
        )
        response = pb.DecideResponse(
            verdict=int(answer.verdict),  # type: ignore[arg-type]
            catalog_generation=engine.live_generation,
            policy_version=engine.policy.version,
        )
        return self._filled(response, answer.decision, answer.nearby)

    def remembered(self, answer: pb.DecideResponse) -> Remembered:
        """In her partition, so that it vanishes with her."""
        kept = pb.DecideResponse()
        kept.CopyFrom(answer)
        kept.ClearField("nearby_stores")
        kept.ClearField("offer")
        if answer.offer.HasField("in_stock_as_of_time"):
            kept.offer.in_stock_as_of_time.CopyFrom(answer.offer.in_stock_as_of_time)
        decision_key = -1 if self.decision is None else self.decision.decision_key
        return Remembered(self._person_key(), kept.SerializeToString(), decision_key)

    def again(self, record: RequestAnswered) -> pb.DecideResponse:
        """The same decision, by the catalog and consent of now."""
        response = pb.DecideResponse.FromString(record.answer)
        engine, request, now_ms = self._control.engine, self._request, self._control.now_ms()
        decision = None
        if record.decision_key >= 0:
            as_of = response.offer.in_stock_as_of_time if response.HasField("offer") else None
            stock_as_of_ms = None if as_of is None else as_of.ToMilliseconds()
            told: Decision | OfferVerdict = OfferVerdict.OFFER_INACTIVE
            if engine.clock.is_far_ahead:
                told = OfferVerdict.TOO_LATE  # is it valid still? By a wrong time that cannot be told
            elif engine.state.resolve(record.person_key or 0) == self._person_key():  # else her name is another's now
                told = engine.told_again(record.decision_key, stock_as_of_ms, now_ms)
            if isinstance(told, OfferVerdict):
                return _silent(response, told)
            decision = told
        customer_id = engine.state.people.customers[self._person_key()].customer_id
        place = decode_place(request.place, "place") if request.HasField("place") else None
        nearby = engine.nearby_again(customer_id, request.product_id, decision, place, now_ms)
        return self._filled(response, decision, nearby)

    def _filled(
        self, response: pb.DecideResponse, decision: Decision | None, nearby: tuple[NearbyStore, ...]
    ) -> pb.DecideResponse:
        response.nearby_stores.extend(encode_nearby_store(item) for item in nearby)
        if decision is not None:
            self.decision = decision
            offer = ping_pb.PersonalOffer.FromString(self._renderer.render(decision, 0, 0))
            response.offer.CopyFrom(offer)
        return response

    def _person_key(self) -> int:
        customer_id, identity = decode_person(self._request)
        return self._control.engine.owner_of(customer_id, identity)

    def _now_ms(self) -> int:
        field = "event_time"
        if not self._request.HasField(field):
            return self._control.started_now_ms(field)
        if self._control.engine.clock.kind == "system":
            raise InvalidArgumentError("event_time is for the client clock only", field=field)
        return self._control.now_of_ms([checks.time_ms(self._request, field)])


def _silent(answer: pb.DecideResponse, verdict: OfferVerdict) -> pb.DecideResponse:
    return pb.DecideResponse(
        verdict=int(verdict),  # type: ignore[arg-type]
        nearby_stores=answer.nearby_stores,
        catalog_generation=answer.catalog_generation,
        policy_version=answer.policy_version,
    )
