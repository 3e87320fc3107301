"""A marked person in every form that a file may hold her in, and the search through files for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from canary_marks import DEVICE, NOTICE, PERSON, WORD

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
