"""The mappings of a connection as its tab lists them; a fixed number of queries."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.connections import discovery
from integration_hub.contract import Direction, registry
from integration_hub.hub.cards import Card, Line
from integration_hub.hub.mapping.columns import ARROWS
from integration_hub.hub.mapping.desk import preview_page
from integration_hub.sync import mappings
from integration_hub.sync.models import FieldMapping
from integration_hub.sync.models.mapping import Way


@dataclass(frozen=True)
class Listed:
    """One mapping: `fields` of ours mapped of `whole`, `paused` of them standing still; `preview` is where it is
    applied, empty where it does not wait for that."""

    line: Line
    base: str
    fields: int
    whole: int
    paused: int
    preview: str = ""

    @property
    def way(self) -> str:
        return str(Way(self.line.mapping.direction).label)

    @property
    def arrow(self) -> str:
        return ARROWS[Direction(self.line.mapping.direction)]

    @property
    def counts(self) -> bool:
        """Records are brought over, so that some of all are in step."""
        return not self.preview and self.line.mapping.direction != Way.PULL


def mapping_list(card: Card) -> dict[str, Any]:
    """For hub/mapping_list.html: the mappings, and the records that could be mapped next."""
    if card.connection is None:
        return {"listed": [], "may_map": False, "unmapped": []}
    rows = FieldMapping.objects.filter(mapping__in=[line.mapping.pk for line in card.lines])
    pairs = list(rows.values_list("mapping_id", "ours", "paused"))
    fields = Counter(mapping for mapping, ours in {(mapping, ours) for mapping, ours, _paused in pairs})
    paused = Counter(mapping for mapping, _ours, why in pairs if why)
    may_map = card.is_set_up and bool(mappings.mappable_sinks(card.connection))
    bases = {one.id: one.label for one in discovery.known(card.connection).resources} if may_map else {}
    listed = [
        Listed(line, _base(card, line, bases), fields[line.mapping.pk], _whole(line), paused[line.mapping.pk], page)
        for line in card.lines
        for page in [preview_page(line.mapping, card.provider.key) if line.mapping.waits else ""]
    ]
    mapped = {line.mapping.record_type for line in card.lines}
    following = [(kind.key, _(kind.plural)) for kind in registry.record_types() if kind.key not in mapped]
    return {"listed": listed, "may_map": may_map, "unmapped": following if may_map else []}


def _whole(line: Line) -> int:
    return len(registry.record_type(line.mapping.record_type).fields)


def _base(card: Card, line: Line, bases: dict[str, str]) -> str:
    table = card.provider.sink(line.mapping.sink).resource_id(line.mapping.place)
    return next((bases[part] for part in line.mapping.place.values() if part in bases and part != table), "")
