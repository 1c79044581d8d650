"""Taking a delivery in: verify, store, answer. One read and one write on the way, no lock, no call to anybody."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from integration_hub.connections import signing
from integration_hub.connections.models import Connection, Status
from integration_hub.contract import Incoming, Provider, Refused, Webhook
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.settings import webhook_secrets
from integration_hub.sync import sql
from integration_hub.webhooks import meant, nudge, reading, refusals, trouble
from integration_hub.webhooks.meant import Meant
from integration_hub.webhooks.models import State

log = structlog.get_logger(__name__)


class Unknown(Exception):
    """Nobody is meant by this address."""


@dataclass(frozen=True)
class Answer:
    """What the provider is told: a status, and a body where it asked something."""

    status: int
    body: Json = None


@dataclass(frozen=True)
class Trusted:
    """A connection that a delivery was signed for, and the secrets that were tried."""

    connection: Connection
    secrets: tuple[str, ...]


def receive(provider: Provider, webhook: Webhook, incoming: Incoming, connection_id: UUID | None) -> Answer:
    """The answer, once the events are committed. Unknown when no connection is meant; what is not the provider's ends
    with its own status for that and leaves no row."""
    if connection_id is None:
        shared, found = webhook_secrets(provider.key), meant.by_route(provider.key, webhook, incoming)
    else:
        shared, found = (), meant.by_address(provider.key, connection_id)
        if not found:
            raise Unknown
    trusted = [one for each in found if (one := _trusted(webhook, incoming, each, shared))]
    if not trusted and (found or not _fits(webhook, incoming, shared)):
        return Answer(webhook.refused)
    question = webhook.challenge(trusted[0].secrets if trusted else shared, incoming)
    if question is not None:
        return Answer(200, question)
    for one in trusted:
        _store(webhook, incoming, one.connection)
    return Answer(200)


def _trusted(webhook: Webhook, incoming: Incoming, found: Meant, shared: tuple[str, ...]) -> Trusted | None:
    """None unless it is the provider's and this connection's. A refusal is remembered, a success forgives the former
    ones. Who was disconnected may go on sending for a while, which is nobody's problem."""
    connection = found.connection
    if connection.status == Status.NOT_CONNECTED:
        return None
    secrets = (*shared, *_secrets(webhook, incoming, connection))
    if webhook.signed_with and not secrets:
        refusal: Refused | None = Refused("No webhook secret is stored.")
    else:
        refusal = _refusal(webhook, incoming, secrets)
    if refusal is None:
        if found.refused:
            refusals.forgive(connection)
        return Trusted(connection, secrets)
    log.warning("webhook refused", connection=str(connection.pk), provider=connection.provider, why=str(refusal))
    refusals.count(connection, str(refusal))
    return None


def _secrets(webhook: Webhook, incoming: Incoming, connection: Connection) -> tuple[str, ...]:
    """The provider's own, or those that were typed."""
    if webhook.keeps_secrets:
        return tuple(webhook.secrets_of(connection.pk, incoming))
    return signing.secrets(connection, clock.of(incoming.at))


def _fits(webhook: Webhook, incoming: Incoming, secrets: tuple[str, ...]) -> bool:
    return bool(secrets) and _refusal(webhook, incoming, secrets) is None


def _refusal(webhook: Webhook, incoming: Incoming, secrets: tuple[str, ...]) -> Refused | None:
    try:
        webhook.verify(secrets, incoming)
    except Refused as refused:
        return refused
    return None


# A repetition finds its row. Only that conflict is borne: any other mistake must not lose an event.
_INSERT = """
INSERT INTO webhook_events (id, company_id, connection_id, provider, event_id, type, body, raw, headers, state,
                            attempts, run_at, sentence, trace, received_at, settled_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, {headers}, %s, 0, {now}, %s, '', {now}, {settled})
ON CONFLICT (connection_id, event_id) DO NOTHING
"""


def _store(webhook: Webhook, incoming: Incoming, connection: Connection) -> None:
    told = reading.read(webhook, incoming.headers, incoming.raw)
    if told is None:
        _insert(connection, reading.digest(incoming.raw), state=State.DEAD, incoming=incoming)
        trouble.tell(connection)
    elif told.type not in webhook.handles:
        _insert(connection, told.id, told.type, told.body, state=State.IGNORED)
    elif _insert(connection, told.id, told.type, told.body):
        nudge.nudge_for(connection.pk)


def _insert(
    connection: Connection,
    event_id: str,
    kind: str = "",
    body: str = "",
    *,
    state: State = State.WAITING,
    incoming: Incoming | None = None,
) -> int:
    """One statement, committed when it returns. How many rows it made: none for a repetition."""
    now, offset = clock.now_sql()
    text = _INSERT.format(
        now=now,
        settled="NULL" if state == State.WAITING else now,
        headers="%s" if sql.is_sqlite() else "CAST(%s AS jsonb)",
    )
    unread = [incoming.raw, reading.headers_text(incoming.headers)] if incoming else [None, None]
    sentence = trouble.unreadable() if incoming else ""
    who = [uuid4(), connection.company_id, connection.pk, connection.provider]
    return sql.execute(
        text,
        [*who, event_id, kind, body, *unread, state.value, *offset, sentence, *offset]
        + ([] if state == State.WAITING else [*offset]),
    )
