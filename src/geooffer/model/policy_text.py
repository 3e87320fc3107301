"""The text of a policy document, read strictly: a key is taken as it stands, or all is refused and its line named."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import Policy
from geooffer.model.policy_document import FORMAT, SECTIONS, PolicyDocument
from geooffer.model.units import parse_time_ms
from geooffer.model.verdicts import Purpose

SIZE_MAX_BYTES = 64 * 1024
_TOP = ("format", "version", "author", "time", "reason", "approvals_needed", *SECTIONS, "minimum_notice", "caps")
_NOT_NEEDED = ("version", "author", "time", "caps")
_CAP_KEYS = ("scope", "limit_count", "window", "window_ms", "zone", "event")
_PURPOSES = {purpose.name.lower(): purpose for purpose in Purpose}

E = TypeVar("E", bound=IntEnum)


def parse_policy(text: str, *, allow_missing: bool = False) -> PolicyDocument:
    """The document of a text. Raises InvalidArgumentError naming line and field for what is unknown, missing, of the
    wrong kind or out of bounds.

    `allow_missing`: of a text that is in force already and was written before a key came up; the default holds.
    """
    if len(text.encode()) > SIZE_MAX_BYTES:
        raise InvalidArgumentError(f"a policy has at most {SIZE_MAX_BYTES} bytes", field="policy")
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgumentError(f"not TOML: {error}", field="policy") from None
    except (RecursionError, ValueError):
        raise InvalidArgumentError(
            "not TOML of a policy: nested too deep, or a number too long", field="policy"
        ) from None
    return _Reading(text, allow_missing).document(told)


class _Reading:
    """One text and where its keys stand."""

    def __init__(self, text: str, allow_missing: bool) -> None:
        self._lines = text.splitlines()
        self._allow_missing = allow_missing

    def document(self, told: dict[str, Any]) -> PolicyDocument:
        needed = [key for key in _TOP if key not in _NOT_NEEDED]
        self._check_keys(told, _TOP, needed, "")
        if self._integer(told, "format", "", FORMAT) != FORMAT:
            self._refuse("", "format", f"must be {FORMAT}")
        numbers = Policy()
        for section, names in SECTIONS.items():
            table = self._table(told, section)
            self._check_keys(table, names, names, section)
            values = {name: self._integer(table, name, section, getattr(numbers, name)) for name in names}
            numbers = numbers._replace(**values)
        time = self._text(told, "time", "")
        document = PolicyDocument(
            numbers=numbers,
            cap_rules=tuple(self._cap_rules(told.get("caps", []))),
            minimum_notices=tuple(sorted(self._notices(self._table(told, "minimum_notice")))),
            approvals_needed=self._integer(told, "approvals_needed", "", 1),
            reason=self._text(told, "reason", ""),
            version=self._integer(told, "version", "", 0),
            author=self._text(told, "author", ""),
            time_ms=self._checked("", "time", lambda: parse_time_ms(time)) if time else 0,
        )
        self._checked("", "", document.validate)
        return document

    def _notices(self, table: dict[str, Any]) -> Iterable[tuple[Purpose, str]]:
        self._check_keys(table, tuple(_PURPOSES), (), "minimum_notice")
        return [(_PURPOSES[name], self._text(table, name, "minimum_notice")) for name in table]

    def _cap_rules(self, rows: Any) -> Iterable[CapRule]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._refuse("", "caps", "must be tables: [[caps]]")
        for number, row in enumerate(rows, 1):
            where = f"caps {number}"
            self._check_keys(row, _CAP_KEYS, ("scope", "limit_count", "window", "event"), where)
            window = self._choice(row, "window", where, CapWindow)
            is_sliding = window is CapWindow.SLIDING
            other = "zone" if is_sliding else "window_ms"
            if other in row:
                self._refuse(where, other, f"has no meaning with window {window.name.lower()}")
            default = CapRule(CapScope.PERSON, 0)
            rule = CapRule(
                scope=self._choice(row, "scope", where, CapScope),
                limit_count=self._integer(row, "limit_count", where, 0),
                window=window,
                window_ms=self._integer(row, "window_ms", where, None) if is_sliding else default.window_ms,
                zone=default.zone if is_sliding else self._choice(row, "zone", where, CapZone),
                event=self._choice(row, "event", where, CapEvent),
            )
            self._checked(where, "", rule.validate)
            yield rule

    # -- values ----------------------------------------------------------------------------------------------

    def _table(self, told: dict[str, Any], key: str) -> dict[str, Any]:
        table = told.get(key, {})
        if not isinstance(table, dict):
            self._refuse("", key, f"must be a table: [{key}]")
        return table

    def _integer(self, table: dict[str, Any], key: str, section: str, default: int | None) -> int:
        value = table.get(key, default)
        if type(value) is not int or not -(2**63) <= value < 2**63:
            self._refuse(section, key, "must be an integer")
        return value

    def _text(self, table: dict[str, Any], key: str, section: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self._refuse(section, key, "must be text in quotes")
        return value

    def _choice(self, table: dict[str, Any], key: str, section: str, enum: type[E]) -> E:
        names = {item.name.lower(): item for item in enum}
        value = self._text(table, key, section)
        if value not in names:
            self._refuse(section, key, f"must be one of {', '.join(names)}")
        return names[value]

    def _check_keys(self, table: dict[str, Any], known: Iterable[str], needed: Iterable[str], section: str) -> None:
        known = tuple(known)
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                self._refuse(section, key, "is no key of a policy" + (f"; did you mean {near[0]}?" if near else ""))
        for key in needed if not self._allow_missing else ():
            if key not in table:
                self._refuse(section, key, "is missing")

    def _checked(self, section: str, key: str, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except InvalidArgumentError as error:
            name = key or error.field.rpartition(".")[2] or "policy"
            self._refuse(section, name, error.message.removeprefix(f"{name} "))

    def _refuse(self, section: str, key: str, rule: str) -> NoReturn:
        shown = key[: limits.ID_LENGTH_MAX] if key.isprintable() else "a key"
        name = f"{section}.{shown}" if section else shown
        line = self._line_of(section, key)
        raise InvalidArgumentError(f"{f'line {line}: ' if line else ''}{name} {rule}", field=name)

    def _line_of(self, section: str, key: str) -> int:
        """Where a key stands; 0 where it is missing. For the human: TOML allows spellings that are not found."""
        heading, _, number = section.partition(" ")
        is_key = re.compile(rf'\s*(\[*\s*)?"?{re.escape(key)}"?\s*(=|\])')
        current, seen = "", 0
        for line_number, line in enumerate(self._lines, 1):
            found = re.match(r"\s*\[+\s*([A-Za-z0-9_-]+)", line)
            if found:
                current = found[1]
                seen += current == heading and number != ""
            is_here = current == heading and (not number or seen == int(number))
            if (is_here or not heading) and is_key.match(line):
                return line_number
        return 0
