"""Making a table or missing fields at the provider: the only thing a mapping page ever calls out for."""

from collections.abc import Sequence

from integration_hub.connections import clients, discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import ConfigError, ProviderError, RecordType, Resource
from integration_hub.http import door
from integration_hub.hub.mapping.choosing import Choice
from integration_hub.hub.mapping.desk import Desk
from integration_hub.notices import audit
from integration_hub.sync import mappings

PATIENCE = 25.0  # seconds somebody waits in front of the form, all calls together


def table(choice: Choice, record_type: RecordType, label: str, *, actor: str) -> Resource:
    """A new table with a field for each of ours. ProviderError says why there is none."""
    if why_not := choice.cannot_make:
        raise ConfigError(why_not, code="not_allowed")
    connection, names = choice.connection, [field.name for field in record_type.fields]
    sink = mappings.mappable_sinks(connection)[0]
    with door.within(PATIENCE):
        client = clients.open_client(connection, prio=0)
        made = sink.make_place(client, choice.base.value, label, record_type, names)
    _note(connection, made, "table.made", actor)
    return made


def fields(desk: Desk, names: Sequence[str], *, actor: str) -> Resource:
    """The table with new fields for these of ours, and one for the hub's id where it had none. ProviderError."""
    assert desk.resource is not None
    if desk.cannot_make:
        raise ConfigError(desk.cannot_make, code="not_allowed")
    with door.within(PATIENCE):
        client = clients.open_client(desk.connection, prio=0)
        try:
            made = desk.sink.make_fields(client, desk.resource, desk.record_type, names)
        except ProviderError:
            discovery.ask(desk.connection, desk.within)  # some of them may have been made
            raise
    _note(desk.connection, made, "fields.made", actor)
    return made


def _note(connection: Connection, made: Resource, action: str, actor: str) -> None:
    discovery.put(connection, made)
    audit.record(action, company_id=connection.company_id, actor=actor, target=made.label, data={"id": made.id})
