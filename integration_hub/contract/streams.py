"""What we read of a provider: a stream yields batches, and its own tables keep them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from integration_hub.contract.api import Json

ClientT = TypeVar("ClientT")


@dataclass(frozen=True)
class Batch:
    """Some records, and the cursor from which reading goes on after them, also after a kill. `last`: nothing more is to
    be read now; the next run begins at this cursor (None: it reads everything again)."""

    records: Sequence[Any]
    cursor: Json
    last: bool = False


@dataclass(frozen=True)
class Pull:
    """The run a batch belongs to. `whole`: it began without a cursor, so that a row it has not named by its `last`
    batch has vanished remotely; `began_at` tells rows it stored from older ones."""

    company_id: UUID
    connection_id: UUID
    began_at: datetime
    whole: bool


class Stream(ABC, Generic[ClientT]):
    """Something that is read again and again, every `minutes` and whenever an event pokes it. Not `counts`: it brings
    no records by itself, so that having read it is no sync."""

    key: ClassVar[str]
    label: ClassVar[str] = ""
    minutes: ClassVar[int] = 60
    counts: ClassVar[bool] = True

    def begin(self, pull: Pull, cursor: Json) -> Any:
        """What to hand to `read` in the place of the cursor, where that stands in tables of the provider's own. Asked
        before each turn, in the company's scope; it makes no call."""
        return cursor

    def rest(self, pull: Pull, cursor: Json) -> timedelta:
        """How long nothing is to be done, after it was read up to this cursor, unless an event pokes it."""
        return timedelta(minutes=self.minutes)

    @abstractmethod
    def read(self, client: ClientT, cursor: Json) -> Iterator[Batch]:
        """From the cursor on (None: from the start), a batch a page. Outside of any transaction; it may be left off
        after any batch and taken up again at that batch's cursor, so the same records may come twice."""

    @abstractmethod
    def store(self, pull: Pull, batch: Batch) -> None:
        """Keep the records, in the company's scope and in the transaction that moves the cursor. Makes no call."""
