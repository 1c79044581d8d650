"""The settings of a mapping in words, with the provider's name where a side is meant. Pure."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from integration_hub.contract import Direction
from integration_hub.hub.mapping.desk import Desk
from integration_hub.sync.merge import Policy
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete


def directions(desk: Desk) -> dict[Direction, str]:
    name = {"name": desk.provider.name}
    return {
        Direction.PUSH: _("To %(name)s") % name,
        Direction.PULL: _("From %(name)s") % name,
        Direction.BOTH: _("Both ways"),
    }


def explained(desk: Desk) -> dict[Direction, str]:
    """What each direction does, in a sentence."""
    told = {"name": desk.provider.name, "records": _(desk.record_type.plural)}
    return {
        Direction.PUSH: _("%(records)s of the hub become rows. What people change over there never comes back.") % told,
        Direction.PULL: _("Rows become %(records)s here and follow their changes. Nothing is written to %(name)s.")
        % told,
        Direction.BOTH: _("Each side follows the other, field by field. Nothing is overwritten unseen."),
    }


def way(desk: Desk, direction: str) -> str:
    """A field's own direction."""
    return directions(desk)[Direction(direction)] if direction in tuple(Direction) else direction


def winners(desk: Desk) -> list[tuple[str, str]]:
    """(policy, words)"""
    name = {"name": desk.provider.name}
    return [
        (Policy.ASK.value, _("Ask: both values wait in the conflicts")),
        (Policy.HUB_WINS.value, _("The hub's value wins")),
        (Policy.PROVIDER_WINS.value, _("The value of %(name)s wins") % name),
        (Policy.NEWEST_WINS.value, _("The newest edit wins; ask where nobody knows which")),
    ]


def wins(desk: Desk, policy: str) -> str:
    return dict(winners(desk)).get(policy, policy)


def deletes_here(policy: str) -> str:
    return str(DeletePolicy(policy).label) if policy in DeletePolicy.values else policy


def deletes_there(policy: str) -> str:
    return str(RemoteDelete(policy).label) if policy in RemoteDelete.values else policy


def keys(desk: Desk, names: Sequence[str]) -> str:
    return ", ".join(_(desk.ours[name].label) for name in names if name in desk.ours)


def makes(*, here: bool, make: bool) -> str:
    if here:
        return _("make a record of each") if make else _("leave them alone")
    return _("make a row of each") if make else _("leave them alone")
