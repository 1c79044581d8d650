"""Forms of the pages: read when they come back, shown again as they were typed when something is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from integration_hub.sandbox.sheets import Form, Posted, Sheet
from integration_hub.sandbox.wire import Request

NAMED, WAS = "value:", "was:"


def read(request: Request) -> Posted:
    """A box that is not ticked is not sent, so what was shown tells what could have been typed."""
    sent = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
    given = {name: value.replace("\r\n", "\n") for name, value in sent}
    first = {name.removeprefix(WAS): value for name, value in given.items() if name.startswith(WAS)}
    values = {name: given.get(NAMED + name, "") for name in first}
    changed = {name: value for name, value in values.items() if value != first[name]}
    return Posted(given.get("act", ""), given.get("about", ""), values, changed)


def again(sheet: Sheet, posted: Posted) -> Sheet:
    """The page with everything that was typed still there."""
    return replace(sheet, forms=[_typed(form, posted) for form in sheet.forms])


def _typed(form: Form, posted: Posted) -> Form:
    if form.about != posted.about or posted.act not in [button.act for button in form.buttons]:
        return form
    inputs = [replace(each, value=posted.values.get(each.name, each.value), was=each.first) for each in form.inputs]
    return replace(form, inputs=inputs)
