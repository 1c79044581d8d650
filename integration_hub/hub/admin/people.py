"""Companies and logins, for those who run the installation."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.models import Company, User
from integration_hub.notices import audit


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin):
    """Made and named here; never deleted by a click, for everything it owns would go with it."""

    list_display = ("name", "slug", "timezone", "currency", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        action = "company.changed" if change else "company.made"
        data = {name: form.cleaned_data.get(name) for name in form.changed_data}
        audit.record(action, company_id=obj.pk, actor=request.user.get_username(), target=obj.name, data=data)


class NewUserForm(AdminUserCreationForm):
    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email")


class ChangeUserForm(UserChangeForm):
    class Meta(UserChangeForm.Meta):
        model = User


@admin.register(User)
class HubUserAdmin(UserAdmin):
    """What somebody may do is decided under "Team and access" of each company, not by groups and permissions."""

    form = ChangeUserForm
    add_form = NewUserForm
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),)
