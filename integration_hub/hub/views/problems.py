"""Problems: everything that needs somebody, and what was settled lately."""

from django.http import HttpResponse
from django.shortcuts import render

from integration_hub.hub.access import PageRequest, page
from integration_hub.hub.paging import paged
from integration_hub.notices.models import Problem


@page
def problems(request: PageRequest) -> HttpResponse:
    settled = request.GET.get("show") == "settled"
    rows = Problem.everywhere.filter(company=request.company, closed_at__isnull=not settled)
    order = ("-closed_at",) if settled else ("severity", "since")
    context = {"page": paged(request, rows.order_by(*order)), "settled": settled, "title": "Problems"}
    return render(request, "hub/problems_live.html" if request.htmx else "hub/problems.html", context)
