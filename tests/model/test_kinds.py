"""The closed lists of choices and their proto twins: same names, same numbers, same order."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

import pytest

from geooffer.model import kinds
from geooffer.model.kinds import AccountKind, Channel
from geooffer.v1 import kinds_pb2

ENUMS: list[type[IntEnum]] = [
    kinds.Channel,
    kinds.AccountKind,
    kinds.FulfilmentPreference,
    kinds.Fulfilment,
    kinds.OutcomeKind,
    kinds.IdentityKind,
    kinds.SwitchKind,
    kinds.CapScope,
    kinds.CapWindow,
    kinds.CapZone,
    kinds.CapEvent,
]


def prefix_of(name: str) -> str:
    """CapScope → CAP_SCOPE_."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_"


@pytest.mark.parametrize("enum", ENUMS, ids=[enum.__name__ for enum in ENUMS])
def test_each_kind_is_its_proto_twin(enum: Any) -> None:
    prefix = prefix_of(enum.__name__)
    told = [(value.name, value.number) for value in kinds_pb2.DESCRIPTOR.enum_types_by_name[enum.__name__].values]
    assert told == [(prefix + "UNSPECIFIED", 0), *((prefix + item.name, item.value) for item in enum)]


def test_every_kind_of_the_model_and_of_the_proto_is_compared() -> None:
    names = {enum.__name__ for enum in ENUMS}
    assert set(kinds_pb2.DESCRIPTOR.enum_types_by_name) == names
    model = {name for name, item in vars(kinds).items() if isinstance(item, type) and issubclass(item, IntEnum)}
    assert model - {"IntEnum"} == names


def test_channels_and_account_kinds_are_bits_of_a_mask() -> None:
    assert sum(item.bit for item in Channel) == 0b1_1111_1110
    assert kinds.ALL_ACCOUNTS == AccountKind.CONSUMER.bit | AccountKind.BUSINESS.bit == 0b110
