"""Ask the OSV database about all packages of uv.lock: known advisories fail the build, its silence does not.

`uv audit` does the work (uv's own, still called experimental). Without a network there is nothing to compare with:
that is said in one line with NOT AUDITED, and is no fault of a build; `--required` makes it one, for what is released.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
UNREACHABLE = ("error sending request", "Request failed", "failed to lookup address", "timed out")
TIMEOUT_S = 120
EXIT_NOT_AUDITED = 3


def main(uv: str, *, is_required: bool) -> int:
    """Exit code: 0 audited and clean; not audited 0, or 3 where it `is_required`; else that of `uv audit`."""
    not_audited = EXIT_NOT_AUDITED if is_required else 0
    command = [uv, "audit", "--frozen", "--preview-features", "audit-command"]
    environment = os.environ | {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "20"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        print("dependencies NOT AUDITED: the advisory database did not answer in time")
        return not_audited
    if done.returncode == 0:
        print("dependencies audited: no known advisory for any package of uv.lock")
        return 0
    if not done.stdout.strip() and any(words in done.stderr for words in UNREACHABLE):
        print("dependencies NOT AUDITED: the advisory database (OSV) cannot be reached from here")
        return not_audited
    print(done.stdout + done.stderr)
    print("dependencies audited: advisories found, or the audit itself failed")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], is_required="--required" in sys.argv[2:]))
