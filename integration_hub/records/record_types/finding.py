"""Finding records by what people know them by, and what a cancelled one is called."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from integration_hub.records.models import Record


def by_text(model: type[Record], company: UUID, name: str, values: Sequence[str]) -> dict[str, list[UUID]]:
    """The living records that have each of these values in the column `name`. Of upper and lower case the usual
    spellings are tried, so that an index can answer: as it is, all small, all capital, and capitalised."""
    spelt: defaultdict[str, list[str]] = defaultdict(list)
    for value in values:
        for spelling in {value, value.lower(), value.upper(), value.title(), value.capitalize()}:
            spelt[spelling].append(value)
    rows = model.everywhere.filter(company_id=company, deleted_at=None, **{f"{name}__in": list(spelt)})
    found: defaultdict[str, list[UUID]] = defaultdict(list)
    for pk, text in rows.order_by("pk").values_list("pk", name):
        for value in spelt[text]:
            found[value].append(pk)
    return dict(found)


def cancelled(model: type[Record]) -> str:
    """The word for a cancelled record of this kind; empty where there is no such thing."""
    return str(getattr(getattr(model, "Status", None), "CANCELLED", ""))
