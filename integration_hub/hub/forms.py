"""Forms made from a provider's declaration. They only shape the page: connections.services judge what was typed."""

from collections.abc import Mapping as Map
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _

from integration_hub.connections import grants
from integration_hub.connections.inputs import settings_of
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, Secret, Setting, registry
from integration_hub.sync.models import Mapping
from integration_hub.sync.targets import mapping_page

REPLACE = "replace_account"


class DeclaredForm(forms.Form):
    """Fields by their declared names; `add_sentences` puts what a service complained about where it belongs."""

    mark_required = False
    template_name = "hub/fields.html"

    def add_sentences(self, errors: Map[str, str]) -> None:
        for name, sentence in errors.items():
            self.add_error(name if name in self.fields else None, sentence)

    def typed(self, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def connect_form(provider: Provider, connection: Connection | None, data: Any = None) -> DeclaredForm:
    """Key fields first, then settings. A stored key need not be typed again to change something else."""
    form = DeclaredForm(data, auto_id="connect_%s")
    set_up = connection is not None and connection.status != "not_connected"
    stored = connection is not None and set_up and grants.grant_of(connection) is None
    for secret in provider.secrets:
        form.fields[secret.name] = _secret_field(secret, stored)
    for setting in settings_of(provider):
        form.fields[setting.name] = _setting_field(setting, connection)
    _point_to_mapping(form, provider, connection)
    return form


def ask_to_replace(form: DeclaredForm) -> None:
    """The key belongs to another account: the form asks before it lets go of the old one."""
    form.fields[REPLACE] = forms.BooleanField(required=False, label=_("Yes, change the account"))


def settings_form(provider: Provider, connection: Connection, data: Any = None) -> DeclaredForm:
    form = DeclaredForm(data, auto_id="settings_%s")
    for setting in settings_of(provider):
        form.fields[setting.name] = _setting_field(setting, connection)
    _point_to_mapping(form, provider, connection)
    return form


def _point_to_mapping(form: DeclaredForm, provider: Provider, connection: Connection | None) -> None:
    """Settings that name a place have no say any more where somebody said it in a mapping: they say where that is."""
    if provider.mirror is None or connection is None:
        return
    mine = Mapping.everywhere.filter(connection=connection, record_type=provider.mirror.record_type)
    mapping = mine.filter(by_hand=True, retired_at=None).order_by("-is_primary", "created_at").first()
    if mapping is None:
        return
    text = _("Not used any more: %(records)s follow their own mapping.")
    said = text % {"records": _(registry.record_type(mapping.record_type).plural)}
    for name in provider.mirror.settings:
        form.fields[name].disabled = True
        form.fields[name].help_text = format_html('{} <a href="{}">{}</a>', said, mapping_page(mapping), mapping.label)


def _secret_field(secret: Secret, stored: bool) -> forms.Field:
    hint = _("Leave empty to keep the stored one.") if stored else _(secret.hint) if secret.hint else ""
    # The pattern is for the page: a key is tried while it is typed, but never one that cannot be right.
    attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "data-fits": secret.pattern}
    if stored:
        attrs["data-stored"] = "true"
    return forms.CharField(
        label=_(secret.label), required=False, help_text=hint, max_length=4000, widget=forms.PasswordInput(attrs=attrs)
    )


def _setting_field(setting: Setting, connection: Connection | None) -> forms.Field:
    """`required` is left to the service, whose sentence says what is missing and why."""
    stored = connection.settings if connection else {}
    common: dict[str, Any] = {
        "label": _(setting.label),
        "help_text": _(setting.hint) if setting.hint else "",
        "required": False,
        "initial": stored.get(setting.name, setting.default),
    }
    if setting.kind == "switch":
        return forms.BooleanField(**common)
    if setting.kind == "choice":
        return forms.ChoiceField(choices=[(value, _(label)) for value, label in setting.choices], **common)
    if setting.kind == "number":
        return forms.IntegerField(**common)
    return forms.CharField(max_length=500, **common)
