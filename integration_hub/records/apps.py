"""The room's app: registers its record types with the contract."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    name = "integration_hub.records"
    verbose_name = _("Records")
    default = True

    def ready(self) -> None:
        from integration_hub.contract.registry import register_record_type
        from integration_hub.records.record_types import RECORD_TYPES

        for record_type in RECORD_TYPES:
            register_record_type(record_type)

        from integration_hub.records.attachments import fetching
        from integration_hub.records.attachments import pruning as old_files
        from integration_hub.records.importing import pruning, work
        from integration_hub.records.services import daybooks, recounting
        from integration_hub.sync import rounds

        rounds.join(rounds.SWEEP, work.repair, when=work.WAITING)
        rounds.join(rounds.SWEEP, fetching.repair, when=fetching.WAITING)
        rounds.join(rounds.MINUTE, daybooks.tend)
        rounds.join(rounds.NIGHT, pruning.prune)
        rounds.join(rounds.NIGHT, old_files.prune)
        rounds.join(rounds.NIGHT, recounting.nightly)
