"""Requests with an id and their retries; erasures in the middle of it, and customers who come back. Not a test."""

from __future__ import annotations

import numpy as np
import sim_town as town
from ledger import Violation
from sim_requests import Request
from simulated import Simulated
from traces import begins_with_nothing, check_list

from geooffer.errors import NotConsentedError, NotFoundError
from geooffer.model.catalog import Customer

Random = np.random.Generator
LOST_SHARE = 0.3


def request(simulated: Simulated, random: Random) -> None:
    """One with an id; now and then twice at once."""
    made = simulated.requests.draw(simulated.ledger, random, simulated.now_ms)
    for _ in range(1 + (random.random() < 0.2)):
        simulated.send(made, is_lost=bool(random.random() < LOST_SHARE))


def retry(simulated: Simulated, random: Random) -> None:
    """One of the last days once more, whether or not its answer came."""
    sent = simulated.requests.open(simulated.ledger, simulated.now_ms)
    if sent:
        resend(simulated, sent[int(random.integers(0, len(sent)))], random)


def resend(simulated: Simulated, made: Request, random: Random) -> None:
    """The very same request again."""
    simulated.requests.retry_count += 1
    simulated.send(made, is_lost=bool(random.random() < LOST_SHARE))


def erase(simulated: Simulated, random: Random) -> None:
    """An officer erases somebody, under any of her names; who is gone already is told as erased again."""
    name = town.NAMES[int(random.integers(0, len(town.NAMES)))]
    made = simulated.requests.erase(simulated.ledger, name, random, simulated.now_ms)
    simulated.send(made, is_lost=bool(random.random() < LOST_SHARE))


def newcomer(simulated: Simulated, random: Random) -> None:
    """Somebody who was erased becomes a customer again, under the same id and with the devices that are free."""
    known = simulated.ledger.known
    gone = [name for name in town.NAMES if name not in known.present]
    if gone:
        name = gone[int(random.integers(0, len(gone)))]
        devices = tuple(device for device in town.DEVICES[name] if device not in known.owners)
        simulated.engine.upsert_customers([Customer(name, devices)])
        simulated.call("created", name, devices)
        begins_with_nothing(simulated.engine, name, simulated.now_ms)


def members(simulated: Simulated, random: Random) -> None:
    """Somebody is put on a list, or taken off it."""
    name, are_members = town.NAMES[int(random.integers(0, len(town.NAMES)))], bool(random.random() < 0.8)
    (error,) = simulated.engine.put_audience_members(
        town.LIST, [name], are_members=are_members, now_ms=simulated.now_ms, partial=True
    )
    if isinstance(error, NotFoundError) == (name in simulated.ledger.known.present):
        raise Violation(f"{name} was erased and found, or not found and is a customer")
    if error is not None and not isinstance(error, NotFoundError | NotConsentedError):
        raise error
    if error is None and are_members:
        simulated.call("listed", name)
    check_list(simulated.ledger.known, simulated.engine)
