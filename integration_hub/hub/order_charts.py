"""What the orders' page draws: orders over time, and shares. The same numbers stand beside the drawing as text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.hub.figures import share
from integration_hub.records.summing import Summary

STEP, GAP, HEIGHT, LEAST = 10, 2, 120, 2.0  # of the drawing's own units; `LEAST`: something is never drawn as nothing
DAILY, WEEKLY, MONTHLY = 62, 400, 4_000  # days shown one by one, by weeks, by months; longer times by years
LENGTHS = {"day": 1, "week": 7, "month": 31, "year": 366}  # days from one's first that surely lie in the next
MOST = 200  # bars


@dataclass
class Bar:
    """A day, week, month or year, its orders, and what those in the main currency come to."""

    start: date
    orders: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Part:
    """A part of the orders, such as those of a status. `share`: of all, as text; `width`: 0 to 100."""

    label: str
    text: str
    share: str
    width: float
    kind: str = ""


def bars(made: Summary, first: date | None, last: date | None) -> list[Bar]:
    """One after the other from the first day asked for (or that has orders) to the last, none left out; of more than
    can be told apart, the newest."""
    if not (lines := made.per_day):
        return []
    # What is asked far beyond the orders there are would only be emptiness.
    start = max(first or lines[0].day, _years_on(lines[0].day, -1))
    end = min(last or lines[-1].day, _years_on(lines[-1].day, 1))
    unit = _unit((end - start).days)
    found = {day: Bar(day) for day in list(_begins(start, end, unit))[-MOST:]}
    for line in lines:
        if bar := found.get(_begin(line.day, unit)):
            bar.orders += line.count
            bar.amount += Decimal(line.totals.get(made.currency, "0"))
    return list(found.values())


def _years_on(day: date, years: int) -> date:
    """The same day so many years later, or the end of the calendar."""
    year = day.year + years
    return date.min if year < 1 else date.max if year > date.max.year else day.replace(year=year, day=min(day.day, 28))


def _unit(days: int) -> str:
    return "day" if days < DAILY else "week" if days < WEEKLY else "month" if days < MONTHLY else "year"


def _begin(day: date, unit: str) -> date:
    """The first day of the week, month or year of this one."""
    if unit == "week":
        return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1) if unit == "year" else day


def _begins(start: date, end: date, unit: str) -> Iterator[date]:
    day = _begin(start, unit)
    while day <= end:
        yield day
        if day.toordinal() + LENGTHS[unit] > date.max.toordinal():
            return
        day = _begin(day + timedelta(days=LENGTHS[unit]), unit)


def orders_chart(found: Sequence[Bar]) -> SafeString:
    told = [ngettext("%(n)s order", "%(n)s orders", bar.orders) % {"n": intcomma(bar.orders)} for bar in found]
    return _chart("orders", _("Orders over time"), found, [float(bar.orders) for bar in found], told)


def amounts_chart(found: Sequence[Bar], currency: str) -> SafeString:
    told = [f"{intcomma(bar.amount)} {currency}" for bar in found]
    name = _("Amounts over time, in %(currency)s") % {"currency": currency}
    return _chart("amounts", name, found, [float(bar.amount) for bar in found], told)


def _chart(key: str, name: str, found: Sequence[Bar], values: Sequence[float], told: Sequence[str]) -> SafeString:
    """Bars of equal width; each says when and how much under the pointer, the title says the most."""
    if not found:
        return SafeString("")
    most = max(range(len(values)), key=values.__getitem__)
    words = _("%(name)s. The most: %(most)s, %(day)s.") % {"name": name, "most": told[most], "day": _day(found[most])}
    drawn = (
        (_day(bar), text, n * STEP + GAP / 2, *_tall(value, values[most]), STEP - GAP)
        for n, (bar, value, text) in enumerate(zip(found, values, told, strict=True))
    )
    rects = '<g><title>{}: {}</title><rect x="{}" y="{}" height="{}" width="{}" rx="1"/></g>'
    return format_html(
        '<figure class="bars"><svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-labelledby="{}">'
        '<title id="{}">{}</title>{}</svg><figcaption><span>{}</span><span>{}</span></figcaption></figure>',
        *(STEP * len(found), HEIGHT, f"chart-{key}", f"chart-{key}", words),
        *(format_html_join("", rects, drawn), _day(found[0]), _day(found[-1])),
    )


def _tall(value: float, most: float) -> tuple[float, float]:
    """(y, height)"""
    tall = round(max(LEAST, value / most * HEIGHT), 1) if value > 0 else 0.0
    return HEIGHT - tall, tall


def _day(bar: Bar) -> str:
    return date_format(bar.start, "j M Y")


def parts(labels: Iterable[tuple[str, Any]], counts: Mapping[str, int], whole: int) -> list[Part]:
    """One for each of `labels` (value, label)."""
    return [Part(str(label), intcomma(counts[value]), *_share(counts[value], whole), value) for value, label in labels]


def currencies(made: Summary) -> list[Part]:
    """What the orders come to, with the share of the orders that are in each currency."""
    return [
        Part(code, intcomma(amount), *_share(made.by_currency[code], made.count))
        for code, amount in made.totals.items()
    ]


def _share(part: int, whole: int) -> tuple[str, float]:
    return share(part, whole), round(100 * part / whole, 1) if whole else 0.0
