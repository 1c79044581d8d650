"""Team and access: who works for the company that is entered, and as what."""

import secrets
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.companies.admin_base import ScopedModelAdmin
from integration_hub.companies.models import Membership, Role, User
from integration_hub.notices import audit


class NewMemberForm(forms.ModelForm):
    """A person by their e-mail. Who has no login yet gets one, with a first password that is shown once."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), help_text=gettext_lazy("Also the login of somebody new."))
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=150)

    class Meta:
        model = Membership
        fields = ("role",)

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        found = User.objects.filter(email__iexact=email)[:2]
        if len(found) > 1:
            raise ValidationError(_("Several logins use this e-mail. Ask whoever runs this installation to part them."))
        self.found = found[0] if found else None
        if self.found and Membership.objects.filter(user=self.found).exists():
            raise ValidationError(_("%(who)s belongs to this company already.") % {"who": self.found.get_username()})
        if not self.found and User.objects.filter(username__iexact=email).exists():
            raise ValidationError(_("A login of this name exists, with another e-mail."))
        return email

    def person(self) -> tuple[User, str]:
        """The person, and the first password of one who had to be made (else empty)."""
        if self.found:
            return self.found, ""
        password = secrets.token_urlsafe(12)
        email, name = self.cleaned_data["email"], self.cleaned_data["name"]
        return User.objects.create_user(email, email, password, first_name=name), password


class RoleForm(forms.ModelForm):
    class Meta:
        model = Membership
        fields = ("role",)

    def clean_role(self) -> str:
        role = str(self.cleaned_data["role"])
        if role != Role.ADMIN and is_last_admin(self.instance):
            raise ValidationError(_("A company keeps at least one admin: make somebody else an admin first."))
        return role


def is_last_admin(membership: Membership) -> bool:
    others = Membership.objects.filter(role=Role.ADMIN).exclude(pk=membership.pk)
    return membership.role == Role.ADMIN and not others.exists()


@admin.register(Membership)
class MembershipAdmin(ScopedModelAdmin):
    """Admins connect and configure, staff sees and reports; roles hold for this company only."""

    list_display = ("person", "email", "role_pill", "last_login")
    list_filter = ("role",)
    search_fields = ("user__username", "user__email", "user__first_name", "user__last_name")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user").order_by("user__username")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=RoleForm if obj else NewMemberForm, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        title = _("Add somebody to %(company)s") % {"company": request.company}  # type: ignore[attr-defined]
        shown = {"title": title, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, {**shown, **(extra_context or {})})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("person", "email", "role", "last_login") if obj else ("email", "name", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("person", "email", "last_login") if obj else ()

    @admin.display(description=gettext_lazy("Person"), ordering="user__username")
    def person(self, row: Membership) -> str:
        return row.user.get_full_name() or row.user.get_username()

    @admin.display(description=gettext_lazy("E-mail"), ordering="user__email")
    def email(self, row: Membership) -> str:
        return row.user.email

    @admin.display(description=gettext_lazy("Role"), ordering="role")
    def role_pill(self, row: Membership) -> str:
        return format_html(
            '<span class="state {}">{}</span>', "busy" if row.role == Role.ADMIN else "", row.role.title()
        )

    @admin.display(description=gettext_lazy("Last login"), ordering="user__last_login")
    def last_login(self, row: Membership) -> Any:
        return row.user.last_login

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        last = isinstance(obj, Membership) and is_last_admin(obj)
        return super().has_delete_permission(request, obj) and not last

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.user, form.password = form.person()
        super().save_model(request, obj, form, change)
        self._note(request, "team.role_changed" if change else "team.added", obj)
        request.first_password = getattr(form, "password", "")  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._note(request, "team.removed", obj)
        super().delete_model(request, obj)

    def _note(self, request: HttpRequest, action: str, obj: Membership) -> None:
        actor = request.user.get_username()
        audit.record(
            action, company_id=obj.company_id, actor=actor, target=obj.user.get_username(), data={"role": obj.role}
        )

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        if not (password := getattr(request, "first_password", "")):
            return super().response_add(request, obj, post_url_continue)
        context = {
            **self.admin_site.each_context(request),
            "title": _("%(who)s can log in now") % {"who": obj.user.get_username()},
            "sentence": _("This first password is shown once. Hand it over safely; it can be changed after the login."),
            "value": password,
            "opts": self.opts,
        }
        return TemplateResponse(request, "hub/shown_once.html", context)
