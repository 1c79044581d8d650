"""A list of the admin as a file: the same filters, search and order as on the page, of the company that is entered."""

from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies.middleware import FIELD
from integration_hub.companies.models import Company
from integration_hub.companies.requests import HubRequest
from integration_hub.notices import audit
from integration_hub.records.exporting.columns import SHEETS, Sheet
from integration_hub.records.exporting.reading import Picked, read
from integration_hub.records.exporting.writing import csv_bytes, xlsx_file

PIECE = 1 << 16  # bytes of a file on disk sent at a time
NOT_FILTERS = (FIELD, PAGE_VAR, ALL_VAR, ERROR_FLAG)
Pieces = Iterator[bytes]


def export(page: Any, plain: HttpRequest, form: str) -> HttpResponseBase:
    """The whole list as `form` (csv | xlsx)."""
    request = cast(HubRequest, plain)
    if form not in FORMS:
        raise Http404
    if request.company is None or not page.has_view_permission(request):
        raise PermissionDenied
    try:
        picked = Picked(rows_shown(page, request))
    except IncorrectLookupParameters:
        return HttpResponseRedirect(reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist"))
    sheet = SHEETS[page.model]
    asked = urlencode(request.GET, doseq=True)
    audit.record(
        "records.exported",
        company_id=request.company.pk,
        actor=request.user.get_username(),
        target=str(page.opts.verbose_name_plural),
        data={"rows": picked.count, "as": form, "filter": asked[:500]},
    )
    kind, pieces = FORMS[form]
    answer = StreamingHttpResponse(pieces(request, sheet, picked), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{file_name(request.company, page.opts, form)}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def rows_shown(page: Any, request: HttpRequest) -> Any:
    """What the list shows, all pages of it."""
    filters: Any = request.GET.copy()
    for name in NOT_FILTERS:
        filters.pop(name, None)
    request.GET = filters
    return page.get_changelist_instance(request).queryset


def file_name(company: Company, opts: Any, form: str) -> str:
    day = timezone.localtime(timezone=ZoneInfo(company.timezone))
    noun = str(opts.db_table)
    return f"{company.slug}-{noun.replace('_', '-')}-{day:%Y-%m-%d}.{form}"


def _csv(request: HubRequest, sheet: Sheet, picked: Picked) -> Pieces:
    try:
        yield from csv_bytes(sheet.headings, read(cast(Company, request.company), sheet, picked))
    finally:
        picked.close()


def _xlsx(request: HubRequest, sheet: Sheet, picked: Picked) -> Pieces:
    company = cast(Company, request.company)
    try:
        title = str(sheet.model._meta.verbose_name_plural).capitalize()
        file = xlsx_file(title, sheet.headings, read(company, sheet, picked), about(request, title, picked.count))
    finally:
        picked.close()
    with file:
        yield from iter(lambda: file.read(PIECE), b"")


def about(request: HubRequest, title: str, count: int) -> list[str]:
    """What the second sheet says: whose records these are, how many, when and by whom."""
    company = cast(Company, request.company)
    now = timezone.localtime(timezone=ZoneInfo(company.timezone))
    records = ngettext("%(n)s record", "%(n)s records", count) % {"n": f"{count:,}"}
    made = _("Exported %(when)s by %(who)s.")
    return [
        f"{company.name} · {title} · {records}",
        made % {"when": date_format(now, "j M Y, H:i"), "who": request.user.get_username()},
        _("Times are those of %(zone)s.") % {"zone": company.timezone},
    ]


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: dict[str, tuple[str, Callable[[HubRequest, Sheet, Picked], Pieces]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "xlsx": (XLSX, _xlsx),
}
