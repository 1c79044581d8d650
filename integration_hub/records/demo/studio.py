"""The second company, small: it gives the company switcher its meaning."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integration_hub.companies.models import Company
from integration_hub.records.demo.making import Pace, missing
from integration_hub.records.demo.people import Buyer, buyers, email
from integration_hub.records.demo.planning import Size
from integration_hub.records.demo.theatre import new_buyers, save_buyers
from integration_hub.records.models import Branch, Customer, Order
from integration_hub.records.services import branches, bulk, staff

PREFIX = "SL"
SEED = 1856
PLACE = {"name": "Lipscani 7", "street": "Strada Lipscani 7", "city": "București", "country": "RO"}
STAFF = (("Clara Vianu", "Photographer"), ("Petre Solomon", "Assistant"))
SERVICES = (("Ședință foto", "80"), ("Portret de familie", "140"), ("Album tipărit", "95"), ("Retuș", "25"))


def fill(company: Company, size: Size, pace: Pace) -> None:
    now = company.created_at.astimezone(ZoneInfo(company.timezone))
    rng = random.Random(SEED)  # noqa: S311 - the same demo every time
    people = buyers(rng, PREFIX, max(5, size.customers // 20))
    pace.do(missing(branches.noun, company, "name", [PLACE]))
    home = Branch.everywhere.filter(company=company, deleted_at=None).first()
    team = [{"name": name, "role_title": title, "email": email(name), "branch": home} for name, title in STAFF]
    pace.do(missing(staff.noun, company, "name", team))
    pace.save(new_buyers(company, people), lambda some: save_buyers(company, some))
    told = order_rows(company, rng, people, now, count=max(5, size.orders // 20))
    known = set(Order.everywhere.filter(company=company).values_list("order_number", flat=True))
    new = (bulk.OrderEntry(row) for row in told if row["order_number"] not in known)
    pace.save(new, lambda some: bulk.save_orders(company, some))


def order_rows(
    company: Company, rng: random.Random, people: list[Buyer], now: datetime, *, count: int
) -> Iterator[dict[str, Any]]:
    """One after the other through the last year; those of the last days are still being made."""
    saved = {one.reference: one for one in Customer.everywhere.filter(company=company, deleted_at=None)}
    back = sorted((rng.uniform(0.1, 360) for _order in range(count)), reverse=True)
    for number, days in enumerate(back, 1):
        customer = saved[rng.choice(people).reference]
        customer.company = company
        things = rng.sample(SERVICES, rng.choice((1, 1, 2)))
        fresh = rng.choice(("Pending", "Processing"))
        yield {
            "order_number": f"{PREFIX}-{number:04}",
            "customer": customer,
            "placed_at": now - timedelta(days=days),
            "status": fresh if days < 10 else "Delivered",
            "payment_state": "unpaid" if days < 10 and fresh == "Pending" else "paid",
            "items": [{"description": name, "quantity": 1, "unit_price": price} for name, price in things],
        }
