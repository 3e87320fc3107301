"""Requests by which persons used their rights, and whose processing is restricted. Changed by engine/apply.py only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from geooffer.model.limits import RIGHTS_REQUESTS_PER_PERSON_COUNT_MAX
from geooffer.model.records import RightsRequested, RightsStepTaken
from geooffer.model.rights import RightsRequest, RightsState, RightsStep


class RightsBook:
    """Requests by person and by id."""

    def __init__(self) -> None:
        self.by_person: dict[int, dict[str, RightsRequest]] = {}
        """Person key → id → request, in the order recorded."""
        self.owners: dict[str, int] = {}
        """Request id → person key."""
        self.restricted: set[int] = set()
        """Keys of persons of whom data is kept and not used (GDPR Art. 18)."""

    def __iter__(self) -> Iterator[tuple[int, RightsRequest]]:
        for person_key, held in self.by_person.items():
            for request in held.values():
                yield person_key, request

    def of(self, person_key: int) -> list[RightsRequest]:
        """A person's requests, in the order recorded."""
        return list(self.by_person.get(person_key, {}).values())

    def is_restricted(self, person_key: int) -> bool:
        """Whether what is held of a person may be kept only: neither used nor erased."""
        return person_key in self.restricted

    # -- the fold --------------------------------------------------------------------------------------------

    def request(self, record: RightsRequested) -> None:
        """A request came in; or an open one, known by its id, is taken down again with its ground and purposes."""
        held = self.by_person.get(record.person_key, {}).get(record.request_id)
        if held is not None:
            self.take(record.person_key, [replace(held, ground=record.ground, purposes=record.purposes)])
            return
        request = RightsRequest(
            request_id=record.request_id,
            kind=record.kind,
            received_ms=record.received_ms,
            due_ms=record.due_ms,
            recorded_ms=record.time_ms,
            ground=record.ground,
            purposes=record.purposes,
            reason=record.reason,
        )
        self.take(record.person_key, [request])

    def take_step(self, record: RightsStepTaken) -> None:
        """Something was done about a request."""
        held = self.by_person[record.person_key][record.request_id]
        self.take(record.person_key, [_after(held, record)])

    def take(self, person_key: int, requests: Iterable[RightsRequest]) -> None:
        """New ones, or as they stand now. Beyond the bound the oldest that are closed give way."""
        requests = list(requests)
        if not requests:
            return  # who asked nothing has no entry, live and recovered alike
        held = self.by_person.setdefault(person_key, {})
        for request in requests:
            held[request.request_id] = request
            self.owners[request.request_id] = person_key
        excess = len(held) - RIGHTS_REQUESTS_PER_PERSON_COUNT_MAX
        closed = [request for request in held.values() if not request.is_open and not request.is_in_force]
        for request in sorted(closed, key=lambda item: (item.closed_ms, item.request_id))[: max(excess, 0)]:
            self._drop(person_key, request.request_id)
        self._note_restriction(person_key)

    def forget(self, person_key: int) -> None:
        """The person is gone, and her requests with her."""
        for request_id in list(self.by_person.get(person_key, ())):
            self._drop(person_key, request_id)
        self._note_restriction(person_key)

    def sweep(self, person_keys: Iterable[int], before_ms: int) -> None:
        """Requests that were closed, and restrictions lifted, before `before_ms` go."""
        for person_key in self.by_person.keys() & set(person_keys):
            for request in self.of(person_key):
                if not request.is_open and not request.is_in_force and _ended_ms(request) < before_ms:
                    self._drop(person_key, request.request_id)

    def _drop(self, person_key: int, request_id: str) -> None:
        held = self.by_person[person_key]
        del held[request_id], self.owners[request_id]
        if not held:
            del self.by_person[person_key]

    def _note_restriction(self, person_key: int) -> None:
        if any(request.is_in_force for request in self.of(person_key)):
            self.restricted.add(person_key)
        else:
            self.restricted.discard(person_key)


def _ended_ms(request: RightsRequest) -> int:
    return max(request.closed_ms, request.lifted_ms)


def _after(request: RightsRequest, record: RightsStepTaken) -> RightsRequest:
    match RightsStep(record.step):
        case RightsStep.ANSWERED:
            return replace(request, state=int(RightsState.ANSWERED), closed_ms=record.time_ms, answer=record.text)
        case RightsStep.REFUSED:
            return replace(request, state=int(RightsState.REFUSED), closed_ms=record.time_ms, answer=record.text)
        case RightsStep.EXTENDED:
            return replace(request, due_ms=record.due_ms, extended_ms=record.time_ms, extension_reason=record.text)
        case RightsStep.LIFTED:
            return replace(request, lifted_ms=record.time_ms, informed_ms=record.informed_ms, lift_reason=record.text)
