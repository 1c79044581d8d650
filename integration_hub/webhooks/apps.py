"""The webhooks room as a Django app: it has its part in the house's rounds."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "integration_hub.webhooks"
    default = True

    def ready(self) -> None:
        from integration_hub.connections import state
        from integration_hub.sync import announcing, rounds
        from integration_hub.webhooks import processing, pruning
        from integration_hub.webhooks.out import claiming, delivering, telling
        from integration_hub.webhooks.out.pruning import prune

        rounds.join(rounds.SWEEP, processing.repair, when=processing.DUE)
        rounds.join(rounds.NIGHT, pruning.prune)
        rounds.join(rounds.SWEEP, delivering.repair, when=claiming.DUE)
        rounds.join(rounds.NIGHT, prune)
        announcing.join(telling.hear)
        state.when_broken(telling.broken)
