"""What goes wrong with outgoing webhooks, as sentences with a button."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.notices import problems
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription


def key(subscription: UUID, kind: str) -> str:
    return f"outgoing:{subscription}:{kind}"


def tell_failing(endpoint: Subscription) -> None:
    problems.raise_(
        endpoint.company_id,
        key(endpoint.pk, "failing"),
        severity="warn",
        sentence=_("Webhooks to “%(name)s” do not get through: %(why)s We keep trying; nothing is lost.")
        % {"name": endpoint, "why": endpoint.sentence},
        button=_("Look at it"),
        url=page(endpoint),
    )


def tell_off(endpoint: Subscription) -> None:
    """It was switched off by the hub; one problem in the place of the warning."""
    problems.close(endpoint.company_id, key(endpoint.pk, "failing"))
    told = {"name": endpoint, "why": endpoint.sentence}
    if endpoint.off == Off.GONE:
        sentence = _("The webhook “%(name)s” was switched off: its endpoint answered that it is gone (410).")
    else:
        sentence = _("The webhook “%(name)s” was switched off: for five days nothing got through. Last: %(why)s")
    problems.raise_(
        endpoint.company_id,
        key(endpoint.pk, "off"),
        sentence=sentence % told,
        detail=_("What happens while it is off is not sent; what waits goes out when it is on again."),
        button=_("Switch it on again"),
        url=reverse("admin:switch_webhook", args=[endpoint.pk]),
    )


def works_again(endpoint: Subscription) -> None:
    problems.close(endpoint.company_id, key(endpoint.pk, "failing"), key(endpoint.pk, "off"))


def tell_given_up(endpoint: Subscription) -> None:
    """One problem for all events of a webhook that were given up; it closes when none is left."""
    count = Delivery.everywhere.filter(subscription=endpoint, state=State.DEAD).count()
    if not count:
        problems.close(endpoint.company_id, key(endpoint.pk, "dead"))
        return
    sentence = ngettext(
        "%(count)d event could not be delivered to “%(name)s”. See why, then replay it.",
        "%(count)d events could not be delivered to “%(name)s”. See why, then replay them.",
        count,
    )
    problems.raise_(
        endpoint.company_id,
        key(endpoint.pk, "dead"),
        severity="warn",
        sentence=sentence % {"count": count, "name": endpoint},
        affected=count,
        button=_("See the events"),
        url=deliveries(endpoint, State.DEAD),
    )


def forget(endpoint: Subscription) -> None:
    """It was deleted: whatever was wrong with it is over."""
    problems.close_all(endpoint.company_id, key(endpoint.pk, ""))


def page(endpoint: Subscription) -> str:
    return reverse("admin:webhooks_subscription_change", args=[endpoint.pk])


def deliveries(endpoint: Subscription, state: str = "") -> str:
    """The list of its deliveries, of all or of those in one state."""
    address = f"{reverse('admin:webhooks_delivery_changelist')}?subscription__id__exact={endpoint.pk}"
    return f"{address}&state__exact={state}" if state else address
