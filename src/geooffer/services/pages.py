"""Pages: rows after a key, in key order, and an opaque token that holds that key and what was asked."""

from __future__ import annotations

import base64
import binascii
import heapq
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from google.protobuf.message import Message

from geooffer.errors import InvalidArgumentError

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
#: A page closes above this, so that large fences stay under the message limit of 4 MiB.
PAGE_SIZE_MAX_BYTES = 1024 * 1024
TOKEN_RULE = "page_token is not one of this list, or the request's other fields changed"

T = TypeVar("T")
M = TypeVar("M", bound=Message)
Key = tuple[Any, ...]


def page_of(
    rows: Iterable[T],
    key: Callable[[T], Key],
    encode: Callable[[T], M],
    request: Any,
    *scope: str,
) -> tuple[list[M], str]:
    """Encoded rows of one page and the token of the next ('' = last).

    key: unique per row, of strings and integers; pages are ordered by it. scope: method and filters; a token
    of another scope is refused. Raises InvalidArgumentError for a bad size or token.
    """
    size = _size(request.page_size)
    after = _open(request.page_token, scope) if request.page_token else None
    rest = ((key(row), row) for row in rows)
    try:
        candidates = heapq.nsmallest(
            size + 1, (pair for pair in rest if after is None or pair[0] > after), key=lambda pair: pair[0]
        )
    except TypeError:
        # a forged token with a string where the key has an integer
        raise InvalidArgumentError(TOKEN_RULE, field="page_token") from None
    page: list[M] = []
    size_bytes = 0
    for _, row in candidates[:size]:
        message = encode(row)
        size_bytes += message.ByteSize()
        if page and size_bytes > PAGE_SIZE_MAX_BYTES:
            break
        page.append(message)
    if len(page) == len(candidates):
        return page, ""
    return page, _seal(candidates[len(page) - 1][0], scope)


def _size(size: int) -> int:
    if size < 0:
        raise InvalidArgumentError("page_size must not be negative", field="page_size")
    return min(size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def _seal(last: Key, scope: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps([list(scope), list(last)]).encode()).decode()


def _open(token: str, scope: tuple[str, ...]) -> Key:
    try:
        held_scope, last = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidArgumentError(TOKEN_RULE, field="page_token") from None
    good = isinstance(last, list) and all(type(part) in (str, int) for part in last)
    if held_scope != list(scope) or not good:
        raise InvalidArgumentError(TOKEN_RULE, field="page_token")
    return tuple(last)
