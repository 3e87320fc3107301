"""What an entry of the audit log says, in words: names of purposes, kinds and steps; times; nothing empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any

from geooffer.model.consent import ConsentMethod
from geooffer.model.kinds import Channel, Fulfilment, OutcomeKind, SwitchKind
from geooffer.model.policy_document import PolicyStep
from geooffer.model.rights import RestrictionGround, RightsKind, RightsStep
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import Purpose

_CHOICES: Mapping[tuple[str, str], type[IntEnum]] = {
    ("ConsentTaken", "method"): ConsentMethod,
    ("DecisionRecord", "channel"): Channel,
    ("DecisionRecord", "fulfilment"): Fulfilment,
    ("OutcomeRecord", "kind"): OutcomeKind,
    ("PolicyMoved", "step"): PolicyStep,
    ("RightsRequested", "ground"): RestrictionGround,
    ("RightsRequested", "kind"): RightsKind,
    ("RightsStepTaken", "step"): RightsStep,
    ("StoresRestored", "kind"): SwitchKind,
    ("StoresSwitched", "kind"): SwitchKind,
}
"""(record, field) → whose numbers they are."""
_TIME = "_ms"
_ONLY_FIRST_MS = 946_684_800_000
"""2000: what is smaller is no moment, but says that there is none."""


def in_words(payload: Mapping[str, Any]) -> str:
    """`name value, …` for a human."""
    return ", ".join(f"{name} {value}" for name, value in _words(payload))


def _words(payload: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    record = str(payload.get("record", ""))
    if record:
        yield "record", record
    for name, value in payload.items():
        if name == "record" or value in ("", [], None):
            continue
        if name == "purposes" and isinstance(value, int):
            if value:
                yield name, "|".join(purpose.name for purpose in Purpose if purpose.bit & value)
        elif name.endswith(_TIME) and isinstance(value, int):
            if value >= _ONLY_FIRST_MS:
                yield name.removesuffix(_TIME), format_time_ms(value)
        elif (record, name) in _CHOICES:
            choices = _CHOICES[record, name]
            if value in choices._value2member_map_:
                yield name, choices(value).name
        else:
            yield name, value
