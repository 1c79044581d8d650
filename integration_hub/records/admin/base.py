"""What all record pages share: saving and deleting through the services, and what happens when they refuse."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as confirm_deletion
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integration_hub.companies.admin_base import ScopedModelAdmin
from integration_hub.companies.models import Role
from integration_hub.companies.requests import HubRequest
from integration_hub.records.admin import attaching
from integration_hub.records.admin.exports import export
from integration_hub.records.admin.forms import RecordForm
from integration_hub.records.importing import services as importing
from integration_hub.records.models import Record
from integration_hub.records.services import Invalid
from integration_hub.records.services.noun import Noun

SHOWN = 5  # refusals told one by one


def tell(request: HttpRequest, refused: list[tuple[Any, Invalid]]) -> None:
    """One message per record a service refused."""
    for record, invalid in refused[:SHOWN]:
        messages.error(request, f"{record}: {invalid}")
    if len(refused) > SHOWN:
        count = len(refused) - SHOWN
        more = ngettext("%(count)s more was refused.", "%(count)s more were refused.", count)
        messages.error(request, more % {"count": count})


def each(request: HttpRequest, records: Any, act: Any) -> int:
    """Do `act` to every record; the number that went well. Refusals are told, the others go on."""
    refused, done = [], 0
    for record in records:
        try:
            act(record)
            done += 1
        except Invalid as invalid:
            refused.append((record, invalid))
    tell(request, refused)
    return done


@admin.action(description=gettext_lazy("Delete selected %(verbose_name_plural)s"), permissions=["delete"])
def delete_selected(page: "RecordAdmin", request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
    """Django's question whether it is meant; then each through its service."""
    if not request.POST.get("post"):
        return confirm_deletion(page, request, queryset)
    actor = request.user.get_username()
    done = each(request, list(queryset), lambda record: page.noun.delete(record, actor=actor))
    if done:
        said = ngettext("%(count)s was deleted.", "%(count)s were deleted.", done)
        messages.success(request, said % {"count": done})
    return None


class RecordAdmin(ScopedModelAdmin):
    """A page of records of one noun."""

    noun: ClassVar[Noun[Any]]
    form = RecordForm
    actions: Any = (delete_selected,)
    list_per_page = 50
    show_full_result_count = False
    times = ("created_at", "updated_at")

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        stem = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("export/<slug:form>/", self.admin_site.admin_view(self.export), name=name),
            path(
                "<uuid:pk>/attachments/<uuid:file>/",
                self.admin_site.admin_view(self.attachment),
                name=f"{stem}_attachment",
            ),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """With the files that came from a provider, where there are any."""
        shown = super().get_fieldsets(request, obj)
        return [*shown, (_("Attachments"), {"fields": ("attached",)})] if attaching.files_of(self, obj) else shown

    @admin.display(description=gettext_lazy("files"))
    def attached(self, record: Any) -> str:
        """Each file as a link; those still to come say so."""
        return attaching.listed(self, record)

    def attachment(self, request: HttpRequest, pk: UUID, file: UUID) -> HttpResponseBase:
        """One file, to be saved: to whoever may see the record."""
        record = self.get_object(request, str(pk))
        if record is None or not self.has_view_permission(request, record):
            raise Http404
        return attaching.sent(self, record, file)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        kind = self.opts.db_table
        context = {"exports": True, "import_kind": kind if kind in importing.KINDS else "", **(extra_context or {})}
        return super().changelist_view(request, context)

    def export(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The list as a file."""
        return export(self, request, form)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        files = ("attached",) if attaching.files_of(self, obj) and self.fieldsets else ()
        return (*super().get_readonly_fields(request, obj), *((*self.times, *files) if obj else ()))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.noun, form.company = self.noun, cast(HubRequest, request).company
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        save(request, self.noun, obj, form.data_for_service(), change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save_through_service(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.noun.delete(obj, actor=request.user.get_username())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What the question names: the records themselves; the services decide what goes along."""
        records = [str(record) for record in objs]
        return records, {str(self.opts.verbose_name_plural): len(records)}, set(), []

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Invalid as invalid:
            return self.refused(request, invalid)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Invalid as invalid:
            return self.refused(request, invalid)

    def refused(self, request: HttpRequest, invalid: Invalid) -> HttpResponse:
        """The service said no after the form had said yes: somebody was quicker. Show the page again, as things are."""
        for sentences in invalid.errors.values():
            messages.error(request, " ".join(sentences))
        return HttpResponseRedirect(request.get_full_path())


def save(request: HttpRequest, noun: Noun[Any], obj: Any, data: dict[str, Any], change: bool) -> None:
    """Create or update through the service; `obj` becomes what was saved, for the pages that show it next."""
    company, actor = cast(HubRequest, request).company, request.user.get_username()
    if company is None:
        raise Invalid({"": [_("Choose a company first.")]})
    if change:
        obj.company = company
        saved: Record = noun.update(obj, data, actor=actor)
    else:
        saved = noun.create(company, data, actor=actor)
    obj.__dict__.update(saved.__dict__)


class ServiceFormSet(BaseInlineFormSet):
    """Rows of another noun on the page of their parent, each saved through its own service."""

    noun: ClassVar[Noun[Any]]

    def save_through_service(self, request: HttpRequest) -> None:
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []
        form: Any
        for form in self.initial_forms:
            if form in self.deleted_forms:
                self.noun.delete(form.instance, actor=request.user.get_username())
                self.deleted_objects.append(form.instance)
            elif form.has_changed():
                save(request, self.noun, form.instance, form.data_for_service(), True)
                self.changed_objects.append((form.instance, form.changed_data))
        for form in self.extra_forms:
            if form.has_changed() and form not in self.deleted_forms:
                save(request, self.noun, form.instance, form.data_for_service() | self.parent(), False)
                self.new_objects.append(form.instance)

    def parent(self) -> dict[str, Any]:
        return {self.fk.name: self.instance}


class PartForm(RecordForm):
    """A row on its parent's page. The parent may not be saved yet, so a new row is checked when it is."""

    def service_errors(self, known: Any) -> dict[str, list[str]]:
        return super().service_errors(known) if known is not None else {}


class PartInline(admin.TabularInline):
    """Rows of another noun, open to the same people as their parent's page."""

    noun: ClassVar[Noun[Any]]
    form = PartForm
    formset = ServiceFormSet
    extra = 0

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*(super().get_exclude(request, obj) or ()), "company")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.noun = formset.form.noun = self.noun
        formset.form.company = cast(HubRequest, request).company
        return formset

    def _admin(self, request: HttpRequest) -> bool:
        return getattr(request, "role", None) is Role.ADMIN

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return getattr(request, "role", None) is not None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admin(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admin(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._admin(request)


def pill(text: str, kind: str = "") -> str:
    """A word in a pill, as on the hub's cards. `kind`: ok, warn, bad, or nothing in particular."""
    return format_html('<span class="state {}">{}</span>', kind, text)
