"""The native token verifier against Python's: thousands of good, bad and mutated tokens, one verdict each.

Both see the same moment, so that the boundaries of times are compared, too.
"""

from __future__ import annotations

import base64
import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from geooffer.errors import UnauthenticatedError
from geooffer.rpc.auth import AUDIENCE, ISSUER, TokenVerifier
from geooffer.rpc.token_keys import KeyRing

sys.path.insert(0, str(Path(__file__).parents[1] / "security"))
from forged_tokens import forged_tokens

native = pytest.importorskip("geooffer_native", reason="the native extension is not built")

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
NOW_S = 1_800_000_000.25
LEEWAY_S, LIFETIME_MAX_S = 5.0, 86_400.0
FIRST, SECOND = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
RINGS: dict[str, dict[str, PrivateKey]] = {
    "lone": {"": FIRST},
    "lone curve": {"": SECOND},
    "named": {"a": FIRST},
    "both": {"a": FIRST, "b": SECOND},
}
GOOD = {
    "iss": '"geooffer"',
    "aud": '"geooffer"',
    "sub": '"7"',
    "iat": "1800000000",
    "exp": "1800000600",
    "role": '"device"',
}
HEADER = '{"alg":"EdDSA","typ":"JWT"}'

#: JSON texts that claims are replaced by: what Python's reader takes and others do not, and the other way round.
VALUES = (
    *("null", "true", "false", "0", "-0", "1", "7", "-7", "01", "1.", ".5", "1.5", "-1.5e3", "1E400", "-1e400"),
    *("NaN", "Infinity", "-Infinity", "nan", "+1", "0x10", "1_000", "1e", "1800000000", "1800000005", "1800000006"),
    *("1799999994", "1799999995", "1800000005.25", "1800000005.999", "1800000006.0", "1799999995.999"),
    *("1799999996.0", "1800086400", "1800086400.0001", "1800086401", "9007199254740993", "9223372036854775807"),
    *("9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 400, "-" + "9" * 400, '""'),
    *('"7"', '"-7"', '"07"', '"+7"', '" 7"', '"7\\n"', '"7.0"', '"7_0"', '"0"', '"-0"', '"\\u0037"', '"９"', '"x"'),
    *('"9223372036854775807"', '"9223372036854775808"', '"-9223372036854775808"', '"geooffer"', '"geo\\u006fffer"'),
    *('"GEOOFFER"', '"\\/"', '"\\x"', '"\\u12"', '"\\u00e9"', '"é"', '"\\ud83d\\ude00"', '"a\tb"'),
    *('"' + "x" * 128 + '"', '"' + "é" * 128 + '"', '"' + "x" * 129 + '"', '"' + "é" * 129 + '"', "[]", "{}"),
    *("[1]", '["geooffer"]', '["x","geooffer"]', '["geooffer",1]', '{"geooffer":1}', "[[1,2]]", "[[2,1]]"),
    *("[[1,1],[3,9]]", "[[1]]", "[[1,2,3]]", "[[1.0,2]]", "[[true,2]]", "[[1,null]]", '[["1","2"]]', '["12"]'),
    *("[{}]", '[{"1":1,"2":2}]', "[[-9223372036854775808,9223372036854775807]]", "[[0,9223372036854775808]]"),
    *("[[-0,0]]", "[[[1],2]]", "[[1,2],]", "[", "[}", '{"a":1,}', '{a:1}', '{"a":1,"a":[]}', "[" * 300 + "]" * 300),
    *("[" * 1_500 + "]" * 1_500, '["device"]', '"device"', '"gateway"', '"operator"', '"store"', '"marketing"'),
    *('"privacy_officer"', '"root"', '"Device"', '["a"]', '["a",""]', '["a",1]', "1 2", "1}", '"a"'),
    *(json.dumps([str(number) for number in range(count)]) for count in (64, 65)),
)  # fmt: skip
NAMES = (*GOOD, "nbf", "jti", "cnf", "device_key_ranges", "store_ids", "more")


class Moment(datetime.datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Moment:
        return cls.fromtimestamp(NOW_S, tz)


@pytest.fixture(autouse=True)
def _at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt.api_jwt, "datetime", Moment)


class Judges:
    """Both verifiers, with the same rules and keys."""

    def __init__(self, keys: dict[str, PrivateKey]) -> None:
        ring = KeyRing({name: key.public_key() for name, key in keys.items()})
        self.python = TokenVerifier(ring, leeway_s=LEEWAY_S, lifetime_max_s=LIFETIME_MAX_S)
        self.settings = json.dumps(
            {
                "issuer": ISSUER,
                "audience": AUDIENCE,
                "leeway_s": LEEWAY_S,
                "lifetime_max_s": LIFETIME_MAX_S,
                "keys": [
                    {"kid": name, "algorithm": algorithm(key), "key": raw(key).hex()} for name, key in keys.items()
                ],
            }
        )

    def by_python(self, token: str) -> dict[str, Any] | None:
        try:
            caller = self.python.verify(token)
        except UnauthenticatedError:
            return None
        is_device = caller.device_key is not None
        return {
            "role": caller.role,
            "subject": caller.subject,
            "own_key": caller.device_key or 0,
            "key_ranges": [] if is_device else caller.device_key_ranges.tolist(),
            "expires_at_s": caller.expires_at,
        }

    def natively(self, token: str) -> dict[str, Any] | None:
        text = native.verify_token(self.settings, token, NOW_S)
        return None if text is None else json.loads(text)

    def agree(self, token: str) -> bool:
        """Asserts that they agree; returns whether they accept."""
        expected = self.by_python(token)
        assert self.natively(token) == expected, token[:2_000]
        return expected is not None


def algorithm(key: PrivateKey) -> str:
    return "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"


def raw(key: PrivateKey) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    point = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, point)


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(content: str, key: PrivateKey) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return part(key.sign(content.encode()))
    der = key.sign(content.encode(), ec.ECDSA(hashes.SHA256()))
    return part(jwt.utils.der_to_raw_signature(der, key.curve))


