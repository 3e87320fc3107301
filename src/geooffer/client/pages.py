"""Lists of the control port are handed out in pages: one loop that walks through them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from geooffer.client.control import GeoofferControl

PAGE_ROW_COUNT = 1_000


async def rows_of(control: GeoofferControl, method: Any, request: Any, field: str) -> AsyncIterator[Any]:
    """Each row of a list method's whole answer; `field` of a page holds its rows. The paging of `request` is set here.

    Pages are not one snapshot: what changes between two of them may be missed. Raises what the service answers.
    """
    request.page_size = PAGE_ROW_COUNT
    while True:
        answer = await control.call(method, request)
        for row in getattr(answer, field):
            yield row
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token
