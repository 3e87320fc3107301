"""What every control service works with, put together once by cli/assembly.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message

from geooffer.audit.verifier import AuditReport
from geooffer.engine.engine import Engine
from geooffer.errors import InvalidArgumentError
from geooffer.rpc.auth import identity_of
from geooffer.rpc.durability import at_once
from geooffer.rpc.policy_signing import PolicySigner
from geooffer.rpc.receipts import ReceiptSigner
from geooffer.services.batches import BatchResult
from geooffer.services.erasures import Erasures
from geooffer.services.policies import Policies
from geooffer.services.publisher import Publisher
from geooffer.services.requests import Memory, RequestMemory

R = TypeVar("R", bound=Message)


class Control:
    """The engine, its publisher, the time, and the memory of requests."""

    def __init__(
        self,
        engine: Engine,
        *,
        real_now_ms: Callable[[], int],
        durable: Callable[[], Awaitable[None]] = at_once,
        erasures: Erasures | None = None,
        receipts: ReceiptSigner | None = None,
        policy_signer: PolicySigner | None = None,
    ) -> None:
        """`durable` returns once all that was recorded so far survives a power cut (rpc/durability.py). `erasures`:
        where the journal is in files. `receipts`, `policy_signer`: where a key is kept; else one that is gone with the
        process.
        """
        self.engine = engine
        self.durable = durable
        self.erasures = erasures or Erasures(engine, real_now_ms=real_now_ms, durable=durable)
        self.receipts = receipts or ReceiptSigner(Ed25519PrivateKey.generate())
        self.verify_audit: Callable[[], Awaitable[AuditReport]] | None = None
        """Reads and checks the audit log; None where the journal is in memory, and nothing is audited."""
        self.policies = Policies(engine, policy_signer or PolicySigner(Ed25519PrivateKey.generate()), self.now_ms)
        self.publisher = Publisher(engine)
        self._real_now_ms = real_now_ms
        self._requests = RequestMemory(engine, self.now_ms)

    def now_ms(self) -> int:
        """The engine's time in milliseconds since 1970; 0 for a client clock that has not started."""
        return self.engine.clock.now_ms(self._real_now_ms())

    def started_now_ms(self, field: str) -> int:
        """The engine's time; a client clock without one yet needs the caller's own, in `field`."""
        now_ms = self.now_ms()
        if not self.engine.clock.started:
            rule = f"{field} is required while the client clock has not started"
            raise InvalidArgumentError(rule, field=field)
        return now_ms

    def now_of_ms(self, event_times_ms: Sequence[int]) -> int:
        """The engine's time for events (one or more) with times of their own (semantics T0).

        Under a client clock none of them lies in the future, and the earliest starts a clock that has not started:
        a later start would make pings from before it historical.
        """
        clock = self.engine.clock
        if clock.kind == "client":
            clock.observe(min(event_times_ms))
            return max(self.now_ms(), *event_times_ms)
        return self.now_ms()

    def catalog_changed(self) -> int:
        """Have the change published soon; returns the generation it was saved as."""
        self.publisher.changed()
        return self.engine.saved_generation

    def batch_answer(self, result: BatchResult, response: Callable[..., R], **further: Any) -> R:
        """What became of a batch, as the response that tells it."""
        return response(
            accepted_count=result.accepted_count,
            problems=result.problems,
            catalog_generation=self.engine.saved_generation,
            **further,
        )

    async def once(
        self,
        method: str,
        request: Any,
        context: object,
        call: Callable[[], Awaitable[R]],
        memory: Memory[R] | None = None,
    ) -> R:
        """`await call()` with idempotency by the caller's `request_id`; `memory`: what is kept of the answer."""
        key = (identity_of(context).subject, method, request.request_id)
        return await self._requests.once(key, request, call, memory)
