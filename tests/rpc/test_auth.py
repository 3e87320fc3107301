"""Tokens: what verifies, what does not, and that every refusal reads the same."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from geooffer.errors import InvalidArgumentError, UnauthenticatedError
from geooffer.rpc import roles
from geooffer.rpc.auth import ALL_DEVICE_KEYS, TokenVerifier, identity_of, issue_token

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
VERIFIER = TokenVerifier(KEY.public_key())
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def claims(**changes) -> dict[str, object]:
    now = int(time.time())
    values: dict[str, object] = {
        "iss": "geooffer",
        "aud": "geooffer",
        "sub": "7",
        "iat": now,
        "exp": now + 3_600,
        "role": "device",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def signed(key=KEY, headers=None, **changes) -> str:
    return jwt.encode(claims(**changes), key, algorithm="EdDSA", headers=headers)


def unsigned(header: dict[str, object], signature: str = "") -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims())}.{signature}"


def hs256_with_the_public_key() -> str:
    import hashlib
    import hmac

    body = unsigned({"alg": "HS256", "typ": "JWT"})[:-1]
    digest = hmac.new(PEM, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def test_a_device_speaks_for_itself():
    identity = VERIFIER.verify(issue_token(KEY, role="device", subject="-7", now_s=time.time()))
    assert (identity.role, identity.subject, identity.device_key) == ("device", "-7", -7)
    assert identity.device_key_ranges.tolist() == [[-7, -7]]
    assert identity.expires_at > time.time()


def test_gateways_speak_for_their_ranges():
    ranges = [(-(2**63), -5), (10, 20)]
    token = issue_token(KEY, role="gateway", subject="g", now_s=time.time(), device_key_ranges=ranges)
    identity = VERIFIER.verify(token)
    assert identity.device_key is None
    assert identity.device_key_ranges.tolist() == [list(pair) for pair in ranges]
    every = VERIFIER.verify(issue_token(KEY, role="operator", subject="o", now_s=time.time()))
    assert every.device_key_ranges.tolist() == [list(pair) for pair in ALL_DEVICE_KEYS]
    none = VERIFIER.verify(issue_token(KEY, role="marketing", subject="m", now_s=time.time()))
    assert none.device_key_ranges.shape == (0, 2)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "x" * 1_000_000,
        signed(OTHER),
        signed(exp=int(time.time()) - 1),
        signed(iat=int(time.time()) + 1_000),
        signed(aud="other"),
        signed(iss="other"),
        *(signed(**{name: None}) for name in ("exp", "iat", "sub", "aud", "iss", "role")),
        signed(exp="soon"),
        signed(role="root"),
        signed(role=["operator"]),
        signed(sub="0"),
        signed(sub="07"),
        signed(sub="+7"),
        signed(sub="seven"),
        signed(sub=str(2**63)),
        signed(sub="x" * 129, role="operator"),
        signed(role="gateway", device_key_ranges=[[5, 4]]),
        signed(role="gateway", device_key_ranges=[[0, 2**63]]),
        signed(role="gateway", device_key_ranges=[["0", "9"]]),
        signed(role="gateway", device_key_ranges=[[0]]),
        signed(role="gateway", device_key_ranges=7),
        unsigned({"alg": "none"}),
        unsigned({"alg": "EdDSA"}),
        hs256_with_the_public_key(),
        signed(OTHER, headers={"kid": "../../dev/null"}),
        signed(OTHER, headers={"jku": "https://example.invalid/keys"}),
        signed(OTHER, headers={"jwk": json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(OTHER.public_key()))}),
    ],
)
def test_what_does_not_verify_reads_the_same(token):
    with pytest.raises(UnauthenticatedError) as caught:
        VERIFIER.verify(token)
    assert caught.value.message == "a valid token is required"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", signed())],
        [("authorization", f"Basic {signed()}")],
        [("authorization", f"Bearer {signed()}")] * 2,
        [("authorization", f"Bearer {signed()}".encode())],
        [("Authorization", f"Bearer {signed()}")],
    ],
)
def test_exactly_one_bearer_token(metadata):
    with pytest.raises(UnauthenticatedError):
        VERIFIER.verify_metadata(metadata)


def test_a_bearer_token():
    assert VERIFIER.verify_metadata([("x", "y"), ("authorization", f"bearer {signed()}")]).device_key == 7


def test_there_is_no_identity_outside_a_call():
    with pytest.raises(UnauthenticatedError):
        identity_of(None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "root"}, "role"),
        ({"lifetime_s": 0}, "lifetime_s"),
        ({"subject": "x"}, "subject"),
        ({"subject": "0"}, "subject"),
        ({"role": "gateway", "subject": ""}, "subject"),
    ],
)
def test_no_token_is_issued_that_would_not_verify(changes, field):
    arguments = {"role": "device", "subject": "7", "now_s": time.time()} | changes
    with pytest.raises(InvalidArgumentError) as caught:
        issue_token(KEY, **arguments)
    assert caught.value.field == field


def test_every_role_can_be_issued():
    for role in roles.ROLES:
        stores = ["bhf"] if role == roles.STORE else ()
        token = issue_token(KEY, role=role, subject="7", now_s=time.time(), store_ids=stores)
        assert VERIFIER.verify(token).role == role
