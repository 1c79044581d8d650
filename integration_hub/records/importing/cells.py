"""From the text of a cell to a value; ValueError with a sentence and its remedy when it cannot be read."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company, currency_code
from integration_hub.records import phones
from integration_hub.records.importing import dates, numbers, words
from integration_hub.records.importing.problems import cut
from integration_hub.records.models import Appointment, Customer, Event, Order, Ticket

UNKNOWN = ("", "NULL")
LONGEST = {
    "order_number": 50,
    "reference": 100,
    "customer_reference": 100,
    "name": 200,
    "customer_name": 200,
    "description": 300,
    "product": 300,
    "phone": 60,
    "participant_phone": 60,
}
LONGEST_TEXT = 50_000  # characters of a note; a spreadsheet's cell takes 32,767
FOLDED = re.compile(r"\r\n?")
DEFUSED = re.compile(r"'+[=+\-@\t\r]")  # text that begins so was made harmless for a spreadsheet by one more '
REMEMBERED = 20_000  # cells of a column whose value is kept, because they repeat
Reader = Callable[[str], str]


class Exact(str):
    """A number or time that was no text: a point before its decimals, year-month-day."""

    __slots__ = ()


class Broken(str):
    """A cell without a value, though something should be in it; the text is the sentence."""

    __slots__ = ()


class Cells:
    """Reads the cells of one file. Values stay text, in our own form: they can be compared, and kept on disk."""

    def __init__(
        self, company: Company, kind: str = "orders", *, date_order: str = "", decimal_comma: bool | None = None
    ) -> None:
        self.zone = ZoneInfo(company.timezone)
        self.date_order, self.decimal_comma = date_order, decimal_comma
        self.known: dict[tuple[str, type], dict[str, str | None]] = {}
        self.readers = {**self._readers(), **_readers_of(kind)}

    def _readers(self) -> Mapping[str, Reader]:
        """How each field that is not plain text is read."""
        return {
            "email": self.email,
            "customer_email": self.email,
            "participant_email": self.email,
            "staff_email": self.email,
            **dict.fromkeys(dates.FIELDS, self.moment),
            "status": choice(Order.Status.choices, words.STATUS),
            "priority": choice(Order.Priority.choices, words.PRIORITY),
            "payment_state": choice(Order.PaymentState.choices, words.PAYMENT),
            "language": choice([(code, name) for code, name in Customer._meta.get_field("language").flatchoices]),
            "currency": self.currency,
            "total": self.amount,
            "unit_price": self.amount,
            "quantity": self.quantity,
            "capacity": self.quantity,
            "duration": self.quantity,
            "discount": self.discount,
        }

    def read(self, field: str, cell: str) -> str | None:
        """The value of a cell; None when it says nothing (empty or NULL)."""
        known = self.known.get((field, type(cell)))
        if known is None:
            known = self.known[field, type(cell)] = {}
        if cell in known:
            return known[cell]
        value = self._read(field, cell)
        if len(known) < REMEMBERED and len(cell) < 100:
            known[cell] = value
        return value

    def _read(self, field: str, cell: str) -> str | None:
        if isinstance(cell, Broken):
            raise ValueError(str(cell))
        text = cell.strip()
        if text in UNKNOWN:
            return None
        if "\x00" in text:
            raise ValueError(_("It contains a character that cannot be kept (NUL). Remove it."))
        if isinstance(cell, Exact):
            text = Exact(text)
        elif DEFUSED.match(text):
            text = text[1:]
        reader = self.readers.get(field)
        return reader(text) if reader else self.text(text, LONGEST.get(field, LONGEST_TEXT))

    def text(self, text: str, longest: int) -> str:
        if len(text) > longest:
            said = _("It has %(length)s characters; at most %(longest)s can be kept. Shorten it.")
            raise ValueError(said % {"length": len(text), "longest": longest})
        return FOLDED.sub("\n", text) if "\r" in text else str(text)

    def number(self, text: str) -> Decimal:
        number = Decimal(text) if isinstance(text, Exact) and numbers.PLAIN.fullmatch(text) else None
        if number is None:
            number = numbers.read(text, decimal_comma=self.decimal_comma)
        if number is None:
            said = _("“%(text)s” is not a number. Write it plainly, such as 1234.50, without currency or spaces.")
            raise ValueError(said % {"text": cut(text)})
        return number

    def amount(self, text: str) -> str:
        number = self.number(text)
        if number < 0:
            said = _("“%(text)s” is less than nothing. Write refunds as a payment state instead.")
            raise ValueError(said % {"text": text})
        return kept(number, 19, 4, text)

    def quantity(self, text: str) -> str:
        number = self.number(text)
        if number != number.to_integral_value() or not 1 <= number <= 1_000_000:
            raise ValueError(_("“%(text)s” is not a quantity. Write a whole number from 1 on.") % {"text": cut(text)})
        return str(int(number))

    def discount(self, text: str) -> str:
        """A fraction from 0 to 1, or a percentage with its sign."""
        plain = text if isinstance(text, Exact) else text.rstrip("%").strip()
        number = self.number(plain) / (100 if text.endswith("%") else 1)
        if not 0 <= number <= 1:
            said = _("“%(text)s” is not a discount. Write a fraction from 0 to 1, such as 0.15, or “15 %%”.")
            raise ValueError(said % {"text": cut(text)})
        return kept(number, 7, 6, text)

    def moment(self, text: str) -> str:
        """A day, or a day and time; without an offset it is the company's own time."""
        try:
            moment = dates.read(text, self.date_order)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
            return moment.astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            said = _("“%(text)s” is not a date. Write year-month-day, such as 1996-07-04, or 1996-07-04T15:30.")
            raise ValueError(said % {"text": cut(text)}) from None

    def email(self, text: str) -> str:
        try:
            validate_email(text)
        except ValidationError:
            raise ValueError(_("“%(text)s” is not an e-mail address.") % {"text": cut(text)}) from None
        return text

    def currency(self, text: str) -> str:
        try:
            currency_code(text.upper())
        except ValidationError:
            said = _("“%(text)s” is not a currency. Write its three letters, such as EUR.")
            raise ValueError(said % {"text": cut(text)}) from None
        if text.upper() not in words.CURRENCIES:
            said = _("There is no currency “%(text)s”. Write one of ISO 4217, such as EUR, RON or ILS.")
            raise ValueError(said % {"text": text})
        return text.upper()


