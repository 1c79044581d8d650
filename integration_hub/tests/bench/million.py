"""A company with a great many orders, made by SQL in a process with the hub's own environment, and the bare SQL of what
its pages answer.

python -m integration_hub.tests.bench.million fill 1000000     # prints {"token", "company", "seconds"}
python -m integration_hub.tests.bench.million floors           # prints {name: milliseconds}
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from integration_hub.tests.bench.report import percentile

BASE = Path(__file__).resolve().parent.parent.parent.parent
SLUG = "a-million"
BUYERS = 50_000
ROUNDS = 30
FIRST = ("Ana", "Ioana", "Mihai", "Andrei", "Noa", "David", "Lena", "Jonas", "Lucía", "Carlos", "Emma", "Oliver", "Dan")
LAST = ("Popescu", "Ionescu", "Popa", "Levi", "Cohen", "Schmidt", "Weber", "García", "Moreno", "Smith", "Taylor")

# {uuid}, {chance} (0 to 1), {series}, {now} and {ago} are each database's own.
BUYERS_SQL = """
INSERT INTO customers (id, company_id, created_at, updated_at, reference, name, email, phone, phone_raw, language,
                       notes, orders_count, tickets_count, spent)
SELECT {uuid}, {company}, {now}, {now}, 'B' || n, {first} || ' ' || {last} || ' ' || n, 'b' || n || '@example.com', '',
       '', '', '', 0, 0, '{{}}'
FROM {series}
"""
ORDERS_SQL = """
INSERT INTO orders (id, company_id, created_at, updated_at, order_number, customer_id, status, priority, payment_state,
                    currency, total, placed_at, notes)
WITH drawn AS MATERIALIZED (SELECT n, {chance} AS chance FROM {series})
SELECT {uuid}, {company}, {now}, {now}, 'M-' || n, buyers.id,
       CASE WHEN n % 20 < 12 THEN 'Delivered' WHEN n % 20 < 14 THEN 'Sent' WHEN n % 20 < 16 THEN 'Processing'
            WHEN n % 20 < 18 THEN 'Pending' ELSE 'Cancelled' END,
       CASE WHEN n % 7 = 0 THEN 'High' WHEN n % 7 = 1 THEN 'Low' ELSE 'Medium' END, 'paid',
       CASE WHEN n % 11 < 8 THEN 'RON' WHEN n % 11 < 10 THEN 'EUR' ELSE 'HUF' END, 20 + n % 500, {ago}, ''
FROM (SELECT n, 'B' || (1 + CAST({buyers} * chance * chance AS integer)) AS buyer FROM drawn) AS sold
JOIN customers AS buyers
  ON buyers.company_id = {company} AND buyers.deleted_at IS NULL AND buyers.reference = sold.buyer
"""
LINES_SQL = """
INSERT INTO order_items (id, company_id, created_at, updated_at, order_id, position, description, quantity, unit_price,
                         discount, amount)
SELECT {uuid}, company_id, created_at, created_at, id, 0, 'Standard', 1, total, 0, total
FROM orders WHERE company_id = {company}
"""


def run(env: dict[str, str], *words: str) -> Any:
    """What this module prints when it runs with the hub's environment."""
    command = [sys.executable, "-m", __spec__.name, *words]
    done = subprocess.run(command, cwd=BASE, env={**env, "HUB_PROCESS": "worker"}, check=True, capture_output=True)
    return json.loads(done.stdout.splitlines()[-1])


def fill(count: int) -> dict[str, Any]:
    from django.db.models import F

    from integration_hub.companies import tokens
    from integration_hub.companies.models import Company
    from integration_hub.records import guard
    from integration_hub.records.models import DayBook
    from integration_hub.records.services import daybooks

    about = {"name": "A million", "timezone": "Europe/Bucharest", "currency": "RON"}
    company = Company.objects.create(slug=SLUG, **about)
    insert(company.pk, count)
    settle()
    with guard.writing():  # the hub's own worker has made a book of nothing meanwhile
        DayBook.everywhere.filter(company=company).update(build=F("build") + 1, walked_to=None, complete=False)
    start = time.perf_counter()
    daybooks.tend_one(company.pk)
    seconds = time.perf_counter() - start
    settle()
    token = tokens.issue(company, "bench", ["read", "write"], unthrottled=True)[1]
    return {"token": token, "company": str(company.pk), "seconds": seconds}


