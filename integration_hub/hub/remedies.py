"""What a problem's button does. Most problems lead to a page; some can be tried again right here.

The table is by the kind of a problem, which is part of its key: `sync:<mapping>:<kind>`, or `setup:<provider>`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection
from integration_hub.notices import problems
from integration_hub.notices.models import Problem
from integration_hub.sync import lanes, nudge, runs, setup, strays
from integration_hub.sync.models import Mapping
from integration_hub.sync.status import waiting_by_target


class Vanished(Exception):
    """What the problem speaks of is not there any more."""


Act = Callable[[Problem, str], str]


@dataclass(frozen=True)
class Remedy:
    """`act(problem, actor)` tries, and answers what came of it; ProviderError when the provider refuses again. `main`:
    better tried at once than after a look at the page the problem leads to."""

    label: str
    act: Act
    main: bool = True


def retry_given_up(problem: Problem, actor: str) -> str:
    mapping = _mapping(problem)
    count = runs.retry_mapping(mapping.pk, actor=actor)
    if not count:
        problems.close(problem.company_id, problem.key)
        return _("Nothing was left to try again: it has gone through, or is waiting already.")
    sentence = ngettext("%(count)d record is tried again now.", "%(count)d records are tried again now.", count)
    return sentence % {"count": count}


def look_again(problem: Problem, actor: str) -> str:
    """Rows that could not be taken in are read again by their ids."""
    mapping = _mapping(problem)
    count = strays.again(mapping, actor=actor)
    if not count:
        strays.tell(mapping)
        return _("Nothing was left to try again; copies need your word, row by row.")
    sentence = ngettext("%(count)d row is looked at again now.", "%(count)d rows are looked at again now.", count)
    return sentence % {"count": count}


def try_again(problem: Problem, actor: str) -> str:
    """Ask the provider, then let the mapping go on. The problem closes itself with the first call that goes through;
    where nothing waits there is no such call, and the answer just got is proof enough."""
    mapping = _mapping(problem)
    connections.test(mapping.connection, actor=actor)
    lanes.resume([mapping.pk])
    nudge.nudge(mapping.pk)
    if not waiting_by_target([mapping.pk]):
        problems.close(problem.company_id, problem.key)
    return _("It is tried again now. If it works, this problem closes by itself.")


def set_up_again(problem: Problem, actor: str) -> str:
    connection = Connection.everywhere.filter(company=problem.company_id, provider=problem.provider).first()
    if connection is None:
        raise Vanished
    setup.prepare(connection, actor=actor)
    if Problem.everywhere.filter(pk=problem.pk, closed_at=None).exists():
        return ""
    return _("It is set up now.")


REMEDIES = {
    "failed": Remedy(gettext_lazy("Try all again"), retry_given_up),  # type: ignore[arg-type]
    "strays": Remedy(gettext_lazy("Try all again"), look_again, main=False),  # type: ignore[arg-type]
    "configure": Remedy(gettext_lazy("Try again now"), try_again),  # type: ignore[arg-type]
    "setup": Remedy(gettext_lazy("Try again now"), set_up_again, main=False),  # type: ignore[arg-type]
}


def kind_of(problem: Problem) -> str:
    """The word of its key that says what it is about; empty for kinds with more in their key than a mapping."""
    parts = problem.key.split(":")
    if parts[0] == "setup":
        return "setup"
    return parts[2] if parts[0] == "sync" and len(parts) == 3 else ""


def remedy(problem: Problem) -> Remedy | None:
    return None if problem.closed_at else REMEDIES.get(kind_of(problem))


def lead(problem: Problem) -> str:
    """Where the problem is looked at: its own page, or the list of the records it counts."""
    if kind_of(problem) == "failed":
        return reverse("hub:given_up", args=[problem.key.split(":")[1]])
    return problem.url


def _mapping(problem: Problem) -> Mapping:
    found = Mapping.everywhere.filter(company=problem.company_id, pk=UUID(problem.key.split(":")[1]))
    mapping = found.select_related("connection").first()
    if mapping is None:
        raise Vanished
    return mapping
