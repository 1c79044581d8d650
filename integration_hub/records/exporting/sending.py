"""An export as an answer: its name says whose it is, what, and of which day."""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from django.http import StreamingHttpResponse
from django.utils import timezone

from integration_hub.companies.models import Company
from integration_hub.notices import audit
from integration_hub.records.exporting.reading import Picked

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Pieces = Iterator[bytes]


def file_name(company: Company, noun: str, form: str) -> str:
    """Such as alices-orders-2026-11-20.csv; the day is the company's."""
    day = timezone.localtime(timezone=ZoneInfo(company.timezone))
    return f"{company.slug}-{noun}-{day:%Y-%m-%d}.{form}"


def sent(company: Company, noun: str, form: str, picked: Picked, pieces: Callable[[], Pieces]) -> StreamingHttpResponse:
    """The file, written while it is sent; what was picked is forgotten afterwards."""
    answer = StreamingHttpResponse(_closing(picked, pieces), content_type=KINDS[form])
    answer["Content-Disposition"] = f'attachment; filename="{file_name(company, noun, form)}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _closing(picked: Picked, pieces: Callable[[], Pieces]) -> Pieces:
    try:
        yield from pieces()
    finally:
        picked.close()


def note(company: Company, actor: str, noun: str, form: str, picked: Picked, asked: str) -> None:
    """Who takes what along, and how much; `asked` is the query of the list."""
    data = {"rows": picked.count, "as": form, "filter": asked[:500]}
    audit.record("records.exported", company_id=company.pk, actor=actor, target=noun, data=data)
