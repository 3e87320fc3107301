"""What the simulation itself knows of people, shelves and offers: the checkers. It asks the engine nothing. Not a test.

Every call goes into a list with the ticket of its append. A crash strikes out what was not durable, and the rest is
worked out again from the start.
"""

from __future__ import annotations

from collections import Counter
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
    tag: str
    """Which customer of that name, when it was decided."""
    names: frozenset[str]
    """The tags of all that she was known to be then: caps are judged by them."""


@dataclass
class Known:
    """What follows from a list of calls."""

    consents: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Latest time and whether given, at a tie withdrawn, by the name that stands for her."""
    stock: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """(shop, product) → (as of, count)."""
    merged: dict[str, str] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    present: set[str] = field(default_factory=lambda: set(NAMES))
    """Names that stand for somebody: not erased, or a new customer's."""
    erased_counts: Counter[str] = field(default_factory=Counter)
    listed: set[str] = field(default_factory=set)
    """Whoever was put on the list, whether or not she was taken off it since."""
    effects: Counter[str] = field(default_factory=Counter)
    """Of requests, each by what it leaves in the journal."""
    carried_out: set[str] = field(default_factory=set)
    """Erasures whose record is in the journal: whoever has such a name since is somebody new."""

    def names(self, name: str) -> frozenset[str]:
        """The tags of all names that stand for the same person."""
        return frozenset(self.tag(other) for other in self.names_of(self.one(name)))

    def names_of(self, one: str) -> list[str]:
        """All names of a person."""
        return [other for other in NAMES if other in self.present and self.one(other) == one]

    def tag(self, name: str) -> str:
        """Tells a customer from the one who had her name before."""
        return f"{name}/{self.erased_counts[name]}"

    def person(self, name: str) -> str:
        """The tag of whom a name stands for; '' = nobody."""
        return self.tag(self.one(name)) if name in self.present else ""

    def is_consenting(self, name: str) -> bool:
        """By the latest that was said."""
        return self.consents.get(self.one(name), (0, False))[1]

    def devices_of(self, name: str) -> set[int]:
        """Of the person, by whatever name they came to her."""
        return {device for device, owner in self.owners.items() if self.one(owner) == self.one(name)}

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
        self.change_count = 0
        """Of calls about who somebody is and what she consents to."""
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
        self.change_count += kind in ("consent", "merged", "erased", "created")
        if kind == "erased":
            self.dropped(self.known.devices_of(str(what[0])))
        _follow(self.known, kind, what)
        if kind == "effect" and self.known.effects[str(what[0])] > 1:
            raise Violation("a request had its effect twice")

    def crash(self, durable: int) -> None:
        """What was not durable never happened; where devices are is forgotten."""
        self.calls = [(0, kind, what) for ticket, kind, what in self.calls if ticket <= durable]
        self.known = self.known_at(durable)
        self.begin()

    def known_at(self, ticket: int) -> Known:
        """What follows from the calls that are durable when the journal has come to `ticket`."""
        known = Known()
        for held, kind, what in self.calls:
            if held <= ticket:
                _follow(known, kind, what)
        return known

    def durable_names(self) -> set[str]:
        """Those who stand for themselves."""
        return self.known.present - self.known.merged.keys()

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
        if self.known.tag(told.name) != told.tag:
            raise Violation(f"{told.name} was told an offer of the time before she was erased")
        if not self.known.consents.get(one, (0, False))[1]:
            raise Violation(f"{told.name} was told an offer and does not consent")
        if any(held.decision_key == told.decision_key for held in self.told):
            raise Violation("a decision was told twice")
        self.told.append(told)
        hers = [held for held in self.told if held.tag in told.names]
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
                    _consent(known, target, *known.consents.pop(source))
                if source in known.listed:
                    known.listed = known.listed - {source} | {target}
        case "erased", (str(name),):
            _erased(known, known.one(name))
        case "created", (str(name), tuple(devices)):
            known.present.add(name)
            known.owners |= dict.fromkeys(devices, name)
        case "listed", (str(name),):
            known.listed.add(known.one(name))
        case "carried_out", (str(erasure_id),):
            known.carried_out.add(erasure_id)
        case "effect", (str(effect),):
            known.effects[effect] += 1
        case _:
            raise AssertionError(kind)


def _erased(known: Known, one: str) -> None:
    """Nothing of her is left, under no name."""
    for device in known.devices_of(one):
        del known.owners[device]
    known.consents.pop(one, None)
    known.listed.discard(one)
    names = known.names_of(one)
    known.present -= set(names)
    known.erased_counts.update(names)
    for name in names:
        known.merged.pop(name, None)


def _consent(known: Known, name: str, time_ms: int, granted: bool) -> None:
    held = known.consents.get(name)
    if held is None or time_ms > held[0] or (time_ms == held[0] and not granted):
        known.consents[name] = (time_ms, granted)
