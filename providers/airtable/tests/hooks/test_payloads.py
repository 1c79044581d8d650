"""What payloads say, as Airtable sends them."""

import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from providers.airtable.hooks import payloads
from providers.airtable.hooks.payloads import Change
from providers.airtable.tests.conftest import payload

SAMPLES = Path(os.environ.get("CONTRACTS_DIR", "../shared/contracts")) / "airtable" / "samples" / "pyairtable"


def sample(name: str) -> Any:
    if not SAMPLES.is_dir():
        pytest.skip(f"the collected samples are not at {SAMPLES} (set CONTRACTS_DIR)")
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def test_rows_made_changed_and_destroyed_are_named_and_a_broken_payload_is_told() -> None:
    news = payloads.read(payload("webhook_payloads")["payloads"])
    at = datetime(2026, 4, 24, 15, 7, 42, tzinfo=UTC)
    change = partial(Change, "tblOrders00000001", at=at, who="person@example.com")
    assert list(news.changes) == [
        change("recOrder000000001", {"fldNumber00000001": "1001", "fldStatus00000001": "Sent"}, made=True),
        change(
            "recOrder000000002",
            {"fldStatus00000001": "Delivered", "fldClient00000001": ["recClient00000001"]},
            {"fldStatus00000001": "Sent", "fldClient00000001": None},
        ),
        change("recOrder000000003", gone=True),
    ]
    assert (news.schema, news.broken) == (True, "INTERNAL_ERROR")


def test_the_documented_sample_is_understood() -> None:
    told = {**sample("WebhookPayload"), "changedTablesById": {"tbl1": sample("WebhookPayload.TableChanged")}}
    news = payloads.read([told])
    assert [(one.record, one.made, one.gone, one.by) for one in news.changes] == [
        ("rec00000000000000", True, False, ""),
        ("rec00000000000001", False, False, ""),
        ("rec00000000000002", False, True, ""),
    ]
    assert news.schema


@pytest.mark.parametrize(
    ("action", "by"),
    [
        ({"source": "publicApi", "sourceMetadata": {"user": {"id": "usr1"}}}, "usr1"),
        ({"source": "client", "sourceMetadata": {"user": {"id": "usr1"}}}, ""),
        ({"source": "publicApi"}, ""),
        ({"source": "formSubmission", "sourceMetadata": None}, ""),
        (None, ""),
    ],
)
def test_who_wrote_it(action: Any, by: str) -> None:
    body = {"actionMetadata": action, "changedTablesById": {"tbl1": {"createdRecordsById": {"rec1": {}}}}}
    assert payloads.read([body]).changes[0].by == by


@pytest.mark.parametrize(
    ("told", "who", "at"),
    [
        (
            {"actionMetadata": {"source": "client", "sourceMetadata": {"user": {"name": "Ana", "email": "a@b"}}}},
            "Ana",
            None,
        ),
        ({"actionMetadata": {"source": "automation"}, "timestamp": "long ago"}, "", None),
        ({"timestamp": "2026-04-24T15:07:42.000Z"}, "", datetime(2026, 4, 24, 15, 7, 42, tzinfo=UTC)),
    ],
)
def test_who_it_is_ascribed_to_and_when(told: Any, who: str, at: datetime | None) -> None:
    [change] = payloads.read([{**told, "changedTablesById": {"tbl1": {"destroyedRecordIds": ["rec1"]}}}]).changes
    assert (change.who, change.at) == (who, at)


@pytest.mark.parametrize("body", [{}, {"changedTablesById": None}, {"changedTablesById": {"tbl1": {}}}, {"new": 1}])
def test_what_says_nothing_is_nothing(body: Any) -> None:
    assert payloads.read([body]) == payloads.News([], schema=False)


@pytest.mark.parametrize(
    ("cell", "flat"),
    [
        ({"id": "sel1", "name": "Sent", "color": "blue"}, "Sent"),
        ([{"id": "sel2", "name": "B"}, {"id": "sel1", "name": "A"}], ["A", "B"]),
        ([{"id": "rec2", "name": "x"}, {"id": "rec1", "name": "y"}], ["rec1", "rec2"]),
        ({"id": "usr1", "email": "a@example.com"}, "usr1"),
        (False, None),
        ("", None),
        (" a ", "a"),
        (0, 0),
        (12.5, 12.5),
        (["b", "a"], ["a", "b"]),
    ],
)
def test_cells_are_comparable_with_those_of_records(cell: Any, flat: Any) -> None:
    assert payloads.flat(cell) == flat
