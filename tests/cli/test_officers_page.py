"""docs/officers.md is what happens: its commands run against a small server and say what the page says they say.

Compared is what is printed, word by word, but for what differs from run to run: the time of the run, ids, hashes,
sizes, and the counts of what this run wrote. WRITE_OFFICERS_PAGE=1 writes the outputs of this run into the page.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.audit.follower import WRITE_INTERVAL_S
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.cli.audit_trail import AuditTrail
from geooffer.cli.main import build_app
from geooffer.model.units import format_time_ms
from geooffer.rpc.auth import issue_token

Invoke = Callable[..., Result]

PAGE = Path(__file__).parents[2] / "docs" / "officers.md"
FENCE = re.compile(r"^```(.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NOW = "$(date -u +%FT%T.%3NZ)"
TEXT = "ab" * 32
FILES = {
    "customers.csv": "customer_id,device_keys\nc-1001,4711\nc-1002,4712\nc-1003,4713\n",
    "notices.csv": (
        "notice_version,effective_time,purposes,controller,withdrawal_method,retention_reference,sha256_en\n"
        "2026-01,2026-01-01T00:00:00Z,PRECISE_LOCATION_FOR_OFFERS|PERSONALISED_OFFERS|PUSH_MARKETING,Shop AG,"
        f"in the app,section 7,{TEXT}\n"
    ),
    "consents.csv": (
        "customer_id,purposes,granted,event_time,notice_version,language,method\n"
        "c-1001,PRECISE_LOCATION_FOR_OFFERS|PUSH_MARKETING,true,2026-01-05T10:00:00Z,2026-01,en,APP\n"
        "c-1002,PERSONALISED_OFFERS,true,2026-01-06T10:00:00Z,2026-01,en,WEB\n"
    ),
    "zones.csv": (
        "zone_id,category,latitude,longitude,radius_m,buffer_m\nclinic-1,clinic,52.5,13.4,80,50\nclinic-2,clinc,52.5,13.5,80,50\n"
    ),
}
EDITED = {"tighter.toml": ("cooldown_ms", "3_600_000"), "shorter.toml": ("intent_retention_days", "7")}
"""What she does in her editor to the policy she has just written to a file."""
SHAPES = (
    (r"\b[0-9a-f]{128}\b", "<signature>"),
    (r"\b[0-9a-f]{64}\b", "<hash>"),
    (r"\b[0-9a-f]{24,32}\b", "<id>"),
    (r"\b[0-9a-f]{16}\b|\b[0-9a-f]{8}\b", "<key>"),
    # but for times that stand in the files and commands of the page, and follow from them
    (r"\b(?!2026-0[1-6])\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"\b\d+(\.\d+)? (kB|MB|KiB|MiB|bytes)\b", "<size>"),
    (r"(?<=snapshot )\d+", "<lsn>"),
)
COUNTS_OF_THE_RUN = ("geooffer audit ", "geooffer backup ", "geooffer verify-state")
"""What they count depends on how often `--wait` asked, and on how commits were grouped."""
NOT_HERS = re.compile(r"^(import \w+: |\{\"timestamp\").*\n", re.MULTILINE)
"""Progress is a bar on a terminal, and vanishes; the log of the server, which here shares the process, is elsewhere."""


def steps() -> list[tuple[str, str]]:
    """(command, output) in the order of the page."""
    found = []
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.rstrip("\n")))
    return found


def shape(command: str, text: str) -> str:
    for pattern, name in SHAPES:
        text = re.sub(pattern, name, text)
    if command.startswith(COUNTS_OF_THE_RUN):
        text = re.sub(r"\b\d+\b", "<n>", text)
    return re.sub(r"[ \t]+", " ", text).strip()


def shortened(output: str) -> str:
    """What is long is cut on the page: three dots stand for the rest."""
    lines = output.rstrip("\n").splitlines()
    return "\n".join([*lines[:12], "…"] if len(lines) > 14 else lines)


class Officer:
    """Types what the page says, in a folder of hers, and sees what a terminal shows."""

    def __init__(self, invoke: Invoke, service: RunningService) -> None:
        self._invoke = invoke
        self._service = service
        self.names: dict[str, str] = {}
        """Of requests and events, as the page names them: `$REQUEST`, `$EVENT`."""

    async def run(self, command: str) -> str:
        words = shlex.split(command.replace(NOW, format_time_ms(time.time_ns() // 1_000_000)), comments=True)
        if words[0] == "cp":
            shutil.copy(*words[1:])
            return ""
        assert words[0] == "geooffer", command
        file = Path(words[-1]) if ">" in words else None
        words = words[:-2] if file else words
        if words[1] == "audit":
            await audited(self._service)
        arguments = [self.names.get(word, word) for word in words[1:]]
        result = await asyncio.to_thread(self._invoke, *arguments)
        stdout = str(result.stdout)
        for name, pattern in (("$REQUEST", r"open .*?([0-9a-f]{24})"), ("$EVENT", r"\b([0-9a-f]{32})\b")):
            match = re.search(pattern, stdout)
            if match:
                self.names[name] = match[1]
        if file is not None:
            file.write_text(stdout)
            if file.name == "policy.toml":
                edit(stdout)
        told = NOT_HERS.sub("", str(result.output if file is None else result.stderr))
        code = "" if result.exit_code == 0 else f"\n(exit code {result.exit_code})"
        return shortened(told) + code


async def audited(service: RunningService) -> None:
    """She may look some seconds later; a test need not sleep."""
    parts = service.watched.parts
    assert parts is not None
    assert parts.committer is not None
    assert isinstance(parts.audit, AuditTrail)
    await parts.audit.before_truncation(parts.committer.store.last.lsn)


def edit(policy: str) -> None:
    for name, (field, value) in EDITED.items():
        text, count = re.subn(rf"(?m)^{field} *=.*$", f"{field} = {value}", policy)
        assert count == 1
        Path(name).write_text(text)


async def prepare(invoke: Invoke, folder: Path, service: RunningService, patch: pytest.MonkeyPatch) -> None:
    """Files, and an officer's shell: the server's address, tokens, a folder of her own."""
    patch.chdir(folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    key = service.callers.private_key
    assert key is not None
    for person, role in (("anna", "privacy_officer"), ("bert", "privacy_officer"), ("otto", "operator")):
        token = issue_token(key, role=role, subject=person, now_s=time.time(), lifetime_s=3600)
        (folder / f"{person}.token").write_text(token)
    patch.setenv("GEOOFFER_CONTROL_SERVER", service.control_address)
    patch.setenv("GEOOFFER_TOKEN_FILE", "anna.token")
    patch.setenv("GEOOFFER_STATE_DIR", str(folder / "state"))
    patch.delenv("GEOOFFER_TOKEN", raising=False)
    result = await asyncio.to_thread(invoke, "import", "customers", "customers.csv", "--token-file", "otto.token")
    assert result.exit_code == 0, result.output


async def test_every_command_of_the_page_says_what_the_page_says(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = loopback_settings(state_dir=tmp_path / "state", journal="sqlite", clock="system", log_level="error")
    told = []
    async with running_service(settings) as service:
        await prepare(invoke, tmp_path, service, monkeypatch)
        officer = Officer(invoke, service)
        for command, expected in steps():
            told.append((command, expected, await officer.run(command)))
    if os.environ.get("WRITE_OFFICERS_PAGE"):
        write(told)
        return
    assert len(told) >= 50
    for command, expected, found in told:
        assert shape(command, found) == shape(command, expected), command


def write(told: list[tuple[str, str, str]]) -> None:
    outputs = iter(told)

    def block(match: re.Match[str]) -> str:
        parts = []
        for _ in re.findall(r"^\$ ", match[1], re.MULTILINE):
            command, _, found = next(outputs)
            parts.append(f"$ {command}\n{found}".rstrip() + "\n")
        return "```console\n" + "\n".join(parts) + "```"

    PAGE.write_text(BLOCK.sub(block, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def test_no_command_of_the_page_stands_where_it_is_not_run() -> None:
    """A block of another language, indented or not closed, would be passed over."""
    text = PAGE.read_text(encoding="utf-8")
    assert FENCE.findall(text) == ["console", ""] * len(BLOCK.findall(text))
    assert text.count("\n$ ") == len(steps())
    assert "    $ " not in text


def test_the_page_says_how_far_the_audit_log_may_be_behind() -> None:
    assert f"within {WRITE_INTERVAL_S:.0f} seconds" in PAGE.read_text(encoding="utf-8")


def test_the_page_names_no_command_that_does_not_exist() -> None:
    """Also those in its prose."""
    text = PAGE.read_text(encoding="utf-8")
    app = build_app()
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    names = {command.name for command in app.registered_commands}
    for first, second in re.findall(r"geooffer ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", text):
        if first in groups and groups[first] is not None and second:
            assert second in commands_of(groups[first]), f"{first} {second}"
        else:
            assert first in names | set(groups), first


def test_every_command_of_an_officer_is_on_the_page() -> None:
    """Whatever is added to these groups is a task of hers."""
    text = PAGE.read_text(encoding="utf-8")
    for group in build_app().registered_groups:
        if group.name in ("privacy", "policy", "audit"):
            for name in commands_of(group.typer_instance):
                assert f"{group.name} {name}" in text, f"{group.name} {name}"


def commands_of(group: object) -> set[str]:
    """Of commands and of groups in it."""
    parts = [*group.registered_commands, *group.registered_groups]  # type: ignore[attr-defined]
    return {part.name for part in parts}
