"""From what a form, a program or a file said to the values of a record; what is wrong is named by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _

from integration_hub.records import phones
from integration_hub.records.models import Record
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.references import ABSENT


def assign(record: Record, names: tuple[str, ...], data: Mapping[str, Any], errors: Errors) -> None:
    """Set the named fields of `record` from `data`; unknown or unwritable names and wrong values become errors."""
    for name, value in data.items():
        if name in names:
            setattr_clean(record, name, value, errors)
        else:
            errors.add(name, _unknown(type(record), name, names))


def _unknown(model: type[Record], name: str, names: tuple[str, ...]) -> str:
    if any(name == field.name for field in model._meta.concrete_fields):
        return _("“%(name)s” cannot be written; the hub sets it itself.") % {"name": name}
    return _("There is no field “%(name)s”. Fields: %(names)s.") % {"name": name, "names": ", ".join(sorted(names))}


@cache
def field_of(model: type[Record], name: str) -> models.Field[Any, Any]:
    return cast("models.Field[Any, Any]", model._meta.get_field(name))


@cache
def attnames(model: type[Record], names: tuple[str, ...]) -> tuple[str, ...]:
    """Where the values of these fields are: the id for a foreign key. A name that is no field stands for itself."""
    return tuple(getattr(model._meta.get_field(name), "attname", name) for name in names)


def setattr_clean(record: Record, name: str, value: Any, errors: Errors) -> None:
    field = field_of(type(record), name)
    try:
        if isinstance(field, models.ForeignKey):
            setattr(record, name, related(record, field, value))
        else:
            setattr(record, name, scalar(record, field, value))
    except ValidationError as error:
        errors.add(name, *error.messages)


def scalar(record: Record, field: models.Field[Any, Any], value: Any) -> Any:
    """The value as the field keeps it; ValidationError with a sentence when it cannot be."""
    if isinstance(value, str):
        value = value.strip()
    if value is None and not field.null and field.empty_strings_allowed:
        value = ""
    if value == "" and (field.null or field.empty_strings_allowed):
        return None if field.null else ""  # whether it may be empty is asked when everything is in
    if value and field.name.endswith("phone"):
        return phone(value, country_of(record))
    if isinstance(value, _PLAIN) and _repeats(type(record), field.name):
        return _often(type(record), field.name, value)
    return _scalar(field, value)


# What orders have few of (states, currencies, numbers, things sold) is said a thousand times in a file, checked once.
_PLAIN = (str, int, float, Decimal)


@cache
def _repeats(model: type[Record], name: str) -> bool:
    field = field_of(model, name)
    few = field.choices or field.max_length == 3 or name == "description"
    return bool(few) or isinstance(field, models.DecimalField | models.IntegerField)


@lru_cache(maxsize=2048, typed=True)
def _often(model: type[Record], name: str, value: Any) -> Any:
    return _scalar(field_of(model, name), value)


def _scalar(field: models.Field[Any, Any], value: Any) -> Any:
    if isinstance(field, models.DateTimeField) and value is not None:
        return moment(value)
    if isinstance(field, models.CharField | models.TextField):
        readable(value)
    if isinstance(value, bool | float) and isinstance(field, models.DecimalField | models.IntegerField):
        value = repr(value)  # never through binary floats; True is not 1
    return field.clean(value, None)


def readable(value: Any) -> None:
    """ValidationError unless this can be kept as text."""
    if isinstance(value, Mapping | list | tuple | bytes):
        raise ValidationError(_("This must be text."))
    if isinstance(value, str) and "\x00" in value:
        raise ValidationError(_("This contains a character that cannot be kept (NUL)."))


def moment(value: Any) -> datetime:
    """An aware time. A day or a time without its offset could mean several moments, so it is refused."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or is_naive(value):
        raise ValidationError(_("Give the time with its offset, such as 2026-11-20T10:00:00+02:00."))
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValidationError(_("This time is too far away to be kept.")) from error


def phone(value: Any, country: str) -> str:
    number = phones.e164(str(value), country)
    if number is None:
        raise ValidationError(_("This is not a phone number we can read; write it as +40721234567."))
    return number


def country_of(record: Record) -> str:
    """Where a local number of this record is at home."""
    return getattr(record, "country", "") or record.company.country


def related(record: Record, field: models.ForeignKey[Any, Any], value: Any) -> models.Model | None:
    """The row a foreign key names by instance or id. It must live, and belong to the record's company."""
    if value in (None, ""):
        if field.null:
            return None
        raise ValidationError(field.error_messages["null"])
    model = field.related_model
    if isinstance(value, Record) and isinstance(value, model) and value.company_id == record.company_id:
        return value  # somebody of this company found it a moment ago
    if value is ABSENT:
        raise _no_such(model)
    if issubclass(model, Record):
        rows = model.everywhere.filter(company_id=record.company_id, deleted_at=None)
    else:
        rows = model._default_manager.filter(memberships__company_id=record.company_id)  # logins: members only
    found: models.Model | None = rows.filter(pk=_key(model, value)).first()
    if found is None:
        raise _no_such(model)
    return found


def _no_such(model: type[models.Model]) -> ValidationError:
    return ValidationError(_("There is no such %(noun)s.") % {"noun": model._meta.verbose_name})


def _key(model: type[models.Model], value: Any) -> Any:
    key = value.pk if isinstance(value, models.Model) else value
    try:
        return key if isinstance(key, UUID) else model._meta.pk.to_python(key)
    except ValidationError as error:
        raise ValidationError(_("“%(value)s” is not an id.") % {"value": value}) from error


def complete(record: Record, names: tuple[str, ...], errors: Errors) -> None:
    """Errors for fields that must not be empty and were never given."""
    for name, attname, empty in _required(type(record), names):
        if getattr(record, attname) in empty and name not in errors:
            errors.add(name, _("This field is required."))


@cache
def _required(model: type[Record], names: tuple[str, ...]) -> tuple[tuple[str, str, tuple[Any, ...]], ...]:
    """Of these fields the ones that may not be empty: name, where the value is, what counts as empty."""
    found = []
    for name in names:
        field = field_of(model, name)
        empty = ((None,) if not field.null else ()) if field.blank else (None, "")
        if empty:
            found.append((name, field.attname, empty))
    return tuple(found)
