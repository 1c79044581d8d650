"""The second company, small: it gives the company switcher its meaning."""

from integration_hub.companies.models import Company
from integration_hub.records.demo.making import do, email, find, missing
from integration_hub.records.models import Customer
from integration_hub.records.services import branches, customers, orders

PEOPLE = ("Clara Vianu", "Petre Solomon", "Irina Cantacuzino")


def fill(company: Company, *, alone: bool) -> None:
    do(
        missing(branches.noun, company, "name", [{"name": "Lipscani 7", "city": "București", "country": "RO"}]),
        alone=alone,
    )
    guests = [
        {"reference": f"SL-{number}", "name": name, "email": email(name), "language": "ro"}
        for number, name in enumerate(PEOPLE, 1)
    ]
    do(missing(customers.noun, company, "reference", guests), alone=alone)
    bought = [
        {
            "order_number": f"SL-{number}",
            "customer": find(Customer, company, reference=f"SL-{number}"),
            "items": [{"description": "Ședință foto", "quantity": number, "unit_price": "80"}],
        }
        for number in range(1, len(PEOPLE) + 1)
    ]
    do(missing(orders.noun, company, "order_number", bought), alone=alone)
