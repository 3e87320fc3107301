"""Where log lines go: JSON on stderr, so that stdout stays the result of the command."""

from __future__ import annotations

import sys

import structlog


def log_to_stderr(level: str) -> None:
    """Set up logging once a process; a second call changes nothing. `level`: info, warning, …"""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
