"""How demo records are made: only what a killed run did not make already, a few at a time."""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from integration_hub.companies.models import Company
from integration_hub.records.models import Record
from integration_hub.records.services.noun import Noun
from integration_hub.sync import pacing

TOGETHER = 4  # services called in one transaction
Act = Callable[[], Any]


def do(acts: Iterable[Act], *, alone: bool) -> None:
    """Some acts in a transaction, then a pause for others (unless nobody else can be there), and on."""
    left = iter(acts)
    while batch := list(islice(left, TOGETHER)):
        with transaction.atomic() if alone else pacing.paced():
            for act in batch:
                act()


def make(noun: Noun[Any], company: Company, data: dict[str, Any]) -> Any:
    return noun.create(company, data, actor="demo", prio=2)


def missing(noun: Noun[Any], company: Company, known_by: str, rows: Iterable[dict[str, Any]]) -> Iterable[Act]:
    """Acts that make the rows that are not there yet, by the field they are known by."""
    for row in rows:
        if not noun.model.everywhere.filter(company=company, **{known_by: row[known_by]}).exists():
            yield partial(make, noun, company, row)


def find(model: type[Record], company: Company, **by: Any) -> Any:
    """The first living one; None when there is none."""
    return model.everywhere.filter(company=company, deleted_at=None, **by).order_by("created_at").first()


def moment(company: Company, day: int, hour: int, minute: int = 0) -> datetime:
    """A time in the company's zone, `day` days from today."""
    zone = ZoneInfo(company.timezone)
    today = datetime.now(UTC).astimezone(zone).date()
    return datetime.combine(today + timedelta(days=day), time(hour, minute), zone)


def email(name: str) -> str:
    """An address nobody has; a name without Latin letters gets a number."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = ["".join(filter(str.isalpha, word)) for word in plain.split()]
    local = ".".join(filter(None, words)) or f"guest.{sum(map(ord, name)) % 1000}"
    return f"{local}@example.com"