def insert(company_id: Any, count: int) -> None:
    from django.db import connection

    words = dialect(connection.vendor, company_id)
    with connection.cursor() as cursor:
        for text, rows in ((BUYERS_SQL, BUYERS), (ORDERS_SQL, count), (LINES_SQL, count)):
            cursor.execute(
                text.format(**words, buyers=BUYERS - 1, series=words["serie"] % rows, ago=words["since"] % rows)
            )


def dialect(vendor: str, company_id: Any) -> dict[str, str]:
    if vendor == "sqlite":
        pick = "json_extract('{names}', '$[' || ((n * {step}) % {many}) || ']')"
        words = {
            "uuid": "lower(hex(randomblob(16)))",
            "chance": "(abs(random() % 1000000) / 1000001.0)",
            "serie": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c)",
            "now": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
            "since": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || (n * 63072000.0 / %d) || ' seconds')",
            "company": f"'{company_id.hex}'",
        }
    else:
        pick = "(ARRAY(SELECT json_array_elements_text('{names}')))[1 + (n * {step}) % {many}]"
        words = {
            "uuid": "gen_random_uuid()",
            "chance": "random()",
            "serie": "generate_series(1, %d) AS n",
            "now": "now()",
            "since": "now() - (n * 63072000.0 / %d) * interval '1 second'",
            "company": f"'{company_id}'",
        }
    named = {"first": (FIRST, 1), "last": (LAST, 7)}
    picks = {
        key: pick.format(names=json.dumps(names, ensure_ascii=False), step=step, many=len(names))
        for key, (names, step) in named.items()
    }
    return words | picks


def settle() -> None:
    """As the databases' own housekeeping leaves it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


# The same answers without a hub: the rows of a page, and everything counted that a summary says.
PAGE = "SELECT * FROM orders WHERE company_id = %s AND deleted_at IS NULL ORDER BY placed_at DESC, id DESC LIMIT 50"
FLOORS = {
    "page": (PAGE, "SELECT count(*) FROM orders WHERE company_id = %s AND deleted_at IS NULL"),
    "summary": (
        "SELECT status, priority, currency, count(*), sum(total) FROM orders"
        " WHERE company_id = %s AND deleted_at IS NULL GROUP BY 1, 2, 3",
        "SELECT {day}, currency, count(*), sum(total) FROM orders WHERE company_id = %s AND deleted_at IS NULL"
        " GROUP BY 1, 2",
        "SELECT customer_id, sum(total) FROM orders WHERE company_id = %s AND deleted_at IS NULL AND currency = 'RON'"
        " GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    ),
}
DAY = {"sqlite": "substr(placed_at, 1, 10)", "postgresql": "CAST(placed_at AT TIME ZONE 'Europe/Bucharest' AS date)"}


def floors() -> dict[str, float]:
    """Milliseconds, the 95th of 100."""
    from django.db import connection

    from integration_hub.companies.models import Company

    pk = Company.objects.get(slug=SLUG).pk
    key = pk.hex if connection.vendor == "sqlite" else pk
    found = {}
    with connection.cursor() as cursor:
        for name, texts in FLOORS.items():
            times = []
            for _round in range(ROUNDS):
                start = time.perf_counter()
                for text in texts:
                    cursor.execute(text.replace("{day}", DAY[connection.vendor]), [key])
                    cursor.fetchall()
                times.append(1000 * (time.perf_counter() - start))
            found[name] = percentile(times, 0.95)
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    import django

    django.setup()
    print(json.dumps(fill(int(sys.argv[2])) if sys.argv[1] == "fill" else floors()))
