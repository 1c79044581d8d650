"""A canary: does FIELD_ENCRYPTION_KEY open what is stored? Asked by `migrate` and `check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from integration_hub.connections.rotation import FieldStore, Place, field_stores, place

SAMPLE = 20  # rows looked at in each column

HINT = (
    "Put the key the data was written with back into FIELD_ENCRYPTION_KEY, after the new one (new,old), and run: "
    "python manage.py rotate_keys. If it is lost, migrate with --skip-checks and connect every service again."
)


@register(Tags.database)
def check_keys_open_what_is_stored(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    if "default" not in (databases or ()):
        return []
    found = [place(text) for store in field_stores() if _exists(store) for _pk, text in _sample(store)]
    lost = found.count(Place.NONE)
    if not lost:
        return []
    if lost == len(found):
        text = "FIELD_ENCRYPTION_KEY cannot read any of the stored keys and tokens."
        return [Error(text, hint=HINT, id="connections.E001")]
    text = f"FIELD_ENCRYPTION_KEY cannot read some stored keys and tokens ({lost} of {len(found)} looked at)."
    return [Warning(text, hint=HINT, id="connections.W001")]


def _exists(store: Any) -> bool:
    """Before the first migration, or before the one that adds a column, there is nothing to read."""
    connection = connections["default"]
    with connection.cursor() as cursor:
        if store.model._meta.db_table not in connection.introspection.table_names(cursor):
            return False
        described = connection.introspection.get_table_description(cursor, store.model._meta.db_table)
    return store.column.column in {column.name for column in described}


def _sample(store: FieldStore | Any) -> list[tuple[Any, str]]:
    filled = store.model._base_manager.filter(**{f"{store.column.name}__isnull": False})
    return [(pk, sealed.ciphertext) for pk, sealed in filled.values_list("pk", store.column.name)[:SAMPLE]]
