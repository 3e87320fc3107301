"""What a customer takes back herself, from her own device: purposes, or the use of her location for a while (C4, C6).

Her device's token is all that says who she is: no call names anybody. A device that belongs to nobody gets the same
answer as one whose customer gave no consent, so nothing can be learnt from asking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from geooffer.errors import InvalidArgumentError, PermissionDeniedError
from geooffer.model.consent import ConsentMethod
from geooffer.model.limits import ID_LENGTH_MAX, LOCATION_SNOOZE_MAX_MS
from geooffer.rpc import checks
from geooffer.rpc.auth import identity_of
from geooffer.rpc.convert import decode_purposes
from geooffer.services.control import Control
from geooffer.services.requests import Memory, Remembered
from geooffer.v1 import offer_service_pb2 as pb

Context = Any
R = TypeVar("R", bound=Message)


class OwnConsent:
    """Both calls."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def withdraw(self, request: pb.WithdrawOwnConsentRequest, context: Context) -> pb.WithdrawOwnConsentResponse:
        """Purposes of the caller's customer, now; wins over whatever was said before."""
        purposes = decode_purposes(request.purposes, "purposes", required=True)
        engine = self._control.engine

        def change(customer_id: str, now_ms: int) -> None:
            engine.withdraw_now(customer_id, purposes, now_ms=now_ms, method=ConsentMethod.OWN_DEVICE)

        return await self._once("WithdrawOwnConsent", request, context, change, pb.WithdrawOwnConsentResponse)

    async def snooze(self, request: pb.SnoozeLocationRequest, context: Context) -> pb.SnoozeLocationResponse:
        """No location of hers before a moment."""
        until_ms = checks.time_ms(request, "until_time")
        if until_ms > self._now_ms() + LOCATION_SNOOZE_MAX_MS:
            # of whose device nobody knows, too: the answer is not to tell them apart
            raise InvalidArgumentError("a snooze lasts 31 days at most; withdraw the purpose", field="until_time")
        engine = self._control.engine

        def change(customer_id: str, now_ms: int) -> None:
            engine.snooze_location(customer_id, until_ms, now_ms=now_ms)

        return await self._once("SnoozeLocation", request, context, change, pb.SnoozeLocationResponse)

    async def _once(
        self,
        method: str,
        request: Any,
        context: Context,
        change: Callable[[str, int], None],
        response: Callable[..., R],
    ) -> R:
        device_key = _own_device(request.device_key, context)
        engine = self._control.engine
        customer_id = engine.owner_of_device(device_key)
        if customer_id is None:
            checks.text(request.request_id, "request_id", length_max=ID_LENGTH_MAX)
            return response(location_wanted=False)

        async def call() -> R:
            change(customer_id, self._now_ms())
            return response(location_wanted=engine.location_wanted(device_key))

        memory: Memory[R] = _HerMemory(request, engine.key_of(customer_id))
        return await self._control.once(method, request, context, call, memory)

    def _now_ms(self) -> int:
        return self._control.started_now_ms("time of the first ping")


class _HerMemory(Memory[R]):
    """Kept in her partition, so that it vanishes with her."""

    def __init__(self, request: Any, person_key: int) -> None:
        super().__init__(request)
        self._person_key = person_key

    def remembered(self, answer: R) -> Remembered:
        """The whole answer: one flag."""
        return Remembered(self._person_key, answer.SerializeToString())


def _own_device(named: int, context: Context) -> int:
    """The device of the token. Raises PermissionDeniedError where the call names another one."""
    own = identity_of(context).device_key
    if own is None or named not in (0, own):
        raise PermissionDeniedError("the token is of another device", field="device_key")
    return own
