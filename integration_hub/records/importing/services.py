"""Imports of files, for pages and commands: bring a file, answer what it asks, look at what it would do, start, stop,
undo. Everything slow happens in a worker (`work`); every call here is one short transaction.
"""

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.http import clock
from integration_hub.notices import audit
from integration_hub.records.importing import files, nudge
from integration_hub.records.importing.columns import FIELDS, known_field, known_heading, label, plain
from integration_hub.records.importing.csvfile import DELIMITERS
from integration_hub.records.importing.dates import ORDERS
from integration_hub.records.importing.encodings import CODECS
from integration_hub.records.importing.files import TooLarge
from integration_hub.records.importing.problems import Unreadable
from integration_hub.records.models import Import, ImportShape
from integration_hub.records.models.imports import ImportKind, ImportState

log = structlog.get_logger(__name__)

KINDS = {kind.value: kind.label for kind in ImportKind if kind.value in FIELDS}
MAX_BYTES = 512 << 20
KEPT = timedelta(days=30)  # files, and what an undo needs
S = ImportState
MAY_CHOOSE = (S.ASKS, S.REFUSED, S.READY, S.STOPPED)
MAY_START = (S.READY, S.STOPPED, S.FAILED)
MAY_STOP = (S.CHECKING, S.SAVING)
MAY_UNDO = (S.DONE, S.STOPPED, S.FAILED)
MAY_DISCARD = (S.ASKS, S.REFUSED, S.READY, S.STOPPED, S.FAILED)


class Refused(ValueError):
    """It cannot be done now; the sentence says why."""


def upload(
    company: Company,
    actor: str,
    kind: str,
    file: Any,
    name: str,
    *,
    mapping: Mapping[str, str] | None = None,
    chosen: Mapping[str, Any] | None = None,
    wake: bool = True,
) -> Import:
    """Keep the file and have it checked. `mapping` and `chosen` as for `choose`. `wake` False: whoever calls does the
    work himself."""
    if kind not in KINDS:
        raise Refused(_("“%(kind)s” cannot be imported. Choose one of: %(kinds)s.") % {"kind": kind, "kinds": _kinds()})
    try:
        stored, size = files.store(file, MAX_BYTES)
    except TooLarge:
        said = _("The file is larger than %(size)s MB. Divide it, and bring the parts one after the other.")
        raise Refused(said % {"size": MAX_BYTES >> 20}) from None
    now, shown = clock.now(), name.replace("\x00", "")[-255:]
    try:
        row = Import.everywhere.create(
            company=company,
            kind=kind,
            name=shown,
            stored=stored,
            size=size,
            actor=actor[:200],
            mapping=dict(mapping or {}),
            chosen=_checked_settings(chosen or {}),
            created_at=now,
        )
    except BaseException:
        files.remove(stored)
        raise
    log.info("import brought", import_id=str(row.pk), kind=kind, bytes=size)
    if wake:
        transaction.on_commit(nudge.publish)
    return row


def choose(
    import_: Import,
    *,
    actor: str,
    mapping: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    wake: bool = True,
) -> Import:
    """Say which column is what, and how the file is written; None leaves what was said. It is checked again."""
    if import_.done:
        raise Refused(_("Part of it is saved already. Undo it first, then bring the file again."))
    told: dict[str, Any] = {}
    if mapping is not None:
        told["mapping"] = _checked_mapping(import_, mapping)
    if settings is not None:
        told["chosen"] = {**import_.chosen, **_checked_settings(settings)}
    return _move(import_, MAY_CHOOSE, S.CHECKING, actor, "imports.chosen", wake=wake, **told, **_BLANK)


_BLANK: dict[str, Any] = {"problems": [], "problem_count": 0, "preview": [], "planned": {}, "questions": [], "rows": 0}


def start(import_: Import, *, actor: str, wake: bool = True) -> Import:
    """Save what was checked, or go on where it was stopped. How the file was read is remembered for its shape."""
    if not import_.planned:
        return _move(import_, (S.STOPPED,), S.CHECKING, actor, "imports.started", wake=wake, **_BLANK)
    if import_.undone or import_.left:
        raise Refused(_("It is being undone. Bring the file again."))
    _remember(import_)
    began = import_.started_at or clock.now()
    return _move(import_, MAY_START, S.SAVING, actor, "imports.started", wake=wake, started_at=began)


