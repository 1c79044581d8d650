"""Status cards: what is known of every provider's connection, read in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Min
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.companies.models import Company
from integration_hub.connections import grants
from integration_hub.connections.models import Connection, OAuthGrant, Status
from integration_hub.contract import Provider, Stat, registry
from integration_hub.hub import budget
from integration_hub.hub.charts import sparkline
from integration_hub.hub.day import Day, Hour, day
from integration_hub.hub.progress import Progress, progress
from integration_hub.sync import proof
from integration_hub.sync.models import Lane, Mapping, Schedule, SyncRun
from integration_hub.sync.models.proof import Proof
from integration_hub.sync.models.run import RunKind, RunState
from integration_hub.sync.status import Waiting, waiting_by_target

# status -> (kind of the pill, what to say when the connection itself says nothing)
STATES = {
    Status.CONNECTED: ("ok", ""),
    Status.NEEDS_RECONNECT: (
        "bad",
        gettext_lazy("The key is no longer accepted. Work is kept and waits for a new one."),
    ),
    Status.PAUSED: ("idle", gettext_lazy("Paused by an admin. Changes are kept and go out on Resume.")),
    Status.NOT_CONNECTED: ("idle", ""),
}
MANY, KEPT = 20_000, 25  # records; seconds, a little less than between two refreshes


@dataclass
class Line:
    """One mapping as the card shows it. `whole` records of ours, `in_step` of them as the provider has them. `proof`:
    what the last comparison of both sides said."""

    mapping: Mapping
    plural: str
    whole: int
    waiting: Waiting
    run: SyncRun | None
    halted: str = ""
    next_run: datetime | None = None
    proof: Proof | None = None

    @property
    def in_step(self) -> int:
        """While a full run is going, what it has finished with; afterwards, everything that does not wait. Nothing
        before somebody has applied the preview that the mapping waits for."""
        if self.mapping.waits:
            return 0
        behind = self.waiting.due + self.waiting.dead
        reached = self.run.done if self.run else self.whole
        return max(0, min(self.whole - behind, reached))


@dataclass
class Card:
    """One provider for one company. `connection` is None until a key was saved."""

    provider: Provider
    connection: Connection | None
    lines: list[Line] = field(default_factory=list)
    stats: list[Stat] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)
    moved_lately: int = 0
    use: budget.Use | None = None
    grant: OAuthGrant | None = None

    @property
    def status(self) -> Status:
        return Status(self.connection.status) if self.connection else Status.NOT_CONNECTED

    @property
    def is_connected(self) -> bool:
        return self.status is Status.CONNECTED

    @property
    def is_set_up(self) -> bool:
        return self.status is not Status.NOT_CONNECTED

    @property
    def halted(self) -> str:
        """Why a mapping stands still although the connection is well."""
        return next((line.halted for line in self.lines if line.halted), "") if self.is_connected else ""

    @property
    def unseen(self) -> Mapping | None:
        """A mapping that waits for somebody to look at its preview and apply it."""
        return next((line.mapping for line in self.lines if line.mapping.waits), None) if self.is_connected else None

    @property
    def kind(self) -> str:
        if self.halted or self.unseen:
            return "warn"
        return "busy" if self.is_syncing else STATES[self.status][0]

    @property
    def word(self) -> str:
        if self.halted:
            return _("Needs setting up")
        if self.unseen:
            return _("Waits for you")
        return _("Syncing") if self.is_syncing else str(self.status.label)

    @property
    def is_syncing(self) -> bool:
        return self.is_connected and any(line.run for line in self.lines)

    @property
    def summary(self) -> str:
        """What the provider is for; declarations are translated where they are shown."""
        return _(self.provider.summary) if self.provider.summary else ""

    @property
    def webhook_address(self) -> str:
        """Where people tell the provider to report to for this connection; empty where it reports nothing, or where the
        hub tells it by itself."""
        webhook = self.provider.webhook
        if webhook is None or webhook.keeps_secrets or self.connection is None:
            return ""
        return f"{settings.PUBLIC_URL}/api/webhooks/{self.provider.key}/{self.connection.pk}"

    @property
    def needs(self) -> str:
        return ", ".join(_(secret.label) for secret in self.provider.secrets)

    @property
    def key_word(self) -> str:
        """What is typed to connect: the first of the declared secrets."""
        return next((_(secret.label) for secret in self.provider.secrets), "")

    @property
    def proof(self) -> str:
        """How the company proves itself there; empty where there is only one way."""
        if len(self.provider.ways) < 2:
            return ""
        return _("Signed in at %(name)s") % {"name": self.provider.name} if self.grant else self.key_word

    @property
    def ends_unused(self) -> datetime | None:
        """When access ends unless it is used; the hub sees to it that it is."""
        return self.grant.refresh_until if self.grant else None

    @property
    def why(self) -> str:
        """The state's reason in one sentence."""
        if self.connection is None or not self.is_set_up:
            return self.summary
        if self.status is Status.NEEDS_RECONNECT and self.connection.last_error:
            return self.connection.last_error
        return self.halted or self.preview_waits or str(STATES[self.status][1]) or self.flow

    @property
    def preview_waits(self) -> str:
        if self.unseen is None:
            return ""
        told = {"table": self.unseen.label}
        return _("Nothing is read or written for “%(table)s” before you apply its preview.") % told

    @property
    def flow(self) -> str:
        """Where records go while all is well."""
        if not self.lines:
            return _("Connected, but nothing is mapped yet.")
        told = ", ".join(line.mapping.label for line in self.lines)
        when = _("on every change") if self.is_live else _("only on Sync now")
        return f"{told} · {when}"

    @property
    def is_live(self) -> bool:
        """Are changes sent as they are made?"""
        return any(line.mapping.is_live for line in self.lines)

    @property
    def following(self) -> list[Progress]:
        """The full runs that are going now."""
        going = [line.run for line in self.lines if line.run]
        now = timezone.now()
        return [progress(run, self.moved_lately, now, beside=len(going)) for run in going]

    @property
    def spark(self) -> SafeString:
        return sparkline(self.hours, self.provider.key)

    @property
    def waiting(self) -> int:
        return sum(line.waiting.due for line in self.lines)

    @property
    def dead(self) -> int:
        return sum(line.waiting.dead for line in self.lines)

    @property
    def next_run(self) -> datetime | None:
        if not self.is_connected:
            return None
        return min((line.next_run for line in self.lines if line.next_run), default=None)


