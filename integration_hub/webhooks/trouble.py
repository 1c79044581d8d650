"""What goes wrong with webhooks, as sentences with a button."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.notices import problems
from integration_hub.webhooks.models import State, WebhookEvent

_TYPED = gettext_noop(
    "Webhooks of %(provider)s are refused again and again. Compare the webhook secret stored here with the one shown "
    "there, and enter it again."
)
_GIVEN = gettext_noop(
    "Webhooks of %(provider)s are refused again and again: somebody sends what %(provider)s did not sign, or a copy of "
    "this hub made webhooks of its own. The hub removes there what it does not know, twice a day and by itself."
)


def unreadable() -> str:
    return _("This event is signed, but the hub cannot read it.")


def tell(connection: Connection) -> None:
    """One problem for all events of a connection that were given up; it closes when none is left."""
    count = WebhookEvent.everywhere.filter(connection=connection, state=State.DEAD).count()
    key = f"webhooks:{connection.pk}:dead"
    if not count:
        problems.close(connection.company_id, key)
        return
    sentence = ngettext(
        "%(count)d event of %(provider)s could not be applied. See why, then replay it.",
        "%(count)d events of %(provider)s could not be applied. See why, then replay them.",
        count,
    ) % {"count": count, "provider": _name(connection)}
    problems.raise_(
        connection.company_id,
        key,
        sentence=sentence,
        affected=count,
        button=_("See the events"),
        url=f"/admin/webhooks/webhookevent/?state__exact=dead&provider={connection.provider}",
        provider=connection.provider,
    )


def tell_refused(connection: Connection, why: str) -> None:
    webhook = registry.provider(connection.provider).webhook
    typed = webhook is None or not webhook.keeps_secrets
    said, button = (_TYPED, _("Enter the secret")) if typed else (_GIVEN, _("Open the settings"))
    problems.raise_(
        connection.company_id,
        f"webhooks:{connection.pk}:refused",
        severity="warn",
        sentence=_(said) % {"provider": _name(connection)},
        detail=why,
        button=button,
        url=f"/admin/hub/{connection.provider}/",
        provider=connection.provider,
    )


def accepted(connection: Connection) -> None:
    problems.close(connection.company_id, f"webhooks:{connection.pk}:refused")


def _name(connection: Connection) -> str:
    return registry.provider(connection.provider).name
