"""SIGHUP: read the settings again and take over what can change while serving; else keep the old ones, wholly.

Everything that can be wrong is found before anything is changed. A key that needs a restart is named in the log and
changes nothing until then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog

from geooffer.cli.settings import RELOADABLE_KEYS, ServiceSettings
from geooffer.errors import ConfigurationError

if TYPE_CHECKING:
    from geooffer.cli.callers import CallerFiles, Callers
    from geooffer.operation.watched import Watched
    from geooffer.rpc.disk_guard import DiskGuard
    from geooffer.services.compactions import Compactions
    from geooffer.services.policies import Policies
    from geooffer.services.stock_alarm import StockAlarm

HOUR_MS = 3_600_000
FILE_KEYS = ("tls_cert", "tls_client_ca", "tls_client_ca_data", "tls_key", "token_public_key")

Outcome = Literal["applied", "unchanged", "refused"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reloadable:
    """The parts of a running server that follow settings."""

    watched: Watched
    callers: Callers
    disk: DiskGuard | None
    stock_alarm: StockAlarm
    compactions: Compactions | None
    policies: Policies | None = None


class Reload:
    """Knows the settings in force. To be called on the loop's thread."""

    def __init__(self, settings: ServiceSettings, load: Callable[[], ServiceSettings], parts: Reloadable) -> None:
        """`load` reads all layers again; it raises ConfigurationError with every fault, one a line."""
        self._settings = settings
        self._load = load
        self._parts = parts

    @property
    def settings(self) -> ServiceSettings:
        """What is in force."""
        return self._settings

    def run(self) -> Outcome:
        """Reload once, log it and count it; never raises for what a file holds."""
        outcome = self._run()
        self._parts.watched.reload_counts[outcome] += 1
        return outcome

    def _run(self) -> Outcome:
        try:
            wanted = self._load()
            changed = [key for key in type(wanted).model_fields if getattr(wanted, key) != getattr(self._settings, key)]
            waiting = [key for key in changed if not self._is_reloadable(key, wanted)]
            files = self._new_files(wanted, waiting)
        except (ConfigurationError, OSError) as error:
            faults = error.message.splitlines() if isinstance(error, ConfigurationError) else [type(error).__name__]
            log.error("config_refused", faults=faults, fault_count=len(faults))
            return "refused"
        if waiting:
            log.warning("config_needs_restart", keys=waiting)
        taken = [key for key in changed if key not in waiting]
        taken = sorted({*taken, *self._parts.callers.take_files(files)})
        if self._take_policy(wanted):
            taken = sorted({*taken, "policy_file"})
        if not taken:
            log.info("config_unchanged")
            return "unchanged"
        self._settings = self._settings.model_copy(update={key: getattr(wanted, key) for key in taken})
        self._apply()
        log.info("config_reloaded", keys=taken)
        return "applied"

    def _is_reloadable(self, key: str, wanted: ServiceSettings) -> bool:
        if key in FILE_KEYS:
            # a port that speaks plaintext cannot begin to speak TLS, nor one that asks for certificates stop asking,
            # nor the development key give way
            return getattr(self._settings, key) is not None and getattr(wanted, key) is not None
        return key in RELOADABLE_KEYS

    def _take_policy(self, wanted: ServiceSettings) -> bool:
        """Whether the policy file changed what is in force. One that is refused changes nothing, and holds up nothing
        else: services/policies.py logs and counts it.
        """
        from geooffer.cli.policy_file import take_policy_file

        if self._parts.policies is None or wanted.policy_file is None:
            return False
        return take_policy_file(self._parts.policies, wanted.policy_file) == "applied"

    def _new_files(self, wanted: ServiceSettings, waiting: list[str]) -> CallerFiles:
        """What the files hold that are in force after this reload, checked. Raises ConfigurationError, OSError."""
        from geooffer.cli.callers import CallerFiles

        return CallerFiles.read(wanted.model_copy(update={key: getattr(self._settings, key) for key in waiting}))

    def _apply(self) -> None:
        from geooffer.cli.callers import quota_rates
        from geooffer.cli.log import set_log_level

        settings, parts = self._settings, self._parts
        set_log_level(settings.log_level)
        if quota_rates(settings) != parts.callers.quotas.rates:
            parts.callers.take_rates(quota_rates(settings))
        parts.stock_alarm.age_max_ms = alarm_age_ms(settings)
        if parts.disk is not None:
            parts.disk.reserve_bytes = settings.disk_reserve_bytes
        if parts.compactions is not None:
            parts.compactions.record_count_max = settings.snapshot_record_count
            parts.compactions.size_bytes_max = settings.snapshot_size_bytes


def alarm_age_ms(settings: ServiceSettings) -> int | None:
    """The setting in the alarm's unit."""
    hours = settings.stock_alarm_age_hours
    return None if hours is None else hours * HOUR_MS
