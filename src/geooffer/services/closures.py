"""Closing stores and pausing their offers at a moment's notice: in force with the next ping, nothing is published."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from geooffer.engine.live import Closure
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.model import limits
from geooffer.model.catalog import Store
from geooffer.model.kinds import SwitchKind
from geooffer.rpc import checks
from geooffer.rpc.convert_diagnostics import encode_closure
from geooffer.rpc.store_scope import check_own_stores
from geooffer.services.control import Control
from geooffer.services.pages import Key, page_of
from geooffer.v1 import store_service_pb2 as pb

NAMED_STORE_COUNT_MAX = 10_000
"""Ids in an answer; 128 characters each, they stay under the message limit."""

R = TypeVar("R", bound=Message)


class ClosureCalls:
    """The calls of StoreService about closures and pauses."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def switch(self, request: Any, context: object, kind: SwitchKind, response: type[R]) -> R:
        """Close or pause, once per request_id."""
        _check_own(request, context)

        async def call() -> R:
            store_ids = self._selected(request)
            times = {
                name: checks.time_ms(request, name) for name in ("from_time", "until_time") if request.HasField(name)
            }
            reason = checks.text(request.reason, "reason")
            # a client clock that has not started needs the moment from the caller
            from_ms = times["from_time"] if "from_time" in times else self._control.started_now_ms("from_time")
            now_ms, until_ms = self._control.now_ms(), times.get("until_time")
            if until_ms is not None and until_ms <= now_ms:
                raise InvalidArgumentError("until_time is over", field="until_time")
            self._control.engine.switch_stores(
                store_ids,
                kind,
                from_ms=from_ms,
                until_ms=until_ms,
                reason=reason,
                now_ms=now_ms,
            )
            return self._told(store_ids, response)

        method = type(request).__name__.removesuffix("Request")
        return await self._control.once(method, request, context, call)

    def restore(self, request: Any, context: object, kind: SwitchKind, response: type[R]) -> R:
        """End closures or pauses."""
        _check_own(request, context)
        store_ids = self._selected(request)
        # 0 for a client clock that has not started: then all of it is still to come, and is dropped
        self._control.engine.restore_stores(store_ids, kind, now_ms=self._control.now_ms())
        return self._told(store_ids, response)

    def page(self, request: pb.ListClosuresRequest, context: object) -> pb.ListClosuresResponse:
        """One page of one store's, or of all."""
        engine = self._control.engine
        store_id = checks.identifier(request.store_id, "store_id", required=False)
        check_own_stores(context, [store_id] if store_id else [], "store_id")
        number = -1
        if store_id:
            if store_id not in engine.registry.stores:
                raise NotFoundError("no store of this store_id", field="store_id")
            number = engine.registry.number(Store, store_id)
        now_ms = self._control.now_ms()
        held = [
            closure
            for closure in engine.state.live.closures
            if closure.until_ms > now_ms and number in (-1, closure.store_number)
        ]
        page, token = page_of(held, self._key, self._encoded, request, "closures", store_id)
        return pb.ListClosuresResponse(closures=page, next_page_token=token, catalog_generation=engine.saved_generation)

    def _selected(self, request: Any) -> list[str]:
        ids = request.store_ids
        if len(ids) > limits.BATCH_RESOURCE_COUNT_MAX:
            rule = f"store_ids may name {limits.BATCH_RESOURCE_COUNT_MAX} stores; use region or tag for more"
            raise InvalidArgumentError(rule, field="store_ids")
        return self._control.engine.select_stores(
            store_ids=[checks.identifier(item, "store_ids") for item in ids],
            region=checks.text(request.region, "region", length_max=limits.ID_LENGTH_MAX),
            tag=checks.identifier(request.tag, "tag", required=False),
        )

    def _told(self, store_ids: list[str], response: type[R]) -> R:
        fields: dict[str, Any] = {"store_count": len(store_ids), "store_ids": store_ids[:NAMED_STORE_COUNT_MAX]}
        return response(**fields, catalog_generation=self._control.engine.saved_generation)

    def _key(self, closure: Closure) -> Key:
        store_id = self._control.engine.registry.store_id(closure.store_number)
        return store_id, closure.from_ms, closure.until_ms, int(closure.kind), closure.reason

    def _encoded(self, closure: Closure) -> pb.Closure:
        return encode_closure(closure, self._control.engine.registry.store_id(closure.store_number))


def _check_own(request: Any, context: object) -> None:
    """A region or a tag may select stores of others, so a store's token names its own."""
    by_id_alone = not request.region and not request.tag
    check_own_stores(context, request.store_ids if by_id_alone else [], "store_ids")
