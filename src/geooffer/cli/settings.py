"""Settings of a server. Tests and the demo build them directly; settings_layers.py reads them from a user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from geooffer.errors import ConfigurationError, InvalidArgumentError
from geooffer.model import limits
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
    gateway_address: str | None = Field(
        None,
        description="Where gateways may connect instead of data_address, with larger windows and more streams; native "
        "plane only (host:port).",
    )
    control_address: str = Field("127.0.0.1:7431", description="Private port: catalog, signals (host:port).")
    state_dir: Path = Field(
        default_factory=default_state_dir, description="Directory of journal, snapshots and development token key."
    )
    pseudonym_key_dir: Path | None = Field(
        None, description="Directory of the key files of pseudonyms; without it state_dir."
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
    encryption_key_file: Path | None = Field(
        None, description="Keys that journal, snapshots and backups are encrypted under, one a line; without it plain."
    )
    audit_key_file: Path | None = Field(
        None,
        description="Secret of the audit log (32 bytes); without it audit.key in state_dir. Needed, and outside "
        "state_dir, with encryption_key_file.",
    )
    audit_retention_days: int = Field(
        1_095, ge=30, le=3_650, description="How long entries of the audit log are kept (days)."
    )
    token_public_key: Path | None = Field(
        None,
        description="What verifies tokens: PEM file of an Ed25519 or P-256 key, JWK set, or directory of <kid>.pem; "
        "without it a development key.",
    )
    token_issuer: str = Field("geooffer", min_length=1, description="What `iss` of a token must say.")
    token_audience: str = Field("geooffer", min_length=1, description="What `aud` of a token must name.")
    token_leeway_seconds: int = Field(
        5,
        ge=0,
        le=limits.TOKEN_LEEWAY_MAX_S,
        description="How far the clock of the issuer of tokens may be off; a stream lasts so much longer, too (0..60).",
    )
    token_lifetime_max_seconds: int = Field(
        604_800,
        ge=1,
        le=limits.TOKEN_LIFETIME_MAX_S,
        description="Tokens that hold longer, from `iat` to `exp`, are refused.",
    )
    policy_file: Path | None = Field(
        None, description="Signed policy that is edited as a file; taken at start and at a reload."
    )
    tls_cert: Path | None = Field(None, description="PEM file of the server's certificate chain.")
    tls_key: Path | None = Field(None, description="PEM file of the server's private key, mode 0600, or it is refused.")
    tls_client_ca: Path | None = Field(
        None, description="PEM roots; with it clients of the control port need a certificate of theirs."
    )
    tls_client_ca_data: Path | None = Field(None, description="The same for the data port.")
    tls_handshakes_per_second: int = Field(
        0,
        ge=0,
        description="Full TLS handshakes on the data port, so that a storm of reconnects leaves room for pings; 0 = no "
        "bound; native plane only.",
    )
    allow_plaintext: bool = Field(False, description="Serve beyond loopback without TLS.")
    quota_device_rows_per_second: int = Field(
        20, ge=0, description="Pings of one device, bursts of ten seconds and at least 2,048; 0 = no bound."
    )
    quota_device_calls_per_second: int = Field(
        1,
        ge=0,
        description="Calls of OfferService by one device, bursts of ten seconds; a tenth of it lists wake regions, "
        "bursts of ten; 0 = no bound.",
    )
    quota_device_withdrawals_per_hour: int = Field(
        60, ge=0, description="Calls of WithdrawOwnConsent by one device, bursts of 64; 0 = no bound."
    )
    quota_stock_searches_per_day: int = Field(
        500,
        ge=0,
        description="Calls of FindNearbyStock by all devices of a person, at once or by and by; 0 = no bound.",
    )
    quota_rows_per_second: int = Field(
        200_000, ge=0, description="Pings of one gateway or operator, bursts of ten seconds; 0 = no bound."
    )
    quota_calls_per_second: int = Field(
        2_000, ge=0, description="Calls of one identity that is no device, bursts of ten seconds; 0 = no bound."
    )
    clock: Literal["system", "client"] = Field(
        "system", description="Where time comes from; client: from the pings (loopback only, for replay)."
    )
    clock_start: str | None = Field(
        None, description="First moment of the client clock (RFC 3339); without it the first time received."
    )
    plane: Literal["auto", "native", "python"] = Field(
        "auto",
        description="What carries pings: native (geooffer-native), python (grpc.aio); auto: native where it fits.",
    )
    worker_count: int = Field(
        0, ge=0, le=1_024, description="Threads of the native plane; 0 = one per core but the first, at least one."
    )
    pin_workers: bool = Field(
        True, description="Pin each of these threads to a core, where there is one for each and one left over."
    )
    index: Literal["rtree", "packed", "cells"] = Field("cells", description="Spatial index of the ping path.")
    index_memory_max_mb: int = Field(
        0, ge=0, description="A fence with which the index would weigh more is refused; 0 = no limit (MiB)."
    )
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

    @field_validator("data_address", "gateway_address", "control_address", "metrics_address")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
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

    @field_validator("token_public_key", "tls_cert", "tls_key", "tls_client_ca", "tls_client_ca_data")
    @classmethod
    def _readable_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return None
        if value.is_dir():
            if info.field_name == "token_public_key":
                return value
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
        addresses = {key: getattr(self, key) for key in ("data_address", "gateway_address", "control_address")}
        exposed = [key for key, address in addresses.items() if address is not None and not is_loopback(address)]
        if exposed and self.token_public_key is None:
            found.append(f"token_public_key: needed, because {exposed[0]} is not loopback")
        if exposed and self.tls_cert is None and not self.allow_plaintext:
            found.append(f"tls_cert: needed, because {exposed[0]} is not loopback (or allow_plaintext)")
        if (self.tls_cert is None) != (self.tls_key is None):
            missing, given = ("tls_key", "tls_cert") if self.tls_key is None else ("tls_cert", "tls_key")
            found.append(f"{missing}: needed together with {given}")
        found += [
            f"{key}: only with tls_cert"
            for key in ("tls_client_ca", "tls_client_ca_data")
            if getattr(self, key) is not None and self.tls_cert is None
        ]
        if self.clock == "client" and exposed:
            found.append(f"clock: 'client' is for loopback only, and {exposed[0]} is not")
        if self.clock_start is not None and self.clock != "client":
            found.append("clock_start: only with clock 'client'")
        if not is_loopback(self.metrics_address) and not self.allow_open_metrics:
            found.append("allow_open_metrics: needed, because metrics_address is not loopback")
        if self.plane == "python" and self.gateway_address is not None:
            found.append("gateway_address: only with plane 'native' or 'auto'")
        found += self._addresses_taken_twice()
        found += self._keys_beside_what_they_open()
        if self.state_dir.exists() and not self.state_dir.is_dir():
            found.append("state_dir: is not a directory")
        return found

    def _keys_beside_what_they_open(self) -> list[str]:
        """Whoever copies an encrypted state_dir must not get a key with it; the audit log's opens half a year of
        decisions."""
        if self.encryption_key_file is None:
            return []
        found, directory = [], self.state_dir.resolve()
        if self.encryption_key_file.resolve().is_relative_to(directory):
            found.append("encryption_key_file: lies in state_dir; whoever copies that must not get the key with it")
        if self.audit_key_file is None or self.audit_key_file.resolve().is_relative_to(directory):
            found.append("audit_key_file: has to lie outside state_dir, as encryption_key_file does")
        return found

    def _addresses_taken_twice(self) -> list[str]:
        found, keys = [], ("data_address", "gateway_address", "control_address", "metrics_address")
        for index, key in enumerate(keys):
            address = getattr(self, key)
            for earlier in keys[:index]:
                if address and address == getattr(self, earlier) and split_address(address)[1] != 0:
                    found.append(f"{key}: the same as {earlier}")
                    break
        return found


#: What a reload takes over; every other key needs a restart (cli/reload.py).
RELOADABLE_KEYS = (
    "disk_reserve_bytes",
    "log_level",
    "quota_calls_per_second",
    "quota_device_calls_per_second",
    "quota_device_rows_per_second",
    "quota_device_withdrawals_per_hour",
    "quota_rows_per_second",
    "quota_stock_searches_per_day",
    "snapshot_record_count",
    "snapshot_size_bytes",
    "policy_file",
    "stock_alarm_age_hours",
    "tls_cert",
    "tls_client_ca",
    "tls_client_ca_data",
    "tls_key",
    "token_public_key",
)
