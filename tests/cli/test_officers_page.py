"""docs/officers.md is what happens: its commands run against a small server and say what the page says they say.

Compared is the shape: times, ids, hashes and sizes differ from run to run. WRITE_OFFICERS_PAGE=1 writes the
outputs of this run into the page.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.cli.main import build_app

Invoke = Callable[..., Result]

PAGE = Path(__file__).parents[2] / "docs" / "officers.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILES = {
    "customers.csv": "customer_id,device_keys\nc-1001,4711\nc-1002,4712\nc-1003,4713\n",
    "consents.csv": (
        "customer_id,purposes,granted,event_time,notice_version\n"
        "c-1001,PRECISE_LOCATION_FOR_OFFERS|PUSH_MARKETING,true,2026-01-05T10:00:00Z,2026-01\n"
        "c-1002,PERSONALISED_OFFERS,true,2026-01-06T10:00:00Z,2026-01\n"
    ),
    "zones.csv": "zone_id,category,latitude,longitude,radius_m,buffer_m\nclinic-1,CLINIC,52.5,13.4,80,50\n",
}
SHAPES = (
    (r"\b[0-9a-f]{64}\b", "<hash>"),
    (r"\b[0-9a-f]{24,32}\b", "<id>"),
    (r"\b[0-9a-f]{16}\b|\b[0-9a-f]{8}\b", "<key>"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"\b\d+(\.\d+)? (kB|MB|KiB|MiB|bytes|s|ms)\b", "<size>"),
    (r"(?<=commit )\d+|(?<=snapshot )\d+|(?<=lsn )\d+", "<lsn>"),
    (r"[A-Za-z0-9+/=_-]{40,}", "<text>"),
    # how often `--wait` asks, and what the audit log has of it, is the machine's business
    (r"\d+ (?=admin|consent,|policy,|rights;)", "<n> "),
    (r"\b\d{2,}\b", "<n>"),
)


def steps() -> list[tuple[str, str]]:
    """(command, output) in the order of the page."""
    found = []
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.rstrip("\n")))
    return found


def shape(text: str) -> str:
    for pattern, name in SHAPES:
        text = re.sub(pattern, name, text)
    return re.sub(r"[ \t]+", " ", text).strip()


def shortened(output: str) -> str:
    """What is long is cut on the page: three dots stand for the rest."""
    lines = output.rstrip("\n").splitlines()
    return "\n".join([*lines[:12], "…"] if len(lines) > 14 else lines)


class Officer:
    """Types what the page says."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke
        self.names: dict[str, str] = {}
        """Of requests and events, as the page names them: `$REQUEST`, `$EVENT`."""

    async def run(self, command: str) -> str:
        words = shlex.split(command, comments=True)
        assert words[0] == "geooffer", command
        file = Path(words[-1]) if ">" in words else None
        words = words[:-2] if file else words
        arguments = [self.names.get(word, word) for word in words[1:]]
        result = await asyncio.to_thread(self._invoke, *arguments)
        stdout = str(result.stdout)
        for name, pattern in (("$REQUEST", r"open .*?([0-9a-f]{24})"), ("$EVENT", r"\b([0-9a-f]{32})\b")):
            match = re.search(pattern, stdout)
            if match:
                self.names[name] = match[1]
        if file is not None:
            file.write_text(stdout)
            # what she does in her editor: twice the time between two offers
            tighter = re.sub(r"(?m)^(cooldown_ms *= *)([\d_]+)", lambda line: f"{line[1]}3_600_000", stdout)
            file.with_name("tighter.toml").write_text(tighter)
            stdout = ""
        code = "" if result.exit_code == 0 else f"\n(exit code {result.exit_code})"
        told = stdout if result.exit_code in (0, 1) else "\n".join(str(result.stderr).splitlines()[-1:])
        return shortened(told) + code


async def prepare(invoke: Invoke, folder: Path, service: RunningService, patch: pytest.MonkeyPatch) -> None:
    """Files, and an officer's shell: the server's address, a token, a folder of her own."""
    patch.chdir(folder)
    patch.setenv("GEOOFFER_CONTROL_SERVER", service.control_address)
    patch.setenv("GEOOFFER_TOKEN", service.issue_token("privacy_officer"))
    patch.setenv("GEOOFFER_STATE_DIR", str(folder / "state"))
    for name, text in FILES.items():
        (folder / name).write_text(text)
    token = service.issue_token("operator")
    result = await asyncio.to_thread(invoke, "import", "customers", "customers.csv", "--token", token)
    assert result.exit_code == 0, result.output


async def test_every_command_of_the_page_says_what_the_page_says(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = loopback_settings(state_dir=tmp_path / "state", journal="sqlite", clock="system", log_level="error")
    told = []
    async with running_service(settings) as service:
        await prepare(invoke, tmp_path, service, monkeypatch)
        officer = Officer(invoke)
        for command, expected in steps():
            told.append((command, expected, await officer.run(command)))
    if os.environ.get("WRITE_OFFICERS_PAGE"):
        write(told)
        return
    assert len(told) >= 20
    for command, expected, found in told:
        assert shape(found) == shape(expected), command


def write(told: list[tuple[str, str, str]]) -> None:
    outputs = iter(told)

    def block(match: re.Match[str]) -> str:
        parts = []
        for _ in re.findall(r"^\$ ", match[1], re.MULTILINE):
            command, _, found = next(outputs)
            parts.append(f"$ {command}\n{found}".rstrip() + "\n")
        return "```console\n" + "\n".join(parts) + "```"

    PAGE.write_text(BLOCK.sub(block, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def test_the_page_names_no_command_that_does_not_exist() -> None:
    """Also those in its prose."""
    text = PAGE.read_text(encoding="utf-8")
    app = build_app()
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    names = {command.name for command in app.registered_commands}
    for first, second in re.findall(r"geooffer ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", text):
        if first in groups and groups[first] is not None and second:
            instance = groups[first]
            known = {item.name for item in instance.registered_commands}
            known |= {item.name for item in instance.registered_groups}
            assert second in known, f"{first} {second}"
        else:
            assert first in names | set(groups), first
