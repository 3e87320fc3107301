"""Who may call a server and how often: token keys, quotas, refusals and TLS, from settings, and reloaded with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from geooffer.errors import ConfigurationError
from geooffer.journal.private_files import FILE_RULE, is_open_to_others

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from geooffer.cli.settings import ServiceSettings
    from geooffer.rpc.auth import TokenVerifier
    from geooffer.rpc.quotas import QuotaRates, Quotas
    from geooffer.rpc.refusals import Refusals
    from geooffer.rpc.server import PortOptions
    from geooffer.rpc.tls import TlsFiles, TlsSource
    from geooffer.rpc.token_keys import KeyRing


@dataclass(frozen=True, slots=True)
class CallerFiles:
    """What the files that settings name hold, checked."""

    token_keys: KeyRing | None
    """None: the development key."""
    tls: TlsFiles | None

    @classmethod
    def read(cls, settings: ServiceSettings) -> Self:
        """Raises ConfigurationError where a file is not what it should be, OSError."""
        from geooffer.rpc.token_keys import load_key_ring

        named = settings.token_public_key
        return cls(None if named is None else load_key_ring(named), tls_files(settings))


@dataclass(frozen=True, slots=True)
class Callers:
    """One for both ports."""

    verifier: TokenVerifier
    quotas: Quotas
    refusals: Refusals
    """Whoever keeps the audit log adds itself to `refusals.observers`."""
    tls: TlsSource | None
    private_key: Ed25519PrivateKey | None
    """The development key, where tokens are checked against it."""
    followers: list[Callable[[], None]] = field(default_factory=list)
    """Called when any of this has changed: who has a copy of it."""

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """Raises ConfigurationError, OSError as `CallerFiles.read`."""
        from geooffer.rpc.auth import TokenVerifier
        from geooffer.rpc.keys import development_keys
        from geooffer.rpc.quotas import Quotas
        from geooffer.rpc.refusals import Refusals
        from geooffer.rpc.tls import TlsSource

        files = CallerFiles.read(settings)
        pair = development_keys(settings.state_dir) if files.token_keys is None else None
        verifier = TokenVerifier(
            pair.public_key if files.token_keys is None and pair is not None else files.token_keys,  # type: ignore[arg-type]
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            leeway_s=settings.token_leeway_seconds,
            lifetime_max_s=settings.token_lifetime_max_seconds,
        )
        tls = None if files.tls is None else TlsSource(files.tls)
        private = None if pair is None else pair.private_key
        return cls(verifier, Quotas(quota_rates(settings)), Refusals(), tls, private)

    def take_files(self, files: CallerFiles) -> list[str]:
        """Verify and shake hands by them from now on. Returns the settings whose files hold something else now."""
        changed = []
        if files.token_keys is not None and self.verifier.replace(files.token_keys):
            changed.append("token_public_key")
        if files.tls is not None and self.tls is not None:
            changed += self.tls.replace(files.tls)
        if changed:
            self._tell()
        return changed

    def take_rates(self, rates: QuotaRates) -> None:
        """Other quotas from now on; all buckets begin full."""
        self.quotas.replace(rates)
        self._tell()

    def _tell(self) -> None:
        for follow in self.followers:
            follow()

    def port_options(self, settings: ServiceSettings) -> tuple[PortOptions, PortOptions]:
        """Of the data and of the control port."""
        from geooffer.rpc.server import PortOptions

        common: dict[str, Any] = {
            "tls": self.tls,
            "allow_plaintext": settings.allow_plaintext,
            "explicit_token_key": settings.token_public_key is not None,
        }
        return PortOptions(settings.data_address, **common), PortOptions(settings.control_address, **common)


def tls_files(settings: ServiceSettings) -> TlsFiles | None:
    """What the files hold now. Raises ConfigurationError where they do not fit or others can read the key; OSError."""
    from geooffer.rpc.tls import TlsFiles

    if settings.tls_cert is None or settings.tls_key is None:
        return None
    if is_open_to_others(settings.tls_key):
        raise ConfigurationError(f"{settings.tls_key.name} {FILE_RULE}", field="tls_key")
    control, data = settings.tls_client_ca, settings.tls_client_ca_data
    files = TlsFiles(
        settings.tls_cert.read_bytes(),
        settings.tls_key.read_bytes(),
        control_client_ca=None if control is None else control.read_bytes(),
        data_client_ca=None if data is None else data.read_bytes(),
    )
    files.check()
    return files


def quota_rates(settings: ServiceSettings) -> QuotaRates:
    """The settings as one value."""
    from geooffer.rpc.quotas import QuotaRates

    return QuotaRates(
        device_rows=settings.quota_device_rows_per_second,
        device_calls=settings.quota_device_calls_per_second,
        device_withdrawals_per_hour=settings.quota_device_withdrawals_per_hour,
        stock_searches_per_day=settings.quota_stock_searches_per_day,
        rows=settings.quota_rows_per_second,
        calls=settings.quota_calls_per_second,
    )
