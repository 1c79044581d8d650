"""Overview: problems, figures and one card per provider; refreshes itself."""

from django.http import HttpResponse
from django.shortcuts import render

from integration_hub.hub.access import PageRequest, page
from integration_hub.hub.cards import cards
from integration_hub.hub.day import day
from integration_hub.hub.figures import figures
from integration_hub.hub.tabs import open_problems, tabs

SHOWN = 20


@page
def overview(request: PageRequest) -> HttpResponse:
    today = day(request.company.pk)
    made = cards(request.company, today=today)
    context = {
        "tabs": tabs(made),
        "cards": made,
        "problems": open_problems(request.company, SHOWN),
        "figures": figures(today, made),
    }
    return render(request, "hub/overview_live.html" if request.htmx else "hub/overview.html", context)
