"""Every button that destroys or stops something asks first, on a page of its own: it works without script, and says
what will happen. GET asks, POST does."""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from integration_hub.hub.access import PageRequest


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


def ask(request: PageRequest, question: Question) -> HttpResponse:
    """The form posts to the address that asked."""
    return render(request, "hub/ask.html", {"question": question})