def signed(header: str | bytes, payload: str | bytes, key: PrivateKey = FIRST) -> str:
    """A good signature over whatever stands there."""
    parts = [value.encode() if isinstance(value, str) else value for value in (header, payload)]
    content = ".".join(part(value) for value in parts)
    return f"{content}.{signature(content, key)}"


def document(members: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"


@pytest.mark.parametrize(
    "role",
    ["gateway", *(pytest.param(role, marks=pytest.mark.long) for role in ("device", "operator", "store"))],
)
def test_each_claim_with_each_value(role: str) -> None:
    """Alone, and behind a good one of the same name: the last one counts."""
    judges, accepted, count = Judges(RINGS["lone"]), 0, 0
    base = GOOD | {"role": f'"{role}"'} | ({"store_ids": '["a"]'} if role == "store" else {})
    for name in NAMES:
        for value in VALUES:
            if name == "nbf" and value.startswith('"'):
                continue  # see test_what_only_python_takes
            tokens = [signed(HEADER, document([*(base | {name: value}).items()]))]
            if role == "gateway":
                tokens.append(signed(HEADER, document([*base.items(), (name, value)])))
            accepted += sum(judges.agree(token) for token in tokens)
            count += len(tokens)
    assert count > 1_200
    assert 100 < accepted < count / 2


@pytest.mark.parametrize("count", [900, pytest.param(30_000, marks=pytest.mark.long)])
def test_payloads_mutated_by_the_character(count: int) -> None:
    """Signed as they are, so that the readers of JSON decide."""
    dice, judges, accepted = np.random.default_rng(count), Judges(RINGS["lone"]), 0
    alphabet = b'{}[]",:0123456789-+.eEnulltrfasNI\\/ \t\n\r\x00\x1f\x7f\x80\xc3\xa9\xffud'
    extra = [("device_key_ranges", "[[1,2],[3,4]]"), ("x", '{"a":[1,-2.5e3,null,"\\u00e9\\n"],"b":{}}')]
    for number in range(count):
        role = ('"device"', '"gateway"')[dice.integers(2)]
        members = [*(GOOD | {"role": role}).items(), *extra]
        dice.shuffle(members)
        payload = bytearray(document(members).encode())
        for _ in range(number % 3):
            place = dice.integers(len(payload))
            match dice.integers(3):
                case 0:
                    payload[place] = alphabet[dice.integers(len(alphabet))]
                case 1:
                    del payload[place]
                case _:
                    payload.insert(place, alphabet[dice.integers(len(alphabet))])
        accepted += judges.agree(signed(HEADER, bytes(payload)))
    assert accepted >= count / 3


def test_headers() -> None:
    """Fields with each value, before and after the good ones, and texts that are no map."""
    accepted = 0
    for ring in RINGS.values():
        judges = Judges(ring)
        for kid in ('"a"', '"b"', '""', '"c"', '"\\u0061"', "null", "1", '["a"]', "{}"):
            for alg, key in (
                ('"EdDSA"', FIRST),
                ('"ES256"', SECOND),
                ('"ES256"', FIRST),
                ('"none"', FIRST),
                ("1", FIRST),
            ):
                header = f'{{"kid":{kid},"alg":{alg}}}'
                accepted += judges.agree(signed(header, document([*GOOD.items()]), key))
        for name in ("crit", "b64", "zip", "enc", "typ", "jku", "jwk", "x5u", "cty", "alg", "kid", "Alg"):
            for value in (
                "null",
                "true",
                "false",
                '"x"',
                '""',
                "[]",
                '["b64"]',
                "{}",
                "1",
                "NaN",
                "[",
                "EdDSA",
                '"EdDSA"',
            ):
                for header in (f'{{"alg":"EdDSA","{name}":{value}}}', f'{{"{name}":{value},"alg":"EdDSA"}}'):
                    accepted += judges.agree(signed(header, document([*GOOD.items()])))
        for header in (
            "",
            " ",
            "[]",
            "{}",
            "null",
            '"alg"',
            f" {HEADER}\n",
            f"{HEADER}x",
            f"{HEADER}{HEADER}",
            "{",
            "\xff",
        ):
            accepted += judges.agree(signed(header.encode("latin-1"), document([*GOOD.items()])))
    assert accepted > 100


@pytest.mark.parametrize("key", [FIRST, SECOND], ids=["EdDSA", "ES256"])
def test_tokens_mutated_by_the_character(key: PrivateKey) -> None:
    """Segments, padding, signatures; nearly all are refused, but by both."""
    dice, judges, accepted = np.random.default_rng(7), Judges({"": key}), 0
    good = signed(f'{{"alg":"{algorithm(key)}"}}', document([*GOOD.items()]), key)
    assert judges.agree(good)
    others = "ABab09-_=.+/ \n%é\x00"
    for _ in range(1_500):
        token = list(good)
        for _ in range(dice.integers(1, 3)):
            place = dice.integers(len(token))
            character = others[dice.integers(len(others))]
            match dice.integers(4):
                case 0:
                    token[place] = character
                case 1:
                    del token[place]
                case 2:
                    token.insert(place, character)
                case _:
                    token.append("=")
        accepted += judges.agree("".join(token))
    head, payload, rest = good.split(".")
    for one, two in ((head + "=" * many, payload + "=" * more) for many in range(5) for more in range(5)):
        content = f"{one}.{two}"
        accepted += judges.agree(f"{content}.{signature(content, key)}")
        judges.agree(f"{content}.{rest}==")
    assert accepted < 100


def test_signatures_at_the_edges_of_the_group() -> None:
    """Numbers of 0, 1 and around the order: taken or not, by both."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    judges, payload = Judges(RINGS["lone curve"]), document([*GOOD.items()])
    good = signed('{"alg":"ES256"}', payload, SECOND)
    content, _, mark = good.rpartition(".")
    data = base64.urlsafe_b64decode(mark + "==")
    r, s = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")
    # the other signature there is of the same content: both take it, or both do not
    verdicts = [
        judges.agree(f"{content}.{part(one.to_bytes(32, 'big') + two.to_bytes(32, 'big'))}")
        for one in (r, 0, 1, order - 1, order, order + 1, 2**256 - 1)
        for two in (s, order - s, 0, 1, order - 1, order, 2**256 - 1)
    ]
    assert verdicts[0]
    judges, content = Judges(RINGS["lone"]), signed(HEADER, payload).rpartition(".")[0]
    data = base64.urlsafe_b64decode(signature(content, FIRST) + "==")
    low = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(data[32:], "little")
    for two in (s, s + low, 0, low, low - 1, 2**255 - 1, 2**256 - 1):
        judges.agree(f"{content}.{part(data[:32] + two.to_bytes(32, 'little'))}")


def test_the_attack_list() -> None:
    for key in (FIRST, Ed25519PrivateKey.generate()):
        judges = Judges({"": key})
        for name, token in forged_tokens(FIRST).items():
            assert not judges.agree(token), name


@pytest.mark.parametrize(
    "payload",
    [
        document([*GOOD.items()]).encode("utf-16"),
        document([*GOOD.items()]).encode("utf-32-le"),
        b"\xef\xbb\xbf" + document([*GOOD.items()]).encode(),
        document([*(GOOD | {"x": '"\ud800"'}).items()]).encode("utf-8", "surrogatepass"),
        document([*(GOOD | {"role": '"operator"', "sub": '"\\ud800"'}).items()]).encode(),
        document([*(GOOD | {"nbf": '"1"'}).items()]).encode(),
        document([*(GOOD | {"x": "[" * 700 + "]" * 700}).items()]).encode(),
    ],
    ids=["utf-16", "utf-32", "byte order mark", "raw surrogate", "surrogate in a subject", "nbf as text", "deep"],
)
def test_what_only_python_takes(payload: bytes) -> None:
    """The whole list (docs/native-plane.md); nothing that Python refuses is taken natively."""
    judges = Judges(RINGS["lone"])
    token = signed(HEADER, payload)
    assert judges.by_python(token) is not None
    assert judges.natively(token) is None


def test_settings_that_are_none() -> None:
    for text in ("", "{}", Judges(RINGS["lone"]).settings.replace("EdDSA", "HS256")):
        with pytest.raises(ValueError, match="token"):
            native.verify_token(text, "x", NOW_S)
