"""From the text of a cell to a value; ValueError with a sentence and its remedy when it cannot be read."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company, currency_code
from integration_hub.records.models import Customer, Order

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
UNKNOWN = ("", "NULL")
LONGEST = {
    "order_number": 50,
    "reference": 100,
    "customer_reference": 100,
    "name": 200,
    "customer_name": 200,
    "description": 300,
    "product": 300,
}
Reader = Callable[[str], str]


class Cells:
    """Reads the cells of one file. Values stay text, in our own form: they can be compared, and kept on disk."""

    def __init__(self, company: Company, *, decimal_comma: bool) -> None:
        self.zone = ZoneInfo(company.timezone)
        self.decimal_comma = decimal_comma

    @cached_property
    def readers(self) -> Mapping[str, Reader]:
        """How each field that is not plain text is read."""
        return {
            "email": self.email,
            "customer_email": self.email,
            "placed_at": self.moment,
            "shipped_at": self.moment,
            "status": choice(Order.Status.values),
            "priority": choice(Order.Priority.values),
            "payment_state": choice(Order.PaymentState.values),
            "language": choice([str(code) for code, _name in Customer._meta.get_field("language").flatchoices]),
            "currency": self.currency,
            "total": self.amount,
            "unit_price": self.amount,
            "quantity": self.quantity,
            "discount": self.discount,
        }

    def read(self, field: str, cell: str) -> str | None:
        """The value of a cell; None when it says nothing (empty or NULL)."""
        text = cell.strip()
        if text in UNKNOWN:
            return None
        if "\x00" in text:
            raise ValueError(_("It contains a character that cannot be kept (NUL). Remove it."))
        reader = self.readers.get(field)
        return reader(text) if reader else self.text(text, LONGEST.get(field))

    def text(self, text: str, longest: int | None) -> str:
        if longest and len(text) > longest:
            said = _("It has %(length)s characters; at most %(longest)s can be kept. Shorten it.")
            raise ValueError(said % {"length": len(text), "longest": longest})
        return text

    def number(self, text: str) -> Decimal:
        plain = text.replace(",", ".") if self.decimal_comma and text.count(",") == 1 and "." not in text else text
        if not NUMBER.fullmatch(plain):
            said = _("“%(text)s” is not a number. Write it plainly, such as 1234.50, without currency or spaces.")
            raise ValueError(said % {"text": text})
        return Decimal(plain)

    def amount(self, text: str) -> str:
        number = self.number(text)
        if number < 0:
            said = _("“%(text)s” is less than nothing. Write refunds as a payment state instead.")
            raise ValueError(said % {"text": text})
        return kept(number, 19, 4, text)

    def quantity(self, text: str) -> str:
        number = self.number(text)
        if number != number.to_integral_value() or not 1 <= number <= 1_000_000:
            raise ValueError(_("“%(text)s” is not a quantity. Write a whole number from 1 on.") % {"text": text})
        return str(int(number))

    def discount(self, text: str) -> str:
        """A fraction from 0 to 1, or a percentage with its sign."""
        number = self.number(text.rstrip("%").strip()) / (100 if text.endswith("%") else 1)
        if not 0 <= number <= 1:
            said = _("“%(text)s” is not a discount. Write a fraction from 0 to 1, such as 0.15, or “15 %%”.")
            raise ValueError(said % {"text": text})
        return kept(number, 7, 6, text)

    def moment(self, text: str) -> str:
        """A day, or a day and time, as ISO writes them; without an offset it is the company's own time."""
        try:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
            return moment.astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            said = _("“%(text)s” is not a date. Write year-month-day, such as 1996-07-04, or 1996-07-04T15:30.")
            raise ValueError(said % {"text": text}) from None

    def email(self, text: str) -> str:
        try:
            validate_email(text)
        except ValidationError:
            raise ValueError(_("“%(text)s” is not an e-mail address.") % {"text": text}) from None
        return text

    def currency(self, text: str) -> str:
        try:
            currency_code(text.upper())
        except ValidationError:
            said = _("“%(text)s” is not a currency. Write its three letters, such as EUR.")
            raise ValueError(said % {"text": text}) from None
        return text.upper()


def kept(number: Decimal, digits: int, places: int, text: str) -> str:
    """The number as we can keep it; one that would be changed by keeping it is refused."""
    if number != round(number, places) or number >= Decimal(10) ** (digits - places):
        said = _("“%(text)s” is too large or too fine. At most %(places)s decimal places can be kept.")
        raise ValueError(said % {"text": text, "places": places})
    return f"{number.normalize():f}"


def choice(values: list[str]) -> Reader:
    """One of the values, whatever its case."""
    known = {value.casefold(): value for value in values}

    def read(text: str) -> str:
        if text.casefold() not in known:
            said = _("“%(text)s” is not one of: %(values)s.")
            raise ValueError(said % {"text": text, "values": ", ".join(values)})
        return known[text.casefold()]

    return read
