"""Whose a delivery may be: read by hand-written SQL, since this stands before every answer."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Q

from integration_hub.connections.models import Connection
from integration_hub.contract import Incoming, Webhook
from integration_hub.sync import sql
from integration_hub.webhooks import reading

CANDIDATES = 5  # connections tried for one app-level delivery
WANTED = {"id", "company_id", "provider", "status", "api_key", "webhook_secret", "secrets"}
FIELDS = [field for field in Connection._meta.concrete_fields if field.attname in WANTED]  # in from_db's order
COLUMNS = [field.attname for field in FIELDS]

_ONE = f"""
SELECT {", ".join(f"c.{column}" for column in COLUMNS)}, coalesce(r.count, 0)
FROM integration_configs c LEFT JOIN webhook_refusals r ON r.connection_id = c.id
WHERE c.id = %s AND c.provider = %s
"""  # noqa: S608 - our own names


@dataclass(frozen=True)
class Meant:
    """A connection (with what receiving needs of it) and how many deliveries were refused since its last good one."""

    connection: Connection
    refused: int


def by_address(provider: str, connection_id: UUID) -> list[Meant]:
    """The connection whose own address this is; nobody, where there is none."""
    return [_meant(*row) for row in sql.fetch(_ONE, [connection_id, provider])]


def by_route(provider: str, webhook: Webhook, incoming: Incoming) -> list[Meant]:
    """Those whom an app-level delivery names, by account or by id."""
    named = list(webhook.route(incoming.headers, incoming.raw))[:CANDIDATES]
    ids = [one for one in named if isinstance(one, UUID)]
    accounts = [reading.short(one) for one in named if isinstance(one, str) and one]
    if not ids and not accounts:
        return []
    rows = Connection.everywhere.filter(Q(pk__in=ids) | Q(account_id__in=accounts), provider=provider)
    found = rows.order_by("pk").values_list("pk", flat=True)[:CANDIDATES]
    return [meant for pk in found for meant in by_address(provider, pk)]


def _meant(*row: Any) -> Meant:
    """Secrets stay sealed until they are read."""
    *stored, refused = row
    values = [_opened(field, value) for field, value in zip(FIELDS, stored, strict=True)]
    return Meant(Connection.from_db(database.alias, COLUMNS, values), refused)


def _opened(field: Any, value: Any) -> Any:
    """As the model has it: SQLite gives ids as texts."""
    if field.attname in ("id", "company_id"):
        return sql.uuid_of(value)
    return field.from_db_value(value, None, database) if hasattr(field, "from_db_value") else value
