"""Where webhooks come in, and where programs look at them."""

from typing import Any

from django.urls import path

from integration_hub.contract import registry
from integration_hub.webhooks import api
from integration_hub.webhooks.out import api as subscriptions
from integration_hub.webhooks.views import WebhookView

webhook = WebhookView.as_view()


def shared() -> list[Any]:
    """The app-level addresses that providers declare, wherever they lie."""
    return [
        path(address, webhook, {"provider": provider.key})
        for provider in registry.providers()
        if provider.webhook
        for address in provider.webhook.addresses
    ]


urlpatterns: list[Any] = [
    *shared(),
    path("api/webhooks/<slug:provider>/<uuid:connection>", webhook, name="webhook"),
    path("api/webhooks/<slug:provider>", webhook),
    *api.urls(),
    *subscriptions.urls(),
]
