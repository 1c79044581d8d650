"""What is played and who bought what, worked out before anything is saved: the same for the same size and moment."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from integration_hub.records.demo.people import Buyer, first_name
from integration_hub.records.demo.tables import EXTRAS, FIRST_NUMBER, PRODUCTIONS, Kind, Production

SEED = 1879
LEAD = 16.0  # days before the evening that most buy
SOLD_FOR = 120.0  # days before it that the first ones do
PAST = 530  # days back that vouchers and shirts were sold
HOURS = range(8, 24)
BUSY = (2, 4, 6, 6, 7, 6, 5, 5, 6, 7, 9, 11, 12, 10, 6, 3)  # how many order in each of these hours


@dataclass(frozen=True)
class Size:
    """`all_days`: whether a production is played on all its days, or on the last one alone."""

    customers: int
    orders: int
    all_days: bool


FULL = Size(customers=2000, orders=5000, all_days=True)
SMALL = Size(customers=40, orders=60, all_days=False)


@dataclass(frozen=True)
class Show:
    """One evening of a production."""

    production: Production
    starts_at: datetime
    over: bool

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(hours=self.production.hours)

    @property
    def status(self) -> str:
        return self.production.status or ("finished" if self.over else "published")


@dataclass(frozen=True)
class Seat:
    name: str
    email: str = ""
    phone: str = ""
    status: str = "valid"
    arrived: datetime | None = None


@dataclass(frozen=True)
class Line:
    """So many tickets of a kind, or of a thing with a price."""

    quantity: int
    kind: Kind | None = None
    thing: str = ""
    price: Decimal = Decimal(0)
    discount: str = "0"
    seats: tuple[Seat, ...] = ()


@dataclass(frozen=True)
class Sale:
    number: str
    show: Show | None
    buyer: Buyer
    placed_at: datetime
    lines: tuple[Line, ...]
    status: str = "Delivered"
    priority: str = "Medium"
    payment: str = "paid"

    @property
    def currency(self) -> str:
        return self.show.production.currency if self.show else "RON"


def shows(size: Size, now: datetime) -> list[Show]:
    """`now`: the company's moment, in its zone."""
    found = []
    for production in PRODUCTIONS:
        for days in production.days if size.all_days else production.days[-1:]:
            day = _weekday(now.date() + timedelta(days=days), production.weekday)
            starts = datetime.combine(day, time(production.hour), ZoneInfo(production.zone)).astimezone(UTC)
            found.append(Show(production, starts, starts + timedelta(hours=production.hours) < now))
    return sorted(found, key=lambda show: (show.starts_at, show.production.title))


def _weekday(day: date, weekday: int | None) -> date:
    return day if weekday is None else day + timedelta(days=(weekday - day.weekday()) % 7)


def sales(size: Size, evenings: Sequence[Show], people: Sequence[Buyer], now: datetime, prefix: str) -> Iterator[Sale]:
    """All orders, numbered as they were placed."""
    box_office = BoxOffice(evenings, people, now)
    found = sorted((box_office.sale() for _order in range(size.orders)), key=lambda sale: sale.placed_at)
    for number, sale in enumerate(found, FIRST_NUMBER):
        yield replace(sale, number=f"{prefix}-{number}")


