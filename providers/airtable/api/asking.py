"""Calls for a program that waits: a deadline, and Airtable's refusals as problem documents that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from django.utils.translation import gettext as _

from integration_hub.connections import clients, services
from integration_hub.connections.models import Connection
from integration_hub.contract import AuthFailed, ProviderError, RateLimited, TransientError
from integration_hub.http import door
from integration_hub.rest.problems import Problem
from providers.airtable.client import AirtableClient
from providers.airtable.refusals import PERHAPS_GONE

QUOTA = "PUBLIC_API_BILLING_LIMIT_EXCEEDED"
SECONDS = 10.0  # for all calls of one request together


@contextmanager
def asking(connection: Connection) -> Iterator[AirtableClient]:
    """A client whose calls are over in time; whatever Airtable says against them becomes a Problem."""
    with explained(connection, changes=True), door.within(SECONDS):
        client: AirtableClient = clients.open_client(connection, prio=0)
        yield client


@contextmanager
def explained(connection: Connection, *, changes: bool = False) -> Iterator[None]:
    """Around calls: an error of the contract becomes a Problem; a refused key is noted. `changes`: they may leave
    something behind over there although they failed."""
    version = connection.key_version
    try:
        yield
    except AuthFailed as error:
        services.needs_reconnect(connection.pk, error.sentence, key_version=version)
        raise Problem("conflict", error.sentence) from error
    except RateLimited as error:
        raise _later(error) from error
    except TransientError as error:
        raise (_unsure() if changes and error.unsure else _unanswered()) from error
    except ProviderError as error:
        raise Problem("not-found" if error.code in PERHAPS_GONE else "provider-refused", error.sentence) from error


def _later(error: RateLimited) -> Problem:
    seconds = max(1, ceil(error.retry_after))
    text = _("Airtable takes no more calls just now, and nothing was done. Repeat the request in %(n)d seconds.")
    if error.code == QUOTA:
        text = _("The Airtable calls of this workspace are used up for this month. Upgrade its plan, then repeat.")
    return Problem("unavailable", text % {"n": seconds}, headers={"Retry-After": str(seconds)})


def _unsure() -> Problem:
    text = _("Airtable did not say whether it was done. It may have been: look there before you repeat the request.")
    return Problem("provider-unsure", text)


def _unanswered() -> Problem:
    return Problem("provider-unreachable", _("Airtable cannot be asked just now. Repeat the request in a minute."))
