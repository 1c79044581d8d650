"""Files of a record on its page, and handing one out."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from integration_hub.records.attachments import files
from integration_hub.records.models import Attachment
from integration_hub.records.record_types import RECORD_TYPES
from integration_hub.records.services import attachments

KINDS = tuple(kind.key for kind in RECORD_TYPES if any(field.kind == "files" for field in kind.fields))


def files_of(page: Any, record: Any) -> list[Attachment]:
    """The record's files; asked for once a page."""
    if record is None or page.noun.key not in KINDS:
        return []
    if "shown_files" not in record.__dict__:
        record.shown_files = attachments.of_record(record.company_id, page.noun.key, record.pk)
    found: list[Attachment] = record.shown_files
    return found


def listed(page: Any, record: Any) -> str:
    """Each file as a link to its copy; those still to come say why."""
    shown = ((_shown(page, record, row),) for row in files_of(page, record))
    return format_html_join("\n", "<div>{}</div>", shown)


def _shown(page: Any, record: Any, row: Attachment) -> str:
    size = filesizeformat(row.size) if row.size is not None else ""
    if not row.path:
        why = row.sentence or _("It is being copied.")
        return format_html('{} <span class="help">{} · {}</span>', row.name, size, why)
    name = f"admin:{page.opts.app_label}_{page.opts.model_name}_attachment"
    url = reverse(name, args=[record.pk, row.pk])
    return format_html('<a href="{}">{}</a> <span class="help">{}</span>', url, row.name, size)


def sent(page: Any, record: Any, file: UUID) -> FileResponse:
    """The copy, to be saved and never to be shown: what is in it is somebody else's. Http404 where there is none."""
    row = next((one for one in files_of(page, record) if one.pk == file and one.path), None)
    if row is None:
        raise Http404
    try:
        opened = files.path_of(row.path).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    answer = FileResponse(opened, as_attachment=True, filename=row.name, content_type="application/octet-stream")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
