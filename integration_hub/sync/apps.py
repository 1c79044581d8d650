"""The engine as a Django app; after every migrate the beat's house tasks are put right."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

# Whether people chose for many conflicts at once and it is still to be done, as SQL.
CHOSEN = "EXISTS (SELECT 1 FROM sync_conflicts WHERE settled_at IS NULL AND choice <> '')"


class SyncConfig(AppConfig):
    name = "integration_hub.sync"
    default = True

    def ready(self) -> None:
        from integration_hub.sync.house import ensure_house_tasks

        post_migrate.connect(ensure_house_tasks, sender=self)

        from integration_hub.connections import discovery
        from integration_hub.sync import conflicts, rounds, strays

        rounds.join(rounds.SWEEP, discovery.repair, when=discovery.ASKED)
        rounds.join(rounds.SWEEP, conflicts.carry_out, when=CHOSEN)
        rounds.join(rounds.NIGHT, conflicts.tidy)
        rounds.join(rounds.NIGHT, strays.tidy)
