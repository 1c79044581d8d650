"""The declaration of Airtable."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils.translation import gettext_noop as _  # translated where it is shown

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    Mirror,
    Provider,
    Rate,
    Resource,
    Route,
    Secret,
    Setting,
    Stat,
)
from integration_hub.contract.provider import Session
from providers.airtable import companions
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import leaving, telling
from providers.airtable.refusals import PENALTY, explain
from providers.airtable.schema import base_resource, table_resource
from providers.airtable.signing_in import SIGN_IN
from providers.airtable.sinks import RecordsSink
from providers.airtable.streams import ChangesStream
from providers.airtable.webhooks import Pings

SCOPES = ("data.records:read", "data.records:write", "schema.bases:read")
_TABLE = "bases/<str:baseId>/tables/<path:tableId>"  # names may hold a slash
_VIEWS = "providers.airtable.api"
ROUTES = (
    Route("bases", f"{_VIEWS}.bases.BasesView"),
    Route("bases/<str:baseId>/tables", f"{_VIEWS}.bases.TablesView"),
    Route(f"{_TABLE}/records", f"{_VIEWS}.records.RecordsView"),
    Route(f"{_TABLE}/fields", f"{_VIEWS}.fields.FieldsView"),
    Route(f"{_TABLE}/fields/<path:fieldId>", f"{_VIEWS}.fields.FieldView"),
    Route("tables/<str:tableId>/fields", f"{_VIEWS}.fields.TableFieldsView"),
    Route("tables/<str:tableId>/fields/<path:fieldId>", f"{_VIEWS}.fields.TableFieldView"),
    Route("sync", f"{_VIEWS}.sync.SyncView"),
)


class Airtable(Provider):
    key = "airtable"
    name = "Airtable"
    category = "database"
    summary = _("Orders, tickets, customers and events become rows of Airtable tables.")
    mark = "At"
    colour = "#b7791f"
    docs = "https://airtable.com/create/tokens"
    _token = ApiKey(
        secrets=(
            Secret(
                name="token",
                label=_("Personal access token"),
                hint=_("A token begins with pat, followed by letters and digits, a dot, and more of them."),
                pattern=r"pat[A-Za-z0-9]+\.[A-Za-z0-9]+",
                env=("AIRTABLE_PAT", "AIRTABLE_API_KEY"),
                refuse=(
                    (
                        r"key[A-Za-z0-9]*",
                        _("Airtable ended API keys (key…) on 1 Feb 2024. Make a personal access token (pat…) instead."),
                    ),
                ),
            ),
        ),
        settings=(
            Setting(
                name="base_id",
                label=_("Base"),
                hint=_("The id of the base (app…, from its address). Empty: the only base the token sees."),
                env=("AIRTABLE_BASE_ID",),
            ),
            Setting(
                name="table",
                label=_("Table for orders"),
                default="Orders",
                hint=_("Its name or id. It needs a text field “Hub ID”."),
                env=("AIRTABLE_TABLE_ID",),
                required=True,
            ),
            Setting(name="auto_sync_enabled", label=_("Sync by itself"), kind="switch", default=True),
            Setting(
                name="sync_interval",
                label=_("Full check every"),
                kind="choice",
                default=15,
                choices=(
                    ("15", _("15 minutes")),
                    ("30", _("30 minutes")),
                    ("60", _("hour")),
                    ("1440", _("day")),
                ),
            ),
        ),
    )
    auth = (SIGN_IN, _token)
    api = Api(
        base_url="https://api.airtable.com",
        rates=(Rate(5, 1, bucket="base", penalty=PENALTY), Rate(50, 1, bucket="account", penalty=PENALTY)),
        explain=explain,
        hosts={"content": "https://content.airtable.com"},
        downloads=("airtableusercontent.com", "dl.airtable.com"),
    )
    sinks = (RecordsSink(),)
    streams = (ChangesStream(),)
    webhook = Pings()
    ready = ("order",)
    mirror = Mirror("order", settings=("base_id", "table"))
    routes = ROUTES
    essential_scopes = SCOPES
    simulator = "providers.airtable.sandbox.AirtableSimulator"

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets['token']}"}

    def client(self, session: Session) -> AirtableClient:
        return AirtableClient(session)

    def check(self, client: AirtableClient) -> Account:
        """Whose token it is and what it lacks; the e-mail address comes only with the scope user.email:read."""
        found = client.whoami()
        scopes = tuple(found.get("scopes") or ())
        missing = tuple(scope for scope in SCOPES if scope not in scopes)
        return Account(id=found["id"], label=found.get("email") or found["id"], scopes=scopes, missing=missing)

    def connected(self, connection: Any, account: Account) -> None:
        """Keep whose token it is, and how the company proves itself; the token itself stays where it is."""
        grants: Any = apps.get_model("airtable", "AirtableConnection")
        told = {"scopes": list(account.scopes), "account_id": account.id, "account_label": account.label}
        kind = "oauth" if connection.api_key is None else "pat"
        grants.everywhere.update_or_create(
            connection=connection,
            defaults={**told, "company_id": connection.company_id, "auth_type": kind},
        )
        leaving.look_again(connection)

    def mapped(self, mapping: Any) -> None:
        """Keep which base, table and fields it goes to, by id and by name."""
        companions.keep(mapping)
        leaving.look_soon(mapping)

    def unmapped(self, mapping: Any) -> None:
        leaving.look_soon(mapping)

    def leave(self, connection: Any, client: AirtableClient) -> None:
        leaving.leave(connection, client)

    def stats(self, connection_id: UUID) -> Iterable[Stat]:
        """How changes over there come to us, where any are read."""
        return telling.stats(connection_id)

    def discover(self, client: AirtableClient, within: str = "") -> Iterable[Resource]:
        """The bases the token sees; within a base, its tables with their fields."""
        if within:
            return [table_resource(within, table) for table in client.tables(within)]
        return [base_resource(base) for base in client.bases()]
