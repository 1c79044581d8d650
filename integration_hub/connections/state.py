"""Whether a connection works: broken once, told once, and well again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection, Status
from integration_hub.contract import ConfigError, Provider, registry
from integration_hub.notices import audit, problems

_told: list[Callable[[Connection, str], None]] = []  # rooms above that want to know


def when_broken(tell: Callable[[Connection, str], None]) -> None:
    """`tell(connection, sentence)` is called inside the transaction that marks a connection broken."""
    if tell not in _told:
        _told.append(tell)


def rows(connection_id: UUID) -> Any:
    return Connection.everywhere.filter(pk=connection_id)


def needs_reconnect(connection_id: UUID, sentence: str, *, key_version: int | None = None) -> bool:
    """Mark a connection broken, once: True only for the caller that changed it.

    `key_version` as read together with the key that was refused: a key saved meanwhile is not blamed for it.
    """
    works = rows(connection_id).filter(status=Status.CONNECTED)
    if key_version is not None:
        works = works.filter(key_version=key_version)
    with transaction.atomic():
        changed = works.update(status=Status.NEEDS_RECONNECT, last_error=sentence, updated_at=timezone.now())
        if changed:
            _tell_broken(rows(connection_id).get(), sentence)
    return bool(changed)


def works_again(connection_id: UUID, *, key_version: int) -> None:
    """What was thought to be lost came after all."""
    broken = rows(connection_id).filter(status=Status.NEEDS_RECONNECT, key_version=key_version)
    if broken.update(status=Status.CONNECTED, last_error="", updated_at=timezone.now()):
        row = rows(connection_id).get()
        problems.close(row.company_id, problem_key(row.provider))
        record("works_again", row, "")


def scopes_changed(connection_id: UUID, granted: Sequence[str]) -> None:
    """The provider allows more or less than before: what is missing now is kept and, where it hurts, told."""
    row = rows(connection_id).get()
    provider = registry.provider(row.provider)
    lacking = provider.oauth.lacking(tuple(granted)) if provider.oauth else ()
    rows(connection_id).update(missing_scopes=[scope.name for scope in lacking], updated_at=timezone.now())
    record("permissions_changed", row, "", {"granted": list(granted)})
    if not lacking:
        problems.close(row.company_id, scopes_key(row.provider))
        return
    told = {"name": provider.name, "what": ", ".join(_(scope.label) for scope in lacking)}
    problems.raise_(
        row.company_id,
        scopes_key(row.provider),
        severity="bad" if {scope.name for scope in lacking} & {*provider.essential_scopes} else "warn",
        sentence=_("%(name)s allows less than before. Missing: %(what)s. Connect again and allow it.") % told,
        button=_("Reconnect"),
        url=f"/admin/hub/{row.provider}/#connect",
        provider=row.provider,
    )


def unreadable(provider: Provider) -> ConfigError:
    """What is stored cannot be opened with the keys of this installation."""
    return ConfigError(
        _(
            "The stored key of %(name)s cannot be read. "
            "Put back the FIELD_ENCRYPTION_KEY it was saved with, or connect again."
        )
        % {"name": provider.name},
        code="unreadable_key",
    )


def _tell_broken(row: Connection, sentence: str) -> None:
    provider = registry.provider(row.provider)
    problems.raise_(
        row.company_id,
        problem_key(row.provider),
        sentence=_("%(name)s needs to be connected again: %(sentence)s")
        % {"name": provider.name, "sentence": sentence},
        button=_("Reconnect"),
        url=f"/admin/hub/{row.provider}/",
        provider=row.provider,
    )
    record("needs_reconnect", row, "", {"sentence": sentence})
    for tell in _told:
        tell(row, sentence)


def problems_over(row: Connection) -> None:
    """It is connected anew, found to work, or disconnected: what was wrong with its access is over."""
    problems.close(row.company_id, problem_key(row.provider), scopes_key(row.provider), renewing_key(row.provider))


def problem_key(provider_key: str) -> str:
    return f"connection:{provider_key}"


def scopes_key(provider_key: str) -> str:
    return f"connection:{provider_key}:scopes"


def renewing_key(provider_key: str) -> str:
    return f"connection:{provider_key}:renewing"


def record(action: str, connection: Connection, actor: str, data: Mapping[str, Any] | None = None) -> None:
    """A line in the audit trail, in this transaction."""
    audit.record(
        f"connection.{action}",
        company_id=connection.company_id,
        actor=str(actor),
        target=connection.provider,
        data=data,
    )
