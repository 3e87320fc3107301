"""The calls that are raced: four by which one person's offers end, three by which everybody's do.

A person's call is made once for each person. Of the other three each trial ends all offers, waits, and lets them flow
again; the policy that ends them allows nobody any offer, so whatever leaves after it was decided by the one before.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import grpc

from geooffer.bench.effect_load import is_active
from geooffer.bench.processes import BenchmarkError
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope
from geooffer.model.policy import Policy
from geooffer.model.policy_document import PolicyDocument
from geooffer.rpc.checks import timestamp
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import policy_service_pb2 as policy_pb
from geooffer.v1 import privacy_service_pb2 as privacy_pb
from geooffer.v1 import rights_pb2
from geooffer.v1.offer_service_pb2_grpc import OfferServiceStub
from geooffer.v1.policy_service_pb2_grpc import PolicyServiceStub
from geooffer.v1.privacy_service_pb2_grpc import PrivacyServiceStub
from geooffer.v1.verdicts_pb2 import PURPOSE_PERSONALISED_OFFERS, PURPOSE_PRECISE_LOCATION_FOR_OFFERS

PERSON_KINDS = ("withdraw", "snooze", "restrict", "erase")
"""Erasures last: each has a snapshot written."""
POLICY_KINDS = ("publish", "rollback", "kill")
PURPOSES = (PURPOSE_PRECISE_LOCATION_FOR_OFFERS, PURPOSE_PERSONALISED_OFFERS)
CALL_TIMEOUT_S = 30.0
SNOOZE_MS = 3_600_000
LOOSE = PolicyDocument(
    numbers=Policy(jump_fix_count=1, cooldown_ms=0, same_offer_after_ms=0), cap_rules=(), reason="bench"
)
"""No cap keeps anybody from the next offer."""
STRICT = replace(LOOSE, cap_rules=(CapRule(CapScope.PERSON, 0),))
"""Nobody gets any."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One call, on the clock of time.perf_counter."""

    kind: str
    device_key: int
    """0: all."""
    called_s: float
    returned_s: float
    until_s: float = float("inf")
    """When the call that ended it was made."""


@dataclass(frozen=True, slots=True)
class EffectTokens:
    """Of whoever calls. Two officers: a loosening takes two."""

    gateway: str
    officer: str
    second_officer: str
    devices: dict[int, str]
    """Of those who withdraw or snooze."""


@dataclass(frozen=True, slots=True)
class RacePlan:
    """How often, and how long between two calls."""

    person_trial_count: int = 32
    policy_trial_count: int = 32
    person_pause_s: float = 0.02
    stopped_s: float = 0.12
    """How long no offer may come before they are let flow again."""
    flowing_s: float = 0.1


def persons_of(kind: str, trial_count: int) -> Iterator[int]:
    """Whose calls of a kind are made: persons who are often inside their fence, each of one kind."""
    keys = (key for key in itertools.count(1) if is_active(key))
    return itertools.islice(keys, PERSON_KINDS.index(kind), trial_count * len(PERSON_KINDS), len(PERSON_KINDS))


class Caller:
    """Connections of a phone and of two officers."""

    def __init__(self, data_channel: Any, control_channel: Any, tokens: EffectTokens) -> None:
        self._offers: Any = OfferServiceStub(data_channel)  # type: ignore[no-untyped-call]
        self._privacy: Any = PrivacyServiceStub(control_channel)  # type: ignore[no-untyped-call]
        self._policies: Any = PolicyServiceStub(control_channel)  # type: ignore[no-untyped-call]
        self._tokens = tokens
        self._strict_version = 0

    async def call(self, kind: str, device_key: int = 0) -> Trial:
        """One call, timed from its sending to its return."""
        method, request, token = self._prepared(kind, device_key)
        called_s = time.perf_counter()
        answer = await method(request, metadata=_bearer(token), timeout=CALL_TIMEOUT_S)
        returned_s = time.perf_counter()
        if kind in ("publish", "rollback"):
            if answer.policy.state != policy_pb.POLICY_STATE_IN_FORCE:
                raise BenchmarkError(f"{kind}: the stricter policy waits")
            self._strict_version = answer.policy.version
        return Trial(kind, device_key, called_s, returned_s)

    async def let_flow(self, kind: str = "publish") -> None:
        """Undo what a kind of POLICY_KINDS did."""
        if kind == "kill":
            await self._officer(self._policies.SetKillSwitch, policy_pb.SetKillSwitchRequest(reason="over"))
            return
        request = policy_pb.ProposePolicyRequest(text=LOOSE.text())
        proposed = await self._officer(self._policies.ProposePolicy, request)
        approval = policy_pb.ApprovePolicyRequest(version=proposed.policy.version)
        await self._policies.ApprovePolicy(
            approval, metadata=_bearer(self._tokens.second_officer), timeout=CALL_TIMEOUT_S
        )

    def _prepared(self, kind: str, device_key: int) -> tuple[Any, Any, str]:
        customer_id, officer = f"c{device_key}", self._tokens.officer
        match kind:
            case "withdraw":
                purpose = PURPOSES[device_key // 16 % 2]
                request: Any = offer_pb.WithdrawOwnConsentRequest(purposes=[purpose])
                return self._offers.WithdrawOwnConsent, request, self._tokens.devices[device_key]
            case "snooze":
                until = timestamp(time.time_ns() // 1_000_000 + SNOOZE_MS)
                request = offer_pb.SnoozeLocationRequest(until_time=until)
                return self._offers.SnoozeLocation, request, self._tokens.devices[device_key]
            case "restrict":
                ground = rights_pb2.RESTRICTION_GROUND_ACCURACY_CONTESTED
                request = rights_pb2.RestrictSubjectRequest(customer_id=customer_id, ground=ground, reason="bench")
                return self._privacy.RestrictSubject, request, officer
            case "erase":
                return self._privacy.EraseSubject, privacy_pb.EraseSubjectRequest(customer_id=customer_id), officer
            case "publish":
                return self._policies.ProposePolicy, policy_pb.ProposePolicyRequest(text=STRICT.text()), officer
            case "rollback":
                request = policy_pb.RollbackPolicyRequest(version=self._strict_version, reason="bench")
                return self._policies.RollbackPolicy, request, officer
            case _:
                request = policy_pb.SetKillSwitchRequest(is_stopped=True, reason="bench")
                return self._policies.SetKillSwitch, request, officer

    async def _officer(self, method: Any, request: Any) -> Any:
        return await method(request, metadata=_bearer(self._tokens.officer), timeout=CALL_TIMEOUT_S)


async def calling(ending: AsyncExitStack, data_address: str, control_address: str, tokens: EffectTokens) -> Caller:
    """A caller whose connections end with `ending`."""
    channels = [
        await ending.enter_async_context(grpc.aio.insecure_channel(address))
        for address in (data_address, control_address)
    ]
    return Caller(channels[0], channels[1], tokens)


async def race(caller: Caller, plan: RacePlan) -> list[Trial]:
    """All trials, kind by kind. Offers have to flow when it begins, and the loose policy has to be in force."""
    trials = []
    for kind in POLICY_KINDS:
        for _ in range(plan.policy_trial_count):
            trial = await caller.call(kind)
            await asyncio.sleep(plan.stopped_s)
            trials.append(replace(trial, until_s=time.perf_counter()))
            await caller.let_flow(kind)
            await asyncio.sleep(plan.flowing_s)
    for kind in PERSON_KINDS:
        for device_key in persons_of(kind, plan.person_trial_count):
            trials.append(await caller.call(kind, device_key))
            await asyncio.sleep(plan.person_pause_s)
    return trials


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)
