"""Ids that name a person outside this service (privacy M8): told apart by their form alone, and refused.

A pseudonym that happens to look like one of them needs a prefix: `c-…` is none of these.
"""

from __future__ import annotations

import re

from geooffer.errors import RawIdentifierError

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# of phones, as Apple and Google write them; that of a customer system looks no different
_ADVERTISING = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SEPARATORS = re.compile(r"[ ./()_-]")
# international (ITU E.164: 8 to 15 digits), or with the 0 before an area code as in Germany, Austria, Switzerland
_PHONE = re.compile(r"(?:tel:)?(?:(?:\+|00)[1-9][0-9]{7,14}|0[1-9][0-9]{8,11})")

_FORMS = (
    ("an e-mail address", _MAIL.fullmatch),
    ("an advertising id", _ADVERTISING.fullmatch),
    ("a phone number", lambda text: _PHONE.fullmatch(_SEPARATORS.sub("", text))),
)


def refuse_raw_id(text: str, field: str) -> str:
    """`text`, unless it has the form of an e-mail address, an advertising id or a phone number. The error says which,
    and never repeats it. Raises RawIdentifierError.
    """
    for form, is_one in _FORMS:
        if is_one(text):
            rule = f"{field} has the form of {form}: send a pseudonym (one that only looks so needs a prefix)"
            raise RawIdentifierError(rule, field=field)
    return text
