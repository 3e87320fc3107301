"""The audit log verified by a process of its own, beside the server: reading years of it would hold up who decides.

python -m geooffer.audit.verifier STATE_DIR --public-key HEX [--encryption-key-file FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from geooffer.errors import GeoofferError, JournalError

TIMEOUT_S = 1_800.0
NICENESS = 19


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What became of it."""

    fault: str = ""
    """Where it is not whole; '' = it is."""
    number: int = 0
    """Of the latest signed entry."""
    hash: str = ""
    first_number: int = 0
    lsn: int = 0
    counts: Mapping[str, int] | None = None


class AuditVerifier:
    """Of one state directory. Whoever asks while it runs is told what it finds."""

    def __init__(self, directory: Path, key: Ed25519PublicKey, encryption_key_file: Path | None = None) -> None:
        self._arguments = [str(directory), "--public-key", key.public_bytes_raw().hex()]
        if encryption_key_file is not None:
            self._arguments += ["--encryption-key-file", str(encryption_key_file)]
        self._running: asyncio.Task[AuditReport] | None = None

    async def verify(self) -> AuditReport:
        """Raises JournalError where it could not be done."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(self._running)

    async def _run(self) -> AuditReport:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "geooffer.audit.verifier", *self._arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TIMEOUT_S):
                told, _ = await process.communicate()
        except TimeoutError:
            raise JournalError(f"the audit log was not read within {TIMEOUT_S:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        try:
            return AuditReport(**json.loads(told))
        except (TypeError, ValueError):
            raise JournalError(f"the audit log could not be verified: code {process.returncode}") from None


def main(arguments: list[str]) -> int:
    """The process."""
    from geooffer.audit.verification import verify_audit
    from geooffer.journal.core_dumps import forbid_core_dumps
    from geooffer.journal.keyring import load_keyring

    parser = argparse.ArgumentParser(prog="verifier")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--public-key", required=True, type=bytes.fromhex, help="Ed25519, 32 bytes in hex")
    parser.add_argument("--encryption-key-file", type=Path)
    told_to = parser.parse_args(arguments)
    forbid_core_dumps()
    os.nice(NICENESS)  # it only reads: no transaction of the file system waits for it
    try:
        key = Ed25519PublicKey.from_public_bytes(told_to.public_key)
        found = verify_audit(told_to.directory, key, keyring=load_keyring(told_to.encryption_key_file))
    except GeoofferError as error:
        report = AuditReport(error.message)
    else:
        first_number, lsn = found.head.base.number + 1, found.head.position.lsn
        report = AuditReport("", found.place.number, found.place.hash.hex(), first_number, lsn, found.counts)
    sys.stdout.write(json.dumps(asdict(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
