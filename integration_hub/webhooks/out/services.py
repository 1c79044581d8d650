"""What people and programs may do with outgoing webhooks: the only writers of subscriptions. Each step is audited."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.connections.fields import kept_sealed
from integration_hub.http import clock, posting
from integration_hub.notices import audit
from integration_hub.sync.pacing import paced
from integration_hub.webhooks.out import nudge, signing, telling, trouble
from integration_hub.webhooks.out.kinds import EVENTS, RECORD_TYPES, TEST
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription

FIELDS = ("name", "url", "events", "record_types", "active")
MOST = 50  # webhooks of one company
OVERLAP = timedelta(hours=24)  # for which a secret that was rotated signs beside the new one
CHUNK = 1000


class Wrong(Exception):
    """Sentences by field; "" for the whole."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


class CannotReplay(Exception):
    """The text says why, for people."""


def living() -> "QuerySet[Subscription]":
    """Those of the company that is entered which nobody deleted."""
    return Subscription.objects.filter(removed_at=None)


def create(company: Company, given: Mapping[str, Any], *, actor: str) -> tuple[Subscription, str]:
    """A new subscription and its secret, which nobody can see again. Wrong by field."""
    check(given, whole=True)
    if Subscription.everywhere.filter(company=company, removed_at=None).count() >= MOST:
        raise Wrong({"": [_("A company has at most %(most)d webhooks. Delete one first.") % {"most": MOST}]})
    secret = signing.new_secret()
    with transaction.atomic():
        row = Subscription.everywhere.create(company=company, secret=secret, created_at=clock.now(), **_clean(given))
        _note("created", row, actor, {"events": row.events, "record_types": row.record_types})
    return row, secret


def update(row: Subscription, given: Mapping[str, Any], *, actor: str) -> Subscription:
    """Change what is named. Wrong by field."""
    check(given, whole=False)
    changes = {name: value for name, value in _clean(given).items() if getattr(row, name) != value}
    active = changes.pop("active", None)
    with transaction.atomic():
        if changes:
            Subscription.everywhere.filter(pk=row.pk).update(**changes)
            _note("changed", row, actor, {"fields": sorted(changes)})
        if "url" in changes:
            _begin_afresh(row)
        if active is not None:
            switch(row, on=active, actor=actor)
    row.refresh_from_db()
    return row


def switch(row: Subscription, *, on: bool, actor: str) -> None:
    """Off: what waits is kept. On: it goes out now, and the endpoint's past is forgotten."""
    with transaction.atomic():
        if not on:
            Subscription.everywhere.filter(pk=row.pk).update(active=False)
            trouble.works_again(row)
        else:
            Subscription.everywhere.filter(pk=row.pk).update(active=True, off=Off.NO, off_at=None)
            _begin_afresh(row)
        _note("switched_on" if on else "switched_off", row, actor)
    row.refresh_from_db()


def _begin_afresh(row: Subscription) -> None:
    """What waits is due now, with all its tries."""
    fresh = {"failures": 0, "failing_since": None, "not_before": None, "slow": False, "sentence": ""}
    Subscription.everywhere.filter(pk=row.pk).update(**fresh)
    Delivery.everywhere.filter(subscription=row, state=State.DUE).update(run_at=clock.now(), failing_since=None)
    trouble.works_again(row)
    transaction.on_commit(nudge.publish_soon, robust=True)


def rotate(row: Subscription, *, actor: str) -> str:
    """A new secret; for a day the former one signs as well."""
    secret = signing.new_secret()
    with transaction.atomic(), kept_sealed():
        locked = Subscription.everywhere.select_for_update(no_key=True).get(pk=row.pk)
        locked.former_secret, locked.former_until = locked.secret, clock.now() + OVERLAP
        locked.secret = secret
        locked.save(update_fields=["secret", "former_secret", "former_until"])
        _note("secret_rotated", row, actor)
    row.refresh_from_db()
    return secret


