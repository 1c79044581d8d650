"""What people are told of the webhooks: how each base's changes come, and why not at once where they do not."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.connections import discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import Pull, Stat
from integration_hub.http import clock
from integration_hub.notices import problems
from integration_hub.sync.reading import MINUTES
from providers.airtable.hooks import address, planning
from providers.airtable.hooks.models import AirtableWebhook

CALM = 6 * 60  # minutes between two readings of a table whose changes are told at once


@dataclass(frozen=True)
class Listening:
    """How changes of one base come. `live`: they are told at once; else they are asked for every `minutes`, and
    `sentence` says why."""

    base_id: str
    base: str
    live: bool
    minutes: int
    sentence: str = ""

    @property
    def words(self) -> str:
        if self.live:
            return _("at once")
        return ngettext("every %(count)d minute", "every %(count)d minutes", self.minutes) % {"count": self.minutes}


def listening(connection_id: UUID) -> list[Listening]:
    """One for each base that is read as things happen, by name."""
    connection = Connection.everywhere.defer("api_key", "webhook_secret", "secrets").get(pk=connection_id)
    bases = planning.by_base(connection)
    if not bases:
        return []
    rows = {row.base_id: row for row in AirtableWebhook.everywhere.filter(connection=connection).defer("secret")}
    obstacle = address.obstacle(connection)
    found = [_listening(connection, base, rows.get(base), obstacle) for base in bases]
    return sorted(found, key=lambda one: one.base)


def stats(connection_id: UUID) -> list[Stat]:
    """For the card: how changes come, the slowest of the ways where bases differ."""
    found = listening(connection_id)
    if not found:
        return []
    slowest = next((one for one in found if not one.live), found[0])
    return [Stat(_("Changes in Airtable come"), slowest.words)]


def _listening(connection: Connection, base: str, row: AirtableWebhook | None, obstacle: str) -> Listening:
    known = discovery.resource(connection, base)
    live = not obstacle and row is not None and is_live(row)
    sentence = "" if live else obstacle or (row.sentence if row else "") or _("The first ping has not come yet.")
    return Listening(base, known.label if known else base, live, MINUTES, sentence)


def is_live(row: AirtableWebhook) -> bool:
    """Its pings are known to arrive, and nothing was heard against it since."""
    alive = row.expires_at is None or row.expires_at > clock.now()
    return bool(row.hook_id) and row.pinged_at is not None and not row.sentence and alive


def calm(target: UUID, base: str) -> int:
    """Minutes between two readings of a table of this base; 0 where its changes are not told."""
    rows = AirtableWebhook.everywhere.filter(connection__mappings=target, base_id=base)
    row = rows.select_related("connection").defer("secret").first()
    return CALM if row is not None and is_live(row) and not address.obstacle(row.connection) else 0


# --- problems ---------------------------------------------------------------------------------------------------------


def well(pull: Pull, base: str) -> None:
    problems.close(pull.company_id, _key(pull, base))


def refused(pull: Pull, base: str, sentence: str) -> None:
    connection = Connection.everywhere.defer("api_key", "webhook_secret", "secrets").get(pk=pull.connection_id)
    known = discovery.resource(connection, base)
    text = _(
        "Airtable does not tell the hub what changes in “%(base)s”, so the hub asks every %(minutes)d minutes. %(why)s"
    )
    problems.raise_(
        pull.company_id,
        _key(pull, base),
        severity="warn",
        sentence=text % {"base": known.label if known else base, "minutes": MINUTES, "why": sentence},
        button=_("Open the settings"),
        url=f"/admin/hub/{connection.provider}/",
        provider=connection.provider,
    )


def _key(pull: Pull, base: str) -> str:
    return f"webhook:{pull.connection_id}:{base}"
