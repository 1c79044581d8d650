"""How large a form may be: small ones for everybody, a file to import for people who are logged in.

Django itself would keep any file on disk before anybody asks who sent it.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.records.importing.services import MAX_BYTES

AROUND = 1 << 20  # bytes a form needs around its file
DRAINED = 1 << 30  # bytes read and forgotten, so that a browser that is still sending hears the answer
BLOCK = 1 << 16


class UploadLimitMiddleware:
    """After AuthenticationMiddleware and before anybody looks at request.POST: 413 for a form that is too large."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.META.get("CONTENT_TYPE", "").startswith("multipart/form-data"):
            return self.get_response(request)
        size, most = _size(request), _most(request)
        if size <= most + AROUND:
            return self.get_response(request)
        if most == MAX_BYTES:
            _drain(request, size)
        return render(request, "413.html", {"most": most}, status=413)


def _most(request: HttpRequest) -> int:
    """Bytes of the files in this form."""
    for_file = request.path == reverse("hub:import_new") and request.user.is_authenticated
    return MAX_BYTES if for_file else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _size(request: HttpRequest) -> int:
    """What the sender says; a body without a length is empty to Django."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else 0


def _drain(request: HttpRequest, size: int) -> None:
    left = min(size, DRAINED)
    while left > 0 and (block := request.read(min(BLOCK, left))):
        left -= len(block)
