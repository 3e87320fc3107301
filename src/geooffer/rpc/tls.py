"""Certificate and key of the ports, and the roots that clients' certificates must lead to. All may be exchanged while
the ports serve: the next handshake takes the new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from geooffer.errors import ConfigurationError

PortKind = Literal["data", "control"]
_KEYS_OF_SETTINGS: Final = {
    "certificate_chain": "tls_cert",
    "private_key": "tls_key",
    "control_client_ca": "tls_client_ca",
    "data_client_ca": "tls_client_ca_data",
}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM contents of a certificate chain and its private key; and of roots, where clients need certificates."""

    certificate_chain: bytes
    private_key: bytes
    control_client_ca: bytes | None = None
    """None: clients of the control port need no certificate."""
    data_client_ca: bytes | None = None

    def check(self) -> None:
        """Raises ConfigurationError where these are no certificate and its key: the transport would only go silent."""
        certificates = _certificates(self.certificate_chain, "certificate", "tls_cert")
        try:
            key = serialization.load_pem_private_key(self.private_key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigurationError(
                "the key file holds no PEM private key without password", field="tls_key"
            ) from None
        if _public_bytes(key.public_key()) != _public_bytes(certificates[0].public_key()):
            raise ConfigurationError("the key is not that of the first certificate", field="tls_key")
        for name in ("control_client_ca", "data_client_ca"):
            roots = getattr(self, name)
            if roots is not None:
                _certificates(roots, "client CA", _KEYS_OF_SETTINGS[name])

    def client_ca(self, kind: PortKind) -> bytes | None:
        """The roots of clients of a port; None where they need no certificate."""
        return self.control_client_ca if kind == "control" else self.data_client_ca


class TlsSource:
    """What both ports ask before every handshake."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises ConfigurationError as `TlsFiles.check`."""
        files.check()
        self._files = files
        self._configurations = _configurations(files)

    @property
    def files(self) -> TlsFiles:
        """In force."""
        return self._files

    def replace(self, files: TlsFiles) -> list[str]:
        """Take other files for connections to come; those that are open stay. Returns the settings that changed.

        Raises ConfigurationError and changes nothing where they do not fit together, or where clients would need
        certificates from now on, or no more: a port is one or the other for as long as it is bound.
        """
        files.check()
        for name in ("control_client_ca", "data_client_ca"):
            if (getattr(files, name) is None) != (getattr(self._files, name) is None):
                raise ConfigurationError("needs a restart", field=_KEYS_OF_SETTINGS[name])
        changed = [key for name, key in _KEYS_OF_SETTINGS.items() if getattr(files, name) != getattr(self._files, name)]
        if changed:
            self._files, self._configurations = files, _configurations(files)
        return changed

    def credentials(self, kind: PortKind = "data") -> grpc.ServerCredentials:
        """For one port; they follow every `replace`."""
        told, telling = self._configurations[kind], Lock()

        def news() -> grpc.ServerCertificateConfiguration | None:
            """Asked before every handshake, on threads of the transport's; None: nothing has changed.

            Whatever is returned, gRPC core makes a new context of and lets the old one go, while other threads may be
            about to use it (grpc/grpc#36693): a crash. So each configuration is told once.
            """
            nonlocal told
            with telling:
                current = self._configurations[kind]
                if current is told:
                    return None
                told = current
                return current

        return grpc.dynamic_ssl_server_credentials(
            told,
            news,  # type: ignore[arg-type]  # the stubs know nothing of None, which gRPC documents
            require_client_authentication=self._files.client_ca(kind) is not None,
        )


def _configurations(files: TlsFiles) -> dict[PortKind, grpc.ServerCertificateConfiguration]:
    pairs = [(files.private_key, files.certificate_chain)]
    kinds: tuple[PortKind, PortKind] = ("data", "control")
    return {kind: grpc.ssl_server_certificate_configuration(pairs, files.client_ca(kind)) for kind in kinds}


def _certificates(pem: bytes, what: str, field: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigurationError(f"the {what} file holds no PEM certificate", field=field) from None


def _public_bytes(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
