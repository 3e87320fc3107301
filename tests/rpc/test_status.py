"""The error table: complete, unambiguous, and silent about what it does not know."""

from __future__ import annotations

import inspect

import grpc
import pytest
from google.rpc import error_details_pb2

from geooffer import errors
from geooffer.rpc.status import CODES, INTERNAL_TEXT, code_of, status_of

CLASSES = [
    item
    for item in vars(errors).values()
    if inspect.isclass(item) and issubclass(item, errors.GeoofferError) and item is not errors.GeoofferError
]


def unpacked(status, kind):
    found = []
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


def test_every_error_has_its_code_and_its_own_reason():
    assert set(CODES) == set(CLASSES)
    assert len({item.reason for item in CLASSES}) == len(CLASSES)
    for item in CLASSES:
        assert item.reason == item.reason.upper()


@pytest.mark.parametrize("kind", CLASSES)
def test_a_status_has_one_error_info_and_what_its_code_asks_for(kind):
    status = status_of(kind("the text", field="the.field"))
    assert status.code == CODES[kind].value[0]
    assert status.message == "the text"
    (info,) = unpacked(status, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == (kind.reason, "geooffer")
    (request,) = unpacked(status, error_details_pb2.BadRequest)
    assert [violation.field for violation in request.field_violations] == ["the.field"]
    retries = unpacked(status, error_details_pb2.RetryInfo)
    assert bool(retries) == (CODES[kind] is grpc.StatusCode.UNAVAILABLE or kind is errors.QuotaExceededError)
    quotas = unpacked(status, error_details_pb2.QuotaFailure)
    assert bool(quotas) == (CODES[kind] is grpc.StatusCode.RESOURCE_EXHAUSTED)


class Unlisted(errors.GeoofferError):
    """Outside the table."""


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError("secret"), Unlisted("secret", field="secret")])
def test_what_is_not_in_the_table_says_nothing(error):
    status = status_of(error)
    assert code_of(error) is grpc.StatusCode.INTERNAL
    assert status.message == INTERNAL_TEXT
    assert b"secret" not in status.SerializeToString()
    (info,) = unpacked(status, error_details_pb2.ErrorInfo)
    assert info.reason == "INTERNAL"
