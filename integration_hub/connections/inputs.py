"""What people type into a connect form, or put into the environment: cleaned, or a sentence for each field. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import Provider, Secret, Setting

SWITCH = {
    "true": True,
    "on": True,
    "1": True,
    "yes": True,
    "false": False,
    "off": False,
    "0": False,
    "no": False,
    "": False,
}


class InvalidInput(ValueError):
    """What was typed cannot be right. `errors`: a sentence for each field by its declared name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class Unfit(ValueError):
    """One value does not fit; its text is the sentence."""


def settings_of(provider: Provider) -> tuple[Setting, ...]:
    """Everything the connect form asks for beside secrets."""
    return provider.all_settings


def clean_secrets(provider: Provider, typed: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Formats are checked before any call is made. A secret left empty keeps the stored one."""
    errors = _unknown(typed, (secret.name for secret in provider.secrets))
    cleaned = {}
    for secret in provider.secrets:
        value = str(typed.get(secret.name) or "").strip() or stored.get(secret.name, "")
        if complaint := _complaint(secret, value):
            errors[secret.name] = complaint
        cleaned[secret.name] = value
    if errors:
        raise InvalidInput(errors)
    return cleaned


def _complaint(secret: Secret, value: str) -> str | None:
    if not value:
        return _("%(label)s is missing.") % {"label": _(secret.label)} if secret.required else None
    complaint = secret.complaint(value)
    return _(complaint) if complaint else None


def clean_settings(provider: Provider, typed: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """All declared settings: typed, else stored, else the default. What else is stored stays."""
    declared = settings_of(provider)
    errors = _unknown(typed, (setting.name for setting in declared))
    cleaned = dict(stored)
    for setting in declared:
        value = typed.get(setting.name, stored.get(setting.name, setting.default))
        try:
            cleaned[setting.name] = _fit(setting, value)
        except Unfit as unfit:
            errors[setting.name] = str(unfit)
    if errors:
        raise InvalidInput(errors)
    return cleaned


def _unknown(typed: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(sorted(set(typed) - set(names)), _("There is no such field."))


def _fit(setting: Setting, value: Any) -> str | int | bool:
    if setting.kind == "switch":
        return _switch(setting, value)
    text = "" if value is None else str(value).strip()
    if not text and setting.required:
        raise Unfit(_("%(label)s is missing.") % {"label": _(setting.label)})
    if setting.kind == "choice":
        return _choice(setting, text or str(setting.default))
    if setting.kind == "number":
        return _number(setting, text or str(setting.default))
    return text


def _switch(setting: Setting, value: Any) -> bool:
    known = SWITCH.get(str("" if value is None else value).strip().lower())
    if known is None:
        raise Unfit(_("%(label)s is either on or off.") % {"label": _(setting.label)})
    return known


def _choice(setting: Setting, text: str) -> str | int:
    if text not in {value for value, _label in setting.choices}:
        offered = ", ".join(_(label) for _value, label in setting.choices)
        raise Unfit(_("%(label)s is one of: %(offered)s.") % {"label": _(setting.label), "offered": offered})
    return int(text) if isinstance(setting.default, int) else text


def _number(setting: Setting, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Unfit(_("%(label)s is a whole number.") % {"label": _(setting.label)}) from None
