"""Callers that send a request with its id again when no answer came, and what they may be told. Not a test.

The effect of a request is in the journal once at most; the answer is the first one for ever (docs/requests.md), but
that nobody is told an offer which she has not consented to any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sim_town as town
from ledger import Ledger, Told, Violation
from sim_effects import Effects
from sim_service import Service

from geooffer.errors import GeoofferError, NotFoundError
from geooffer.model.policy import DAY_MS
from geooffer.rpc.checks import timestamp
from geooffer.v1 import campaign_service_pb2 as campaign
from geooffer.v1 import decision_service_pb2 as decision
from geooffer.v1 import places_pb2
from geooffer.v1 import privacy_service_pb2 as privacy
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import store_service_pb2 as store
from geooffer.v1 import verdicts_pb2 as verdicts

REMEMBERED_MS = 13 * DAY_MS
"""A day less than the service does: clocks are set here."""
RESENT_COUNT_MAX = 3
_SILENCED = verdicts.OFFER_VERDICT_PURPOSE_NOT_CONSENTED
_HELD_BACK = verdicts.OFFER_VERDICT_TOO_LATE


class Caller(Protocol):
    """What a simulated life is to its callers (simulated.py)."""

    ledger: Ledger
    service: Service
    effects: Effects

    @property
    def is_far_ahead(self) -> bool: ...
    def found(self, violation: Violation) -> None: ...
    def tell(self, told: Told) -> None: ...


@dataclass
class Request:
    """One request, however often it is sent."""

    method: str
    message: Any
    sent_ms: int
    name: str = ""
    """Whom it is about."""
    person: str = ""
    """Who that was when it was sent first."""
    answer: Any = None
    """What was told first."""
    told_id: str = ""
    """The decision whose offer was told."""


class Requests:
    """All requests of a life; they and what was told outlive its crashes."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.retry_count = 0

    def draw(self, ledger: Ledger, random: np.random.Generator, now_ms: int) -> Request:
        """A new one; an erasure is asked for elsewhere."""
        request_id = f"request-{int(random.integers(0, 1 << 40))}"
        number = int(random.integers(0, 5))
        message: Any
        if number == 0:
            audience = resources.Audience(audience_id=f"list-of-{request_id}")
            message = campaign.CreateAudienceRequest(audience=audience, request_id=request_id)
            return self._kept(Request("CreateAudience", message, now_ms))
        if number == 1:  # of days that do not come: it is to be written down once, and to silence nobody
            from_ms = town.START_MS + 200 * DAY_MS + int(random.integers(0, DAY_MS))
            shops = [town.SHOPS[int(random.integers(0, len(town.SHOPS)))]]
            span = {"from_time": timestamp(from_ms), "until_time": timestamp(from_ms + DAY_MS)}
            message = store.PauseOffersRequest(store_ids=shops, reason=request_id, request_id=request_id, **span)
            return self._kept(Request("PauseOffers", message, now_ms))
        name = town.NAMES[int(random.integers(0, len(town.NAMES)))]
        latitude_e7, longitude_e7 = town.place_e7(int(random.integers(0, 3)))
        message = decision.DecideRequest(
            customer_id=name,
            channel="CHANNEL_WEB_SHOP",
            place=places_pb2.Place(latitude_e7=latitude_e7, longitude_e7=longitude_e7),
            request_id=request_id,
        )
        return self._kept(Request("Decide", message, now_ms, name, ledger.known.person(name)))

    def erase(self, ledger: Ledger, name: str, random: np.random.Generator, now_ms: int) -> Request:
        """An officer's."""
        message = privacy.EraseSubjectRequest(customer_id=name)
        if random.random() < 0.7:
            message.request_id = f"request-{int(random.integers(0, 1 << 40))}"
        return self._kept(Request("EraseSubject", message, now_ms, name, ledger.known.person(name)))

    def _kept(self, request: Request) -> Request:
        self.sent.append(request)
        return request

    def open(self, ledger: Ledger, now_ms: int) -> list[Request]:
        """Those that may be sent again: of the last days, and about whom it was when they were sent first. (A united
        customer's answers are forgotten with her row; who was erased and is a customer again is somebody else.)
        """
        known = ledger.known
        return [
            request
            for request in self.sent
            if request.message.request_id
            and now_ms - request.sent_ms < REMEMBERED_MS
            and (
                not request.name
                or known.person(request.name) in (request.person, "")
                or (request.method == "EraseSubject" and request.answer is not None)
            )
        ]

    def unanswered(self, ledger: Ledger, now_ms: int) -> list[Request]:
        """The latest of those that no caller has heard an answer to."""
        return [request for request in self.open(ledger, now_ms) if request.answer is None][-RESENT_COUNT_MAX:]

    # -- answers ---------------------------------------------------------------------------------------------

    async def ask(self, caller: Caller, request: Request, *, is_lost: bool) -> None:
        """Send it; `is_lost`: nobody hears the answer."""
        ledger = caller.ledger
        known = ledger.known
        person, was_silent = known.person(request.name), not known.is_consenting(request.name)
        change_count = ledger.change_count
        try:
            was_far_ahead = caller.is_far_ahead
            try:
                answer = await caller.service.answer(request.method, request.message)
            except NotFoundError:
                if request.method != "Decide" or (person and ledger.known.person(request.name)):
                    raise
                return  # she is gone, and the answer with her
            if is_lost:
                return
            if request.method == "Decide":
                if was_far_ahead and _is_held_back(answer, caller):
                    return
                is_changed = was_silent or ledger.change_count != change_count
                self._decided(caller, request, answer, may_be_silent=is_changed)
            elif request.message.request_id:
                _same(request, answer)
        except Violation as violation:
            caller.found(violation)
        except GeoofferError as error:
            caller.found(Violation(f"{request.method} was answered {type(error).__name__}: {error}"))

    def _decided(self, caller: Caller, request: Request, answer: Any, *, may_be_silent: bool) -> None:
        offer = answer.offer
        if answer.verdict == _SILENCED and (request.answer is None or may_be_silent):
            return
        _same(request, (answer.verdict, offer.decision_id, offer.offer_id, offer.decided_time, offer.price_minor))
        if not offer.decision_id or request.told_id:
            return
        request.told_id = offer.decision_id
        asked = caller.effects.asked[offer.decision_id]
        caller.tell(
            Told(
                asked.decision_key,
                asked.name,
                offer.store_id,
                offer.offer_id,
                offer.decided_time.ToMilliseconds(),
                offer.product_id in town.LIMITED,
                asked.tag,
                asked.names,
            )
        )


def _is_held_back(answer: Any, caller: Caller) -> bool:
    """By a wrong time nothing is offered, and nothing that was is told again before the time is right."""
    if answer.HasField("offer") and caller.is_far_ahead:
        raise Violation("an offer was told by a time that is known to be wrong")
    return bool(answer.verdict == _HELD_BACK)


def _same(request: Request, answer: Any) -> None:
    if request.answer is None:
        request.answer = answer
    elif request.answer != answer:
        raise Violation(f"{request.method} was answered otherwise the second time")
