"""The native data plane and load generator of geooffer. Private: `geooffer.dataplane.native_plane` and `geooffer.bench`
call it, nobody else. No call blocks, but `EngineLock.acquire`, `Plane.stop` and `run_load`; the last two release the
GIL.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, final

VERSION: str
"""Of the crates."""
INTERFACE_VERSION: int
"""Grows with every change of what is declared here."""

class _Join(Protocol):
    """What the matcher's addresses are taken from; kept until all workers are joined."""

    @property
    def context_address(self) -> int: ...
    @property
    def decide_address(self) -> int: ...
    @property
    def may_send_address(self) -> int: ...
    @property
    def hint_address(self) -> int: ...
    @property
    def hint_rules_address(self) -> int: ...
    @property
    def waiting_ages(self) -> bool: ...

class _ReadyOffer(Protocol):
    """An offer for a stream: geooffer.dataplane.native_answers.ReadyOffer."""

    @property
    def field(self) -> bytes: ...
    @property
    def person_slot(self) -> int: ...
    @property
    def person_key(self) -> int: ...
    @property
    def consent_epoch(self) -> int: ...
    @property
    def policy_version(self) -> int: ...
    @property
    def decision_key(self) -> int: ...
    @property
    def deadline_ns(self) -> int: ...
    @property
    def field_if_shut(self) -> bytes: ...
    @property
    def field_if_sent(self) -> bytes: ...
    @property
    def tries_before(self) -> int: ...

class _OutcomeBytes(Protocol):
    """What Python made of undecided rows: geooffer.dataplane.native_rows.OutcomeBytes."""

    @property
    def verdicts(self) -> bytes: ...
    @property
    def transitions(self) -> bytes: ...
    @property
    def tries(self) -> bytes: ...
    @property
    def winners(self) -> bytes: ...
    @property
    def pings(self) -> bytes: ...
    @property
    def catalog_generation(self) -> int: ...
    @property
    def context_number(self) -> int: ...
    @property
    def future_tolerance_ms(self) -> int: ...

@final
class EngineLock:
    """The engine's lock: workers take it around one matcher call, the control thread around every mutation of what the
    matcher reads. It holds the GIL while it waits and while it is inside; it may enter again. No I/O, no await inside.
    """

    def __new__(cls) -> Self: ...
    def acquire(self) -> None:
        """Enter; blocks while a worker is inside."""
    def release(self) -> None:
        """Leave. RuntimeError where this thread is not inside."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool: ...

@final
class Decided:
    """A batch with tries, winners or hints."""

    @property
    def worker(self) -> int:
        """Whose batch."""
    @property
    def catalog_generation(self) -> int:
        """By which it was decided."""
    @property
    def context_number(self) -> int:
        """Of the context it was decided by: `Join.commit` asks for it."""
    @property
    def tries(self) -> bytes:
        """TRY rows."""
    @property
    def winners(self) -> bytes:
        """WINNER rows."""
    @property
    def places(self) -> bytes:
        """PLACE rows (geooffer.dataplane.native_rows), ascending by row."""
    @property
    def held(self) -> list[tuple[int, int, bool, bool]]:
        """Messages that wait: stream number, message sequence, wants_next_ping, wants_tries."""

@final
class Undecided:
    """Rows that Python has to decide; their worker decides nothing more until `Plane.decided`."""

    @property
    def worker(self) -> int:
        """Who waits."""
    @property
    def pings(self) -> bytes:
        """PING rows."""
    @property
    def ages_ms(self) -> bytes:
        """int64, of each ping as it arrived."""
    @property
    def arrivals_ms(self) -> bytes:
        """int64: when each ping did, in milliseconds since 1970."""

@final
class Left:
    """What became of offers that were given to streams."""

    @property
    def offers(self) -> list[tuple[int, bool, int]]:
        """Decision key; whether it was sent, else it was taken back; when that was, on the plane's clock in ns."""

@final
class Refused:
    """A call of a verified caller that was refused."""

    @property
    def role(self) -> str:
        """As rpc/roles.py calls it."""
    @property
    def subject(self) -> str:
        """Of the token."""
    @property
    def method(self) -> str:
        """`/package.Service/Method`."""
    @property
    def reason(self) -> str:
        """Of google.rpc.ErrorInfo."""
    @property
    def field(self) -> str:
        """Which it is about, or ''."""
    @property
    def message(self) -> str:
        """As the caller was told."""

