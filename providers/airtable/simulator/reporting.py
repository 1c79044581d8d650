"""Orders about webhooks: what goes wrong with them in life. `base` is a name or id; without it, the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration_hub.sandbox.simulator import BadOrder, Command
from providers.airtable.simulator import hooks, journal
from providers.airtable.simulator.finding import base_of
from providers.airtable.simulator.hooks import Hook
from providers.airtable.simulator.pinging import Trouble

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator


def webhooks(sim: Simulator, *, base: str = "") -> list[dict[str, Any]]:
    """As the API lists them, whoever made them."""
    return [hook.view() for hook in _of(sim, base)]


def ping(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    """A ping for nothing."""
    for hook in _of(sim, base):
        sim.pinger.ring(hook)
    return {"pinged": len(_of(sim, base))}


def ping_trouble(sim: Simulator, *, lose: int = 0, double: int = 0, hold: int = 0, late: float = 0.0) -> dict[str, Any]:
    """What is to happen to the next pings (see `Trouble`); without anything, no more."""
    sim.pinger.trouble = Trouble(lose, double, hold, late)
    return dict(vars(sim.pinger.trouble))


def expire_webhooks(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    """Their seven days are over."""
    for hook in _of(sim, base):
        hook.expires = sim.clock.now() - 1
    return {"expired": len(_of(sim, base))}


def disable_webhooks(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    """Airtable does not run them any more: their maker may no longer see what they tell, say."""
    for hook in _of(sim, base):
        hook.enabled = False
    return {"disabled": len(_of(sim, base))}


def silence_webhooks(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    """Pings failed for about a day: no more are sent, payloads go on."""
    for hook in _of(sim, base):
        hook.notified, hook.due = False, None
    return {"silenced": len(_of(sim, base))}


def lose_webhooks(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    """They are gone, and nobody was told."""
    lost = _of(sim, base)
    for hook in lost:
        hooks.drop(sim.state, hook)
    return {"lost": len(lost)}


def break_payload(sim: Simulator, *, code: str = "INTERNAL_ERROR", base: str = "") -> dict[str, Any]:
    """The next payload says only that there is none."""
    for hook in _of(sim, base):
        journal.broken(sim, hook, code)
    return {"broken": len(_of(sim, base))}


def _of(sim: Simulator, base: str) -> list[Hook]:
    wanted = base_of(sim, base).id
    found = [hook for hook in sim.state.hooks if hook.base == wanted]
    if not found:
        raise BadOrder("There is no webhook in this base.")
    return found


COMMANDS: dict[str, Command] = {
    each.__name__: each
    for each in (
        webhooks,
        ping,
        ping_trouble,
        expire_webhooks,
        disable_webhooks,
        silence_webhooks,
        lose_webhooks,
        break_payload,
    )
}
