"""The breaker of one provider account: after five failures in a row nothing goes out for a while but one trial call.

One row, shared by all workers. A provider that answers, even with a refusal, is alive.
"""

from django.db import connection
from django.utils.translation import gettext as _

from integration_hub.contract import TransientError
from integration_hub.http import clock
from integration_hub.http.models import Breaker

LIMIT = 5
PAUSES = (30.0, 60.0, 120.0, 240.0, 300.0)  # seconds after the fifth, sixth … failure in a row
_TABLE = Breaker._meta.db_table
_AFTER = " ".join(f"WHEN {LIMIT + number} THEN {pause}" for number, pause in enumerate(PAUSES))


def admit(name: str, key: str, hold: float) -> bool:
    """Whether this call is the trial; False while all is well. TransientError while the breaker is open.

    The trial is claimed for `hold` seconds: until then, or until it is told how it went, nobody else gets one.
    """
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT failures, open_until - {now} FROM {_TABLE} WHERE key = %s",  # noqa: S608 - our own table
            [*offset, key],
        )
        row = cursor.fetchone()
        if row is None or row[0] < LIMIT:
            return False
        if row[1] <= 0:
            cursor.execute(
                f"UPDATE {_TABLE} SET open_until = {now} + %s WHERE key = %s AND open_until <= {now}",  # noqa: S608
                [*offset, hold, key, *offset],
            )
            if cursor.rowcount:
                return True
    wait = max(1.0, row[1])
    raise TransientError(
        _("%(name)s has not answered several times in a row. We try it again in %(seconds)d seconds.")
        % {"name": name, "seconds": round(wait)},
        code="breaker",
        retry_after=wait,
    )


def failed(key: str, *, trial: bool) -> None:
    """One more failure. Calls that were under way when it opened change nothing; a trial makes the pause longer."""
    now, offset = clock.epoch_sql()
    stays = "%s" if trial else f"{_TABLE}.open_until <= {now}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {_TABLE} (key, failures, open_until) VALUES (%s, 1, 0)
            ON CONFLICT (key) DO UPDATE SET failures = {_TABLE}.failures + 1, open_until =
                CASE WHEN {_TABLE}.failures + 1 < {LIMIT} THEN 0
                ELSE {now} + CASE {_TABLE}.failures + 1 {_AFTER} ELSE {PAUSES[-1]} END END
            WHERE {stays}""",  # noqa: S608
            [key, *offset, *([True] if trial else offset)],
        )


def alive(key: str) -> None:
    """The provider answered: the row of failures is over. Reads first, since it nearly always has nothing to write."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {_TABLE} WHERE key = %s AND failures > 0", [key])  # noqa: S608
        if cursor.fetchone():
            cursor.execute(f"UPDATE {_TABLE} SET failures = 0, open_until = 0 WHERE key = %s", [key])  # noqa: S608


def give_back(key: str) -> None:
    """The claimed trial never left, so the next call may be it."""
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET open_until = {now} WHERE key = %s AND failures >= {LIMIT}",  # noqa: S608
            [*offset, key],
        )
