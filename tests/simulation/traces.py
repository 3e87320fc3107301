"""What is left of whoever was erased: nothing, in no part of a snapshot and in no memory. Not a test."""

from __future__ import annotations

from collections.abc import Iterable

from ledger import Known, Violation
from sim_town import LIST, NAMES

from geooffer.engine.engine import Engine
from geooffer.engine.parts import PARTITIONS, take_part
from geooffer.journal.field_arrays import pack
from geooffer.model.keys import person_key


def _gone(known: Known) -> list[str]:
    return [name for name in NAMES if name not in known.present]


def nothing_of(known: Known, parts: Iterable[bytes]) -> None:
    """Neither the id nor the key of anybody who is gone stands in the bytes of `parts`."""
    marks = {
        name: (name.encode(), *(person_key(name).to_bytes(8, order, signed=True) for order in ("little", "big")))
        for name in _gone(known)
    }
    for part in parts if marks else ():
        for name, held in marks.items():
            if any(mark in part for mark in held):
                raise Violation(f"{name} was erased, and something of her is kept")


def nobody_gone_is_known(known: Known, engine: Engine) -> None:
    """The same of the live state, and of what else remembers persons; the list names none but those put on it."""
    nothing_of(known, (pack(take_part(engine.state, partition)) for partition in PARTITIONS))
    if any(engine.recent_tries.held(person_key(name)) for name in _gone(known)):
        raise Violation("tries of somebody who was erased are remembered")
    check_list(known, engine)


def check_list(known: Known, engine: Engine) -> None:
    """Nobody is on the list who was not put there."""
    if not set(engine.audience_members(LIST)) <= known.listed:
        raise Violation("somebody is on a list who was not put there")


def begins_with_nothing(engine: Engine, name: str, now_ms: int) -> None:
    """Of a customer who was made just now: her export tells of her name and devices alone."""
    told = engine.export_person(name, now_ms=now_ms)
    for about in ("format", "export_time", "policy_version", "retention", "customer", "devices"):
        del told[about]
    told["consent_limits"] = [text for text in told["consent_limits"].values() if text]  # '' = nothing
    held = [about for about, rows in told.items() if rows]
    if held:
        raise Violation(f"{name} is new, and of her there are {', '.join(held)}")
