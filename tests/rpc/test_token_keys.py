"""Key rings: PEM, JWK set, directory; which key a token is verified by, and what is refused as a ring."""

from __future__ import annotations

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from geooffer.errors import ConfigurationError, UnauthenticatedError
from geooffer.model import limits
from geooffer.rpc.auth import TokenVerifier, issue_token
from geooffer.rpc.token_keys import KeyRing, load_key_ring

OLD = Ed25519PrivateKey.generate()
NEW = ec.generate_private_key(ec.SECP256R1())


def pem(key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def token(key, key_id: str = "") -> str:
    return issue_token(key, role="operator", subject="me", now_s=time.time(), key_id=key_id)


def jwk(key, name: str | None) -> dict[str, object]:
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePublicKey) else jwt.algorithms.OKPAlgorithm
    members = json.loads(kind.to_jwk(key))
    return members if name is None else members | {"kid": name}


def verifies(verifier: TokenVerifier, value: str) -> bool:
    try:
        return verifier.verify(value).subject == "me"
    except UnauthenticatedError:
        return False


def test_a_lone_key_of_a_file_takes_any_kid(tmp_path):
    for key in (OLD, NEW):
        (tmp_path / "key.pem").write_bytes(pem(key))
        verifier = TokenVerifier(load_key_ring(tmp_path / "key.pem"))
        assert verifies(verifier, token(key))
        assert verifies(verifier, token(key, "whatever"))
        assert not verifies(verifier, token(OLD if key is NEW else NEW))


@pytest.mark.parametrize("form", ["directory", "set"])
def test_of_several_keys_a_token_names_its_own(tmp_path, form):
    if form == "directory":
        path = tmp_path / "keys"
        path.mkdir()
        (path / "2026-10.pem").write_bytes(pem(OLD))
        (path / "2026-11.pem").write_bytes(pem(NEW))
        (path / "notes.txt").write_text("not a key")
    else:
        path = tmp_path / "keys.json"
        path.write_text(json.dumps({"keys": [jwk(OLD.public_key(), "2026-10"), jwk(NEW.public_key(), "2026-11")]}))
    verifier = TokenVerifier(load_key_ring(path))
    assert verifies(verifier, token(OLD, "2026-10"))
    assert verifies(verifier, token(NEW, "2026-11"))
    for value in (token(OLD), token(NEW), token(OLD, "2026-11"), token(NEW, "2026-10"), token(OLD, "../2026-10")):
        assert not verifies(verifier, value)


def test_a_rotation():
    before, both, after = (
        KeyRing({"a": OLD.public_key()}),
        KeyRing({"a": OLD.public_key(), "b": NEW.public_key()}),
        KeyRing({"b": NEW.public_key()}),
    )
    verifier = TokenVerifier(before)
    seen = []
    for ring in (before, both, after):
        changed = verifier.replace(ring)
        seen.append((changed, verifies(verifier, token(OLD, "a")), verifies(verifier, token(NEW, "b"))))
    assert seen == [(False, True, False), (True, True, True), (True, False, True)]
    assert verifier.replace(KeyRing({"b": NEW.public_key()})) is False


def test_a_token_without_kid_is_of_the_only_key():
    assert verifies(TokenVerifier(KeyRing({"a": OLD.public_key()})), token(OLD))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b'{"keys": []}',
        b'{"keys": 7}',
        b'{"keys": [7]}',
        b"[" * 100_000,
        b'{"keys": ' + b"[" * 100_000,
        json.dumps({"keys": [jwk(OLD.public_key(), None)]}).encode(),
        json.dumps({"keys": [jwk(OLD.public_key(), "a"), jwk(NEW.public_key(), "a")]}).encode(),
        json.dumps({"keys": [jwk(OLD.public_key(), "../a")]}).encode(),
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}).encode(),
        json.dumps({"keys": [json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(OLD)) | {"kid": "a"}]}).encode(),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65_537, 2_048)),
    ],
    ids=range(15),  # contents hold keys made at import, and each test process has its own
)
def test_files_that_are_no_ring(tmp_path, content):
    path = tmp_path / "ring"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        load_key_ring(path)


def test_directories_that_are_no_ring(tmp_path):
    with pytest.raises(ConfigurationError, match="are needed"):
        load_key_ring(tmp_path)
    (tmp_path / "a b.pem").write_bytes(pem(OLD))
    with pytest.raises(ConfigurationError, match="named by its kid"):
        load_key_ring(tmp_path)
    (tmp_path / "a b.pem").unlink()
    for number in range(limits.TOKEN_KEY_COUNT_MAX + 1):
        (tmp_path / f"{number}.pem").write_bytes(pem(Ed25519PrivateKey.generate()))
    with pytest.raises(ConfigurationError, match="are needed"):
        load_key_ring(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot read"):
        load_key_ring(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="needs a name"):
        KeyRing({"": OLD.public_key(), "b": NEW.public_key()})
