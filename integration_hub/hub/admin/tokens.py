"""API tokens of the company that is entered: made, shown once, revoked."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integration_hub.companies import tokens
from integration_hub.companies.admin_base import ScopedModelAdmin
from integration_hub.companies.models import ApiToken, Role
from integration_hub.hub.asking import Question, ask
from integration_hub.notices import audit

SCOPES = (
    ("read", gettext_lazy("read: see records, connections and runs")),
    ("write", gettext_lazy("write: change records")),
    ("admin", gettext_lazy("admin: connect, configure and sync")),
)


class NewTokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"), choices=SCOPES, initial=["read"], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scopes")


@admin.register(ApiToken)
class ApiTokenAdmin(ScopedModelAdmin):
    """A program's key to this company's API. Its text is shown when it is made and never again."""

    list_display = ("name", "begins_with", "may", "state", "last_used_at", "created_by", "created_at")
    search_fields = ("name", "prefix")
    list_select_related = ("created_by",)
    actions = ("revoke_selected",)
    change_form_template = "hub/token.html"
    fields = readonly_fields = (
        "name",
        "begins_with",
        "may",
        "state",
        "created_by",
        "created_at",
        "last_used_at",
        "revoked_at",
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": NewTokenForm}), **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        shown = {"title": _("New API token"), "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, {**shown, **(extra_context or {})})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields if obj else ("name", "scopes")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self._role(request) is Role.ADMIN

    @admin.display(description=gettext_lazy("Begins with"), ordering="prefix")
    def begins_with(self, row: ApiToken) -> str:
        return format_html("<code>{}…</code>", row.prefix)

    @admin.display(description=gettext_lazy("May"))
    def may(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @admin.display(description=gettext_lazy("State"), ordering="revoked_at")
    def state(self, row: ApiToken) -> str:
        kind, word = ("", _("Revoked")) if row.revoked_at else ("ok", _("Live"))
        return format_html('<span class="state {}"><span class="dot"></span>{}</span>', kind, word)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        row, request.token_text = tokens.issue(  # type: ignore[attr-defined]
            request.company,  # type: ignore[attr-defined]
            form.cleaned_data["name"],
            form.cleaned_data["scopes"],
            created_by=request.user,  # type: ignore[arg-type]
        )
        obj.pk = row.pk
        self._note(request, "token.issued", row)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("The token “%(name)s” is ready") % {"name": obj.name},
            "sentence": _("Copy it now: it is shown this once, and only its fingerprint is kept."),
            "value": request.token_text,  # type: ignore[attr-defined]
            "opts": self.opts,
        }
        return TemplateResponse(request, "hub/shown_once.html", context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<uuid:pk>/revoke/", view, name="revoke_token"), *super().get_urls()]

    def revoke_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_revoke_permission(request):
            raise PermissionDenied(_("Only admins of the company may revoke a token. Ask one of them."))
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if request.method != "POST":
            return ask(request, _revoking([row]))
        self._revoke(request, row)
        return HttpResponseRedirect(reverse("admin:companies_apitoken_changelist"))

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> HttpResponse | None:
        """Asks, and comes here again with the answer."""
        chosen = list(rows)
        if "sure" not in request.POST:
            fields = [("_selected_action", str(row.pk)) for row in chosen]
            return ask(request, _revoking(chosen, (("action", "revoke_selected"), ("sure", "yes"), *fields)))
        for row in chosen:
            self._revoke(request, row)
        return None

    def _revoke(self, request: HttpRequest, row: ApiToken) -> None:
        tokens.revoke(row)
        self._note(request, "token.revoked", row)
        messages.success(
            request, _("“%(name)s” is revoked; programs that use it are refused from now on.") % {"name": row.name}
        )

    def _note(self, request: HttpRequest, action: str, row: ApiToken) -> None:
        data = {"name": row.name, "scopes": row.scopes}
        audit.record(action, company_id=row.company_id, actor=request.user.get_username(), target=row.prefix, data=data)


def _revoking(rows: Sequence[ApiToken], hidden: Sequence[tuple[str, str]] = ()) -> Question:
    title = ngettext("Revoke this token?", "Revoke %(n)d tokens?", len(rows)) % {"n": len(rows)}
    return Question(
        title=title,
        sentence=_("Programs that use it are refused from this moment on. This cannot be undone."),
        details=[f"{row.name} ({row.prefix}…)" for row in rows],
        button=_("Revoke"),
        keep=_("Keep it"),
        back=reverse("admin:companies_apitoken_changelist"),
        crumb=_("API tokens"),
        hidden=hidden,
    )
