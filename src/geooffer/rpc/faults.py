"""What is logged of an exception nobody foresaw: its type and line, never its text, which may hold anything."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import structlog

from geooffer.errors import GeoofferError

log = structlog.get_logger(__name__)


def place_of(error: BaseException) -> str:
    """`file.py:line` where it was raised; '' where that is not known."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""


def text_of(error: BaseException) -> str:
    """What may be logged of it: our own text, of a foreign exception its type and place."""
    return error.message if isinstance(error, GeoofferError) else f"{type(error).__name__} at {place_of(error)}"


def log_end_of(task: asyncio.Task[Any]) -> None:
    """A task's done callback, where nobody awaits it: it ends by being cancelled, by a fault never unseen."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("loop_fault", error=type(error).__name__, place=place_of(error))


def log_loop_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An event loop's exception handler: asyncio's own prints the exception's text and a traceback."""
    error = context.get("exception")
    if error is None:
        log.error("loop_fault", error="none", place="")
    else:
        log.error("loop_fault", error=type(error).__name__, place=place_of(error))
