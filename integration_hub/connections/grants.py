"""Grants as they lie in the database: read, kept, claimed for a refresh, and stored by comparing the version.

Whoever locks here locks the connection first, as everybody does who writes to it.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.apps import apps
from django.db import Error as DatabaseError
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from integration_hub.connections import found, state
from integration_hub.connections.models import Connection, OAuthGrant
from integration_hub.connections.oauth import SECONDS, Tokens
from integration_hub.contract import Account, Provider, registry
from integration_hub.http import clock

log = structlog.get_logger(__name__)

EARLY = timedelta(seconds=60)  # a token is renewed that long before it ends
STORE_SECONDS = 60.0  # new tokens are tried to be stored that long: the old ones are dead already
PAUSE = 0.25  # seconds between two tries
LEASE = timedelta(seconds=SECONDS + STORE_SECONDS + 10)


@dataclass(frozen=True)
class Access:
    """An access token as it was read with its grant's version."""

    grant_id: int
    token: str = field(repr=False)
    version: int
    expires_at: datetime | None = None

    def ends_soon(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now + EARLY

    def has_ended(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True)
class Claimed:
    """A grant that only we may refresh until the lease ends. `unsettled`: an earlier asking never came to its end."""

    grant_id: int
    connection_id: UUID
    key_version: int
    token: UUID
    version: int
    refresh: str = field(repr=False)
    scopes: tuple[str, ...]
    unsettled: bool


class Ended(Exception):
    """The grant gives no tokens any more; the text is the sentence why."""


def model_of(provider: Provider) -> type[OAuthGrant] | None:
    """The provider's table of grants; None where one cannot sign in."""
    if provider.oauth is None:
        return None
    model: type[OAuthGrant] = apps.get_model(provider.oauth.grant)
    return model


def grant_of(connection: Connection) -> OAuthGrant | None:
    """What a connection holds that was made by signing in; None where it has a key of its own."""
    model = model_of(registry.provider(connection.provider))
    if model is None or not _is_there(model, connection.pk):
        return None
    row = model.everywhere.filter(connection_id=connection.pk).first()
    return row if row is not None and row.holds_tokens else None


def _is_there(model: type[OAuthGrant], connection: UUID) -> bool:
    """Most connections hold a key and no grant; they are asked about in every turn of a lane."""
    key = model._meta.get_field("connection")
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {model._meta.db_table} WHERE {key.column} = %s",  # noqa: S608 - our own names
            [key.get_db_prep_value(connection, database)],
        )
        return cursor.fetchone() is not None


def access_of(row: OAuthGrant) -> Access:
    """DecryptionError when its token cannot be read."""
    return Access(row.pk, row.access_token or "", row.version, row.expires_at)


def keep(connection: Connection, tokens: Tokens, account: Account) -> None:
    """A sign-in was accepted, in this transaction: its tokens take the place of what was there."""
    model = model_of(registry.provider(connection.provider))
    assert model is not None
    row = model.everywhere.select_for_update().filter(connection_id=connection.pk).first()
    row = row or model(connection_id=connection.pk, company_id=connection.company_id)
    row.access_token, row.refresh_token = tokens.access, tokens.refresh
    row.expires_at, row.refresh_until = tokens.expires_at, tokens.refresh_until
    row.scopes = list(tokens.scopes or account.scopes)
    row.account_id, row.account_label = account.id, account.label
    row.version, row.claim, row.lease_until, row.ended = row.version + 1, None, None, ""
    row.save()


def drop_tokens(connection: Connection) -> None:
    """The company proves itself with a key from now on, in this transaction: tokens go, the row stays."""
    model = model_of(registry.provider(connection.provider))
    if model is not None:
        model.everywhere.filter(connection_id=connection.pk).update(
            access_token=None,
            refresh_token=None,
            expires_at=None,
            refresh_until=None,
            version=F("version") + 1,
            claim=None,
            lease_until=None,
            ended="",
        )


# --- a refresh ------------------------------------------------------------------------------------------------------


