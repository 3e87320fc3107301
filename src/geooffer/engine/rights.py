"""What a person may ask of whoever holds data of her (privacy D1, D2; GDPR Art. 15 to 21), as changes of the state.

    request ──► open until answered or refused, due one month after it was received
    RESTRICT    her consent word is 0 from the record on: no ping, signal or offer; nothing of hers is erased either
    OBJECT      the purposes are withdrawn as of now: only consent given later opens them again

An action answers every open request of its kind; where none is open, one is recorded as received now.
"""

from __future__ import annotations

from geooffer.engine.consent_changes import ConsentChanges
from geooffer.errors import InUseError, InvalidArgumentError, NotFoundError, RestrictedError
from geooffer.model.records import Record, RightsRequested, RightsStepTaken
from geooffer.model.rights import (
    DUE_EXTENDED_MONTH_COUNT,
    DUE_MONTH_COUNT,
    RestrictionGround,
    RightsKind,
    RightsRequest,
    RightsStep,
    months_after,
)
from geooffer.model.verdicts import Purpose


class Rights(ConsentChanges):
    """Requests, restrictions and objections."""

    def rights_requests(self, customer_id: str) -> list[RightsRequest]:
        """A customer's requests, in the order recorded. Raises NotFoundError."""
        return self.state.rights.of(self.key_of(customer_id))

    def rights_request(self, request_id: str) -> tuple[str, RightsRequest]:
        """(customer id, request). Raises NotFoundError."""
        key = self.state.rights.owners.get(request_id)
        if key is None:
            raise NotFoundError("no such request", field="rights_request_id")
        return self.state.people.customers[key].customer_id, self.state.rights.by_person[key][request_id]

    def record_rights_request(
        self,
        customer_id: str,
        kind: RightsKind,
        request_id: str,
        *,
        received_ms: int,
        now_ms: int,
        reason: str = "",
    ) -> RightsRequest:
        """A request that came in and is not answered yet. Raises NotFoundError, InvalidArgumentError."""
        key = self.key_of(customer_id)
        if received_ms > now_ms:
            raise InvalidArgumentError("a request is not received in the future", field="receive_time")
        self.lapse_of([key], now_ms)
        self.append([_requested(key, kind, request_id, received_ms, now_ms, reason=reason)])
        return self.state.rights.by_person[key][request_id]

    def extend_rights_request(self, request_id: str, reason: str, *, now_ms: int) -> RightsRequest:
        """Two months more, once, and told to her before the first one is over (Art. 12(3)). Raises NotFoundError,
        InUseError.
        """
        _, held = self.rights_request(request_id)
        _check_open(held)
        if held.extended_ms:
            raise InUseError("the request was extended already: two months more are all there are")
        if now_ms > held.due_ms:
            raise InUseError("the request is overdue: it can be extended within the first month only")
        due_ms = months_after(held.received_ms, DUE_EXTENDED_MONTH_COUNT)
        return self._take_step(held, RightsStep.EXTENDED, now_ms, reason, due_ms=due_ms)

    def refuse_rights_request(self, request_id: str, reason: str, *, now_ms: int) -> RightsRequest:
        """No action is taken, and she is told why (Art. 12(4)). Raises NotFoundError, InUseError."""
        _, held = self.rights_request(request_id)
        _check_open(held)
        return self._take_step(held, RightsStep.REFUSED, now_ms, reason)

    def answer_export(
        self, customer_id: str, request_id: str, *, reason: str, document_digest: str, now_ms: int
    ) -> list[RightsRequest]:
        """All that is held of her was told; `document_digest`: SHA-256 of the document. Raises NotFoundError."""
        key = self.key_of(customer_id)
        return self._answer(key, RightsKind.EXPORT, request_id, now_ms, document_digest, reason=reason)

    def restrict_person(
        self, customer_id: str, request_id: str, *, ground: RestrictionGround, reason: str, now_ms: int
    ) -> list[RightsRequest]:
        """Keep what is held of her and use it no more, from now on. Raises NotFoundError, InUseError."""
        key = self.key_of(customer_id)
        if self.state.rights.is_restricted(key):
            raise InUseError("processing of this customer is restricted already")
        answered = self._answer(key, RightsKind.RESTRICT, request_id, now_ms, "", ground=int(ground), reason=reason)
        self.recent_tries.forget(key)
        return answered

    def lift_restriction(self, customer_id: str, *, informed_ms: int, reason: str, now_ms: int) -> list[RightsRequest]:
        """Use what is held of her again, as far as she consents. `informed_ms`: when she was told so; not after now
        (Art. 18(3)). Raises NotFoundError, InvalidArgumentError, InUseError.
        """
        key = self.key_of(customer_id)
        if informed_ms > now_ms:
            raise InvalidArgumentError("she is told before the restriction is lifted", field="inform_time")
        in_force = [held for held in self.state.rights.of(key) if held.is_in_force]
        if not in_force:
            raise InUseError("processing of this customer is not restricted")
        if informed_ms < max(held.closed_ms for held in in_force):
            raise InvalidArgumentError("she cannot be told before the restriction began", field="inform_time")
        return [self._take_step(held, RightsStep.LIFTED, now_ms, reason, informed_ms=informed_ms) for held in in_force]

    def object_person(
        self, customer_id: str, request_id: str, *, purposes: int, reason: str, now_ms: int
    ) -> list[RightsRequest]:
        """Stop purposes (a mask of Purpose bits) for good: consent from before does not count any more, however late it
        is told. Raises NotFoundError, InvalidArgumentError.
        """
        key = self.key_of(customer_id)
        if not 0 < purposes < 1 << len(Purpose):
            raise InvalidArgumentError("name at least one purpose", field="purposes")
        with self.as_one_commit():
            self.withdraw_now(customer_id, purposes, now_ms=now_ms)
            return self._answer(key, RightsKind.OBJECT, request_id, now_ms, "", purposes=purposes, reason=reason)

    def check_erasable(self, customer_id: str) -> None:
        """Raises NotFoundError; RestrictedError where what is held of her has to be kept."""
        if self.state.rights.is_restricted(self.key_of(customer_id)):
            raise RestrictedError("processing of this customer is restricted: lift that first", field="customer_id")

    def erasure_asked_for(self, customer_id: str) -> tuple[int, int]:
        """(when she first asked for an erasure that was not begun, when it is due); 0, 0 = she did not before now.
        Raises NotFoundError.
        """
        asked = self._open(self.key_of(customer_id), RightsKind.ERASE)
        return min(((request.received_ms, request.due_ms) for request in asked), default=(0, 0))

    # -- inside ----------------------------------------------------------------------------------------------

    def _open(self, key: int, kind: RightsKind) -> list[RightsRequest]:
        return [held for held in self.state.rights.of(key) if held.is_open and held.kind == kind]

    def _answer(
        self,
        key: int,
        kind: RightsKind,
        request_id: str,
        now_ms: int,
        text: str,
        *,
        ground: int = 0,
        purposes: int = 0,
        reason: str = "",
    ) -> list[RightsRequest]:
        """The open requests of that kind are answered; where there is none, one stands for it, as received now. Those
        that came in without what is done about them are taken down again with it; why is their answer.
        """
        self.lapse_of([key], now_ms)  # what has ended by itself goes first, also of who is restricted now
        asked = self._open(key, kind)
        names = [held.request_id for held in asked] or [request_id]
        changes: list[Record] = []
        if not asked:
            changes = [_requested(key, kind, request_id, now_ms, now_ms, ground, purposes, reason)]
        elif kind in (RightsKind.RESTRICT, RightsKind.OBJECT):
            changes = [_taken_down_again(key, held, ground, purposes, now_ms) for held in asked]
            text = reason
        changes += [self._step(key, name, RightsStep.ANSWERED, now_ms, text) for name in names]
        self.append(changes)
        return [self.state.rights.by_person[key][name] for name in names]

    def _take_step(
        self,
        held: RightsRequest,
        step: RightsStep,
        now_ms: int,
        text: str,
        *,
        due_ms: int = 0,
        informed_ms: int = 0,
    ) -> RightsRequest:
        key = self.state.rights.owners[held.request_id]
        self.lapse_of([key], now_ms)
        self.append([self._step(key, held.request_id, step, now_ms, text, due_ms, informed_ms)])
        return self.state.rights.by_person[key][held.request_id]

    def _step(
        self,
        key: int,
        request_id: str,
        step: RightsStep,
        now_ms: int,
        text: str,
        due_ms: int = 0,
        informed_ms: int = 0,
    ) -> RightsStepTaken:
        special = self.special_category_numbers() if step is RightsStep.LIFTED else ()
        return RightsStepTaken(key, request_id, int(step), now_ms, text, due_ms, informed_ms, special)


def _requested(
    key: int,
    kind: RightsKind,
    request_id: str,
    received_ms: int,
    now_ms: int,
    ground: int = 0,
    purposes: int = 0,
    reason: str = "",
) -> RightsRequested:
    due_ms = months_after(received_ms, DUE_MONTH_COUNT)
    return RightsRequested(key, request_id, int(kind), received_ms, due_ms, now_ms, ground, purposes, reason)


def _taken_down_again(key: int, held: RightsRequest, ground: int, purposes: int, now_ms: int) -> RightsRequested:
    """An open request with what is now known of it."""
    times_ms = held.received_ms, held.due_ms, now_ms
    return RightsRequested(key, held.request_id, held.kind, *times_ms, ground, purposes, held.reason)


def _check_open(held: RightsRequest) -> None:
    if not held.is_open:
        raise InUseError("the request was answered already")
