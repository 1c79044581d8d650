"""Opening and closing problems: one open row per company and key, also when two processes notice at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from integration_hub.notices.models import Problem

_TRIES = 5


def raise_(
    company_id: UUID,
    key: str,
    *,
    severity: str = "bad",
    sentence: str,
    detail: str = "",
    affected: int = 0,
    button: str = "",
    url: str = "",
    provider: str = "",
) -> Problem:
    """Open the problem, or bring the open one up to date; it keeps the time since when it holds."""
    told = {
        "severity": severity,
        "sentence": sentence,
        "detail": detail,
        "affected": affected,
        "button": button,
        "url": url,
        "provider": provider,
    }
    for _try in range(_TRIES):
        if problem := _update(company_id, key, told):
            return problem
        try:
            with transaction.atomic():  # a savepoint, so that losing the race leaves the caller's transaction usable
                return Problem.everywhere.create(company_id=company_id, key=key, **told)
        except IntegrityError as error:  # somebody else opened it in this very moment
            lost = error
    raise lost


def is_open(company_id: UUID, key: str) -> bool:
    return _open(company_id).filter(key=key).exists()


def close(company_id: UUID, *keys: str) -> bool:
    """True when one of them was open. Asked after many a call and nearly never true, so the question is a plain one."""
    if not keys or not _any_open(company_id, keys):
        return False
    return bool(_open(company_id).filter(key__in=keys).update(closed_at=timezone.now()))


def _any_open(company_id: UUID, keys: Sequence[str]) -> bool:
    marks = ", ".join(["%s"] * len(keys))
    mine = Problem._meta.get_field("company").get_db_prep_value(company_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM problems WHERE company_id = %s AND closed_at IS NULL AND key IN ({marks})",  # noqa: S608
            [mine, *keys],
        )
        return cursor.fetchone() is not None


def close_all(company_id: UUID, prefix: str) -> int:
    """Close every open problem whose key begins with `prefix`; how many there were."""
    return _open(company_id).filter(key__startswith=prefix).update(closed_at=timezone.now())


def _open(company_id: UUID) -> "QuerySet[Problem]":
    return Problem.everywhere.filter(company_id=company_id, closed_at=None)


def _update(company_id: UUID, key: str, told: dict[str, Any]) -> Problem | None:
    found = _open(company_id).filter(key=key)
    return found.first() if found.update(**told) else None