def claim(model: type[OAuthGrant], grant_id: int, version: int) -> Access | Claimed | None:
    """Ours to refresh, unless the grant has moved on from `version`: then the newer token. None while another is at it.

    Ended when the grant gives no more tokens, or is gone.
    """
    with transaction.atomic():
        row = model.everywhere.select_for_update().filter(pk=grant_id).first()
        if row is None or not row.holds_tokens:
            raise Ended(_("It was disconnected meanwhile."))
        if row.version != version:
            return access_of(row)
        if row.ended or row.refresh_token is None:
            raise Ended(row.ended or _("The sign-in is over and cannot be renewed."))
        now = clock.now()
        if row.lease_until is not None and row.lease_until > now:
            return None
        unsettled, row.claim, row.lease_until = row.claim is not None, uuid4(), now + LEASE
        model.everywhere.filter(pk=row.pk).update(claim=row.claim, lease_until=row.lease_until)
        owner = Connection.everywhere.values_list("key_version", flat=True).get(pk=row.connection_id)
        return Claimed(
            row.pk,
            row.connection_id,
            owner,
            row.claim,
            row.version,
            row.refresh_token,
            tuple(row.scopes),
            unsettled,
        )


def store(model: type[OAuthGrant], held: Claimed, tokens: Tokens) -> Access:
    """The new tokens, or those of whoever was faster. Not bound to the lease: they are the only live ones there are.

    DatabaseError when the database could not be reached for a minute.
    """
    ends = time.monotonic() + STORE_SECONDS
    while True:
        try:
            return _store(model, held, tokens)
        except DatabaseError as error:
            if time.monotonic() > ends:
                log.critical("renewed tokens could not be stored and are lost", connection=str(held.connection_id))
                raise
            log.warning("storing renewed tokens is tried again", error=type(error).__name__)
            if not database.in_atomic_block:
                database.close()
            time.sleep(PAUSE)


def _store(model: type[OAuthGrant], held: Claimed, tokens: Tokens) -> Access:
    changed: dict[str, Any] = {
        "access_token": tokens.access,
        "expires_at": tokens.expires_at,
        "version": F("version") + 1,
        "claim": None,
        "lease_until": None,
        "ended": "",
        "updated_at": clock.now(),
    }
    if tokens.refresh is not None:
        changed["refresh_token"] = tokens.refresh
    if tokens.refresh_until is not None:
        changed["refresh_until"] = tokens.refresh_until
    if tokens.scopes is not None:
        changed["scopes"] = list(tokens.scopes)
    with transaction.atomic():
        found.lock_connection(held.connection_id)
        row = model.everywhere.select_for_update().filter(pk=held.grant_id).first()
        if row is None:
            raise Ended(_("It was disconnected meanwhile."))
        if row.version != held.version:
            return access_of(row)
        model.everywhere.filter(pk=row.pk).update(**changed)
        if row.ended:
            state.works_again(held.connection_id, key_version=held.key_version)
        if tokens.scopes is not None and set(tokens.scopes) != set(held.scopes):
            state.scopes_changed(held.connection_id, tokens.scopes)
    return Access(held.grant_id, tokens.access, held.version + 1, tokens.expires_at)


def release(model: type[OAuthGrant], held: Claimed, *, unsettled: bool) -> None:
    """The asking came to nothing. `unsettled`: nobody knows whether it reached the provider, and that is remembered."""
    mine = model.everywhere.filter(pk=held.grant_id, claim=held.token)
    mine.update(lease_until=None, **({} if unsettled else {"claim": None}))


def end(model: type[OAuthGrant], held: Claimed, sentence: str) -> Access | None:
    """The provider refuses to renew: said once, and the connection needs to be made again. The token of whoever was
    faster, where the grant moved on after all."""
    with transaction.atomic():
        found.lock_connection(held.connection_id)
        row = model.everywhere.select_for_update().filter(pk=held.grant_id).first()
        if row is not None and row.version != held.version:
            return access_of(row)
        model.everywhere.filter(pk=held.grant_id).update(ended=sentence, claim=None, lease_until=None)
        state.needs_reconnect(held.connection_id, sentence, key_version=held.key_version)
    return None
