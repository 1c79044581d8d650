"""Replay: a person wants an event worked on again that was given up or ignored."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.contract import Webhook, registry
from integration_hub.http import clock
from integration_hub.notices import audit
from integration_hub.webhooks import nudge, reading, trouble
from integration_hub.webhooks.models import State, WebhookEvent


class CannotReplay(Exception):
    """The text says why, for people."""


class Again(NamedTuple):
    """What the row says now."""

    event_id: str
    type: str
    body: str


def replay(event: WebhookEvent, *, actor: str) -> WebhookEvent:
    """Due once more, with all its tries; one that waits already is left alone. CannotReplay for one that had its
    effects (they must not come twice), or that nothing handles."""
    told = _again(event)
    again = (State.DEAD, State.IGNORED)
    with transaction.atomic():
        changed = WebhookEvent.everywhere.filter(pk=event.pk, state__in=again).update(
            **told._asdict(),
            raw=None,
            headers=None,
            state=State.WAITING,
            attempts=0,
            run_at=clock.now(),
            settled_at=None,
        )
        if changed:
            audit.record(
                "webhook.replayed", company_id=event.company_id, actor=actor, target=f"{event.provider} {told.type}"
            )
    event.refresh_from_db()
    if event.state == State.DONE:
        raise CannotReplay(_("This event was applied already."))
    trouble.tell(event.connection)
    nudge.nudge_for(event.connection_id)
    return event


def _again(event: WebhookEvent) -> Again:
    """As it is, or read anew where nobody could read it: the hub may have learned to."""
    webhook = registry.provider(event.provider).webhook
    if webhook is None:
        raise CannotReplay(_("This service reports no events any more."))
    told = Again(event.event_id, event.type, event.body) if event.raw is None else _reread(webhook, event)
    if told.type not in webhook.handles:
        raise CannotReplay(_("The hub does nothing with events of this type."))
    return told


def _reread(webhook: Webhook, event: WebhookEvent) -> Again:
    told = reading.read(webhook, event.headers or {}, bytes(event.raw or b""))
    if told is None:
        raise CannotReplay(trouble.unreadable())
    twins = WebhookEvent.everywhere.filter(connection=event.connection_id, event_id=told.id).exclude(pk=event.pk)
    if twins.exists():
        raise CannotReplay(_("This event arrived once more and could be read then."))
    return Again(*told.__dict__.values())
