"""What is kept beside the engine's mappings: which base and table, which fields, by id and by name."""

from django.utils.translation import gettext as _

from integration_hub.connections import discovery
from integration_hub.contract import ConfigError
from integration_hub.sync.models import FieldMapping, Mapping
from providers.airtable.models import AirtableFieldMapping, AirtableSyncConfig


def keep(mapping: Mapping) -> AirtableSyncConfig:
    """Write or renew the companions of a mapping that was saved, in its transaction. ConfigError when another mapping
    in use brings the same records to the same table: their rows would be each other's."""
    base, table = mapping.place["base"], mapping.place["table"]
    _notice_retired(mapping)
    in_use = mapping.retired_at is None
    same = AirtableSyncConfig.everywhere.filter(
        company_id=mapping.company_id, base_id=base, table_id=table, record_type=mapping.record_type, in_use=True
    )
    if in_use and same.exclude(mapping=mapping).exists():
        text = _("These records already go to the table “%(table)s”. Change that mapping, or choose another table.")
        raise ConfigError(text % {"table": mapping.label}, code="mapped_twice")
    base_name, table_name = _names(mapping)
    told = {"company_id": mapping.company_id, "base_id": base, "base_name": base_name, "table_id": table}
    told |= {"table_name": table_name, "record_type": mapping.record_type, "in_use": in_use}
    config, _new = AirtableSyncConfig.everywhere.update_or_create(mapping=mapping, defaults=told)
    _keep_fields(config)
    return config


def _notice_retired(mapping: Mapping) -> None:
    """Mappings are retired without a word to us; those of this company that were give their table free."""
    mine = AirtableSyncConfig.everywhere.filter(company_id=mapping.company_id, in_use=True)
    mine.filter(mapping__retired_at__isnull=False).exclude(mapping=mapping).update(in_use=False)


def _names(mapping: Mapping) -> tuple[str, str]:
    """As they were last found; a mapping says "Base · Table" or "Table" itself where nothing was."""
    base = discovery.resource(mapping.connection, mapping.place["base"])
    table = discovery.resource(mapping.connection, mapping.place["table"])
    before, _dot, after = mapping.label.rpartition(" · ")
    return base.label if base else before, table.label if table else after


def _keep_fields(config: AirtableSyncConfig) -> None:
    rows = [
        AirtableFieldMapping(
            field_mapping=row,
            company_id=config.company_id,
            config=config,
            table_id=config.table_id,
            field_id=row.remote_id,
            field_name=row.remote_label,
            field_type=row.remote_type,
        )
        for row in FieldMapping.objects.filter(mapping_id=config.pk)
    ]
    kept = ["company", "config", "table_id", "field_id", "field_name", "field_type"]
    AirtableFieldMapping.everywhere.bulk_create(
        rows, update_conflicts=True, unique_fields=["field_mapping"], update_fields=kept
    )
