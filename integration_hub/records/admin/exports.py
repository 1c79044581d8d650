"""A list of the admin as a file: the same filters, search and order as on the page, of the company that is entered."""

from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies.middleware import FIELD
from integration_hub.companies.models import Company
from integration_hub.companies.requests import HubRequest
from integration_hub.records.exporting.columns import SHEETS, Sheet
from integration_hub.records.exporting.reading import Picked, read
from integration_hub.records.exporting.sending import KINDS, Pieces, note, sent
from integration_hub.records.exporting.writing import csv_bytes
from integration_hub.records.exporting.xlsx import xlsx_bytes

NOT_FILTERS = (FIELD, PAGE_VAR, ALL_VAR, ERROR_FLAG)


def export(page: Any, plain: HttpRequest, form: str) -> HttpResponseBase:
    """The whole list as `form` (csv | xlsx)."""
    request = cast(HubRequest, plain)
    if form not in KINDS:
        raise Http404
    if request.company is None or not page.has_view_permission(request):
        raise PermissionDenied
    try:
        picked = Picked(rows_shown(page, request))
    except IncorrectLookupParameters:
        return HttpResponseRedirect(reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist"))
    sheet, noun = SHEETS[page.model], str(page.opts.db_table).replace("_", "-")
    note(request.company, request.user.get_username(), noun, form, picked, request.GET.urlencode())
    pieces = _csv if form == "csv" else partial(_xlsx, who=request.user.get_username())
    return sent(request.company, noun, form, picked, partial(pieces, request.company, sheet, picked))


def rows_shown(page: Any, request: HttpRequest) -> Any:
    """What the list shows, all pages of it."""
    filters: Any = request.GET.copy()
    for name in NOT_FILTERS:
        filters.pop(name, None)
    request.GET = filters
    return page.get_changelist_instance(request).queryset


def _csv(company: Company, sheet: Sheet, picked: Picked) -> Pieces:
    return csv_bytes(sheet.headings, read(company, sheet, picked))


def _xlsx(company: Company, sheet: Sheet, picked: Picked, who: str) -> Pieces:
    title = str(sheet.model._meta.verbose_name_plural).capitalize()
    said = about(company, title, picked.count, who)
    return xlsx_bytes(title, sheet.headings, read(company, sheet, picked), said)


def about(company: Company, title: str, count: int, who: str) -> list[str]:
    """What the second sheet says: whose records these are, how many, when and by whom."""
    now = timezone.localtime(timezone=ZoneInfo(company.timezone))
    records = ngettext("%(n)s record", "%(n)s records", count) % {"n": f"{count:,}"}
    made = _("Exported %(when)s by %(who)s.")
    return [
        f"{company.name} · {title} · {records}",
        made % {"when": date_format(now, "j M Y, H:i"), "who": who},
        _("Times are those of %(zone)s.") % {"zone": company.timezone},
    ]
