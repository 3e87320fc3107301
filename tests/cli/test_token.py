"""`geooffer token dev`, and where commands find their token."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.cli.options import claimed_role, token_from
from geooffer.errors import ConfigurationError
from geooffer.rpc.auth import TokenVerifier
from geooffer.rpc.keys import development_keys

Invoke = Callable[..., Result]


def test_a_token_of_each_role_verifies(invoke: Invoke, tmp_path: Path) -> None:
    verifier = TokenVerifier(development_keys(tmp_path).public_key)
    for role in ("gateway", "operator", "marketing", "privacy_officer"):
        token = invoke("token", "dev", "--role", role, "--state-dir", tmp_path).stdout.strip()
        assert verifier.verify(token).role == role
        assert claimed_role(token) == role


def test_a_device_token_names_its_device(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("token", "dev", "--role", "device", "--device-key", "77", "--state-dir", tmp_path, "--json")
    told = json.loads(result.stdout)
    assert (told["role"], told["subject"]) == ("device", "77")
    identity = TokenVerifier(development_keys(tmp_path).public_key).verify(told["token"])
    assert identity.device_key == 77


def test_ranges_of_a_gateway(invoke: Invoke, tmp_path: Path) -> None:
    options = ("--device-key-range", "1:9", "--device-key-range", "-5:-2")
    token = invoke("token", "dev", "--role", "gateway", *options, "--state-dir", tmp_path).stdout.strip()
    identity = TokenVerifier(development_keys(tmp_path).public_key).verify(token)
    assert identity.device_key_ranges.tolist() == [[1, 9], [-5, -2]]


def test_stores_of_a_store(invoke: Invoke, tmp_path: Path) -> None:
    options = ("--store-id", "bhf", "--store-id", "west", "--subject", "till")
    token = invoke("token", "dev", "--role", "store", *options, "--state-dir", tmp_path).stdout.strip()
    identity = TokenVerifier(development_keys(tmp_path).public_key).verify(token)
    assert (identity.role, identity.subject, identity.store_ids) == ("store", "till", {"bhf", "west"})


def test_the_key_is_for_its_owner_only(invoke: Invoke, tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    assert invoke("token", "dev", "--role", "operator", "--state-dir", state).exit_code == 0
    private = [path for path in state.iterdir() if path.suffix == ".key"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--role", "king"), "role must be one of"),
        (("--role", "device"), "--device-key is needed"),
        (("--role", "operator", "--device-key", "1"), "for the role device only"),
        (("--role", "gateway", "--device-key-range", "5"), "LOW:HIGH"),
        (("--role", "gateway", "--device-key-range", "9:5"), "a range of device keys ascends"),
        (("--role", "operator", "--subject", "x" * 129), "a subject has 1 to 128 characters"),
        (("--role", "operator", "--lifetime-s", "0"), "lifetime-s"),
        (("--role", "operator", "--lifetime-s", "700000"), "at most 604800 (token_lifetime_max_seconds)"),
        (("--role", "store"), "names 1..64 store_ids"),
        (("--role", "operator", "--store-id", "bhf"), "for the role store only"),
        (("--role", "operator", "--state-dir", "/dev/null"), "state_dir: is not a directory"),
        ((), "role"),
    ],
)
def test_bad_wishes_are_refused(invoke: Invoke, options: tuple[str, ...], reason: str) -> None:
    result = invoke("token", "dev", *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr


def test_flags_before_environment_and_text_before_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    with pytest.raises(ConfigurationError, match=r"no token: .*token dev --role operator"):
        token_from("", None, "operator")
    monkeypatch.setenv("GEOOFFER_TOKEN_FILE", str(file))
    assert token_from("", None, "operator") == "from-file"
    monkeypatch.setenv("GEOOFFER_TOKEN", "from-environment")
    assert token_from("", None, "operator") == "from-environment"
    assert token_from("", file, "operator") == "from-file"
    assert token_from("flag", file, "operator") == "flag"


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", b"\xff\xfe", b"a\nb", "tökén".encode()])
def test_a_file_that_holds_no_token(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="holds no token"):
        token_from("", file, "operator")
    with pytest.raises(ConfigurationError, match="directory"):
        token_from("", tmp_path, "operator")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.WzFd.c", "a.e30.c"])
def test_an_unreadable_token_claims_nothing(token: str) -> None:
    assert claimed_role(token) == ""
