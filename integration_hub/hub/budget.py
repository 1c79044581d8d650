"""How much of a provider's rate budget is in use, from the bucket rows that all workers share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, Rate
from integration_hub.http.models import RateBucket
from integration_hub.sync.models import Mapping as SyncMapping

WAITING = 0.5  # seconds; a call that must wait longer gives its thread back


@dataclass(frozen=True)
class Use:
    """`said` is short and has its unit; `exact` says how it was counted. `kind`: empty when all is well, else warn."""

    said: str
    exact: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Keys:
    """Of every bucket a connection's calls may take from, as http.buckets names them."""

    account: str
    places: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.places | {self.account}


def keys(connection: Connection, mappings: Iterable[SyncMapping]) -> Keys:
    places = {str(value) for mapping in mappings for value in mapping.place.values()}
    return Keys(
        f"{connection.provider}:{connection.pk}", frozenset(f"{connection.provider}:{place}" for place in places)
    )


def rows(wanted: Iterable[Keys]) -> dict[str, RateBucket]:
    """The buckets there are, in one query."""
    return RateBucket.objects.in_bulk([key for keys in wanted for key in keys.all])


def use(provider: Provider, own: Keys, found: Mapping[str, RateBucket], calls: int, now: float) -> Use | None:
    """What the card says; None for a provider that declares no rate. `calls` left in the last minute; `now` in
    seconds since 1970."""
    if not provider.api.rates:
        return None
    buckets = [found[key] for key in own.all if key in found]
    closed = max((bucket.closed_until - now for bucket in buckets), default=0.0)
    if closed > 0:
        told = _("Paused by %(name)s, %(seconds)d s left") % {"name": provider.name, "seconds": ceil(closed)}
        return Use(told, _("It asked us to slow down; work goes on by itself."), "warn")
    rate = scarcest(provider.api.rates)
    wait = max((bucket.next_free - now for bucket in buckets), default=0.0)
    most = rate.calls / rate.seconds * 60 * _many(rate, own, found)
    share = min(100, round(calls / most * 100))
    told = _("%(share)d %% of %(rate)s") % {"share": share, "rate": per(most / 60)}
    if wait > WAITING:
        told = _("%(told)s, calls wait") % {"told": told}
    counted = _("%(calls)d of %(most)d calls in the last minute") % {"calls": calls, "most": most}
    return Use(told, counted)


def scarcest(rates: Iterable[Rate]) -> Rate:
    """The rate that is used up first."""
    return max(rates, key=lambda rate: rate.seconds / rate.calls)


def _many(rate: Rate, own: Keys, found: Mapping[str, RateBucket]) -> int:
    """How many buckets of that rate the connection uses: each base has a budget of its own."""
    return 1 if rate.bucket == "account" else max(1, len(own.places & found.keys()))


def per(second: float) -> str:
    """Calls a second, or a minute where that is less than one."""
    if second >= 1:
        return _("%(n)g calls/s") % {"n": round(second, 1)}
    return _("%(n)g calls/min") % {"n": round(second * 60, 1)}
