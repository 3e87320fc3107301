"""Where settings come from: TOML file < environment GEOOFFER_* < flags; every fault is reported at once.

A key that does not exist is refused wherever it stands: a misspelt setting must not be a silent default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from geooffer.cli.settings import ServiceSettings
from geooffer.cli.small_files import read_small
from geooffer.errors import ConfigurationError

ENVIRONMENT_PREFIX = "GEOOFFER_"

#: Variables of that prefix which are no settings of the server.
_OTHER_VARIABLES = frozenset(
    ENVIRONMENT_PREFIX + name
    for name in (
        "CACHE_DIR",
        "CA_FILE",
        "CLIENT_CERT",
        "CLIENT_KEY",
        "CONFIG",
        "CONTROL_SERVER",
        "DEBUG",
        "SERVER",
        "SHARED_DATA",
        "TOKEN",
        "TOKEN_FILE",
    )
)


class _LayeredSettings(BaseSettings, ServiceSettings):
    """The same fields, filled from the sources that `load_settings` names."""

    model_config = BaseSettings.model_config | {
        "env_prefix": ENVIRONMENT_PREFIX,
        "extra": "forbid",
        "frozen": True,
        "env_ignore_empty": True,
    }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        layers: dict[str, Any] = init_settings()
        return (
            InitSettingsSource(settings_cls, layers["flags"]),
            env_settings,
            InitSettingsSource(settings_cls, layers["file"]),
        )


def load_settings(config_file: Path | None = None, flags: Mapping[str, object] | None = None) -> ServiceSettings:
    """Merge file, environment and flags (a flag of None was not given).

    Raises ConfigurationError with every fault, one a line, each naming its key and where it was set.
    """
    file_values = _read_toml(config_file) if config_file is not None else {}
    flag_values = {key: value for key, value in (flags or {}).items() if value is not None}
    faults = _unknown_variables()
    try:
        settings = _merge(flag_values, file_values)
        faults += settings.faults()
    except ValidationError as error:
        faults += [_fault_line(item, flag_values, config_file) for item in error.errors()]
        faults += _faults_of_the_rest(error, flag_values, file_values)
        raise ConfigurationError("\n".join(faults)) from None
    if faults:
        raise ConfigurationError("\n".join(faults))
    return settings


def _merge(flags: Mapping[str, object], file: Mapping[str, object]) -> ServiceSettings:
    layered = _LayeredSettings(flags=flags, file=file)  # type: ignore[call-arg]
    return ServiceSettings(**layered.model_dump())


def _faults_of_the_rest(error: ValidationError, flags: Mapping[str, object], file: Mapping[str, object]) -> list[str]:
    """What does not fit together among the keys that are right in themselves."""
    wrong = {str(item["loc"][0]) for item in error.errors()}
    if any(ENVIRONMENT_PREFIX + key.upper() in os.environ for key in wrong):
        return []  # an environment value cannot be left out of the merge
    settings = _merge(*({k: v for k, v in layer.items() if k not in wrong} for layer in (flags, file)))
    return [fault for fault in settings.faults() if not any(key in fault for key in wrong)]


def _fault_line(item: Any, flags: Mapping[str, object], config_file: Path | None) -> str:
    key = ".".join(str(part) for part in item["loc"])
    variable = ENVIRONMENT_PREFIX + key.upper()
    if key in flags:
        source = "flag --" + key.replace("_", "-")
    elif variable in os.environ:
        source = variable
    else:
        source = str(config_file)
    if item["type"] == "extra_forbidden":
        return f"{key}: no such setting (from {source}); known are {', '.join(ServiceSettings.model_fields)}"
    reason = item["msg"].removeprefix("Value error, ")
    return f"{key}: {reason[0].lower()}{reason[1:]} (from {source})"


def _unknown_variables() -> list[str]:
    known = {ENVIRONMENT_PREFIX + name.upper() for name in ServiceSettings.model_fields} | _OTHER_VARIABLES
    return [
        f"{name}: no such setting (from the environment)"
        for name in sorted(os.environ)
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known
    ]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_small(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8 text"
        raise ConfigurationError(f"{path}: not a TOML file: {reason}") from None
