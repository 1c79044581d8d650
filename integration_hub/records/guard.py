"""The lock on the records: nothing writes them but the services, which open it with `writing()`.

A write elsewhere raises WritePastServices. It is not about permission; it is about what a write must bring along:
validation, totals and histories, and the entry in the outbox.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeVar

from django.db import models

from integration_hub.companies import scope

_open: ContextVar[bool] = ContextVar("records_guard_open", default=False)
M = TypeVar("M", bound=models.Model)


class WritePastServices(RuntimeError):
    """Somebody tried to write a record without its service."""


@contextmanager
def writing() -> Iterator[None]:
    """Allow writes in this thread until the block ends. Only `records.services` opens it."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


def require(model: type[models.Model], verb: str) -> None:
    if not _open.get():
        raise WritePastServices(f"{model.__name__}.{verb}: only integration_hub.records.services write records")


def _guarded(verb: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        require(self.model, verb)
        return getattr(models.QuerySet, verb)(self, *args, **kwargs)

    method.__name__ = verb
    return method


class GuardedQuerySet(models.QuerySet[M]):
    """A queryset that reads freely and writes only while the guard is open.

    `raw` is closed as well: SQL with a RETURNING clause writes through it.
    """


for _verb in (
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "update",
    "delete",
    "raw",
    "_insert",
    "_update",
    "_raw_delete",
):
    _method = _guarded(_verb)
    # Django calls update() and delete() from other places only where templates and related managers may not.
    for _flag in ("alters_data", "queryset_only"):
        if hasattr(getattr(models.QuerySet, _verb), _flag):
            setattr(_method, _flag, getattr(getattr(models.QuerySet, _verb), _flag))
    setattr(GuardedQuerySet, _verb, _method)


class EverywhereManager(models.Manager.from_queryset(GuardedQuerySet)[M]):  # type: ignore[misc]
    """Every company's records, deleted ones too: for the engine, operators and foreign keys."""


class RecordManager(models.Manager.from_queryset(GuardedQuerySet)[M]):  # type: ignore[misc]
    """The records of the company that is entered, without the deleted ones."""

    def get_queryset(self) -> GuardedQuerySet[M]:
        return super().get_queryset().filter(company_id=scope.current(), deleted_at=None)


class GuardedModel(models.Model):
    """A model whose instances are saved and deleted only while the guard is open."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        require(type(self), "save")
        super().save(*args, **kwargs)

    def _save_table(self, *args: Any, **kwargs: Any) -> bool:
        # The one place every way of saving passes, loaddata's raw one included.
        require(type(self), "save")
        return super()._save_table(*args, **kwargs)  # type: ignore[misc]

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Records are never removed from the table: services mark them deleted."""
        raise WritePastServices(f"{type(self).__name__}.delete: use the service's delete, which keeps what undo needs")
