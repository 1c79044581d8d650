"""What each refusal of Airtable means: its remedy, how long to wait, and a sentence that says what to do."""

import json
import re

import pytest

from integration_hub.contract import (
    AuthFailed,
    ConfigError,
    FieldRefused,
    ProviderError,
    RateLimited,
    Rejected,
    Reply,
    TransientError,
)
from providers.airtable.refusals import PHRASES, blamed, explain
from providers.airtable.tests.conftest import ERRORS

MEANS: dict[str, tuple[type[ProviderError], str]] = {
    "AUTHENTICATION_REQUIRED": (AuthFailed, "Enter a new one"),
    "UNAUTHORIZED": (AuthFailed, "revoked, has expired or was mistyped"),
    "INVALID_PERMISSIONS": (ConfigError, "make its owner an editor"),
    "INVALID_PERMISSIONS_create": (ConfigError, "not permitted to create records in table Orders"),
    "INVALID_PERMISSIONS_field": (
        FieldRefused,
        "Allow its owner to edit the field there. Airtable says: You are not permitted to write cell values in field",
    ),
    "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND": (ConfigError, "Choose it anew in the settings"),
    "NOT_FOUND": (ConfigError, "does not find the base or table"),
    "NOT_FOUND_object": (ConfigError, "does not find the base or table"),
    "MODEL_ID_NOT_FOUND": (ConfigError, "does not find the base or table"),
    "REQUEST_TOO_LARGE": (Rejected, "Shorten its texts"),
    "INVALID_REQUEST_UNKNOWN": (Rejected, "parameter validation failed"),
    "UNKNOWN_FIELD_NAME": (FieldRefused, "Choose another one in the mapping. Airtable says: Unknown field name"),
    "INVALID_VALUE_FOR_COLUMN": (
        FieldRefused,
        'or the field there. Airtable says: Field "Total"',
    ),
    "INVALID_VALUE_FOR_COLUMN_computed": (FieldRefused, "because the field is computed"),
    "INVALID_MULTIPLE_CHOICE_OPTIONS": (FieldRefused, "let the mapping create choices. Airtable says: Insufficient"),
    "INVALID_FILTER_BY_FORMULA": (Rejected, "whether the Hub ID field is still there"),
    "ATTACHMENTS_FAILED_UPLOADING": (Rejected, "did not take the file"),
    "INVALID_ATTACHMENT_OBJECT": (Rejected, "did not take the file"),
    "INVALID_RECORDS": (Rejected, "at most 10 records"),
    "INVALID_REQUEST_BODY": (Rejected, "Could not parse"),
    "INVALID_REQUEST_MISSING_FIELDS": (Rejected, "Could not find field"),
    "TABLE_NOT_FOUND": (ConfigError, "does not find the base or table"),
    "DUPLICATE_TABLE_NAME": (ConfigError, "another name"),
    "DUPLICATE_OR_EMPTY_FIELD_NAME": (ConfigError, "another name"),
    "UNSUPPORTED_FIELD_TYPE_FOR_CREATE": (ConfigError, "Make it there by hand"),
    "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE": (ConfigError, "Make it there by hand"),
    "ROW_DOES_NOT_EXIST": (Rejected, "The row is no longer in the Airtable table"),
    "LIST_RECORDS_ITERATOR_NOT_AVAILABLE": (TransientError, "starts it again by itself"),
    "VIEW_NAME_NOT_FOUND": (ConfigError, "Choose it anew"),
    "TOO_MANY_WEBHOOKS_IN_BASE": (ConfigError, "Remove one that is not needed"),
    "RATE_LIMIT_REACHED": (RateLimited, "a pause of 30 seconds"),
    "RATE_LIMIT_REACHED_old": (RateLimited, "a pause of 30 seconds"),
    "PUBLIC_API_BILLING_LIMIT_EXCEEDED": (RateLimited, "used up for this month"),
    "SERVER_ERROR": (TransientError, "trouble of its own (500)"),
    "RETRIABLE_ERROR": (TransientError, "trouble of its own (503)"),
}


