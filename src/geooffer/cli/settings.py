"""Settings of a server. Tests and the demo build them directly; settings_layers.py reads them from a user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from geooffer.errors import ConfigurationError, InvalidArgumentError
from geooffer.model.units import parse_time_ms
from geooffer.rpc.addresses import is_loopback, split_address


def default_state_dir() -> Path:
    """$XDG_STATE_HOME/geooffer, else ~/.local/state/geooffer."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "geooffer"


class ServiceSettings(BaseModel):
    """All a server is told at start. Addresses are host:port; port 0 lets the system choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_address: str = Field("127.0.0.1:7430", description="Public port: pings in, offers out (host:port).")
    control_address: str = Field("127.0.0.1:7431", description="Private port: catalog, signals (host:port).")
    state_dir: Path = Field(
        default_factory=default_state_dir, description="Directory of journal, snapshots and development token key."
    )
    journal: Literal["sqlite", "memory"] = Field(
        "sqlite", description="Where records are kept; memory: until the process ends (replay, demo)."
    )
    disk_reserve_bytes: int = Field(
        64 * 1024 * 1024,
        ge=0,
        description="With less room on the disk of state_dir nothing new is written; 0 = never checked (bytes).",
    )
    snapshot_record_count: int = Field(
        200_000, ge=1, description="Records in the journal after which a snapshot takes their place."
    )
    snapshot_size_bytes: int = Field(
        64 * 1024 * 1024, ge=1, description="Size of the journal at which a snapshot takes its place (bytes)."
    )
    token_public_key: Path | None = Field(
        None, description="PEM file of the Ed25519 key that verifies tokens; without it a development key."
    )
    tls_cert: Path | None = Field(None, description="PEM file of the server's certificate chain.")
    tls_key: Path | None = Field(None, description="PEM file of the server's private key.")
    allow_plaintext: bool = Field(False, description="Serve beyond loopback without TLS.")
    clock: Literal["system", "client"] = Field(
        "system", description="Where time comes from; client: from the pings (loopback only, for replay)."
    )
    clock_start: str | None = Field(
        None, description="First moment of the client clock (RFC 3339); without it the first time received."
    )
    index: Literal["rtree", "packed", "cells"] = Field("cells", description="Spatial index of the ping path.")
    metrics_address: str = Field(
        "127.0.0.1:7432", description="Metrics and probes by HTTP: /metrics, /livez, /readyz (host:port)."
    )
    allow_open_metrics: bool = Field(
        False, description="Serve metrics and probes beyond loopback: in plaintext, to whoever asks."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of the log lines on stderr."
    )
    stock_alarm_age_hours: int | None = Field(
        None,
        ge=1,
        le=8_760,
        description="Age of a store's newest stock that is alarming; without it the policy's bound.",
    )

    @field_validator("data_address", "control_address", "metrics_address")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            split_address(value)
        except ConfigurationError as error:
            raise ValueError(error.message) from None
        return value

    @field_validator("clock_start")
    @classmethod
    def _time(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parse_time_ms(value)
            except InvalidArgumentError as error:
                raise ValueError(error.message) from None
        return value

    @field_validator("token_public_key", "tls_cert", "tls_key")
    @classmethod
    def _readable_file(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        if value.is_dir():
            raise ValueError("is a directory, not a PEM file")
        if not value.is_file():
            raise ValueError("no such file")
        if not os.access(value, os.R_OK):
            raise ValueError("the file cannot be read")
        return value

    @property
    def clock_start_ms(self) -> int | None:
        """`clock_start` as milliseconds since 1970."""
        return None if self.clock_start is None else parse_time_ms(self.clock_start)

    def faults(self) -> list[str]:
        """What does not fit together, each a sentence that begins with the key to change."""
        found = []
        exposed = [key for key in ("data_address", "control_address") if not is_loopback(getattr(self, key))]
        if exposed and self.token_public_key is None:
            found.append(f"token_public_key: needed, because {exposed[0]} is not loopback")
        if exposed and self.tls_cert is None and not self.allow_plaintext:
            found.append(f"tls_cert: needed, because {exposed[0]} is not loopback (or allow_plaintext)")
        if (self.tls_cert is None) != (self.tls_key is None):
            missing, given = ("tls_key", "tls_cert") if self.tls_key is None else ("tls_cert", "tls_key")
            found.append(f"{missing}: needed together with {given}")
        if self.clock == "client" and exposed:
            found.append(f"clock: 'client' is for loopback only, and {exposed[0]} is not")
        if self.clock_start is not None and self.clock != "client":
            found.append("clock_start: only with clock 'client'")
        if not is_loopback(self.metrics_address) and not self.allow_open_metrics:
            found.append("allow_open_metrics: needed, because metrics_address is not loopback")
        found += self._addresses_taken_twice()
        if self.state_dir.exists() and not self.state_dir.is_dir():
            found.append("state_dir: is not a directory")
        return found

    def _addresses_taken_twice(self) -> list[str]:
        found, keys = [], ("data_address", "control_address", "metrics_address")
        for index, key in enumerate(keys):
            address = getattr(self, key)
            for earlier in keys[:index]:
                if address == getattr(self, earlier) and split_address(address)[1] != 0:
                    found.append(f"{key}: the same as {earlier}")
                    break
        return found


#: What a reload takes over; every other key needs a restart (cli/reload.py).
RELOADABLE_KEYS = (
    "disk_reserve_bytes",
    "log_level",
    "snapshot_record_count",
    "snapshot_size_bytes",
    "stock_alarm_age_hours",
    "tls_cert",
    "tls_key",
)
