"""Every button that destroys or stops something asks first, on a page of its own: it works without script, and says
what will happen. GET asks, POST does."""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class Question(NamedTuple):
    """`title` is the question, `sentence` what happens, `details` what else is good to know; `button` does it and
    `keep` goes back to `back`, the page (`crumb`) it was asked on."""

    title: str
    sentence: str
    button: str
    keep: str
    back: str
    crumb: str
    details: Sequence[str] = ()
    hidden: Sequence[tuple[str, str]] = ()


def ask(request: HttpRequest, question: Question) -> HttpResponse:
    """The form posts to the address that asked, with the `hidden` fields (names and values)."""
    return render(request, "hub/ask.html", {"question": question})