def reply(status: int, body: bytes) -> Reply:
    return Reply(status, {}, body)


def explained(name: str) -> ProviderError:
    error = ERRORS[name]
    found = explain(reply(error["status"], json.dumps(error["body"]).encode()))
    assert found is not None
    return found


def test_every_recorded_refusal_has_a_meaning() -> None:
    assert set(MEANS) == set(ERRORS)


def test_every_phrase_is_tried() -> None:
    assert {found.code for found in map(explained, ERRORS)} >= set(PHRASES)


@pytest.mark.parametrize(
    ("name", "fields", "lasting"),
    [
        ("UNKNOWN_FIELD_NAME", ("fldGone0000000001",), True),
        ("INVALID_PERMISSIONS_field", ("fldTotal000000001",), True),
        ("INVALID_VALUE_FOR_COLUMN", ("Total",), False),
        ("INVALID_VALUE_FOR_COLUMN_computed", ("Total",), True),
        ("INVALID_MULTIPLE_CHOICE_OPTIONS", (), True),
    ],
)
def test_the_blamed_field(name: str, fields: tuple[str, ...], lasting: bool) -> None:
    found = explained(name)
    assert isinstance(found, FieldRefused)
    assert (found.fields, found.lasting) == (fields, lasting)


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ('Unknown field name: "say "x""', ('say "x"',)),
        ("Unknown field names: total, status", ("total", "status")),
        ('Unknown field name: "הזמנה / 🎟"', ("הזמנה / 🎟",)),
        ('Field "a" b" cannot accept the provided value', ('a" b',)),
        ("You are not permitted to write cell values in field Sum (net) (fldA1b2C3d4E5f6G7)", ("fldA1b2C3d4E5f6G7",)),
        ("You are not permitted to create records in table Orders (tblA1b2C3d4E5f6G7)", ()),
        ("Something else", ()),
        ("", ()),
    ],
)
def test_fields_are_found_in_messages(message: str, fields: tuple[str, ...]) -> None:
    assert blamed(message) == fields


@pytest.mark.parametrize("name", MEANS)
def test_meaning(name: str) -> None:
    kind, sentence = MEANS[name]
    found = explained(name)
    assert type(found) is kind
    assert sentence in found.sentence
    assert (found.code, found.status) == (
        re.sub("_(field|create|object|old|computed)$", "", name),
        ERRORS[name]["status"],
    )
    assert found.sentence.endswith((".", ")", '"')) or "Airtable says" in found.sentence


def test_the_pause_is_for_the_base_and_the_quota_for_the_account() -> None:
    pause, quota = explained("RATE_LIMIT_REACHED"), explained("PUBLIC_API_BILLING_LIMIT_EXCEEDED")
    assert isinstance(pause, RateLimited) and isinstance(quota, RateLimited)
    assert (pause.retry_after, pause.scope) == (30, "bucket")
    assert (quota.retry_after, quota.scope) == (6 * 3600, "account")


@pytest.mark.parametrize(("status", "unsure"), [(500, False), (502, False), (503, True), (504, True)])
def test_which_trouble_leaves_us_unsure(status: int, unsure: bool) -> None:
    found = explain(reply(status, b""))
    assert isinstance(found, TransientError) and found.unsure is unsure


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, AuthFailed),
        (402, ConfigError),
        (403, ConfigError),
        (404, ConfigError),
        (408, TransientError),
        (413, Rejected),
        (418, Rejected),
        (422, Rejected),
        (429, RateLimited),
        (502, TransientError),
        (599, TransientError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"[]",
        b"{}",
        b"null",
        b'{"error": 7}',
        b'{"errors": []}',
        b'{"error": {"type": "NEW_ONE"}}',
        b"\xff",
    ],
)
def test_unknown_bodies_are_judged_by_status(status: int, kind: type[ProviderError], body: bytes) -> None:
    found = explain(reply(status, body))
    assert type(found) is kind and found.sentence


def test_a_good_answer_is_none() -> None:
    assert explain(reply(200, b"{}")) is None
