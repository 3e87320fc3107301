"""Certificate and key of the ports, which may be exchanged while they serve: the next handshake takes the new pair."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from geooffer.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM contents of a certificate chain and its private key."""

    certificate_chain: bytes
    private_key: bytes

    def check(self) -> None:
        """Raises ConfigurationError where these are no certificate and its key: the transport would only go silent."""
        try:
            certificates = x509.load_pem_x509_certificates(self.certificate_chain)
        except ValueError:
            raise ConfigurationError("the certificate file holds no PEM certificate", field="tls_cert") from None
        try:
            key = serialization.load_pem_private_key(self.private_key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigurationError(
                "the key file holds no PEM private key without password", field="tls_key"
            ) from None
        if _public_bytes(key.public_key()) != _public_bytes(certificates[0].public_key()):
            raise ConfigurationError("the key is not that of the first certificate", field="tls_key")


class TlsSource:
    """What a port asks before every handshake."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises ConfigurationError as `TlsFiles.check`."""
        files.check()
        self._files = files
        self._configuration = _configuration(files)

    def replace(self, files: TlsFiles) -> bool:
        """Take another pair for connections to come; those that are open stay. False where it is the same one.

        Raises ConfigurationError and changes nothing where they do not fit together.
        """
        files.check()
        if files == self._files:
            return False
        self._files, self._configuration = files, _configuration(files)
        return True

    def credentials(self) -> grpc.ServerCredentials:
        """For one port; it follows every `replace`."""
        # asked on a thread of the transport's: one reference, read whole
        return grpc.dynamic_ssl_server_credentials(self._configuration, lambda: self._configuration)


def _configuration(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(files.private_key, files.certificate_chain)])


def _public_bytes(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
