"""A3: one document has one text; whatever is not understood is refused, and its line and field are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.policy_document import SECTIONS, SET_BY_SERVICE, PolicyDocument
from geooffer.model.policy_text import parse_policy
from geooffer.model.verdicts import Purpose

NOTICES = tuple((purpose, f"notice {purpose.value}") for purpose in Purpose)
LINES = st.text(max_size=40).filter(str.isprintable)
RULES = st.builds(
    CapRule,
    scope=st.sampled_from([CapScope.PERSON, CapScope.PERSON_STORE, CapScope.PERSON_CATEGORY]),
    limit_count=st.integers(0, 99),
    window_ms=st.integers(1, limits.CAP_WINDOW_MAX_MS),
) | st.builds(
    CapRule,
    scope=st.just(CapScope.PERSON),
    limit_count=st.integers(0, 99),
    window=st.sampled_from([CapWindow.CALENDAR_DAY, CapWindow.CALENDAR_WEEK, CapWindow.CALENDAR_MONTH]),
    zone=st.sampled_from(CapZone),
    event=st.sampled_from(CapEvent),
)
DOCUMENTS = st.builds(
    PolicyDocument,
    numbers=st.tuples(st.integers(0, DAY_MS), st.integers(0, 9_999)).map(
        lambda drawn: Policy(cooldown_ms=drawn[0], score_floor=drawn[1])
    ),
    cap_rules=st.lists(RULES, max_size=limits.CAP_RULE_COUNT_MAX).map(tuple),
    minimum_notices=st.sets(st.sampled_from(NOTICES)).map(lambda chosen: tuple(sorted(chosen))),
    approvals_needed=st.integers(1, 2),
    reason=LINES,
    version=st.just(0),
    author=st.just(""),
    time_ms=st.just(0),
)


def test_every_number_of_a_policy_is_in_the_document_or_the_services() -> None:
    told = [name for names in SECTIONS.values() for name in names]
    assert len(told) == len(set(told))
    assert {*told, *SET_BY_SERVICE} == {*Policy._fields}


@given(DOCUMENTS)
def test_a_text_says_the_document_and_the_document_that_text(document: PolicyDocument) -> None:
    assert parse_policy(document.text()) == document
    assert parse_policy(document.text()).text() == document.text()


def test_who_and_when_are_in_the_text_of_a_version() -> None:
    document = PolicyDocument(version=7, author="anna", time_ms=1_780_000_000_123, reason="why")
    assert parse_policy(document.text()) == document


@pytest.mark.parametrize(
    ("was", "becomes", "line", "field"),
    [
        (
            "cooldown_ms",
            "cooldwn_ms",
            "line 33: offers.cooldwn_ms is no key of a policy; did you mean cooldown_ms?",
            "",
        ),
        ("cooldown_ms = 1800000", "cooldown_ms = -4", "line 33: cooldown_ms must be", "cooldown_ms"),
        ("cooldown_ms = 1800000", "cooldown_ms = 1.5", "line 33: offers.cooldown_ms must be an integer", ""),
        ("cooldown_ms = 1800000", "cooldown_ms = true", "line 33: offers.cooldown_ms must be an integer", ""),
        ("cooldown_ms = 1800000", "", "offers.cooldown_ms is missing", "offers.cooldown_ms"),
        ("limit_count = 8", "limit_count = -1", "caps 2.limit_count must be", "caps 2.limit_count"),
        ('"sliding"', '"slidin"', "caps 1.window must be one of sliding, ", "caps 1.window"),
        ('window = "sliding"', 'window = "calendar_day"', "window_ms has no meaning", "caps 1.window_ms"),
        ("[offers]", "[offrs]", "line 22: offrs is no key of a policy; did you mean offers?", "offrs"),
        ("[pings]", "[[pings]]", "pings must be a table", "pings"),
        ("format = 1", "format = 2", "line 1: format must be 1", "format"),
        ("approvals_needed = 1", "approvals_needed = 3", "line 3: approvals_needed must be 1..2", "approvals_needed"),
        ("intent_max_age_ms = 1209600000", "intent_max_age_ms = 1209600001", "must be at most", "intent_max_age_ms"),
        ("intent_retention_days = 14", "intent_retention_days = 15", "must be an integer in 1..14", ""),
        (
            "[minimum_notice]",
            '[minimum_notice]\npush_marketng = "3"',
            "did you mean push_marketing?",
            "minimum_notice.push_marketng",
        ),
        ('reason = ""', 'reason = "a\\nb"', "line 2: reason must be", "reason"),
        ('reason = ""', "reason = ", "not TOML", "policy"),
        ("format = 1", "format = 1\nformat = 1", "not TOML", "policy"),
    ],
)
def test_what_is_not_understood_is_refused_by_line_and_field(was: str, becomes: str, line: str, field: str) -> None:
    text = PolicyDocument().text()
    assert was in text
    with pytest.raises(InvalidArgumentError) as refused:
        parse_policy(text.replace(was, becomes, 1))
    assert line in refused.value.message
    assert field in refused.value.field


@pytest.mark.parametrize("text", ["x = " + "[" * 30_000, "x = " + "{a=" * 9_000, "format = " + "9" * 5_000])
def test_what_the_reader_of_toml_gives_up_on_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="nested too deep, or a number too long"):
        parse_policy(text)


def test_too_long_a_text_is_refused_unread() -> None:
    with pytest.raises(InvalidArgumentError, match="at most"):
        parse_policy(PolicyDocument().text() + "#" * 65_536)


def test_a_text_from_before_a_key_came_up_takes_its_default() -> None:
    text = PolicyDocument(numbers=Policy(score_floor=5)).text().replace("enter_fix_count = 1\n", "")
    assert parse_policy(text, allow_missing=True).numbers == Policy(score_floor=5)


def test_equal_rules_are_equal_whoever_said_them() -> None:
    document = PolicyDocument()
    assert document.rules() == replace(document, reason="x", author="y", version=3, time_ms=4).rules()
    assert document.rules() == replace(document, numbers=Policy(version=9, retry_count=2)).rules()
    assert document.rules() != replace(document, approvals_needed=2).rules()
    assert document.rules() != replace(document, numbers=Policy(cooldown_ms=1)).rules()
