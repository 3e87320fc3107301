"""What the simulation itself knows of people, shelves and offers: the checkers. It asks the engine nothing. Not a test.

Every call goes into a list with the ticket of its append. A crash strikes out what was not durable, and the rest is
worked out again from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim_town import BUDGET_COUNT, DEVICES, NAMES

from geooffer.model.policy import DAY_MS
from recount import Given, over_caps

SAFETY_COUNT = 1
Visit = tuple[int, int]
"""(device, fence number)."""


class Violation(AssertionError):
    """Something that must never be."""


@dataclass(frozen=True)
class Told:
    """An offer that left."""

    decision_key: int
    name: str
    store_id: str
    offer_id: str
    time_ms: int
    is_limited: bool
    names: frozenset[str]
    """Who she was known to be when it was decided: caps are judged then."""


@dataclass
class Known:
    """What follows from a list of calls."""

    consents: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Latest time and whether given, at a tie withdrawn, by the name that stands for her."""
    stock: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """(shop, product) → (as of, count)."""
    merged: dict[str, str] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)

    def names(self, name: str) -> frozenset[str]:
        """All names that stand for the same person."""
        return frozenset(other for other in NAMES if self.one(other) == self.one(name))

    def one(self, name: str) -> str:
        """The name under which her history stands."""
        while name in self.merged:
            name = self.merged[name]
        return name


class Ledger:
    """All calls and offers."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, tuple[object, ...]]] = []
        """(ticket, kind, what); a ticket of 0 is durable."""
        self.told: list[Told] = []
        self.known = Known()
        self.visits: dict[Visit, str] = {}
        """Where the last transition left it: "in", "dwelt", "out"."""
        self.uncertain: set[int] = set()
        """Devices of whose visits without a transition nobody knows."""
        for name in NAMES:
            for device in DEVICES[name]:
                self.call(0, "owner", device, name)

    # -- calls -----------------------------------------------------------------------------------------------

    def call(self, ticket: int, kind: str, *what: object) -> None:
        """A call was made; it is durable with its ticket."""
        self.calls.append((ticket, kind, what))
        _follow(self.known, kind, what)

    def crash(self, durable: int) -> None:
        """What was not durable never happened; where devices are is forgotten."""
        self.calls = [(0, kind, what) for ticket, kind, what in self.calls if ticket <= durable]
        self.known = Known()
        for _, kind, what in self.calls:
            _follow(self.known, kind, what)
        self.begin()

    def durable_names(self) -> set[str]:
        """Those who stand for themselves."""
        return {name for name in NAMES if name not in self.known.merged}

    # -- checks ----------------------------------------------------------------------------------------------

    def decided(self, store_id: str, product_id: str, now_ms: int, *, is_counted: bool) -> None:
        """Of an offer at the moment it is decided: the goods are there, as far as anybody knows."""
        if not is_counted:
            return
        held = self.known.stock.get((store_id, product_id))
        if held is None or held[1] - SAFETY_COUNT < 1:
            raise Violation(f"an offer of {product_id}, which {store_id} has not")
        if now_ms - held[0] > DAY_MS:
            raise Violation(f"an offer of {product_id} by a stock figure older than a day")

    def tell(self, told: Told) -> None:
        """Of an offer at the moment it leaves: consent, once, within all caps."""
        one = self.known.one(told.name)
        if not self.known.consents.get(one, (0, False))[1]:
            raise Violation(f"{told.name} was told an offer and does not consent")
        if any(held.decision_key == told.decision_key for held in self.told):
            raise Violation("a decision was told twice")
        self.told.append(told)
        hers = [held for held in self.told if held.name in told.names]
        before = over_caps([_given(one, held) for held in hers[:-1]], BUDGET_COUNT)
        after = over_caps([_given(one, held) for held in hers], BUDGET_COUNT)
        # two people may have been within their caps each, and turn out to be one
        if len(after) > len(before):
            raise Violation(after[-1])
        if sum(held.is_limited for held in self.told) > BUDGET_COUNT:
            raise Violation("a campaign's budget was exceeded")

    def moved(self, visit: Visit, kind: str) -> None:
        """Of a transition: ENTER · DWELL? · EXIT, each once (P4)."""
        unknown = "" if visit[0] in self.uncertain else "out"
        before, after = self.visits.get(visit, unknown), {"ENTER": "in", "DWELL": "dwelt", "EXIT": "out"}[kind]
        allowed = {"ENTER": ("", "out"), "DWELL": ("", "in"), "EXIT": ("", "in", "dwelt")}[kind]
        if before not in allowed:
            raise Violation(f"{kind} of device {visit[0]} after it was {before}")
        self.visits[visit] = after

    def begin(self) -> None:
        """From now on every visit begins outside: nothing is known of any device yet."""
        self.visits.clear()
        self.uncertain.clear()

    def dropped(self, devices: set[int]) -> None:
        """Where these are is not known any more: the next thing told of them is that they enter."""
        for visit in [visit for visit in self.visits if visit[0] in devices]:
            del self.visits[visit]
        self.uncertain -= devices

    def forget(self, devices: set[int]) -> None:
        """The service may or may not have dropped where these are."""
        for visit in [visit for visit in self.visits if visit[0] in devices]:
            del self.visits[visit]
        self.uncertain |= devices


def _given(person: str, told: Told) -> Given:
    return Given(person, told.store_id, told.offer_id, told.time_ms, is_limited=False)


def _follow(known: Known, kind: str, what: tuple[object, ...]) -> None:
    match kind, what:
        case "consent", (str(name), int(time_ms), bool(granted)):
            _consent(known, known.one(name), time_ms, granted)
        case "stock", (str(store_id), str(product_id), int(count), int(as_of_ms)):
            held = known.stock.get((store_id, product_id))
            if held is None or as_of_ms >= held[0]:
                known.stock[store_id, product_id] = (as_of_ms, count)
        case "owner", (int(device), str(name)):
            known.owners[device] = name
        case "merged", (str(source), str(target)):
            source, target = known.one(source), known.one(target)
            if source != target:
                known.merged[source] = target
                if source in known.consents:
                    _consent(known, target, *known.consents[source])
        case _:
            raise AssertionError(kind)


def _consent(known: Known, name: str, time_ms: int, granted: bool) -> None:
    held = known.consents.get(name)
    if held is None or time_ms > held[0] or (time_ms == held[0] and not granted):
        known.consents[name] = (time_ms, granted)