class BoxOffice:
    """Sells, and knows what is left."""

    def __init__(self, evenings: Sequence[Show], people: Sequence[Buyer], now: datetime) -> None:
        self.rng = random.Random(SEED)  # noqa: S311 - the same demo every time
        self.now = now
        self.people = people
        self.speaking = {buyer.language: [one for one in people if one.language == buyer.language] for buyer in people}
        self.evenings = [show for show in evenings if show.status != "draft"]
        self.wanted = {show: _demand(show, now) * self.rng.uniform(0.85, 1.0) for show in self.evenings}
        self.taken: Counter[tuple[Show, str]] = Counter()

    def sale(self) -> Sale:
        if self.rng.random() < 0.06:
            return self.things()
        for _try in range(20):
            show = self.rng.choices(self.evenings, list(self.wanted.values()))[0]
            if sold := self.tickets(show):
                return sold
        return self.things()

    def things(self) -> Sale:
        """Somebody buys a voucher or a shirt; in December more do."""
        days = max((self.rng.random() * PAST for _try in range(2)), key=lambda back: self.december(back))
        placed = self.hour(self.now - timedelta(days=days), self.now)
        state = "Delivered" if days > 5 else self.rng.choice(("Pending", "Processing", "Sent"))
        paid = "unpaid" if state == "Pending" else "paid"
        return Sale("", None, self.buyer("ro"), placed, (self.thing(),), state, payment=paid)

    def december(self, back: float) -> bool:
        return (self.now - timedelta(days=back)).month == 12

    def thing(self) -> Line:
        thing, price = self.rng.choice(EXTRAS)
        return Line(self.rng.choice((1, 1, 1, 2)), thing=thing, price=price)

    def tickets(self, show: Show) -> Sale | None:
        """An order for an evening; None when too few places are left."""
        buyer = self.buyer(show.production.likes)
        many = self.rng.choices((1, 2, 3, 4, 5, 6), (20, 46, 12, 15, 4, 3))[0]
        many = self.rng.randint(12, 28) if buyer.notes else many
        lines = list(self.seats_of(show, many))
        if not lines:
            return None
        placed = self.placed(show)
        status, payment = self.state(show, placed)
        lines, payment = self.with_people(show, buyer, lines, status, payment)
        if show.production.currency == "RON" and self.rng.random() < 0.22:
            lines.append(self.thing())
        soon = show.starts_at - placed < timedelta(days=2) or bool(buyer.notes)
        priority = "High" if soon and self.rng.random() < 0.6 else self.rng.choices(("Low", "Medium"), (2, 8))[0]
        return Sale("", show, buyer, placed, tuple(lines), status, priority, payment)

    def seats_of(self, show: Show, many: int) -> Iterator[Line]:
        """One kind of ticket, sometimes a second one for the children."""
        kinds = list(show.production.kinds)
        first = self.rng.choices(kinds, [kind.share for kind in kinds])[0]
        second = self.rng.choice(kinds)
        parts = [(first, many)]
        if many > 2 and second is not first and self.rng.random() < 0.4:
            parts = [(first, 2), (second, many - 2)]
        if self.taken[show, ""] + many > self.wanted[show]:
            return
        if any(kind.quota and self.taken[show, kind.name] + count > kind.quota for kind, count in parts):
            return
        for kind, count in parts:
            self.taken.update({(show, ""): count, (show, kind.name): count})
            yield Line(count, kind, discount="0.1" if many > 9 else "0")

    def placed(self, show: Show) -> datetime:
        left = max(0.0, (show.starts_at - self.now) / timedelta(days=1))
        early = min(left + self.rng.expovariate(1 / LEAD), max(left, SOLD_FOR))
        last = min(self.now, show.starts_at) - timedelta(minutes=5)
        return self.hour(show.starts_at - timedelta(days=early), last)

    def hour(self, day: datetime, last: datetime) -> datetime:
        """A busy hour of that day, but no later than `last`."""
        hour = self.rng.choices(HOURS, BUSY)[0]
        local = day.astimezone(self.now.tzinfo).replace(hour=hour, minute=self.rng.randint(0, 59), second=0)
        found = local.replace(microsecond=0).astimezone(UTC)
        return found if found < last else last.astimezone(UTC) - timedelta(minutes=self.rng.randint(1, 600))

    def buyer(self, likes: str) -> Buyer:
        """Some come often; abroad most speak the language of the place."""
        pool = self.speaking.get(likes, self.people) if likes != "ro" and self.rng.random() < 0.8 else self.people
        return pool[int(len(pool) * self.rng.random() ** 1.5)]

    def state(self, show: Show, placed: datetime) -> tuple[str, str]:
        """Where the order stands, and its payment."""
        if show.status == "cancelled":
            return "Cancelled", "refunded"
        if self.rng.random() < 0.03:
            return "Cancelled", self.rng.choice(("unpaid", "refunded", "refunded"))
        if show.over:
            return "Delivered", "paid"
        new = self.now - placed < timedelta(days=2)
        status = self.rng.choices(("Pending", "Processing", "Sent"), (5, 4, 3) if new else (0, 2, 8))[0]
        return status, "unpaid" if status == "Pending" else "paid"

    def with_people(
        self, show: Show, buyer: Buyer, lines: list[Line], status: str, payment: str
    ) -> tuple[list[Line], str]:
        """A name on each ticket; of the paid orders some give one or all of them back."""
        count = sum(line.quantity for line in lines)
        back = 0
        if payment == "paid" and self.rng.random() < 0.035:
            back = count if self.rng.random() < 0.5 else 1
            payment = "refunded" if back == count else "partly_refunded"
        whole = {"Pending": "reserved", "Cancelled": "refunded" if payment == "refunded" else "cancelled"}
        seats = [self.seat(show, buyer, at, "refunded" if at >= count - back else whole.get(status, "valid"))
                 for at in range(count)]  # fmt: skip
        named = []
        for line in lines:
            named.append(replace(line, seats=tuple(seats[: line.quantity])))
            seats = seats[line.quantity :]
        return named, payment

    def seat(self, show: Show, buyer: Buyer, at: int, status: str) -> Seat:
        came = show.over and status == "valid" and self.rng.random() < 0.91
        arrived = show.starts_at - timedelta(minutes=self.rng.randint(1, 55)) if came else None
        if buyer.notes:
            return Seat(f"{buyer.name} · {at + 1}", status=status, arrived=arrived)
        if at == 0:
            return Seat(buyer.name, buyer.email, buyer.phone, status, arrived)
        family = (buyer if self.rng.random() < 0.6 else self.rng.choice(self.speaking[buyer.language])).family
        name = f"{first_name(self.rng, buyer.language)} {family}"
        return Seat(name, status=status, arrived=arrived)


def _demand(show: Show, now: datetime) -> float:
    """How many places are sold by now."""
    left = max(0.0, (show.starts_at - now) / timedelta(days=1))
    places = show.production.capacity or 250
    return float(places * show.production.crowd * 2.718 ** (-left / LEAD))
