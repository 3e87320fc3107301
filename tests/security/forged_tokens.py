"""Every token of the attack list that has to be refused, by name; made from a good key and its public half."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DAY_S = 86_400


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims of device 7, with changes; None leaves one out."""
    now = int(time.time())
    values = {
        "iss": "geooffer",
        "aud": "geooffer",
        "sub": "7",
        "iat": now,
        "exp": now + 600,
        "role": "device",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def part(value: Any) -> str:
    """A segment of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(key: Ed25519PrivateKey, header: dict[str, Any], body: Any) -> str:
    """A good signature over any header and body."""
    content = f"{part(header)}.{part(body)}"
    return f"{content}.{part(key.sign(content.encode()))}"


def forged_tokens(key: Ed25519PrivateKey) -> dict[str, str]:
    """Tokens by what is wrong with them."""
    other, curve = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    good = {"alg": "EdDSA", "typ": "JWT"}
    now = int(time.time())

    def hmac_of(secret: bytes) -> str:
        content = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims())}"
        return f"{content}.{part(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"

    def with_header(**fields: Any) -> str:
        return jwt.encode(claims(), other, "EdDSA", headers=fields)

    def with_claims(**changes: Any) -> str:
        return jwt.encode(claims(**changes), key, "EdDSA")

    own = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(other.public_key()))
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {
        "nothing": "",
        "garbage": "\x7f.\x01.~",
        "two parts": "a.b",
        "five parts": "a.b.c.d.e",
        "1 MB": "x" * 1_000_000,
        "1 MB, well-formed": with_claims(more="x" * 1_000_000),
        "none": f"{part({'alg': 'none'})}.{part(claims())}.",
        "None, signed": signed(key, {"alg": "None"}, claims()),
        "none, with a signature": f"{part({'alg': 'none'})}.{part(claims())}.{part(bytes(64))}",
        "HS256 with the public key": hmac_of(public),
        "HS256 with the raw public key": hmac_of(raw),
        "HS256 header, our signature": signed(key, {"alg": "HS256"}, claims()),
        "ES256 of a curve": jwt.encode(claims(), curve, "ES256"),
        "signature of nothing": f"{part(good)}.{part(claims())}.{part(bytes(64))}",
        "short signature": f"{part(good)}.{part(claims())}.{part(bytes(63))}",
        "another key": jwt.encode(claims(), other, "EdDSA"),
        "kid of a file": with_header(kid="../../../../dev/null"),
        "kid of a query": with_header(kid="' UNION SELECT 'x"),
        "kid of a command": with_header(kid="|/bin/true"),
        "kid that is a list": signed(key, good | {"kid": ["a"]}, claims()),
        "jku": with_header(jku="https://example.invalid/keys.json"),
        "x5u": with_header(x5u="https://example.invalid/cert.pem"),
        "jwk": with_header(jwk=own),
        "crit": signed(key, good | {"crit": ["exp"]}, claims()),
        "b64": signed(key, good | {"b64": False, "crit": ["b64"]}, claims()),
        "encrypted": signed(key, good | {"enc": "A128GCM"}, claims()),
        "deep header": f"{part(b'[' * 1_500)}.{part(claims())}.{part(bytes(64))}",
        "deep body": signed(key, good, b"[" * 1_500),
        "body that is a list": signed(key, good, [1, 2]),
        "body that is no JSON": signed(key, good, b"\xff\xfe"),
        "missing exp": with_claims(exp=None),
        "missing iat": with_claims(iat=None),
        "missing sub": with_claims(sub=None),
        "missing aud": with_claims(aud=None),
        "missing iss": with_claims(iss=None),
        "missing role": with_claims(role=None),
        "expired": with_claims(exp=now - 120, iat=now - 240),
        "not yet": with_claims(iat=now + 900, exp=now + 1_500),
        "not before": with_claims(nbf=now + 900),
        "wrong aud": with_claims(aud="other"),
        "wrong iss": with_claims(iss="https://example.invalid"),
        "too long": with_claims(exp=now + 400 * DAY_S),
        "for ever": with_claims(exp=10**18),
        "exp as text": with_claims(exp=str(now + 600)),
        "exp infinite": signed(key, good, json.dumps(claims(exp=-7)).replace("-7", "1e999").encode()),
        "exp true": with_claims(exp=True),
        "exp before iat": with_claims(exp=now - 1, iat=now),
        "bound to a certificate": with_claims(cnf={"x5t#S256": part(bytes(32))}),
        "unknown role": with_claims(role="root"),
        "roles as a list": with_claims(role=["operator"]),
        "subject as a number": signed(key, good, claims(sub=7)),
        "store without stores": with_claims(role="store", sub="till"),
        "store with all": with_claims(role="store", sub="till", store_ids="*"),
        "store with too many": with_claims(role="store", sub="till", store_ids=[str(n) for n in range(65)]),
        "store with no text": with_claims(role="store", sub="till", store_ids=[1]),
    }
