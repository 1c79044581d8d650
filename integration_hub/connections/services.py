"""Connect, test, pause, disconnect: the only writers of connections. Outside calls come first, then one transaction.

A key is saved only after the provider accepted it. Every step is in the audit trail, without the key.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.connections import clients, found, grants, oauth, signing, state
from integration_hub.connections.fields import DecryptionError
from integration_hub.connections.inputs import InvalidInput, clean_secrets, clean_settings
from integration_hub.connections.models import Connection, OAuthGrant, Status
from integration_hub.connections.oauth import Tokens
from integration_hub.connections.state import needs_reconnect
from integration_hub.contract import Account, AuthFailed, ConfigError, OAuth2, Provider, ProviderError, registry
from integration_hub.contract.webhooks import WEBHOOK_SECRET
from integration_hub.http.door import within

__all__ = [
    "InvalidInput",
    "OtherAccount",
    "check_key",
    "connect",
    "disconnect",
    "needs_reconnect",
    "pause",
    "resume",
    "scope_word",
    "shares_account",
    "sign_in",
    "test",
    "update_settings",
]

log = structlog.get_logger(__name__)

LEAVING = 10.0  # seconds a person waits at most for what is to be taken away over there
BROKEN = (Status.CONNECTED, Status.NEEDS_RECONNECT)


class OtherAccount(InvalidInput):
    """Another `account` than the one used `before` (its name) signed in; nobody said yet that this is meant."""

    def __init__(self, sentence: str, account: Account, before: str) -> None:
        super().__init__({"replace_account": sentence})
        self.account, self.before = account, before


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
    if not provider.secrets:
        text = _("%(name)s is connected by signing in there, not with a key.")
        raise InvalidInput({"secrets": text % {"name": provider.name}})
    typed = dict(settings)
    replace_account = bool(typed.pop("replace_account", False)) or replace_account
    stored = _stored(company.pk, provider_key)
    clean_settings(provider, typed, stored.settings if stored else {})
    keys = clean_secrets(provider, secrets, _readable_secrets(stored))
    account = _check(provider, company.pk, keys)
    return _save(company, provider, keys, typed, account, str(actor), replace_account)


def sign_in(
    company: Company,
    provider_key: str,
    tokens: Tokens,
    *,
    actor: str,
    replace_account: str = "",
) -> Connection:
    """Save what a person allowed at the provider, in the place of a typed key. Another account than before is refused,
    unless `replace_account` is that account's id: somebody was shown both and said yes.

    Mappings, cursors and links are kept. OtherAccount, else the ProviderError of the refusal.
    """
    provider = registry.provider(provider_key)
    account = _whose(provider, company, tokens)
    with transaction.atomic():
        row = _locked_or_new(company, provider.key)
        before = row.account_label
        _refuse_other_account(provider, row, account, replace_account == account.id)
        row.api_key = None
        _fill(row, account)
        row.settings = clean_settings(provider, {}, row.settings)
        row.save()
        grants.keep(row, tokens, account)
        _connected(provider, row, account, actor, before)
    return row


def _whose(provider: Provider, company: Company, tokens: Tokens) -> Account:
    """The account that signed in, and what we asked for that it did not allow."""
    account = provider.check(
        clients.client_with_token(provider, tokens.access, account=f"check:{company.pk}", company_id=company.pk)
    )
    granted = account.scopes if tokens.scopes is None else tokens.scopes
    account = _lacking(oauth.declared(provider), account, granted)
    _refuse_missing(provider, account)
    return account


def _lacking(declared: OAuth2, account: Account, granted: tuple[str, ...]) -> Account:
    return replace(account, scopes=granted, missing=tuple(scope.name for scope in declared.lacking(granted)))


def update_settings(connection: Connection, settings: Mapping[str, Any], *, actor: str) -> Connection:
    """Change declared settings; those not named stay. InvalidInput by field."""
    provider = registry.provider(connection.provider)
    with transaction.atomic():
        row = _locked(connection.pk)
        before, row.settings = row.settings, clean_settings(provider, settings, row.settings)
        row.save(update_fields=["settings", "updated_at"])
        changed = {name: value for name, value in row.settings.items() if before.get(name) != value}
        if changed:
            state.record("settings_changed", row, actor, changed)
    connection.settings = row.settings
    return connection


def test(connection: Connection, *, actor: str) -> Account:
    """Ask the provider once. An answer mends "needs reconnect", AuthFailed makes it so, other errors are kept."""
    version = connection.key_version
    try:
        account = _tested(registry.provider(connection.provider), connection)
    except AuthFailed as error:
        needs_reconnect(connection.pk, error.sentence, key_version=version)
        raise
    except ProviderError as error:
        state.rows(connection.pk).filter(key_version=version).update(
            last_error=error.sentence, updated_at=timezone.now()
        )
        raise
    with transaction.atomic():
        _works_again(connection, account, version)
        state.record("tested", connection, actor)
    return account


def _tested(provider: Provider, connection: Connection) -> Account:
    account = provider.check(clients.open_client(connection, prio=0))
    if provider.oauth is not None and grants.grant_of(connection) is not None:
        account = _lacking(provider.oauth, account, account.scopes)
    _refuse_missing(provider, account)
    return account


def pause(connection: Connection, *, actor: str) -> bool:
    """Stop all traffic and keep everything; False when it did not run."""
    return _move(connection, BROKEN, Status.PAUSED, active=False, action="paused", actor=actor)


def resume(connection: Connection, *, actor: str) -> bool:
    """End a pause; False when there was none."""
    return _move(connection, (Status.PAUSED,), Status.CONNECTED, active=True, action="resumed", actor=actor)


def disconnect(connection: Connection, *, actor: str) -> bool:
    """Remove the key, all grants and what was discovered. Settings, mappings and links stay for a later reconnect. What
    we made over there beside records is taken away first, as far as that can be done while somebody waits."""
    _leave(connection)
    _revoke(connection)
    with transaction.atomic():
        emptied: dict[str, Any] = {
            "api_key": None,
            "webhook_secret": None,
            "secrets": None,
            "last_error": "",
            "missing_scopes": [],
        }
        changed = (
            state.rows(connection.pk)
            .exclude(status=Status.NOT_CONNECTED)
            .update(
                **emptied,
                status=Status.NOT_CONNECTED,
                is_active=False,
                key_version=F("key_version") + 1,
                updated_at=timezone.now(),
            )
        )
        for table in _grant_models():
            table.everywhere.filter(connection_id=connection.pk).delete()
        found.drop(connection.pk)
        state.problems_over(connection)
        if changed:
            state.record("disconnected", connection, actor)
    connection.refresh_from_db()
    return bool(changed)


def _leave(connection: Connection) -> None:
    provider = registry.provider(connection.provider)
    if connection.status == Status.NOT_CONNECTED or type(provider).leave is Provider.leave:
        return
    try:
        with within(LEAVING):
            provider.leave(connection, clients.open_client(connection, prio=0))
    except ProviderError as error:
        log.warning("something may have been left at the provider", provider=provider.key, code=error.code)


def _revoke(connection: Connection) -> None:
    """Where the provider has an address for it, it is told; whether it listens changes nothing here."""
    provider = registry.provider(connection.provider)
    if provider.oauth is None or not provider.oauth.revoke_path:
        return
    try:
        grant = grants.grant_of(connection)
        if grant is not None:
            token = grant.refresh_token or grant.access_token
            oauth.revoke(provider, str(token), account=str(connection.pk))
    except (ProviderError, DecryptionError) as error:
        log.warning("a sign-in could not be revoked", provider=provider.key, error=type(error).__name__)


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
    lacking = [scope_word(provider, scope) for scope in account.missing if scope in provider.essential_scopes]
    if lacking:
        raise ConfigError(
            _("This key lacks permissions the hub cannot do without: %(scopes)s. Add them at %(name)s, then try again.")
            % {"scopes": ", ".join(lacking), "name": provider.name},
            code="missing_scopes",
        )


def scope_word(provider: Provider, name: str) -> str:
    """A permission by the provider's own name, and in people's words where it is declared."""
    words = {scope.name: scope.label for scope in provider.oauth.scopes} if provider.oauth else {}
    return f"{name} ({_(words[name])})" if name in words else name


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
        _refuse_other_account(provider, row, account, replace_account)
        _fill_keys(row, provider, keys, account)
        _fill(row, account)
        row.settings = clean_settings(provider, typed, row.settings)
        row.save()
        grants.drop_tokens(row)
        _connected(provider, row, account, actor, before)
    return row


def _refuse_other_account(provider: Provider, row: Connection, account: Account, replace_account: bool) -> None:
    """Rows that were synced stay with the account they went to; what was found there is not this account's."""
    if row.account_id not in ("", account.id) and not replace_account:
        raise OtherAccount(_other_account(provider, row, account), account, row.account_label or row.account_id)
    if row.account_id != account.id:
        found.drop(row.pk)


