"""What is found at a provider and offered in selects."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from integration_hub.contract.api import Json


@dataclass(frozen=True)
class Resource:
    """Something found at the provider: a base, a table in it, a calendar, an agent. `parent` is the id of what it lies
    in; `details` are the provider's own (a table's fields, say)."""

    kind: str
    id: str
    label: str
    parent: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)
