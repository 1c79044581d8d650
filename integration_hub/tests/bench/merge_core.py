"""The merge itself: records a second whose fields are decided in memory. No database, no network, and no stack."""

import time
from collections.abc import Iterator

from integration_hub.sync.merge import Rule, Sides, merge
from integration_hub.tests.bench.report import Figure

RECORDS = 50_000
FIELDS = 12
KINDS = 4  # untouched, changed here, changed there, changed on both sides


def measure(kind: str) -> Iterator[Figure]:
    rules = [Rule(f"ours_{number}", f"fld{number}") for number in range(FIELDS)]
    records = [sides(number) for number in range(KINDS)]
    began = time.process_time()
    for number in range(RECORDS):
        merge(rules, records[number % KINDS], lambda rule, ours, theirs: ours == theirs)
    rate = RECORDS / (time.process_time() - began)
    yield Figure(f"merge of records with {FIELDS} fields, one processor", kind, rate, "records/s", 20_000, least=True)


def sides(number: int) -> Sides:
    """A record on which both sides agreed; one field of it was changed here, there, on both sides, or nowhere."""
    base_ours = {f"ours_{n}": f"value {n}" for n in range(FIELDS)}
    base_theirs = {f"fld{n}": f"value {n}" for n in range(FIELDS)}
    ours = base_ours | ({"ours_3": "changed here"} if number % 2 else {})
    theirs = base_theirs | ({"fld3": "changed there"} if number >= KINDS / 2 else {})
    return Sides(ours, theirs, base_ours, base_theirs)
