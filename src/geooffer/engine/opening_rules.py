"""An `opening_hours` text as rules: when each applies, at which times, and what it says then (semantics H1).

opening-hours-py parses the text and writes it back in one canonical form; this file only cuts that form apart:

    Mo-Fr 08:00-18:00; PH,Su off   →   Mo-Fr | 08:00-18:00 | open     then (normal)   PH,Su | whole day | closed

What the canonical form cannot tell is settled before it:
- A comment without `open`, `off` or `unknown` makes a rule unknown, as the specification has it ("by appointment");
  the library takes it for open.
- "Su, PH off" is one list of days. The library reads two rules, the first of them "open all Sunday".
- "PH Mo-Fr" means holidays that fall on Mo to Fr, the library reads both. Where that would open days, the expression
  counts as unknown; "PH Su off" closes both, as everybody who writes it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from opening_hours import OpeningHours, validate

_DAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH)"
_COMMENT = re.compile(r'(\b(?:open|off|closed|unknown)\b)?\s*"[^"]*"(?!\s*:)', re.IGNORECASE)
_SPACED_DAYS = re.compile(rf"(?<![\w:])({_DAY}(?:-{_DAY})?)\s*,\s+(?={_DAY}\b)", re.IGNORECASE)
_HOLIDAY_ON_DAY = re.compile(
    r"\b(?:PH|SH)(?: [+-]?[0-9]+ days?)? +(?:Mo|Tu|We|Th|Fr|Sa|Su)\b|\b(?:Mo|Tu|We|Th|Fr|Sa|Su)\]? +(?:PH|SH)\b"
)
_SEPARATOR = re.compile(r"(; |, | \|\| )")
_MODIFIER = re.compile(r"(?:^| )(closed|unknown)$")
_TIMES = re.compile(r"(?:^| )(?=\(?(?:[0-9]{2}:[0-9]{2}|dawn|sunrise|sunset|dusk))")
_SUN_EVENT = re.compile(r"dawn|sunrise|sunset|dusk")
_HOLIDAY = re.compile(r"(PH|SH)(?: ([+-]?[0-9]+) days?)?")
_OFFSET = r"(?: [+-]?[0-9]+ days?)?"
_DAY_ITEM = rf"{_DAY}(?:-{_DAY})?(?:\[[0-9,-]+\])?{_OFFSET}"
_DAY_LIST = re.compile(rf"(?:(.*) )?({_DAY_ITEM}(?:,{_DAY_ITEM})*)")


class Joint(Enum):
    """How a rule is joined to the ones before it: `;`, `,` or `||`."""

    NORMAL = "; "
    ADDITIONAL = ", "
    FALLBACK = " || "


class Says(Enum):
    """What a rule says of its times."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """`wide` and `days` are selectors in opening_hours syntax, '' = every day. A rule applies on days of `wide` that
    are one of `days` or a holiday it names; without holidays on days of `wide` and `days`.
    """

    joint: Joint
    says: Says
    wide: str
    days: str
    public_offsets: tuple[int, ...]
    """A rule for the day before a public holiday has −1 here, for the holiday itself 0."""
    school: bool
    times: str
    """'' = the whole day."""

    @property
    def names_holidays(self) -> bool:
        """Whether the rule speaks of holidays, and of `days` beside them at most."""
        return self.school or bool(self.public_offsets)


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole expression, and what of a store it asks for."""

    rules: tuple[Rule, ...]

    @property
    def needs_country(self) -> bool:
        """Whether public holidays matter."""
        return any(rule.public_offsets for rule in self.rules)

    @property
    def needs_place(self) -> bool:
        """Whether sunrise and sunset matter."""
        return any(_SUN_EVENT.search(rule.times) for rule in self.rules)


def is_readable(text: str) -> bool:
    """Whether `text` is an `opening_hours` expression."""
    return validate(text)


@lru_cache(maxsize=8192)
def read_rules(text: str) -> Rules | None:
    """The rules of an expression; None where it is empty, no expression, or in words (`"summer": …`)."""
    settled = _COMMENT.sub(_without_comment, _SPACED_DAYS.sub(r"\1,", text))
    if not validate(settled) or any(_opens_holidays_on_days(part) for part in re.split(r";|\|\|", settled)):
        return None
    canonical = str(OpeningHours(settled))
    if '"' in canonical:
        return None
    pieces = _SEPARATOR.split(canonical)
    joints = (Joint.NORMAL.value, *pieces[1::2])
    return Rules(tuple(_rule(Joint(joint), piece) for joint, piece in zip(joints, pieces[::2], strict=True)))


def _opens_holidays_on_days(text: str) -> bool:
    return bool(_HOLIDAY_ON_DAY.search(text)) and not text.rstrip().lower().endswith(("off", "closed"))


def _without_comment(match: re.Match[str]) -> str:
    return match[1] or " unknown"


def _rule(joint: Joint, text: str) -> Rule:
    says = Says.OPEN
    modifier = _MODIFIER.search(text)
    if modifier:
        says, text = Says(modifier[1]), text[: modifier.start()]
    if text == "24/7":
        text = ""
    found = _TIMES.search(text)
    selector, times = (text[: found.start()], text[found.end() :]) if found else (text, "")
    listed = _DAY_LIST.fullmatch(selector)
    if listed is None:
        return Rule(joint, says, selector, "", (), False, times)
    items = re.split(r",(?![^\[]*\])", listed[2])
    holidays = [match for match in map(_HOLIDAY.fullmatch, items) if match]
    return Rule(
        joint,
        says,
        wide=listed[1] or "",
        days=",".join(item for item in items if not _HOLIDAY.fullmatch(item)),
        public_offsets=tuple(int(match[2] or 0) for match in holidays if match[1] == "PH"),
        school=any(match[1] == "SH" for match in holidays),
        times=times,
    )
