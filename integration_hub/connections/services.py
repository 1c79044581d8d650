"""Connect, test, pause, disconnect: the only writers of connections. Outside calls come first, then one transaction.

A key is saved only after the provider accepted it. Every step is in the audit trail, without the key.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.connections import clients, found, signing
from integration_hub.connections.fields import DecryptionError
from integration_hub.connections.inputs import InvalidInput, clean_secrets, clean_settings
from integration_hub.connections.models import Connection, OAuthGrant, Status
from integration_hub.contract import Account, AuthFailed, ConfigError, Provider, ProviderError, registry
from integration_hub.contract.webhooks import WEBHOOK_SECRET
from integration_hub.notices import audit, problems

__all__ = [
    "InvalidInput",
    "check_key",
    "connect",
    "disconnect",
    "needs_reconnect",
    "pause",
    "resume",
    "shares_account",
    "test",
    "update_settings",
]

BROKEN = (Status.CONNECTED, Status.NEEDS_RECONNECT)


def check_key(company: Company, provider_key: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> Account:
    """Would this key work? Nothing is saved. InvalidInput by field, or the ProviderError of the refusal."""
    provider = registry.provider(provider_key)
    stored = _stored(company.pk, provider_key)
    clean_settings(provider, settings, stored.settings if stored else {})
    return _check(provider, company.pk, clean_secrets(provider, secrets, _readable_secrets(stored)))


def connect(
    company: Company,
    provider_key: str,
    secrets: Mapping[str, str],
    settings: Mapping[str, Any],
    *,
    actor: str,
    replace_account: bool = False,
) -> Connection:
    """Check the key, then save it. Another account than before is refused unless `replace_account` says so.

    Reconnecting the same account keeps everything; a secret left empty keeps the stored one.
    """
    provider = registry.provider(provider_key)
    typed = dict(settings)
    replace_account = bool(typed.pop("replace_account", False)) or replace_account
    stored = _stored(company.pk, provider_key)
    clean_settings(provider, typed, stored.settings if stored else {})
    keys = clean_secrets(provider, secrets, _readable_secrets(stored))
    account = _check(provider, company.pk, keys)
    return _save(company, provider, keys, typed, account, str(actor), replace_account)


def update_settings(connection: Connection, settings: Mapping[str, Any], *, actor: str) -> Connection:
    """Change declared settings; those not named stay. InvalidInput by field."""
    provider = registry.provider(connection.provider)
    with transaction.atomic():
        row = _locked(connection.pk)
        before, row.settings = row.settings, clean_settings(provider, settings, row.settings)
        row.save(update_fields=["settings", "updated_at"])
        changed = {name: value for name, value in row.settings.items() if before.get(name) != value}
        if changed:
            _audit("settings_changed", row, actor, changed)
    connection.settings = row.settings
    return connection


def test(connection: Connection, *, actor: str) -> Account:
    """Ask the provider once. An answer mends "needs reconnect", AuthFailed makes it so, other errors are kept."""
    version = connection.key_version
    try:
        account = registry.provider(connection.provider).check(clients.open_client(connection, prio=0))
        _refuse_missing(registry.provider(connection.provider), account)
    except AuthFailed as error:
        needs_reconnect(connection.pk, error.sentence, key_version=version)
        raise
    except ProviderError as error:
        _rows(connection.pk).filter(key_version=version).update(last_error=error.sentence, updated_at=timezone.now())
        raise
    with transaction.atomic():
        _works_again(connection, account, version)
        _audit("tested", connection, actor)
    return account


def pause(connection: Connection, *, actor: str) -> bool:
    """Stop all traffic and keep everything; False when it did not run."""
    return _move(connection, BROKEN, Status.PAUSED, active=False, action="paused", actor=actor)


def resume(connection: Connection, *, actor: str) -> bool:
    """End a pause; False when there was none."""
    return _move(connection, (Status.PAUSED,), Status.CONNECTED, active=True, action="resumed", actor=actor)


def disconnect(connection: Connection, *, actor: str) -> bool:
    """Remove the key, all grants and what was discovered. Settings, mappings and links stay for a later reconnect."""
    with transaction.atomic():
        emptied: dict[str, Any] = {
            "api_key": None,
            "webhook_secret": None,
            "secrets": None,
            "last_error": "",
            "missing_scopes": [],
        }
        changed = (
            _rows(connection.pk)
            .exclude(status=Status.NOT_CONNECTED)
            .update(
                **emptied,
                status=Status.NOT_CONNECTED,
                is_active=False,
                key_version=F("key_version") + 1,
                updated_at=timezone.now(),
            )
        )
        for grants in _grant_models():
            grants.everywhere.filter(connection_id=connection.pk).delete()
        found.drop(connection.pk)
        problems.close(connection.company_id, _problem_key(connection.provider))
        if changed:
            _audit("disconnected", connection, actor)
    connection.refresh_from_db()
    return bool(changed)


def needs_reconnect(connection_id: UUID, sentence: str, *, key_version: int | None = None) -> bool:
    """Mark a connection broken, once: True only for the caller that changed it.

    `key_version` as read together with the key that was refused: a key saved meanwhile is not blamed for it.
    """
    works = _rows(connection_id).filter(status=Status.CONNECTED)
    if key_version is not None:
        works = works.filter(key_version=key_version)
    with transaction.atomic():
        changed = works.update(status=Status.NEEDS_RECONNECT, last_error=sentence, updated_at=timezone.now())
        if changed:
            _tell_broken(_rows(connection_id).get(), sentence)
    return bool(changed)


def shares_account(company: Company, provider_key: str, account_id: str) -> bool:
    """Is the account connected in another company too? Allowed, but worth a warning."""
    others = Connection.everywhere.filter(provider=provider_key, account_id=account_id, is_active=True)
    return bool(account_id) and others.exclude(company=company).exists()


def _check(provider: Provider, company_id: UUID, secrets: Mapping[str, str]) -> Account:
    client = clients.client_with(provider, secrets, account=f"check:{company_id}", company_id=company_id, prio=0)
    account = provider.check(client)
    _refuse_missing(provider, account)
    return account


def _refuse_missing(provider: Provider, account: Account) -> None:
    lacking = [scope for scope in account.missing if scope in provider.essential_scopes]
    if lacking:
        raise ConfigError(
            _("This key lacks permissions the hub cannot do without: %(scopes)s. Add them at %(name)s, then try again.")
            % {"scopes": ", ".join(lacking), "name": provider.name},
            code="missing_scopes",
        )


def _save(
    company: Company,
    provider: Provider,
    keys: Mapping[str, str],
    typed: Mapping[str, Any],
    account: Account,
    actor: str,
    replace_account: bool,
) -> Connection:
    with transaction.atomic():
        row = _locked_or_new(company, provider.key)
        before = row.account_label
        if row.account_id not in ("", account.id) and not replace_account:
            raise InvalidInput({"replace_account": _other_account(provider, row, account)})
        if row.account_id != account.id:
            found.drop(row.pk)
        _fill(row, provider, keys, account)
        row.settings = clean_settings(provider, typed, row.settings)
        row.save()
        provider.connected(row, account)
        problems.close(company.pk, _problem_key(provider.key))
        data = {"account": account.label, "before": before, "missing": list(account.missing)}
        _audit("connected" if row.key_version == 1 else "reconnected", row, actor, data)
    return row


def _fill(row: Connection, provider: Provider, keys: Mapping[str, str], account: Account) -> None:
    first, *further = (secret.name for secret in provider.secrets)
    former = signing.kept_former(provider, *_before(row, account), keys)
    row.api_key = keys[first]
    row.webhook_secret = keys.get(WEBHOOK_SECRET) or None
    more = {name: keys[name] for name in further if keys[name] and name != WEBHOOK_SECRET}
    row.secrets = {**more, **former} or None
    row.status, row.is_active, row.last_error = Status.CONNECTED, True, ""
    row.account_id, row.account_label = account.id, account.label
    row.missing_scopes = list(account.missing)
    row.key_version += 1


def _before(row: Connection, account: Account) -> tuple[dict[str, str], dict[str, str]]:
    """The further secrets as they are stored, and all by name; nothing of another account or that cannot be read."""
    if row.account_id != account.id:
        return {}, {}
    try:
        return dict(row.secrets or {}), clients.secrets_of(row)
    except DecryptionError:
        return {}, {}


def _other_account(provider: Provider, row: Connection, account: Account) -> str:
    return _(
        "This key belongs to %(new)s, but this connection used %(old)s. Rows that were synced stay with %(old)s. "
        "Confirm that you want to change the account."
    ) % {"new": account.label, "old": row.account_label or row.account_id}


def _locked_or_new(company: Company, provider_key: str) -> Connection:
    """The company's row for this provider, locked; made when there is none, also by two at once."""
    found = Connection.everywhere.select_for_update().filter(company=company, provider=provider_key)
    if row := found.first():
        return row
    try:
        with transaction.atomic():
            Connection.everywhere.create(company=company, provider=provider_key)
    except IntegrityError:
        return found.get()
    return found.get()


