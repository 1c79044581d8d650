"""The webhooks room as a Django app: it has its part in the house's rounds."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "integration_hub.webhooks"
    default = True

    def ready(self) -> None:
        from integration_hub.sync import rounds
        from integration_hub.webhooks import processing, pruning

        rounds.join(rounds.SWEEP, processing.repair)
        rounds.join(rounds.NIGHT, pruning.prune)
