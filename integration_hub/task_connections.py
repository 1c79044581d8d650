"""How long a worker's thread keeps its connection to the database: from task to task, as it would between requests.

Celery closes it before and after every task, and each sweep would open a new one; on SQLite that costs more than the
sweep itself.
"""

from functools import cached_property

from celery import Celery
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup  # type: ignore[attr-defined] # the stubs lack it
from django.db import close_old_connections


class KeptConnections(DjangoWorkerFixup):
    """CONN_MAX_AGE decides, and a connection that broke is replaced. A pooled one goes back to its pool."""

    def _close_database(self) -> None:
        close_old_connections()


class Fixup(DjangoFixup):
    """Celery's own, with the above in its place."""

    @cached_property
    def worker_fixup(self) -> KeptConnections:  # looks at the settings, which are not there yet when this is installed
        return KeptConnections(self.app)


def fixup(app: Celery) -> DjangoFixup:
    ours = Fixup(app)
    ours.install()
    return ours