def _connected(provider: Provider, row: Connection, account: Account, actor: str, before: str) -> None:
    provider.connected(row, account)
    state.problems_over(row)
    data = {"account": account.label, "before": before, "missing": list(row.missing_scopes)}
    state.record("connected" if row.key_version == 1 else "reconnected", row, actor, data)


def _fill_keys(row: Connection, provider: Provider, keys: Mapping[str, str], account: Account) -> None:
    first, *further = (secret.name for secret in provider.secrets)
    former = signing.kept_former(provider, *_before(row, account), keys)
    row.api_key = keys[first]
    row.webhook_secret = keys.get(WEBHOOK_SECRET) or None
    more = {name: keys[name] for name in further if keys[name] and name != WEBHOOK_SECRET}
    row.secrets = {**more, **former} or None


def _fill(row: Connection, account: Account) -> None:
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
    same_key = state.rows(connection.pk).filter(key_version=version)
    same_key.update(
        account_label=account.label, missing_scopes=list(account.missing), last_error="", updated_at=timezone.now()
    )
    same_key.filter(status=Status.NEEDS_RECONNECT).update(status=Status.CONNECTED)
    if same_key.exists():
        state.problems_over(connection)
    connection.refresh_from_db()


def _move(
    connection: Connection, from_: tuple[Status, ...], to: Status, *, active: bool, action: str, actor: str
) -> bool:
    with transaction.atomic():
        changed = (
            state.rows(connection.pk)
            .filter(status__in=from_)
            .update(status=to, is_active=active, updated_at=timezone.now())
        )
        if changed:
            state.record(action, connection, actor)
    connection.refresh_from_db()
    return bool(changed)


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


def _locked(connection_id: UUID) -> Connection:
    return Connection.everywhere.select_for_update().get(pk=connection_id)


def _grant_models() -> list[type[OAuthGrant]]:
    return [model for model in apps.get_models() if issubclass(model, OAuthGrant)]
