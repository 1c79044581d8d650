"""Outgoing webhooks for people: who is told of what, what became of it, and the buttons."""

import json
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from integration_hub.companies.admin_base import ReadOnlyAdmin, ScopedModelAdmin
from integration_hub.companies.models import Role
from integration_hub.companies.requests import HubRequest
from integration_hub.http import clock
from integration_hub.records.admin.base import pill
from integration_hub.webhooks.out import delivering, services, trouble
from integration_hub.webhooks.out.kinds import EVENTS, RECORD_TYPES, TEST
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription

MOST = 200  # deliveries replayed with one press
SPANS = (
    (1, gettext_lazy("the last hour")),
    (24, gettext_lazy("the last day")),
    (24 * 7, gettext_lazy("the last week")),
    (24 * 31, gettext_lazy("everything that is kept (30 days)")),
)
HIDDEN = "whsec_••••••••"
PILLS = {State.DUE: "busy", State.DONE: "ok", State.DEAD: "bad"}


class SubscriptionForm(forms.ModelForm):
    """Checked by the service, which knows what may be entered."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "vLargeTextField", "inputmode": "url", "placeholder": "https://"}),
        help_text=gettext_lazy("Where each event is posted as JSON, signed. It begins with https://."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it when"),
        choices=[(key, format_html("{} <code>{}</code>", words, key)) for key, words in EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    record_types = forms.MultipleChoiceField(
        label=gettext_lazy("Of which records"),
        choices=list(RECORD_TYPES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: of all."),
    )

    class Meta:
        model = Subscription
        fields = ("name", "url", "events", "record_types")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            services.check(cleaned, whole=False)
        except services.Wrong as wrong:
            for name, sentences in wrong.errors.items():
                self.add_error(name or None, list(sentences))
        return cleaned


def question(request: HttpRequest, row: Subscription, title: str, sentence: str, button: str) -> HttpResponse:
    """What destroys or stops something asks first; the form posts to the address that asked."""
    told = {"title": title, "sentence": sentence, "button": button, "keep": _("Go back")}
    where = {"back": trouble.page(row), "crumb": str(row)}
    return render(request, "hub/ask.html", {"question": {**told, **where}})


@admin.register(Subscription)
class SubscriptionAdmin(ScopedModelAdmin):
    """Admins make and change them; staff look."""

    form = SubscriptionForm
    change_form_template = "webhooks/subscription.html"
    list_display = ("called", "told_of", "standing", "worked_at", "failures")
    search_fields = ("name", "url")
    actions = None
    facts = ("standing", "signed_with", "worked_at", "sentence")
    shown = ("name", "url", "told_of", "about")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(removed_at=None)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return SubscriptionForm.Meta.fields
        said = SubscriptionForm.Meta.fields if self.has_change_permission(request, obj) else self.shown
        return (*said, *self.facts)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else (*self.shown[2:], *self.facts)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        shown = {
            "title": _("New outgoing webhook"),
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().add_view(request, form_url, {**shown, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        row = self.get_object(request, object_id)
        more: dict[str, Any] = {"show_save_and_add_another": False}
        if row is not None:
            rows = Delivery.objects.filter(subscription=row)
            more["given_up"] = rows.filter(state=State.DEAD).count()
            more["waiting"] = rows.filter(state=State.DUE).count()
            more["deliveries"] = trouble.deliveries(row)
            more["off_words"] = row.get_off_display() if row.off else ""
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    # --- columns ------------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("Webhook"), ordering="name")
    def called(self, row: Subscription) -> SafeString:
        host = urlsplit(row.url).netloc
        return format_html("{}<br><small>{}</small>", row.name, host) if row.name else format_html("{}", host)

    @admin.display(description=gettext_lazy("Told of"))
    def told_of(self, row: Subscription) -> SafeString:
        if set(row.events) == set(EVENTS):
            return format_html("{}", _("everything"))
        return format_html_join(" ", "<code>{}</code>", ((one,) for one in row.events))

    @admin.display(description=gettext_lazy("Of which records"))
    def about(self, row: Subscription) -> str:
        return ", ".join(str(RECORD_TYPES.get(one, one)) for one in row.record_types) or _("all")

    @admin.display(description=gettext_lazy("State"))
    def standing(self, row: Subscription) -> str:
        if not row.active:
            if row.off == Off.NO:
                return pill(_("Switched off"))
            return pill(_("Off: %(why)s") % {"why": row.get_off_display()}, "bad")
        if row.failures >= delivering.DOWN:
            return pill(_("Does not get through"), "warn")
        return pill(_("On"), "ok")

    @admin.display(description=gettext_lazy("Secret"))
    def signed_with(self, row: Subscription) -> SafeString:
        until = row.former_until
        if until is None or until <= clock.now():
            return format_html("<code>{}</code>", HIDDEN)
        told = _("The former one signs too until %(when)s.") % {"when": said(until)}
        return format_html("<code>{}</code> {}", HIDDEN, told)

    # --- saving -------------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor = request.user.get_username()
        if change:
            stored = self.get_queryset(request).get(pk=obj.pk)  # the form has written into `obj` already
            services.update(stored, {name: form.cleaned_data[name] for name in form.changed_data}, actor=actor)
            return
        company = cast(HubRequest, request).company
        assert company is not None
        row, request.secret_text = services.create(company, form.cleaned_data, actor=actor)  # type: ignore[attr-defined]
        obj.pk = row.pk

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except services.Wrong as wrong:
            for sentences in wrong.errors.values():
                messages.error(request, " ".join(sentences))
            return HttpResponseRedirect(request.get_full_path())

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        title = _("The webhook “%(name)s” is ready") % {"name": obj}
        return self.show_secret(request, title, request.secret_text)  # type: ignore[attr-defined]

    def show_secret(self, request: HttpRequest, title: str, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "sentence": _("Copy the secret now and give it to whoever checks the signatures: it is shown this once."),
            "value": secret,
            "opts": self.opts,
        }
        return TemplateResponse(request, "hub/shown_once.html", context)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [str(row) for row in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        services.delete(obj, actor=request.user.get_username())

    # --- buttons ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("rotate", self.rotate_view, "rotate_webhook"),
            ("test", require_POST(self.test_view), "test_webhook"),
            ("switch", self.switch_view, "switch_webhook"),
            ("replay", self.replay_view, "replay_webhook"),
        )
        mine = [path(f"<uuid:pk>/{word}/", self.admin_site.admin_view(view), name=name) for word, view, name in pages]
        return [*mine, *super().get_urls()]

    def mine(self, request: HttpRequest, pk: UUID) -> Subscription:
        if self._role(request) is not Role.ADMIN:
            raise PermissionDenied(_("Only admins of the company may do this. Ask one of them."))
        row: Subscription = get_object_or_404(self.get_queryset(request), pk=pk)
        return row

    def rotate_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        row = self.mine(request, pk)
        if request.method != "POST":
            sentence = _(
                "A new secret is made and shown once. For 24 hours both sign, so that nothing is lost while you change "
                "it at the receiving end; then the present one counts no more."
            )
            return question(request, row, _("Change the secret?"), sentence, _("Make a new secret"))
        secret = services.rotate(row, actor=request.user.get_username())
        return self.show_secret(request, _("The new secret of “%(name)s”") % {"name": row}, secret)

    def test_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        row = self.mine(request, pk)
        try:
            delivery = services.test(row, actor=request.user.get_username())
        except services.CannotReplay as reason:
            messages.error(request, str(reason))
            return HttpResponseRedirect(trouble.page(row))
        messages.success(request, _("A test event is on its way. Reload this page to see the answer."))
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=[delivery.pk]))

    def switch_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """GET asks, in both directions: the button of a problem leads here."""
        row = self.mine(request, pk)
        if request.method == "POST":
            services.switch(row, on=not row.active, actor=request.user.get_username())
            said = _("It is on again. What waited is sent now.") if row.active else _("It is off. What waits is kept.")
            messages.success(request, said)
            return HttpResponseRedirect(trouble.page(row))
        if row.active:
            sentence = _("Nothing is sent while it is off. What waits now is kept; what happens meanwhile is not sent.")
            return question(request, row, _("Switch this webhook off?"), sentence, _("Switch it off"))
        sentence = _("What waited is sent now, with all its attempts. What was given up can be replayed afterwards.")
        return question(request, row, _("Switch this webhook on again?"), sentence, _("Switch it on again"))

    def replay_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        row = self.mine(request, pk)
        if request.method != "POST":
            context = {"row": row, "spans": SPANS, "back": trouble.page(row), "opts": self.opts}
            return render(request, "webhooks/replay.html", context)
        hours = {str(each): each for each, _words in SPANS}.get(request.POST.get("hours", ""), SPANS[0][0])
        try:
            count = services.replay_failed(row, clock.now() - timedelta(hours=hours), actor=request.user.get_username())
        except services.CannotReplay as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, sent_again(count))
        return HttpResponseRedirect(trouble.page(row))


class EventFilter(admin.SimpleListFilter):
    """By the words that are known, not by those that occur: the table may be long."""

    title = gettext_lazy("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one, one) for one in (*EVENTS, TEST)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(announcement__type=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What became of each event, and Replay."""

    change_form_template = "webhooks/delivery.html"
    list_display = ("created_at", "standing", "event", "subscription", "attempts", "answer")
    list_display_links = ("created_at", "event")
    list_select_related = ("announcement", "subscription")
    list_filter: ClassVar = ["state", EventFilter, "subscription"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["replay"]  # noqa: RUF012
    fields = (
        ("event", "standing"),
        "event_id",
        "subscription",
        ("created_at", "attempts"),
        "tried_at",
        "answer",
        "response_shown",
        "body_shown",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(subscription__removed_at=None)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return self._role(request) is Role.ADMIN

    @admin.display(description=gettext_lazy("Event"), ordering="announcement__type")
    def event(self, row: Delivery) -> SafeString:
        told = row.announcement
        kind = str(RECORD_TYPES.get(told.record_type, told.record_type))
        return format_html("<code>{}</code><br><small>{}</small>", told.type, kind)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def standing(self, row: Delivery) -> str:
        shown = pill(row.get_state_display(), PILLS[State(row.state)])
        if row.next_attempt_at is None or not row.attempts:
            return shown
        told = _("again %(when)s") % {"when": said(row.next_attempt_at)}
        return format_html("{}<br><small>{}</small>", shown, told)

    @admin.display(description=gettext_lazy("Last answer"))
    def answer(self, row: Delivery) -> str:
        if row.sentence or row.status is None:
            return row.sentence or "–"
        return _("%(status)d in %(n)d ms") % {"status": row.status, "n": row.milliseconds or 0}

    @admin.display(description=gettext_lazy("Webhook id"))
    def event_id(self, row: Delivery) -> SafeString:
        return format_html("<code>{}</code>", delivering.event_id(row))

    @admin.display(description=gettext_lazy("What it answered"))
    def response_shown(self, row: Delivery) -> SafeString:
        return (
            format_html('<pre tabindex="0">{}</pre>', row.response)
            if row.response
            else format_html("{}", _("Nothing."))
        )

    @admin.display(description=gettext_lazy("What is sent"))
    def body_shown(self, row: Delivery) -> SafeString:
        return format_html('<pre tabindex="0">{}</pre>', pretty(row.announcement.body))

    @admin.action(description=gettext_lazy("Send the selected events again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        done, refused = 0, dict[str, int]()
        for row in queryset.select_related("subscription", "announcement")[:MOST]:
            try:
                services.replay(row, actor=request.user.get_username())
                done += 1
            except services.CannotReplay as reason:
                refused[str(reason)] = refused.get(str(reason), 0) + 1
        for sentence, count in refused.items():
            messages.error(request, f"{sentence} ({count})")
        if done:
            messages.success(request, sent_again(done))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.replay_view))
        return [path("<uuid:pk>/replay/", view, name="replay_webhook_delivery"), *super().get_urls()]

    def replay_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_replay_permission(request):
            raise PermissionDenied(_("Only admins of the company may do this. Ask one of them."))
        rows = self.get_queryset(request).filter(pk=get_object_or_404(self.get_queryset(request), pk=pk).pk)
        self.replay(request, rows)
        return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=[pk]))


def said(moment: datetime) -> str:
    """In the company's zone."""
    return date_format(timezone.localtime(moment), "j M, H:i")


def sent_again(count: int) -> str:
    return ngettext("%(n)d event is sent again.", "%(n)d events are sent again.", count) % {"n": count}


def pretty(body: str) -> str:
    """As a person reads it."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
