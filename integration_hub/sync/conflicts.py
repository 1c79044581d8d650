"""Fields that both sides changed to different values: noted while they last, settled by a person or by agreement.

A settled conflict is no write by itself. It moves a base, so that the next merge sees only one side changed: the other
side wins as any edit does, with the same checks, and an edit that came meanwhile opens the conflict anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import outbox
from integration_hub.sync.models import Mapping, RecordLink, WorkRow
from integration_hub.sync.models.pull import Choice, Conflict
from integration_hub.sync.targets import Job

if TYPE_CHECKING:
    from integration_hub.sync.merging import Brought, Desk


class NotOpen(Exception):
    """This conflict is settled already."""


def note(job: Job, brought: "Sequence[Brought]", desk: "Desk") -> None:
    """Open, bring up to date or close the conflicts of these records, in the merging transaction."""
    ids = [done.record_id for done in brought]
    known = {(one.record_id, one.field): one for one in _open(job.mapping.pk).filter(record_id__in=ids)}
    wanted = {(done.record_id, rule.ours): (done, rule) for done in brought for rule in done.merge.ask}
    for key in known.keys() - wanted.keys():
        _close(known[key], Choice.ALIKE, "", desk.now)
    for key, (done, rule) in wanted.items():
        _note(job, done, rule.ours, rule.remote_id, known.get(key), desk)
    if known or wanted:
        tell(job.mapping)


def contested(target: UUID, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """The fields of these records that wait for a person's choice: they are written by nobody."""
    found: dict[UUID, set[str]] = {}
    for record, name in _open(target).filter(record_id__in=ids).values_list("record_id", "field"):
        found.setdefault(record, set()).add(name)
    return found


def _note(job: Job, done: "Brought", name: str, remote_field: str, known: Conflict | None, desk: "Desk") -> None:
    row = known or Conflict(
        company_id=job.mapping.company_id,
        target=job.mapping.pk,
        record_type=job.mapping.record_type,
        record_id=done.record_id,
        field=name,
        opened_at=desk.now,
    )
    work = desk.work.get(done.record_id)
    row.remote_id, row.remote_field, row.title = done.row.remote_id, remote_field, done.title[:300]
    row.ours, row.theirs = desk.ours(done.record_id, name), done.row.cells.get(remote_field)
    row.ours_at, row.theirs_at = work.changed_at if work else None, done.row.changed_at
    row.save()


def _open(target: UUID) -> "QuerySet[Conflict]":
    return Conflict.everywhere.filter(target=target, settled_at=None)


def _close(conflict: Conflict, choice: Choice, actor: str, now: datetime) -> None:
    conflict.settled_at, conflict.choice, conflict.actor = now, choice, actor[:200]
    conflict.save(update_fields=["settled_at", "choice", "actor"])


def settle(conflict: Conflict, choice: Choice, *, actor: str) -> None:
    """Let one side win. NotOpen when somebody was faster."""
    with transaction.atomic():
        row = _open(conflict.target).select_for_update().filter(pk=conflict.pk).first()
        if row is None:
            raise NotOpen
        link = RecordLink.everywhere.select_for_update().get(
            target=row.target, record_type=row.record_type, record_id=row.record_id
        )
        _move(link, row, choice)
        _close(row, choice, actor, clock.now())
        outbox.write(row.company_id, row.record_type, [(row.target, row.record_id)], prio=WorkRow.PRIO_PERSON)
        mapping = Mapping.everywhere.get(pk=row.target)
        tell(mapping)
        audit.record("conflict.settled", company_id=row.company_id, actor=actor, target=str(row.pk), data=_said(row))
        transaction.on_commit(lambda: outbox.wake([row.target]), robust=True)


def _move(link: RecordLink, row: Conflict, choice: Choice) -> None:
    """The side that loses counts as unchanged: its base becomes the value that was shown. Where they met for the first
    time, the side that wins counts as filled just now."""
    ours, theirs = dict(link.base_ours), dict(link.base_theirs)
    if choice == Choice.OURS:
        theirs[row.remote_field] = row.theirs
        ours.setdefault(row.field, None)
    else:
        ours[row.field] = row.ours
        theirs.setdefault(row.remote_field, None)
    link.base_ours, link.base_theirs, link.version = ours, theirs, link.version + 1
    link.save(update_fields=["base_ours", "base_theirs", "version"])


def _said(row: Conflict) -> dict[str, Json]:
    return {"field": row.field, "choice": str(row.choice), "title": row.title}


def tell(mapping: Mapping) -> None:
    """One problem for all open conflicts of a mapping; it closes itself with the last one."""
    key, count = f"sync:{mapping.pk}:conflicts", _open(mapping.pk).count()
    if not count:
        problems.close(mapping.company_id, key)
        return
    sentence = ngettext(
        "%(count)d field was changed on both sides to different values.",
        "%(count)d fields were changed on both sides to different values.",
        count,
    )
    problems.raise_(
        mapping.company_id,
        key,
        severity="warn",
        sentence=sentence % {"count": count},
        affected=count,
        button=_("Choose which value stays"),
        url=f"/admin/hub/conflicts/?mapping={mapping.pk}",
        provider=mapping.connection.provider,
    )