@final
class Plane:
    """A plane that serves, until `stop`. Its threads never take the GIL."""

    def __new__(
        cls,
        settings_json: str,
        *,
        tokens_json: str,
        row_rates: tuple[int, int] = (0, 0),
        tls: tuple[bytes, bytes, bytes | None] | None = None,
        fence_ids: Sequence[str] = (),
        join: _Join | None = None,
        lock: EngineLock | None = None,
        real_now_ms: Callable[[], int] | None = None,
    ) -> Self:
        """Bound and serving. `tls`: PEM of chain, key, and the roots of clients' certificates where they need one.

        `join`, `lock` and `real_now_ms` are needed unless it is an echo. ValueError for settings, keys or certificates
        that are not what they should be; OSError where it cannot listen.
        """
    @property
    def phone_address(self) -> str:
        """host:port, as bound."""
    @property
    def gateway_address(self) -> str | None:
        """host:port, as bound; None: gateways come to the phones' address."""
    @property
    def wake_fd(self) -> int:
        """Readable when crossings came: read it empty, then `take`."""
    def now_ns(self) -> int:
        """Nanoseconds since the plane began: the clock of deadlines."""
    def take(self) -> list[Decided | Undecided | Left | Refused]:
        """All crossings that wait, in the order of each worker."""
    def take_tried(self) -> list[tuple[int, bytes]]:
        """Tries that nobody is told of, since the last time, by worker: [(context number, TRY rows)]."""
    def settle(
        self, stream_number: int, message_sequence: int, fields: bytes, offers: Sequence[_ReadyOffer], /
    ) -> None:
        """Release a held message: `fields` of a PingAnswer to be added, and offers, which pass their gates."""
    def decided(self, worker: int, outcome: _OutcomeBytes, /) -> None:
        """What became of the rows of an `Undecided`. ValueError where lengths do not fit."""
    def tell(self, stream_number: int, fields: bytes, /) -> None:
        """Fields of a PingAnswer for a stream that may be told of transitions, if it is still open."""
    def set_tokens(self, tokens_json: str, /) -> bool:
        """Another key ring, whole; False where it is the same. ValueError."""
    def set_quotas(self, device_rows: int, rows: int, /) -> None:
        """Rows a second of a device, and of another caller; 0 = no bound. Where they change all buckets begin full."""
    def set_tls(self, certificate_chain: bytes, private_key: bytes, client_ca: bytes | None, /) -> None:
        """PEM; for handshakes from now on. ValueError."""
    def extend_fence_names(self, first: int, fence_ids: Sequence[str], /) -> None:
        """The ids of fences from number `first` on, before a catalog that has them goes live."""
    def statistics_json(self) -> str:
        """Counts since the start, and what waits now."""
    def undecided_counts(self) -> list[int]:
        """How often the matcher left rows to Python, by the number of its reason; the last: calls it refused."""
    def fault(self, reason: str, message: str, /) -> None:
        """Nothing is decided any more: streams end UNAVAILABLE with this reason ("JOURNAL", else "DRAINING")."""
    def begin_drain(self) -> None:
        """Take no more pings: what was read is decided and answered, and streams end; other calls go on."""
    def open_stream_count(self) -> int:
        """Streams and IngestPings calls that are open."""
    def stop(self, grace_s: float, /) -> None:
        """Close everything, wait up to `grace_s` for connections, join all threads. May be called again."""

def run_load(plan_json: str) -> str:
    """Run a load (`geooffer bench`) to its end: plan and report as JSON. ValueError."""

def verify_token(ring_json: str, token: str, now_s: float) -> str | None:
    """What a token says by a key ring at a moment (seconds since 1970), as JSON; None: it is not valid. For tests."""

def decode_rows(
    data: bytes, own_key: int, key_ranges: Sequence[tuple[int, int]], stream_number: int, is_ingest: bool
) -> tuple[int, bytes, bytes, int, bool] | tuple[int, str, str, str]:
    """What rpc/codec.py makes of `data`: row count, PING rows, ages, budget_ms, wants_next_ping; or code, reason, field
    and message of a refusal. For tests.
    """

def decode_time_ns(data: bytes, own_key: int, key_ranges: Sequence[tuple[int, int]], repeat_count: int) -> float:
    """Nanoseconds that one decoding takes, the mean of so many. ValueError. For benchmarks."""

def encode_answer(script: str) -> bytes:
    """What a stream would be written after a script (JSON). ValueError. For tests."""

def status_trailers(code: int, reason: str, field: str, message: str, retry_after_ms: int) -> list[tuple[str, bytes]]:
    """Trailers of a refusal, in their order on the wire. ValueError for a code the plane has not. For tests."""
