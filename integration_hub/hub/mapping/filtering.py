"""Another filter of a mapping that runs: what it would bring over and leave behind is asked before it is saved."""

import hashlib
import json
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.hub.mapping import turning
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import Typed
from integration_hub.sync import filters, reach, refusals
from integration_hub.sync import mappings as service
from integration_hub.sync.models import Mapping
from integration_hub.sync.reach import Group, Reach


@dataclass(frozen=True)
class Asked:
    """What another filter would change. `sign`: by which a person's yes is known to be about this very filter."""

    reach: Reach
    sign: str
    reads: bool

    @property
    def enters(self) -> str:
        told = {"n": intcomma(self.reach.enters.count)}
        text = ngettext("%(n)s record more would go.", "%(n)s records more would go.", self.reach.enters.count)
        return text % told if self.reach.enters.count else _("No further record would go.")

    @property
    def leaves(self) -> str:
        count = self.reach.leaves.count
        if not count:
            return _("Every record that has a row would still be kept in step.")
        text = ngettext(
            "%(n)s record that has a row would no longer be kept in step. Its row stays.",
            "%(n)s records that have rows would no longer be kept in step. Their rows stay.",
            count,
        )
        more = _("What is changed there still comes in.") if self.reads else ""
        return " ".join(filter(None, (text % {"n": intcomma(count)}, more)))

    @property
    def looked(self) -> str:
        """How much of all that is; empty where it is all."""
        told = {"looked": intcomma(self.reach.looked), "whole": intcomma(self.reach.whole)}
        text = _("That is so among the first %(looked)s records; there are %(whole)s.")
        return text % told if self.reach.is_partial else ""

    @property
    def groups(self) -> list[tuple[str, Group]]:
        return [(self.enters, self.reach.enters), (self.leaves, self.reach.leaves)]


def ask(desk: Desk, typed: Typed, mapping: Mapping | None, agreed: str) -> Asked | None:
    """None where nothing is to be asked: the filter is the same, nothing goes out, a preview will show it all, somebody
    agreed to this very filter, or saving will say what else is wrong."""
    draft = turning.draft(typed, desk)
    if mapping is None or mapping.version != typed.version or not draft.writes or service.waits(draft, mapping):
        return None
    if refusals.of_draft(draft, desk.record_type, desk.sink):
        return None
    wanted = filters.checked(desk.record_type, list(draft.filter))
    sign = hashlib.sha256(json.dumps([mapping.filter, wanted], sort_keys=True).encode()).hexdigest()[:16]
    if wanted == mapping.filter or sign == agreed:
        return None
    return Asked(reach.compare(mapping, wanted), sign, draft.reads)
