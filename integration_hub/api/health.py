"""How each declared integration of a company is doing, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection, Status
from integration_hub.contract import Provider, registry
from integration_hub.notices.models import Problem
from integration_hub.sync.models import Mapping
from integration_hub.sync.status import waiting_by_target


@dataclass(frozen=True)
class Health:
    """See api.integrations.HealthSerializer."""

    key: str
    name: str
    category: str
    status: Status = Status.NOT_CONNECTED
    sentence: str = ""
    account: str = ""
    last_sync_at: datetime | None = None
    waiting: int = 0
    failed: int = 0


def of_all(company: Company) -> list[Health]:
    """One for each declared provider, whether the company uses it or not; five queries."""
    connections = {row.provider: row for row in Connection.everywhere.filter(company=company)}
    sentences = open_problems(company)
    behind = counts(company)
    return [
        _health(provider, connections.get(provider.key), sentences, behind.get(provider.key, (0, 0)))
        for provider in registry.providers()
    ]


def of_one(company: Company, provider: Provider) -> Health:
    return next(health for health in of_all(company) if health.key == provider.key)


def open_problems(company: Company) -> dict[str, str]:
    """The oldest open problem of each provider, as its sentence."""
    rows = Problem.everywhere.filter(company=company, closed_at=None).exclude(provider="").order_by("-since")
    return dict(rows.values_list("provider", "sentence"))


def counts(company: Company) -> dict[str, tuple[int, int]]:
    """Records waiting and given up, by provider."""
    used = Mapping.everywhere.filter(company=company, retired_at=None)
    providers = dict(used.values_list("pk", "connection__provider"))
    found: dict[str, tuple[int, int]] = {}
    for target, waiting in waiting_by_target(providers).items():
        before = found.get(providers[target], (0, 0))
        found[providers[target]] = (before[0] + waiting.due, before[1] + waiting.dead)
    return found


def _health(
    provider: Provider, connection: Connection | None, sentences: dict[str, str], behind: tuple[int, int]
) -> Health:
    if connection is None:
        return Health(provider.key, provider.name, provider.category, sentence=provider.summary)
    return Health(
        provider.key,
        provider.name,
        provider.category,
        status=Status(connection.status),
        sentence=sentences.get(provider.key, "") or connection.last_error,
        account=connection.account_label,
        last_sync_at=connection.last_sync_at,
        waiting=behind[0],
        failed=behind[1],
    )
