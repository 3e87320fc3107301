"""Key files: made once, closed to others, refused where they are not what they should be."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from geooffer.errors import ConfigurationError
from geooffer.rpc.keys import (
    DEV_PRIVATE_NAME,
    DEV_PUBLIC_NAME,
    development_keys,
    load_private_key,
    load_public_key,
    secret_file,
)


def raw(key) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def test_the_pair_is_made_once_and_closed_to_others(tmp_path):
    state = tmp_path / "deep" / "state"
    first, again = development_keys(state), development_keys(state)
    assert raw(first.public_key) == raw(again.public_key) == raw(load_public_key(state / DEV_PUBLIC_NAME))
    assert stat.S_IMODE((state / DEV_PRIVATE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert sorted(path.name for path in state.iterdir()) == [DEV_PRIVATE_NAME, DEV_PUBLIC_NAME]


def test_side_by_side_all_get_one_pair(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(lambda _: development_keys(tmp_path / "state"), range(8)))
    assert len({raw(pair.public_key) for pair in pairs}) == 1


def test_a_private_key_open_to_others_is_refused(tmp_path):
    development_keys(tmp_path)
    (tmp_path / DEV_PRIVATE_NAME).chmod(0o640)
    with pytest.raises(ConfigurationError, match="0600"):
        development_keys(tmp_path)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", b"\x00\xff"])
def test_files_that_are_no_keys(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    for load in (load_public_key, load_private_key):
        with pytest.raises(ConfigurationError):
            load(path)


def test_keys_of_another_kind_missing_files_and_directories(tmp_path):
    other = ec.generate_private_key(ec.SECP256R1())
    public = tmp_path / "public"
    public.write_bytes(
        other.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    private = tmp_path / "private"
    private.touch(mode=0o600)
    private.write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for load, path in (
        (load_public_key, public),
        (load_private_key, private),
        (load_public_key, tmp_path / "no"),
        (load_private_key, tmp_path),
    ):
        with pytest.raises(ConfigurationError) as caught:
            load(path)
        assert str(tmp_path) not in caught.value.message


def test_a_secret_is_on_disk_before_anything_is_told_of_it(tmp_path, monkeypatch):
    """Its bytes before its name, its name before it is used: as a power cut sees it."""
    seen = []
    real_fsync, real_link = os.fsync, os.link

    def fsync(descriptor):
        seen.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else os.fstat(descriptor).st_size)
        real_fsync(descriptor)

    def link(source, target):
        seen.append("link")
        real_link(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    secret = secret_file(tmp_path / "decision.key", 32)
    assert seen == [32, "link", "directory"]
    assert secret_file(tmp_path / "decision.key", 32) == secret
    assert len(seen) == 3
