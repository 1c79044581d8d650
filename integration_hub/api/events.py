"""Events as programs write them: the event and its ticket types and sessions in one body, one transaction.

Offers what a module of services offers, and calls those.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records.models import Event
from integration_hub.records.services import Invalid, events
from integration_hub.records.services.errors import GENERAL
from integration_hub.records.services.noun import Noun

PARTS: dict[str, Noun[Any]] = {"ticket_types": events.ticket_types, "sessions": events.sessions}


def create(company: Company, data: Mapping[str, Any], **who: Any) -> Event:
    own, parts = _split(data)
    with transaction.atomic():
        event = events.create(company, own, **who)
        for name, given in parts.items():
            _set_parts(event, name, given, who)
    return event


def update(event: Event, changes: Mapping[str, Any], **who: Any) -> Event:
    own, parts = _split(changes)
    with transaction.atomic():
        event = events.update(event, own, **who)
        for name, given in parts.items():
            _set_parts(event, name, given, who)
    return event


def delete(event: Event, **who: Any) -> None:
    events.delete(event, **who)


def _split(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Sequence[Mapping[str, Any]]]]:
    own = {name: value for name, value in data.items() if name not in PARTS}
    return own, {name: data[name] for name in PARTS if name in data}


def _set_parts(event: Event, name: str, given: Sequence[Mapping[str, Any]], who: Mapping[str, Any]) -> None:
    """Change the parts named by id, make those without one, and delete the others. Invalid names each by number."""
    noun = PARTS[name]
    left = {row.pk: row for row in noun.model.everywhere.filter(event=event, deleted_at=None)}
    errors: dict[str, list[str]] = {}
    named = [left.pop(part["id"], None) if "id" in part else None for part in given]
    for row in left.values():
        _collect(errors, name, lambda row=row: noun.delete(row, **who))
    for number, (row, part) in enumerate(zip(named, given, strict=True)):
        where = f"{name}.{number}"
        data = {field: value for field, value in part.items() if field != "id"}
        if "id" in part and row is None:
            errors[f"{where}.id"] = [_("This event has no such part, or it is named twice.")]
        elif row is not None:
            row.company = event.company
            _collect(errors, where, lambda row=row, data=data: noun.update(row, data, **who))
        else:
            _collect(errors, where, lambda data=data: noun.create(event.company, {"event": event, **data}, **who))
    if errors:
        raise Invalid(errors)


def _collect(errors: dict[str, list[str]], where: str, write: Any) -> None:
    try:
        write()
    except Invalid as refused:
        for field, sentences in refused.errors.items():
            errors.setdefault(where if field == GENERAL else f"{where}.{field}", []).extend(sentences)
