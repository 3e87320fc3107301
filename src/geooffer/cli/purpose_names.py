"""Purposes of consent as an officer types them."""

from __future__ import annotations


def purpose_from(text: str) -> int:
    """Its number on the wire; PUSH_MARKETING, push_marketing and push-marketing are the same.

    Raises InvalidArgumentError that names all of them.
    """
    from geooffer.errors import InvalidArgumentError
    from geooffer.model.verdicts import Purpose

    name = text.upper().replace("-", "_")
    if name not in Purpose.__members__:
        rule = f"a purpose is one of {', '.join(purpose.name.lower() for purpose in Purpose)}"
        raise InvalidArgumentError(rule, field="purposes")
    return Purpose[name] + 1
