"""What can happen in a simulated life, each drawn from its own random numbers. Not a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import sim_town as town
from ledger import Violation
from sim_effects import DECISION_KEY
from sim_person_actions import erase, members, newcomer, request, resend, retry
from simulated import Act, Action, Simulated

from geooffer.engine.decisions import decision_id
from geooffer.errors import NotFoundError
from geooffer.model.catalog import Price, StockFigure
from geooffer.model.columns import PING
from geooffer.model.kinds import Channel, OutcomeKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.tables import NEVER_MS
from geooffer.model.verdicts import TouchpointKind

Random = np.random.Generator
T = TypeVar("T")
SECOND_MS, MINUTE_MS = 1_000, 60_000
LATE_AGE_MS = 90_000
ALL_DEVICES = tuple(key for keys in town.DEVICES.values() for key in keys)


def pick(random: Random, values: Sequence[T]) -> T:
    """One of some values, as it is."""
    return values[int(random.integers(0, len(values)))]


def chance(random: Random, share: float) -> bool:
    return bool(random.random() < share)


def walk(simulated: Simulated, random: Random) -> None:
    """Some fixes in one batch: late ones, lost ones, repeated ones, in the wrong order, of a device nobody knows."""
    simulated.true_ms += int(random.integers(1, 300)) * SECOND_MS
    count = int(random.integers(1, 9))
    rows, ages_ms = np.zeros(count, dtype=PING), np.zeros(count, dtype=np.int64)
    for index in range(count):
        if index and chance(random, 0.12):
            rows[index], ages_ms[index] = rows[index - 1], ages_ms[index - 1]
            continue
        device = town.NOBODYS_DEVICE if chance(random, 0.03) else pick(random, ALL_DEVICES)
        simulated.sequences[device] = simulated.sequences.get(device, 0) + 1 + chance(random, 0.1)  # some are lost
        rows["device_key"][index], rows["sequence"][index] = device, simulated.sequences[device]
        rows["session_id"][index] = 1
        rows["latitude_e7"][index], rows["longitude_e7"][index] = town.place_e7(pick(random, (-1, 0, 1, 2, 1, 0)))
        rows["accuracy_cm"][index] = 20_000 if chance(random, 0.03) else 1_000
        rows["malformed"][index] = chance(random, 0.02)
        rows["speed_cm_per_s"][index] = 2_000 if chance(random, 0.03) else 100
        rows["fix_time_ms"][index] = NEVER_MS
        ages_ms[index] = LATE_AGE_MS if chance(random, 0.05) else int(random.integers(0, 3_000))
        if chance(random, 0.03):  # a phone whose clock is off
            rows["fix_time_ms"][index] = simulated.now_ms + HOUR_MS
    if chance(random, 0.15):
        order = random.permutation(count)
        rows, ages_ms = rows[order], ages_ms[order]
    engine = simulated.engine
    engine.clock.stamp(rows, ages_ms, simulated.real_now_ms)
    outcome = engine.step(rows)
    simulated.heard(rows, outcome)
    simulated.decide(outcome)


def write(simulated: Simulated, random: Random) -> None:
    simulated.threads.run()
    simulated.write(int(random.integers(1, 6)))


def wait(simulated: Simulated, random: Random) -> None:
    simulated.true_ms += int(random.integers(1, 50)) * MINUTE_MS


def sleep(simulated: Simulated, random: Random) -> None:
    """Until ten in the morning, the next day or some days later; stock is counted anew."""
    days = pick(random, (1, 1, 1, 3))
    simulated.true_ms = (simulated.true_ms // DAY_MS + days) * DAY_MS + 9 * HOUR_MS
    for shop in town.SHOPS:
        for product in town.COUNTED:
            _report(simulated, shop, product, int(random.integers(0, 6)), simulated.now_ms)


def search(simulated: Simulated, random: Random) -> None:
    """Interests, now and then told twice, late, or of somebody who bought."""
    name, now_ms = pick(random, town.NAMES), simulated.now_ms
    kind = TouchpointKind.PURCHASE if chance(random, 0.05) else TouchpointKind.SEARCH
    found = [
        Touchpoint(name, kind, now_ms - int(random.integers(0, 2 * HOUR_MS)), category_id=pick(random, town.CATEGORIES))
        for _ in range(int(random.integers(1, 4)))
    ]
    for _ in range(1 + chance(random, 0.2)):
        _touch(simulated, found, now_ms)


def _touch(simulated: Simulated, found: list[Touchpoint], now_ms: int) -> None:
    """All of one person."""
    errors = simulated.engine.record_touchpoints(found, now_ms=now_ms, partial=True)
    is_known = found[0].customer_id in simulated.ledger.known.present
    if any(isinstance(error, NotFoundError) == is_known for error in errors):
        raise Violation("a touchpoint found nobody, and her it names is a customer, or the other way round")


def consent(simulated: Simulated, random: Random) -> None:
    """Given or withdrawn; now and then an event that is older than what is held."""
    name, now_ms, granted = pick(random, town.NAMES), simulated.now_ms, chance(random, 0.65)
    time_ms = now_ms - (int(random.integers(0, HOUR_MS)) if chance(random, 0.2) else 0)
    if not _consent(simulated, name, time_ms, now_ms, granted=granted):
        return
    known = simulated.ledger.known
    if not known.is_consenting(name):
        simulated.ledger.dropped(known.devices_of(name))


def _consent(simulated: Simulated, name: str, time_ms: int, now_ms: int, *, granted: bool) -> bool:
    """Whether anybody has this name."""

    def call() -> None:
        simulated.engine.record_consent(
            name, town.NEEDED, granted=granted, time_ms=time_ms, now_ms=now_ms, notice_version="1"
        )

    is_known = simulated.names(name, call)
    if is_known:
        simulated.call("consent", name, time_ms, granted)
    return is_known


def welcome(simulated: Simulated, random: Random) -> None:
    """Somebody consents and is interested in everything: most lives would be silent without."""
    name, now_ms = pick(random, town.NAMES), simulated.now_ms
    _consent(simulated, name, now_ms, now_ms, granted=True)
    found = [Touchpoint(name, TouchpointKind.SEARCH, now_ms, category_id=category) for category in town.CATEGORIES]
    _touch(simulated, found, now_ms)


def stock(simulated: Simulated, random: Random) -> None:
    age_ms = pick(random, (0, 0, 0, HOUR_MS, 30 * HOUR_MS))
    count = int(random.integers(0, 5))
    _report(simulated, pick(random, town.SHOPS), pick(random, town.COUNTED), count, simulated.now_ms - age_ms)


def _report(simulated: Simulated, shop: str, product: str, count: int, as_of_ms: int) -> None:
    simulated.engine.report_stock([StockFigure(shop, product, None, count, as_of_ms)])
    simulated.call("stock", shop, product, count, as_of_ms)


def catalog(simulated: Simulated, random: Random) -> None:
    """An offer paused or not, a fence of another size, a new price; not always live at once."""
    engine, now_ms = simulated.engine, simulated.now_ms
    product = pick(random, tuple(town.PRODUCTS))
    match int(random.integers(0, 3)):
        case 0:
            engine.put_nouns([town.offer(product, paused=chance(random, 0.3))], now_ms=now_ms)
        case 1:
            engine.put_nouns([town.fence(int(random.integers(0, 3)), pick(random, (4_000, 6_000)))], now_ms=now_ms)
        case _:
            engine.put_prices([Price(product, pick(random, (7_000, 7_500, 7_900)), "EUR", now_ms)], now_ms=now_ms)
    if chance(random, 0.7):
        engine.publish()


def link(simulated: Simulated, random: Random) -> None:
    """A device changes hands."""
    name, device = pick(random, town.NAMES), pick(random, ALL_DEVICES)
    if simulated.names(name, lambda: simulated.engine.link_device(name, device)):
        simulated.call("owner", device, name)
        simulated.ledger.forget({device})


def merge(simulated: Simulated, random: Random) -> None:
    """Two turn out to be one."""
    source, target = pick(random, town.NAMES), pick(random, town.NAMES)
    gone = [name for name in (source, target) if name not in simulated.ledger.known.present]
    if not simulated.names([*gone, source][0], lambda: simulated.engine.merge_customers(source, target)):
        return
    simulated.call("merged", source, target)
    simulated.ledger.forget(set(ALL_DEVICES))


def outcome(simulated: Simulated, random: Random) -> None:
    """Of an offer of the last days that was told: the service knows it, unless she was erased since."""
    told = [item for item in simulated.ledger.told if simulated.true_ms - item.time_ms < 20 * DAY_MS]
    if told:
        item, now_ms = pick(random, told), simulated.now_ms
        name = decision_id(DECISION_KEY, item.decision_key)
        kind = pick(random, (OutcomeKind.DELIVERED, OutcomeKind.DISPLAYED, OutcomeKind.DISMISSED))
        is_hers = simulated.ledger.known.tag(item.name) == item.tag
        try:
            simulated.engine.report_outcome(name, kind, time_ms=now_ms, now_ms=now_ms)
        except NotFoundError as error:
            if is_hers:
                raise Violation("a decision was told and is not known") from error
        else:
            if not is_hers:
                raise Violation(f"a decision about {item.name} is known, and she was erased")


def ask(simulated: Simulated, random: Random) -> None:
    """The web shop asks; it does so again when no answer came, and without a request id."""
    for _ in range(1 + chance(random, 0.3)):
        name, place = pick(random, town.NAMES), town.place_e7(int(random.integers(0, 3)))

        def call(name: str = name, place: tuple[int, int] = place) -> None:
            answer = simulated.engine.decide(name, channel=Channel.WEB_SHOP, now_ms=simulated.now_ms, place=place)
            if answer.decision is not None:
                simulated.take([answer.decision])

        simulated.names(name, call)


def sweep(simulated: Simulated, random: Random) -> None:
    """Silent devices leave; what is too old goes."""
    simulated.passages(simulated.engine.advance(simulated.now_ms))
    for _ in range(int(random.integers(0, 40))):
        if not simulated.engine.sweep_retention(simulated.now_ms):
            break


def crash(simulated: Simulated, random: Random) -> None:
    """Callers who got no answer soon call again."""
    simulated.crash(random)
    for cut_off in simulated.requests.unanswered(simulated.ledger, simulated.now_ms):
        if chance(random, 0.7):
            resend(simulated, cut_off, random)


def snapshot(simulated: Simulated, random: Random) -> None:
    simulated.service.begin(simulated.write_snapshot())


def compare(simulated: Simulated, random: Random) -> None:
    simulated.compare_digests()


def wall(simulated: Simulated, random: Random) -> None:
    """The wall clock is set an hour back, or right again; the next start will see it."""
    simulated.wall_error_ms = pick(random, (0, -HOUR_MS))


_WEIGHTS: tuple[tuple[Act, int], ...] = (
    (walk, 40), (write, 18), (wait, 6), (sleep, 2), (search, 6), (consent, 4), (welcome, 8), (stock, 5), (catalog, 4),
    (link, 2), (merge, 1), (outcome, 3), (ask, 6), (sweep, 2), (crash, 4), (compare, 1), (snapshot, 2), (wall, 2),
    (request, 8), (retry, 6), (erase, 3), (newcomer, 5), (members, 4),
)  # fmt: skip
ACTS: dict[str, Act] = {act.__name__: act for act, _ in _WEIGHTS}
_KINDS = tuple(act.__name__ for act, weight in _WEIGHTS for _ in range(weight))


def drawn(seed: int, action_count: int) -> list[Action]:
    """A life: it begins with a town that consents."""
    random = np.random.default_rng([seed, 2**31])
    opening = ["welcome"] * 12 + ["write"] * 3
    kinds = [*opening, *(pick(random, _KINDS) for _ in range(action_count - len(opening)))]
    return [Action(place, kind) for place, kind in enumerate(kinds)]
