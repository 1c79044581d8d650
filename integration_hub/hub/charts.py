"""Small charts as inline SVG, drawn on the server. What they show is said in words too."""

from collections.abc import Sequence

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.hub.day import Hour

STEP, BAR, HEIGHT, LEAST = 10, 7, 34, 2.0  # of the drawing's own units; `LEAST`: something is never drawn as nothing


def sparkline(hours: Sequence[Hour], name: str) -> SafeString:
    """Records moved in each hour as bars, calls that failed as bars of another colour and shape below them.

    `name` is part of the title's id, which must be the page's only one.
    """
    most = max((hour.moved for hour in hours), default=0)
    worst = max((hour.failed for hour in hours), default=0)
    bars = [_bar(place, hour, most, worst) for place, hour in enumerate(hours)]
    return format_html(
        '<figure class="spark"><svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-labelledby="{}">'
        '<title id="{}">{}</title>{}</svg><figcaption>{}</figcaption></figure>',
        *(STEP * len(hours), HEIGHT + 8, f"spark-{name}", f"spark-{name}", in_words(hours)),
        format_html_join("", "{}", ((bar,) for bar in bars)),
        caption(hours),
    )


def _bar(place: int, hour: Hour, most: int, worst: int) -> SafeString:
    tall, deep = _scaled(hour.moved, most, HEIGHT - 2), _scaled(hour.failed, worst, 6)
    left = place * STEP + 1
    return format_html(
        "<g><title>{}</title>"
        '<rect class="moved" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>'
        '<rect class="failed" x="{}" y="{}" width="{}" height="{}"/></g>',
        *(_hour_in_words(hour), left, HEIGHT - tall, BAR, tall),
        *(left, HEIGHT + 2, BAR, deep),
    )


def _scaled(value: int, most: int, height: float) -> float:
    """0 stays 0 to the eye (a hair, so that an idle hour is seen to be one); anything else is at least `LEAST`."""
    return round(max(LEAST, value / most * height), 1) if value else 0.0


def caption(hours: Sequence[Hour]) -> str:
    """What stands below it, for those who see."""
    moved, failed = sum(hour.moved for hour in hours), sum(hour.failed for hour in hours)
    told = ngettext("24 h: %(shown)s record", "24 h: %(shown)s records", moved) % {"shown": intcomma(moved)}
    return f"{told}, {_failures(failed)}"


def in_words(hours: Sequence[Hour]) -> str:
    """The whole chart in a sentence or two."""
    moved, failed = sum(hour.moved for hour in hours), sum(hour.failed for hour in hours)
    told = ngettext("Last 24 hours: %(shown)s record moved", "Last 24 hours: %(shown)s records moved", moved) % {
        "shown": intcomma(moved)
    }
    if moved:
        best = max(hours, key=lambda hour: hour.moved)
        told += _(", most of them after %(time)s") % {"time": _clock(best)}
    return f"{told}; {_failures(failed)}."


def _hour_in_words(hour: Hour) -> str:
    told = ngettext("%(shown)s record", "%(shown)s records", hour.moved) % {"shown": intcomma(hour.moved)}
    return f"{_clock(hour)}: {told}, {_failures(hour.failed)}"


def _failures(failed: int) -> str:
    if not failed:
        return _("no call failed")
    return ngettext("%(shown)s call failed", "%(shown)s calls failed", failed) % {"shown": intcomma(failed)}


def _clock(hour: Hour) -> str:
    return date_format(timezone.localtime(hour.start), "H:i")
