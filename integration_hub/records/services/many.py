"""Several records of a simple kind in one transaction: events, branches, staff."""

from collections.abc import Mapping, Sequence
from typing import Any

from integration_hub.companies.models import Company
from integration_hub.records.services.bulk import PRIO_BACKFILL, Outcome, Plan
from integration_hub.records.services.noun import Noun, copied
from integration_hub.records.services.unit import work

Entry = tuple[Mapping[str, Any], Any]  # what is said, and the record that is there (None: a new one)


def plan(noun: Noun[Any], company: Company, entry: Entry) -> Plan[Any]:
    """What saving the entry would do; Invalid when it cannot be."""
    data, known = entry
    if known is None:
        return Plan(noun.built(company, data), None)
    now = copied(known)
    return Plan(now, known, noun.changed(now, known, data))


def save(noun: Noun[Any], company: Company, entries: Sequence[Entry]) -> Outcome:
    """Create or update these. Invalid undoes all of them."""
    outcome = Outcome()
    with work(company.pk, PRIO_BACKFILL) as unit:
        for data, known in entries:
            done = plan(noun, company, (data, None if known is None else noun.locked(known)[0]))
            outcome.count(done)
            if done.before is None:
                noun.insert(unit, done.now)
            elif done.changed:
                noun.store(unit, done.now, done.before, done.changed)
    return outcome