def stop(import_: Import, *, actor: str) -> bool:
    """Stop checking or saving; what was saved stays. Whether there was something to stop."""
    try:
        _move(import_, MAY_STOP, S.STOPPED, actor, "imports.stopped", wake=False)
    except Refused:
        return False
    return True


def undo(import_: Import, *, actor: str, wake: bool = True) -> Import:
    """Take back what it did: what it made is deleted, what it changed becomes what it was, unless changed since."""
    if undo_until(import_) is None:
        raise Refused(_("It cannot be undone: nothing of it is saved, or it is too long ago."))
    return _move(import_, MAY_UNDO, S.UNDOING, actor, "imports.undone", wake=wake)


def undo_until(import_: Import) -> datetime | None:
    """Until when it can be undone; None when it cannot."""
    touched = import_.created + import_.updated + import_.customers_created
    ends = import_.created_at + KEPT
    return ends if touched and import_.state in MAY_UNDO and ends > clock.now() else None


def discard(import_: Import, *, actor: str) -> None:
    """Forget an import of which nothing was saved."""
    with transaction.atomic():
        if not Import.everywhere.filter(pk=import_.pk, done=0, state__in=MAY_DISCARD).delete()[0]:
            raise Refused(_("It cannot be thrown away: it is at work, or part of it is saved. Stop or undo it."))
        _note(import_, actor, "imports.discarded")
    files.remove(import_.stored)


def waiting(import_: Import) -> bool:
    """Whether it waits for another import of the company."""
    others = Import.everywhere.filter(company=import_.company_id, claim__isnull=False)
    return import_.working and import_.claim is None and others.exclude(pk=import_.pk).exists()


def fields_for(kind: str) -> list[tuple[str, str]]:
    """Our fields and what they are called."""
    return [(field, label(kind, field)) for field in FIELDS[kind]]


def template(kind: str) -> str:
    """An empty CSV with headings that are understood."""
    text = io.StringIO()
    csv.writer(text).writerow(names[0].capitalize() for names in FIELDS[kind].values())
    return text.getvalue()


def _move(
    import_: Import, states: tuple[str, ...], state: str, actor: str, action: str, *, wake: bool, **values: Any
) -> Import:
    """From one of these states to that one, if nobody was quicker."""
    fitting = Import.everywhere.filter(pk=import_.pk, state__in=states)
    with transaction.atomic():
        over = clock.now() if state == S.STOPPED else None
        if not fitting.update(state=state, sentence="", finished_at=over, claim=None, lease_until=None, **values):
            raise Refused(_("The import is not waiting for that any more. Look at it again."))
        _note(import_, actor, action)
    import_.refresh_from_db()
    if wake:
        transaction.on_commit(nudge.publish)
    return import_


def _note(import_: Import, actor: str, action: str) -> None:
    target, data = f"records.import:{import_.pk}", {"name": import_.name, "kind": import_.kind}
    audit.record(action, company_id=import_.company_id, actor=actor, target=target, data=data)


def _checked_mapping(import_: Import, mapping: Mapping[str, str]) -> dict[str, str]:
    headings = [column["heading"] for column in import_.columns]
    names = [plain(heading) for heading in headings]
    try:
        for heading, field in mapping.items():
            if headings:
                known_heading(heading, names, headings)
            if field:
                known_field(field, FIELDS[import_.kind])
    except Unreadable as error:
        raise Refused(str(error)) from error
    return dict(mapping)


_ANSWERS: Mapping[str, Any] = {
    "encoding": tuple(CODECS),
    "delimiter": tuple(DELIMITERS),
    "date_order": ORDERS,
    "decimal_comma": (True, False),
}


def _checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in settings.items():
        if name != "sheet" and value not in _ANSWERS.get(name, ()):
            raise Refused(_("“%(value)s” is no answer to %(name)s.") % {"value": value, "name": name})
    return dict(settings)


def _remember(import_: Import) -> None:
    """What a person said of this file is said of the next one with these headings."""
    shape: dict[str, Any] = {"company_id": import_.company_id, "kind": import_.kind, "digest": import_.shape}
    before = ImportShape.everywhere.filter(**shape).first()
    mapping = {**(before.mapping if before else {}), **import_.mapping}
    chosen = {name: value for name, value in import_.chosen.items() if name != "sheet"}
    settings = {**(before.settings if before else {}), **chosen}
    told = {"mapping": mapping, "settings": settings, "used_at": clock.now()}
    ImportShape.everywhere.update_or_create(**shape, defaults=told)


def _kinds() -> str:
    return ", ".join(KINDS)