def delete(row: Subscription, *, actor: str) -> None:
    """Nothing is sent any more from now on; its rows go at night."""
    with transaction.atomic():
        gone = {"active": False, "removed_at": clock.now(), "secret": None, "former_secret": None}
        if Subscription.everywhere.filter(pk=row.pk, removed_at=None).update(**gone):
            trouble.forget(row)
            _note("deleted", row, actor)


def test(row: Subscription, *, actor: str) -> Delivery:
    """Send an event that means nothing, to this address alone. CannotReplay while it is switched off."""
    _refuse_off(row)
    said = {"message": _("This is a test. If you can verify its signature, all is well."), "subscription": row.pk}
    with transaction.atomic():
        (pk,) = telling.write(row.company_id, TEST, [("", None, said)], [row.pk])
        _note("tested", row, actor)
    return Delivery.everywhere.get(pk=pk)


# --- replay ---------------------------------------------------------------------------------------------------------


def replay(delivery: Delivery, *, actor: str) -> Delivery:
    """Due once more under the same id, with all its tries; one that waits is tried now."""
    _refuse_off(delivery.subscription)
    with transaction.atomic():
        _again(Delivery.everywhere.filter(pk=delivery.pk))
        _note("replayed", delivery.subscription, actor, {"event": delivery.announcement_id.hex})
        trouble.tell_given_up(delivery.subscription)
    transaction.on_commit(nudge.publish_soon, robust=True)
    delivery.refresh_from_db()
    return delivery


def replay_failed(row: Subscription, since: datetime, *, actor: str) -> int:
    """All that were given up of what happened since then. How many."""
    _refuse_off(row)
    dead = Delivery.everywhere.filter(subscription=row, state=State.DEAD, created_at__gte=since)
    count = 0
    while ids := list(dead.order_by().values_list("pk", flat=True)[:CHUNK]):
        with paced():
            count += _again(Delivery.everywhere.filter(pk__in=ids, state=State.DEAD))
    with transaction.atomic():
        trouble.tell_given_up(row)
        _note("failed_replayed", row, actor, {"since": since.isoformat(), "events": count})
    transaction.on_commit(nudge.publish_soon, robust=True)
    return count


def _again(rows: "QuerySet[Delivery]") -> int:
    return rows.update(state=State.DUE, run_at=clock.now(), attempts=0, failing_since=None, settled_at=None)


def _refuse_off(row: Subscription) -> None:
    if not row.active:
        raise CannotReplay(_("This webhook is switched off. Switch it on first."))


# --- checking -------------------------------------------------------------------------------------------------------


def check(given: Mapping[str, Any], *, whole: bool) -> None:
    """Wrong by field; `whole`: nothing that is needed may be missing."""
    errors: dict[str, list[str]] = {}
    if whole or "url" in given:
        problem = posting.complaint(str(given.get("url") or ""))
        if problem:
            errors["url"] = [problem]
    if (whole or "events" in given) and not given.get("events"):
        errors["events"] = [_("Choose at least one event.")]
    for name, known in (("events", EVENTS), ("record_types", RECORD_TYPES)):
        if strange := sorted({str(one) for one in given.get(name) or ()} - set(known)):
            sentence = _("Unknown: %(strange)s. Known: %(known)s.")
            errors[name] = [sentence % {"strange": ", ".join(strange), "known": ", ".join(known)}]
    if errors:
        raise Wrong(errors)


def _clean(given: Mapping[str, Any]) -> dict[str, Any]:
    """In our order and each once."""
    found = {name: given[name] for name in FIELDS if name in given}
    for name, known in (("events", EVENTS), ("record_types", RECORD_TYPES)):
        if name in found:
            found[name] = [one for one in known if one in found[name]]
    return found


def _note(action: str, row: Subscription, actor: str, data: Mapping[str, Any] | None = None) -> None:
    """The address is not written down: it may hold a key."""
    audit.record(f"outgoing_webhook.{action}", company_id=row.company_id, actor=actor, target=str(row), data=data)
