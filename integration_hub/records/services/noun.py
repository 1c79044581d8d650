"""What all nouns share: how one is checked, created, changed and deleted."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.notices import audit
from integration_hub.records.models import Record
from integration_hub.records.services import cleaning, rivals
from integration_hub.records.services.errors import GENERAL, Errors, Invalid, Raced
from integration_hub.records.services.unit import Unit, work

R = TypeVar("R", bound=Record)
TOGETHER = timedelta(seconds=2)  # what goes with a record went in the same transaction, a moment before it
Changed = frozenset[str]


def _nothing(*args: Any) -> None:
    return None


@dataclass(frozen=True)
class Noun(Generic[R]):
    """A kind of record and its rules.

    fill(record): what a new record takes from its surroundings. check(record, before, errors): rules across fields
    (`before` is None for a new one). ripples(unit, record, before, changed): what else a change touches, with `record`
    saved; `before` is None for a new one. leave(unit, record, errors): what a delete takes along, or why it is refused.
    back(unit, record, since): what comes back with it: what went since that moment, when it was deleted itself.
    """

    model: type[R]
    key: str
    fields: tuple[str, ...]
    fill: Callable[[R], None] = _nothing
    check: Callable[[R, R | None, Errors], None] = _nothing
    ripples: Callable[[Unit, R, R | None, Changed], None] = _nothing
    leave: Callable[[Unit, R, Errors], None] = _nothing
    back: Callable[[Unit, R, datetime], None] = _nothing

    def create(self, company: Company, data: Mapping[str, Any], *, actor: str = "", prio: int = 0) -> R:
        """Save a new record; Invalid when something is wrong with it."""
        with work(company.pk, prio, actor) as unit:
            record = self.built(company, data)
            self.insert(unit, record)
            return record

    def built(self, company: Company, data: Mapping[str, Any]) -> R:
        """A valid record that is not saved yet."""
        record, errors = fresh(self.model, company), Errors()
        self.assign(record, None, data, errors)
        cleaning.complete(record, self.fields, errors)
        if not errors.found:
            self.check(record, None, errors)
        errors.settle()
        return record

    def assign(self, record: R, before: R | None, data: Mapping[str, Any], errors: Errors) -> None:
        cleaning.assign(record, self.fields, data, errors)
        if before is None:
            self.fill(record)

    def differing(self, now: R, before: R) -> Changed:
        """The names of the fields that are not what they were."""
        return differing(now, before, self.fields)

    def insert(self, unit: Unit, record: R) -> None:
        self._save(record, force_insert=True)
        self._made(unit, record)
        self.ripples(unit, record, None, frozenset(self.fields))

    def update(self, record: R, changes: Mapping[str, Any], *, actor: str = "", prio: int = 0) -> R:
        """Save what differs from the record as it is now; when nothing does, nothing is written or queued."""
        with work(record.company_id, prio, actor) as unit:
            now, before = self.locked(record)
            changed = self.changed(now, before, changes)
            if changed:
                self.store(unit, now, before, changed)
            return now

    def locked(self, record: R) -> tuple[R, R]:
        """The record as it is now, twice (to change and to compare), locked; Invalid when it is gone."""
        rows = self.model.everywhere.filter(company_id=record.company_id, deleted_at=None, pk=record.pk)
        now = rows.select_for_update(no_key=True).first()
        if now is None:
            raise Invalid({GENERAL: [_("It was deleted in the meantime.")]})
        now.company = record.company
        return now, copied(now)

    def changed(self, now: R, before: R, changes: Mapping[str, Any]) -> Changed:
        """Set the changes on `now` and say which fields came out different; Invalid when they may not."""
        errors = Errors()
        self.assign(now, before, changes, errors)
        cleaning.complete(now, tuple(name for name in self.fields if name in changes), errors)
        changed = self.differing(now, before)
        if changed and not errors.found:
            self.check(now, before, errors)
        errors.settle()
        return changed

    def store(self, unit: Unit, now: R, before: R, changed: Changed) -> None:
        now.updated_at = timezone.now()
        self._save(now, update_fields=[*changed, "updated_at"])
        self._touch(unit, now)
        self.ripples(unit, now, before, changed)

    def delete(self, record: R, *, actor: str = "", prio: int = 0) -> None:
        """Mark the record deleted, and what goes with it; Invalid when others still need it. Twice is once."""
        with work(record.company_id, prio, actor) as unit:
            try:
                now, _before = self.locked(record)
            except Invalid:
                return
            self.remove(unit, now)
            self.note("deleted", now, actor)

    def remove(self, unit: Unit, record: R) -> None:
        errors = Errors()
        self.leave(unit, record, errors)
        errors.settle()
        record.deleted_at = timezone.now()
        record.save(update_fields=["deleted_at"])
        if self.key:
            unit.removed(self.key, record.pk)

    def restore(self, company: Company, pk: UUID, *, actor: str = "", prio: int = 0) -> R:
        """A deleted record lives again, with what went with it; Invalid when it may not. Twice is once."""
        with work(company.pk, prio, actor) as unit:
            rows = self.model.everywhere.filter(company_id=company.pk, pk=pk).select_for_update(no_key=True)
            record = rows.first()
            if record is None:
                raise Invalid({GENERAL: [_("It is not kept any more.")]})
            record.company = company
            if record.deleted_at is not None:
                self._bring_back(unit, record, record.deleted_at - TOGETHER)
                self.note("restored", record, actor)
            return record

    def _bring_back(self, unit: Unit, record: R, since: datetime) -> None:
        errors = Errors()
        self.back(unit, record, since)
        self.assign(record, copied(record), {}, errors)
        self.check(record, None, errors)
        errors.settle()
        record.deleted_at, record.updated_at = None, timezone.now()
        self._save(record, update_fields=["deleted_at", "updated_at"])
        self._made(unit, record)
        self.ripples(unit, record, None, frozenset(self.fields))

    def validate(self, company: Company, data: Mapping[str, Any], record: R | None = None) -> dict[str, list[str]]:
        """What `create` (or `update` of a record) would refuse, by field, without saving anything."""
        try:
            if record is None:
                self.built(company, data)
            else:
                self.changed(copied(record), copied(record), data)
        except Invalid as invalid:
            return invalid.errors
        return {}

    def note(self, verb: str, record: R, actor: str) -> None:
        action = f"{self.model._meta.model_name}.{verb}"
        target = f"{self.model._meta.label_lower}:{record.pk}"
        audit.record(action, company_id=record.company_id, actor=actor, target=target, data={"name": str(record)})

    def _made(self, unit: Unit, record: R) -> None:
        if self.key:
            unit.made(self.key, record.pk)

    def _touch(self, unit: Unit, record: R) -> None:
        if self.key:
            unit.touch(self.key, record.pk)

    def _save(self, record: R, **how: Any) -> None:
        try:
            record.save(**how)
        except IntegrityError as error:
            raise Raced from error


def fresh(model: type[R], company: Company) -> R:
    """A new record as `model(company=company)` makes it, in half the time: for those who make thousands."""
    record: R = copied(_blank(model))
    for attname, default in _made_anew(model):
        record.__dict__[attname] = default()
    record.company = company
    return record


@cache
def _blank(model: type[R]) -> R:
    return model()


@cache
def _made_anew(model: type[Record]) -> tuple[tuple[str, Callable[[], Any]], ...]:
    """The fields whose first value is another one for each record: ids, times, empty dicts."""
    fields = [field for field in model._meta.concrete_fields if field.has_default() and callable(field.default)]
    return tuple((field.attname, field.default) for field in fields)


def copied(record: R) -> R:
    """The record once more, to compare with or to try changes on. It knows the same related rows."""
    twin = type(record).__new__(type(record))
    twin.__dict__.update(record.__dict__, _state=copy(record._state))
    twin._state.fields_cache = dict(record._state.fields_cache)
    return twin


def differing(now: Record, before: Record, names: tuple[str, ...]) -> Changed:
    pairs = zip(names, cleaning.attnames(type(now), names), strict=True)
    return frozenset(name for name, attname in pairs if getattr(now, attname) != getattr(before, attname))


def taken(record: Record, field: str, errors: Errors, sentence: str) -> None:
    """An error when another living record of the company has the same value in `field`."""
    if rivals.others(record, field):
        errors.add(field, sentence % {"value": getattr(record, field)})


def still_used(record: Record, errors: Errors, **by: Any) -> None:
    """An error for each kind of living record that still points at this one; `by`: related name = its plural."""
    for name, plural in by.items():
        others = getattr(record, name)
        count = others.model.everywhere.filter(**{others.field.name: record.pk}, deleted_at=None).count()
        if count:
            said = _("Still belonging to it: %(plural)s (%(count)s). Delete or move them first.")
            errors.add(GENERAL, said % {"count": count, "plural": plural})


def in_order(record: Any, errors: Errors) -> None:
    if record.starts_at and record.ends_at and record.ends_at <= record.starts_at:
        errors.add("ends_at", _("The end must be after the start."))
