"""What the audit log says of a commit: a pure function of its records, so that after a crash it says the same again.

A CallNoted names who caused the records behind it. Stock, touchpoints, links and sweeps are not audited: they come by
the million and decide nothing by themselves. A record of a class that is not named here is: by its fields that are
numbers, flags or short texts, under the person's key where it has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cache
from typing import Any

from geooffer.audit import entries as kinds
from geooffer.engine.registry import noun_id
from geooffer.model import records
from geooffer.model.records import CallNoted, Entry, Record

NAMED_ID_COUNT_MAX = 64
"""Of what one call changed in the catalog; what is more is counted."""
TEXT_LENGTH_MAX = 256

_UNAUDITED = (
    records.StockPut,
    records.CustomerPut,
    records.TouchpointRecord,
    records.IdentityLinked,
    records.IdentityUnlinked,
    records.PersonArrived,
    records.RetentionSwept,
    records.RequestAnswered,
    records.AuditSealed,
)
_KIND_BY_NAME = {
    "DecisionRecord": kinds.DECISION,
    "DecisionReleased": kinds.DECISION,
    "OutcomeRecord": kinds.OUTCOME,
    "CustomerDeleted": kinds.RIGHTS,
    "PersonDeparted": kinds.ADMIN,
}
_KIND_BY_PREFIX = (
    ("Consent", kinds.CONSENT),
    ("Location", kinds.CONSENT),
    ("Policy", kinds.POLICY),
    ("Rights", kinds.RIGHTS),
)
_KIND_BY_SERVICE = {
    "PrivacyService": kinds.RIGHTS,
    "ConsentService": kinds.CONSENT,
    "PolicyService": kinds.POLICY,
}
_COUNTED = (records.NounPut, records.NounDeleted, records.PricePut, records.AudiencePut)
_UNTOLD = (
    "person_key",
    "latitude_e7",
    "longitude_e7",
    "shape",
    "search_text",
    "words",
    "evidence",
    "document",
    "author",
)
"""Fields that are never told: who it is, or who did it, says the pseudonym; where she is and what she searched says
nobody."""


def is_audited(record: Record) -> bool:
    """Whether the audit log tells of records of this class."""
    return not isinstance(record, (*_UNAUDITED, CallNoted))


@dataclass(slots=True)
class Draft:
    """An entry in the making."""

    kind: str
    lsn: int
    payload: dict[str, Any]
    time_ms: int | None = None
    note: CallNoted | None = None
    subject_key: int | None = None
    into_key: int | None = None
    """Whom the subject is one with from now on."""
    is_erasure: bool = False
    ids: dict[str, list[str]] = field(default_factory=dict)
    """Of nouns changed together, by what was done to which kind."""


def drafts_of(lsn: int, commit: Iterable[Entry]) -> list[Draft]:
    """What is told of one commit, in its order; changes of the catalog by one call are told together."""
    drafts: list[Draft] = []
    note: CallNoted | None = None
    left = 0
    together: Draft | None = None
    for entry in commit:
        record = entry.record
        if isinstance(record, CallNoted):
            if record.record_count:
                note, left = record, record.record_count
            else:
                drafts.append(_call(lsn, record))
            together = None
            continue
        actor = note if left > 0 else None
        left -= 1
        if isinstance(record, _UNAUDITED):
            continue
        if isinstance(record, _COUNTED):
            if together is None or together.note is not actor:
                together = Draft(kinds.ADMIN, lsn, {}, getattr(record, "time_ms", None), actor)
                drafts.append(together)
            _count(together, record)
        else:
            drafts.append(_draft(lsn, entry, actor))
    for draft in drafts:
        if draft.ids:
            draft.payload = {what: _named(ids) for what, ids in draft.ids.items()}
    return drafts


def _call(lsn: int, note: CallNoted) -> Draft:
    """A call that left no record: something was read, or refused."""
    service = note.method.partition("/")[0]
    kind = kinds.SECURITY if note.reason else _KIND_BY_SERVICE.get(service, kinds.ADMIN)
    payload: dict[str, Any] = {"reason": note.reason} if note.reason else {"read": True}
    if note.call_count > 1:
        payload["call_count"] = note.call_count
    return Draft(kind, lsn, payload, note.time_ms, note, note.subject_key)


def _draft(lsn: int, entry: Entry, actor: CallNoted | None) -> Draft:
    record: Any = entry.record
    name = type(record).__name__
    kind = _KIND_BY_NAME.get(name) or next(
        (kind for prefix, kind in _KIND_BY_PREFIX if name.startswith(prefix)), kinds.ADMIN
    )
    person_key = getattr(record, "person_key", None)
    draft = Draft(
        kind, lsn, {"record": name, **told_fields(record)}, getattr(record, "time_ms", None), actor, person_key
    )
    if isinstance(record, records.DecisionRecord):
        draft.payload["decision_key"] = entry.partition << 56 | entry.sequence
    if isinstance(record, records.PolicyMoved):
        draft.payload.pop("text")  # it names its author; which one it is say version and signature
    if isinstance(record, records.PersonDeparted):
        draft.payload.pop("into_key")
        draft.into_key = record.into_key
    draft.is_erasure = isinstance(record, records.CustomerDeleted)
    return draft


def told_fields(record: Record) -> dict[str, Any]:
    """What is told of a record: its scalars, and lists of them."""
    told = {}
    kind: Any = type(record)
    for name in _told_names(kind):
        plain = _plain(getattr(record, name))
        if plain is not None:
            told[name] = plain
    return told


@cache
def _told_names(cls: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(cls) if item.name not in _UNTOLD)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str):
        return value[:TEXT_LENGTH_MAX]
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return value.hex()[:TEXT_LENGTH_MAX]
    if isinstance(value, tuple | list) and all(isinstance(item, bool | int | str) for item in value):
        return [_plain(item) for item in value[:NAMED_ID_COUNT_MAX]]
    return None


def _count(draft: Draft, record: Any) -> None:
    what, name = next(_places(record))
    draft.ids.setdefault(what, []).append(name)


def _places(record: Any) -> Iterator[tuple[str, str]]:
    """(what was done to which kind, id); of prices and of lists of people only how many."""
    if isinstance(record, records.NounPut):
        yield f"put {type(record.noun).__name__}", noun_id(record.noun)
    elif isinstance(record, records.NounDeleted):
        yield f"delete {record.kind}", record.noun_id
    elif isinstance(record, records.PricePut):
        yield "put Price", ""
    else:
        yield f"{'put' if record.is_member else 'delete'} AudienceMember", ""


def _named(ids: list[str]) -> Any:
    if not any(ids):
        return {"count": len(ids)}
    return {"count": len(ids), "ids": ids[:NAMED_ID_COUNT_MAX]}
