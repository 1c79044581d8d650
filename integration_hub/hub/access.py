"""Who may open the hub's pages, and who may press its buttons."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from integration_hub.companies.models import Company, Role
from integration_hub.companies.requests import HubRequest

View = Callable[..., HttpResponse]


class PageRequest(HubRequest):
    """A request that has passed `page`: there is a company, and the person has a role in it."""

    company: Company
    role: Role
    htmx: HtmxDetails


def page(view: View) -> View:
    """Logged in and with a company; else the login page, or a page that says what is missing."""

    @never_cache
    @wraps(view)
    def wrapped(plain: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request = cast(HubRequest, plain)
        if not request.user.is_authenticated:
            return _to_login(request)
        if request.company is None:
            return render(request, "hub/no_company.html", status=403)
        return view(request, *args, **kwargs)

    return wrapped


def _to_login(request: HubRequest) -> HttpResponse:
    if getattr(request, "htmx", False):  # a refresh after the session ended: take the whole page there
        return HttpResponseClientRedirect(f"{reverse('account_login')}?next={request.path}")
    return redirect_to_login(request.get_full_path())


def for_admins(view: View) -> View:
    """Changes something: POST only (the view may also show a question on GET), and only by the company's admins."""

    @page
    @wraps(view)
    def wrapped(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.role is not Role.ADMIN:
            raise PermissionDenied(
                _("Only admins of %(company)s may do this. Ask one of them.") % {"company": request.company.name}
            )
        return view(request, *args, **kwargs)

    return wrapped