def _readers_of(kind: str) -> Mapping[str, Reader]:
    """What a kind reads in its own way."""
    if kind == "events":
        return {"status": choice(Event.Status.choices), "kind": choice(Event.Kind.choices)}
    if kind == "tickets":
        return {"status": choice(Ticket.Status.choices, words.TICKET)}
    if kind == "appointments":
        return {"status": choice(Appointment.Status.choices, words.APPOINTMENT)}
    return {"country": country} if kind == "branches" else {}


def country(text: str) -> str:
    code = phones.country_code(text)
    if not code:
        raise ValueError(_("“%(text)s” is no country. Write its two letters, such as RO.") % {"text": cut(text)})
    return code


def kept(number: Decimal, digits: int, places: int, text: str) -> str:
    """The number as we can keep it; one that would be changed by keeping it is refused."""
    if number >= Decimal(10) ** (digits - places) or number != round(number, places):
        said = _("“%(text)s” is too large or too fine. At most %(places)s decimal places can be kept.")
        raise ValueError(said % {"text": cut(text), "places": places})
    return f"{number.normalize():f}"


def choice(choices: Sequence[tuple[str, object]], also: Mapping[str, str] = words.NONE) -> Reader:
    """One of the values, by its own name, its label or a known translation, whatever its case."""
    known = {**also, **{str(label).casefold(): value for value, label in choices}}
    known |= {value.casefold(): value for value, _label in choices}
    values = ", ".join(value for value, _label in choices)

    def read(text: str) -> str:
        if text.casefold() not in known:
            said = _("“%(text)s” is not one of: %(values)s.")
            raise ValueError(said % {"text": cut(text), "values": values})
        return known[text.casefold()]

    return read
