"""Moving stored secrets to the first key of FIELD_ENCRYPTION_KEY, online and resumable.

Rows are read page by page and written only where the ciphertext is still the one that was read, so a value saved
meanwhile is never overwritten. A row already on the first key is left alone: starting again goes on where it stopped.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any, Protocol

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.db import connection, models, transaction

from integration_hub.connections.fields import Sealed, SecretTextField, crypter, keys

PAGE = 200  # rows read at once
CHUNK = 25  # rows written in one transaction: a few milliseconds


class Place(Enum):
    """Which key opens a ciphertext."""

    FIRST = "first"
    OLDER = "older"
    NONE = "none"


def place(ciphertext: str) -> Place:
    try:
        Fernet(keys()[0]).decrypt(ciphertext.encode())
    except InvalidToken:
        pass
    else:
        return Place.FIRST
    try:
        crypter().decrypt(ciphertext.encode())
    except InvalidToken:
        return Place.NONE
    return Place.OLDER


class Store(Protocol):
    """Somewhere secrets lie: rows as (key, ciphertext), and a compare-and-set that re-encrypts one."""

    label: str

    def rows(self) -> Iterator[tuple[Any, str]]: ...

    def reseal(self, pk: Any, ciphertext: str) -> bool: ...


class FieldStore:
    """One encrypted column of one model."""

    def __init__(self, model: type[models.Model], column: SecretTextField) -> None:
        self.model, self.column = model, column
        self.label = f"{model._meta.db_table}.{column.column}"

    def rows(self) -> Iterator[tuple[Any, str]]:
        filled = self.model._base_manager.filter(**{f"{self.column.name}__isnull": False}).order_by("pk")
        page: Sequence[tuple[Any, Sealed]] = list(filled.values_list("pk", self.column.name)[:PAGE])
        while page:
            yield from ((pk, sealed.ciphertext) for pk, sealed in page)
            page = list(filled.filter(pk__gt=page[-1][0]).values_list("pk", self.column.name)[:PAGE])

    def reseal(self, pk: Any, ciphertext: str) -> bool:
        read = Sealed(ciphertext, self.column)
        unchanged = self.model._base_manager.filter(pk=pk, **{f"{self.column.name}__sealed": read})
        return bool(unchanged.update(**{self.column.name: read}))  # writing a sealed value seals it with the first key


def field_stores() -> list[Store]:
    """Every encrypted column of every table, found by looking; inherited columns once, where they lie."""
    return [
        FieldStore(model, column)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for column in model._meta.local_concrete_fields
        if isinstance(column, SecretTextField)
    ]


@dataclass
class Tally:
    """What lies in a store; `unreadable` are the keys of rows that no configured key opens."""

    rows: int = 0
    moved: int = 0
    left: int = 0
    unreadable: list[Any] = field(default_factory=list)


def count(store: Store) -> Tally:
    """The proof: `left` rows cannot be read with the first key alone. Needs only that key."""
    tally = Tally()
    for pk, ciphertext in store.rows():
        tally.rows += 1
        found = place(ciphertext)
        tally.left += found is not Place.FIRST
        if found is Place.NONE:
            tally.unreadable.append(pk)
    return tally


def rotate(store: Store, pause: float = 0.0) -> int:
    """Re-encrypt what an older key holds; how many rows were moved. Waits after each short transaction."""
    due = ((pk, text) for pk, text in store.rows() if place(text) is Place.OLDER)
    moved = 0
    while chunk := list(islice(due, CHUNK)):
        started = time.monotonic()
        with transaction.atomic():
            moved += sum(store.reseal(pk, text) for pk, text in chunk)
        time.sleep(max(pause, _breath(time.monotonic() - started)))
    return moved


def _breath(held: float) -> float:
    """SQLite's lock is not fair: leave it free for as long as it was held."""
    return held if connection.vendor == "sqlite" else 0.0
