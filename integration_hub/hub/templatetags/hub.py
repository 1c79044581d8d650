"""Template tags of the product: icons, states, times as people say them, numbers with their whole."""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.forms import BoundField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from integration_hub.companies.middleware import FIELD
from integration_hub.hub import values
from integration_hub.hub.icons import ICONS
from integration_hub.sync import proof as proofs
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.proof import Proof

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small line drawing, hidden from screen readers: the word beside it says it."""
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', mark_safe(ICONS[name]))  # noqa: S308 - our own constant


@register.simple_tag(takes_context=True)
def company_field(context: template.Context) -> SafeString:
    """The hidden field by which a form says which company its page was made for."""
    company = context["hub"].company
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, company.pk) if company else mark_safe("")


@register.simple_tag
def pill(kind: str, word: Any) -> SafeString:
    """A state as a word in its colour. `kind`: ok, warn, bad, busy or idle."""
    return format_html('<span class="state {}"><span class="dot"></span>{}</span>', kind, word)


@register.simple_tag
def when(moment: datetime | None, never: str = "") -> SafeString:
    """The moment as people say it; the title has it to the second, in the company's zone."""
    if moment is None:
        return format_html("{}", never or _("Never"))
    local = timezone.localtime(moment)
    exact = f"{date_format(local, 'j M Y, H:i:s')} {local.tzname()}"
    said = ago(moment) if recent(moment) else date_format(local, "j M Y, H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, said)


def ago(moment: datetime) -> str:
    """Just now, 2 minutes ago, in 12 minutes: one unit is enough."""
    now = timezone.now()
    if abs((now - moment).total_seconds()) < 60:
        return _("just now") if moment <= now else _("in a moment")
    if moment < now:
        return _("%(time)s ago") % {"time": timesince(moment, depth=1).replace("\xa0", " ")}
    return _("in %(time)s") % {"time": timeuntil(moment, depth=1).replace("\xa0", " ")}


def recent(moment: datetime) -> bool:
    """Within a day either way; further off, the date says more than "2 months, 1 week ago"."""
    return abs((timezone.now() - moment).total_seconds()) < 86_400


@register.filter
def named(field: BoundField) -> SafeString:
    """The field under an aria-label: in a table its label is only the column's head."""
    return field.as_widget(attrs={"aria-label": str(field.label)})


@register.filter
def plain(value: Any) -> str:
    """A canonical value as people read it."""
    return values.said(value)


@register.simple_tag
def of(part: int | None, whole: int | None) -> str:
    """A count with its whole: 4,981 of 4,981."""
    return _("%(part)s of %(whole)s") % {"part": intcomma(part or 0), "whole": intcomma(whole or 0)}


@register.simple_tag
def proved(proof: Proof) -> str:
    """What a comparison said: 4,981 of 4,981 equal, 03:00."""
    told = _("%(equal)s of %(whole)s equal") % {"equal": intcomma(proof.equal), "whole": intcomma(proof.compared)}
    if proof.finished_at is None:
        return told
    local = timezone.localtime(proof.finished_at)
    return f"{told}, {date_format(local, 'H:i' if recent(proof.finished_at) else 'j M Y, H:i')}"


@register.inclusion_tag("hub/proof_line.html", takes_context=True)
def comparison(context: template.Context, mapping: Mapping) -> dict[str, Any]:
    """How the last comparison of a mapping came out."""
    last = proofs.latest([mapping.pk]).first()
    return {"mapping": mapping, "proof": last, "running": proofs.running(mapping.pk), "hub": context["hub"]}


@register.simple_tag
def logo(provider: Any) -> SafeString:
    """The provider's tile: two letters on its colour."""
    return format_html(
        '<svg class="logo" viewBox="0 0 30 30" aria-hidden="true"><rect width="30" height="30" rx="8" fill="{}"/>'
        '<text x="15" y="19.5">{}</text></svg>',
        provider.colour,
        provider.mark or provider.name[:2],
    )