def cards(company: Company, only: str = "", today: Day | None = None) -> list[Card]:
    """A card for every declared provider (or `only` that one), in the order they are declared. `today` is what the
    page has read of the last 24 hours already."""
    providers = [provider for provider in registry.providers() if only in ("", provider.key)]
    connections = {
        row.provider: row
        for row in Connection.everywhere.filter(company=company).defer("api_key", "webhook_secret", "secrets")
    }
    lines = _lines(company, [connections[p.key].pk for p in providers if p.key in connections])
    today = today or day(company.pk)
    made = []
    for provider in providers:
        connection = connections.get(provider.key)
        card = Card(provider, connection)
        if connection is not None:
            card.lines = lines.get(connection.pk, [])
            card.stats = list(provider.stats(connection.pk)) if card.is_set_up else []
            card.grant = grants.grant_of(connection) if card.is_set_up else None
            card.hours, card.moved_lately = today.of(provider.key), today.minute(provider.key).moved
        made.append(card)
    _note_budgets(made, today)
    return made


def _note_budgets(made: list[Card], today: Day) -> None:
    own = {
        card.provider.key: budget.keys(card.connection, [line.mapping for line in card.lines])
        for card in made
        if card.connection is not None
    }
    found = budget.rows(own.values())
    now = timezone.now().timestamp()  # close enough to the database's for what is only shown
    for card in made:
        if keys := own.get(card.provider.key):
            card.use = budget.use(card.provider, keys, found, today.minute(card.provider.key).calls, now)


def _lines(company: Company, connections: list[UUID]) -> dict[UUID, list[Line]]:
    mappings = list(Mapping.everywhere.filter(connection__in=connections, retired_at=None).order_by("created_at"))
    targets = [mapping.pk for mapping in mappings]
    whole = {key: counted(company.pk, key) for key in {m.record_type for m in mappings}}
    waiting = waiting_by_target(targets)
    runs = running_by_mapping(targets)
    halted = dict(Lane.everywhere.filter(target__in=targets).exclude(paused="").values_list("target", "sentence"))
    due = Schedule.everywhere.filter(mapping__in=targets, is_active=True)
    following = dict(due.values_list("mapping").annotate(Min("next_run")))
    proofs = {one.mapping_id: one for one in proof.latest(targets)}
    lines: dict[UUID, list[Line]] = {}
    for mapping in mappings:
        line = Line(
            mapping,
            registry.record_type(mapping.record_type).plural,
            whole[mapping.record_type],
            waiting.get(mapping.pk, Waiting()),
            runs.get(mapping.pk),
            halted.get(mapping.pk, ""),
            following.get(mapping.pk),
            proofs.get(mapping.pk),
        )
        lines.setdefault(mapping.connection_id, []).append(line)
    return lines


def counted(company: UUID, key: str) -> int:
    """How many records there are. Counting many takes long and one more is not seen, so that number is kept a while."""
    name = f"hub:whole:{company}:{key}"
    if (kept := cache.get(name)) is not None:
        return int(kept)
    whole = registry.record_type(key).count(company)
    if whole >= MANY:
        cache.set(name, whole, KEPT)
    return whole


def running_by_mapping(targets: Iterable[UUID]) -> dict[UUID, SyncRun]:
    rows = SyncRun.everywhere.filter(mapping__in=list(targets), kind=RunKind.FULL, state=RunState.RUNNING)
    rows = rows.select_related("mapping")
    return {run.mapping_id: run for run in rows}
