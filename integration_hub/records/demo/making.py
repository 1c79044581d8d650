"""How demo records are made: only what a killed run did not make already, a few at a time where others are waiting."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

from integration_hub.companies.models import Company
from integration_hub.records.services.noun import Noun
from integration_hub.sync import pacing

T = TypeVar("T")
Act = Callable[[], Any]
ACTOR = "demo"
FEW = 4  # records in a transaction that others wait for; several times as many where a statement saves many
MANY = 500


class Pace:
    """How much is saved in one transaction. `alone`: nobody uses the hub yet, so nobody is waited for."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone

    def turn(self) -> AbstractContextManager[Any]:
        return transaction.atomic() if self.alone else pacing.paced()

    def do(self, acts: Iterable[Act]) -> None:
        """Call services, one record each."""
        for few in batches(acts, FEW * 10 if self.alone else FEW):
            with self.turn():
                for act in few:
                    act()

    def save(self, rows: Iterable[T], save: Callable[[Sequence[T]], Any]) -> None:
        """Call a service that saves many."""
        for many in batches(rows, MANY if self.alone or connection.vendor != "sqlite" else FEW * 4):
            with self.turn():
                save(many)


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(things)
    while batch := list(islice(left, size)):
        yield batch


def make(noun: Noun[Any], company: Company, data: dict[str, Any]) -> Any:
    return noun.create(company, data, actor=ACTOR, prio=2)


def missing(noun: Noun[Any], company: Company, known_by: str, rows: Iterable[dict[str, Any]]) -> Iterator[Act]:
    """Acts that make the rows that are not there yet, by the field they are known by."""
    known = set(noun.model.everywhere.filter(company=company).values_list(known_by, flat=True))
    return (partial(make, noun, company, row) for row in rows if row[known_by] not in known)
