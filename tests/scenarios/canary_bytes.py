"""A marked person in every form that a file may hold her in, and the search through files for them."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterable
from pathlib import Path

from canary_marks import DEVICE, HERE_LATITUDE_E7, HERE_LONGITUDE_E7, NOTICE, PERSON, SEARCHED, WORD

from geooffer.model.keys import identity_key, person_key
from geooffer.model.kinds import IdentityKind
from geooffer.model.pseudonyms import Domain, Pseudonyms
from geooffer.model.signals import Identity
from geooffer.rpc.domain_keys import domain_key

CUSTOMER_ID = f"{PERSON}-anna"
OTHER_ID = f"{PERSON}-alias"
"""United with the first."""
WEB = Identity(IdentityKind.WEB, f"{PERSON}-web")
NOTICE_VERSION = f"{NOTICE}-7"
SEARCH_TEXT = f"Running shoes {WORD}"


def number_forms(number: int) -> tuple[bytes, ...]:
    """A 64-bit key in tables and records (little-endian), in msgpack (big-endian), in text."""
    unsigned = number & 0xFFFF_FFFF_FFFF_FFFF
    return (
        number.to_bytes(8, "little", signed=True),
        number.to_bytes(8, "big", signed=True),
        str(number).encode(),
        f"{unsigned:x}".encode(),
    )


Marks = dict[str, tuple[bytes, ...]]


def marks_of(state_dir: Path) -> Marks:
    """What files hold of her until she is erased; her keys are those of this state directory."""
    known = Pseudonyms(domain_key(state_dir, Domain.ENGINE))
    return {
        "customer id": (PERSON.encode(),),
        "person key": number_forms(known.person(CUSTOMER_ID)),
        "key of the id united with hers": number_forms(known.person(OTHER_ID)),
        "device key": number_forms(DEVICE),
        "hash of her pseudonym": number_forms(known.identity(WEB)),
        "notice version": (NOTICE.encode(),),
    }


NEVER: Marks = {
    "search word": (WORD.encode(),),
    "person key without a secret": number_forms(person_key(CUSTOMER_ID)),
    "hash of her pseudonym without a secret": number_forms(identity_key(WEB)),
}
"""What no file ever holds."""


def _varint(number: int) -> bytes:
    """Of a protobuf sint32."""
    value, out = number << 1, b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _place_pattern(latitude_e7: int, longitude_e7: int) -> re.Pattern[bytes]:
    """Both halves of a place in one of the forms that memory, records and messages have, close together; or one of them
    where that is long enough to be no chance.
    """
    halves = latitude_e7, longitude_e7
    pairs = [
        [half.to_bytes(4, order) for half in halves] for order in ("little", "big")
    ] + [[half.to_bytes(8, "little") for half in halves], [_varint(half) for half in halves]]  # fmt: skip
    near = b"|".join(re.escape(first) + b".{0,64}?" + re.escape(second) for first, second in pairs)
    degrees = latitude_e7 / 1e7
    alone = (str(latitude_e7).encode(), str(degrees).encode(), struct.pack("<d", degrees), struct.pack(">d", degrees))
    return re.compile(near + b"|" + b"|".join(map(re.escape, alone)), re.DOTALL)


HERE = _place_pattern(HERE_LATITUDE_E7, HERE_LONGITUDE_E7)


def files_that_tell(files: Iterable[Path], tokens: Iterable[str]) -> dict[str, list[str]]:
    """What no file may ever hold (M1) → names of the files that do: where she was, what she searched, tokens in use."""
    wanted = {
        "place": HERE,
        "search word": re.compile(SEARCHED.encode(), re.IGNORECASE),
        "token": re.compile(b"|".join(re.escape(part.encode()) for token in tokens for part in token.split(".")[1:])),
        "person key without a secret": re.compile(b"|".join(map(re.escape, number_forms(person_key(CUSTOMER_ID))))),
    }
    hits: dict[str, list[str]] = {}
    for path in files:
        data = path.read_bytes()
        for what, pattern in wanted.items():
            if pattern.search(data):
                hits.setdefault(what, []).append(path.name)
    return hits


def found(marks: Marks, files: Iterable[Path]) -> dict[str, list[str]]:
    """Mark → names of the files that hold it."""
    contents = {}
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # a running server removed it meanwhile: it holds nothing
            contents[path.name] = path.read_bytes()
    hits = {
        mark: [name for name, data in contents.items() if any(form in data for form in forms)]
        for mark, forms in marks.items()
    }
    return {mark: names for mark, names in hits.items() if names}


def files_below(*folders: Path) -> list[Path]:
    """Every file, whatever it is called."""
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
