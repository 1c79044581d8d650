"""The company a piece of work is done for. A scoped query outside of one raises instead of leaking.

with scope.entered(company.pk):
    Order.objects.all()  # that company's, always
Order.everywhere.all()  # engine, migrations, operators: the word that must be read in a review
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_current: ContextVar[UUID | None] = ContextVar("company", default=None)


class NoCompany(RuntimeError):
    """A scoped query was built where no company is entered (at import, say, or in a task)."""


def current() -> UUID:
    """The company entered now; NoCompany when there is none."""
    company = _current.get()
    if company is None:
        raise NoCompany("no company is entered here: use scope.entered(company_id), or say .everywhere and mean it")
    return company


def current_or_none() -> UUID | None:
    return _current.get()


@contextmanager
def entered(company: UUID | None) -> Iterator[None]:
    """Do what follows for this company; None leaves every company."""
    token = _current.set(company)
    try:
        yield
    finally:
        _current.reset(token)