def _works_again(connection: Connection, account: Account, version: int) -> None:
    same_key = _rows(connection.pk).filter(key_version=version)
    same_key.update(
        account_label=account.label, missing_scopes=list(account.missing), last_error="", updated_at=timezone.now()
    )
    same_key.filter(status=Status.NEEDS_RECONNECT).update(status=Status.CONNECTED)
    if same_key.exists():
        problems.close(connection.company_id, _problem_key(connection.provider))
    connection.refresh_from_db()


def _move(
    connection: Connection, from_: tuple[Status, ...], to: Status, *, active: bool, action: str, actor: str
) -> bool:
    with transaction.atomic():
        changed = (
            _rows(connection.pk).filter(status__in=from_).update(status=to, is_active=active, updated_at=timezone.now())
        )
        if changed:
            _audit(action, connection, actor)
    connection.refresh_from_db()
    return bool(changed)


def _tell_broken(row: Connection, sentence: str) -> None:
    provider = registry.provider(row.provider)
    problems.raise_(
        row.company_id,
        _problem_key(row.provider),
        sentence=_("%(name)s needs to be connected again: %(sentence)s")
        % {"name": provider.name, "sentence": sentence},
        button=_("Reconnect"),
        url=f"/admin/hub/{row.provider}/",
        provider=row.provider,
    )
    _audit("needs_reconnect", row, "", {"sentence": sentence})


def _stored(company_id: UUID, provider_key: str) -> Connection | None:
    return Connection.everywhere.filter(company_id=company_id, provider=provider_key).first()


def _readable_secrets(connection: Connection | None) -> dict[str, str]:
    """What is stored and can be read; a lost key is simply typed anew."""
    if connection is None:
        return {}
    try:
        return clients.secrets_of(connection)
    except DecryptionError:
        return {}


def _rows(connection_id: UUID) -> Any:
    return Connection.everywhere.filter(pk=connection_id)


def _locked(connection_id: UUID) -> Connection:
    return Connection.everywhere.select_for_update().get(pk=connection_id)


def _grant_models() -> list[type[OAuthGrant]]:
    return [model for model in apps.get_models() if issubclass(model, OAuthGrant)]


def _problem_key(provider_key: str) -> str:
    return f"connection:{provider_key}"


def _audit(action: str, connection: Connection, actor: str, data: Mapping[str, Any] | None = None) -> None:
    audit.record(
        f"connection.{action}",
        company_id=connection.company_id,
        actor=str(actor),
        target=connection.provider,
        data=data,
    )
