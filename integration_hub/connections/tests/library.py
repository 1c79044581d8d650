"""A toy provider with something to discover: shelves at the top, books with pages in a shelf."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from integration_hub.connections.tests.toy import Toy
from integration_hub.contract import Resource
from integration_hub.contract.api import Json
from integration_hub.http.door import refuse_inside_transaction


def shelf(number: int, label: str = "") -> Resource:
    return Resource("shelf", f"shelf{number}", label or f"Shelf {number}")


def book(number: int, label: str = "", within: str = "shelf1", **details: Json) -> Resource:
    return Resource("book", f"book{number}", label or f"Book {number}", within, details)


class Library(Toy):
    """`there`: what each listing answers. `before` is told the listing and the resource before each one, and may
    raise, wait or end the process."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, list[Resource]] = {"": [shelf(1), shelf(2)]}
        self.listed: list[str] = []
        self.before: Callable[[str, Resource | None], None] | None = None

    def discover(self, client: Any, within: str = "") -> Iterator[Resource]:
        """A page each, lazily. `before` is told None before the first call."""
        refuse_inside_transaction()
        self.listed.append(within)
        self.tell(within, None)
        for resource in self.there.get(within, []):
            self.tell(within, resource)
            refuse_inside_transaction()
            yield resource

    def tell(self, within: str, resource: Resource | None) -> None:
        if self.before:
            self.before(within, resource)


def labels(resources: Iterator[Resource] | tuple[Resource, ...]) -> list[str]:
    return [resource.label for resource in resources]


def failing(error: BaseException, at: str | None = None) -> Callable[[str, Resource | None], None]:
    """A hook that raises at the resource with the id `at`, or before anything is listed."""

    def hook(within: str, resource: Resource | None) -> None:
        if (resource.id if resource else None) == at:
            raise error

    return hook


def wide(number: int, fields: int) -> Resource:
    """A book with as many fields as a large table has."""
    listed: list[Json] = [{"id": f"fld{number}x{one}", "name": f"Field {one}", "type": "text"} for one in range(fields)]
    details: Mapping[str, Json] = {"fields": listed}
    return Resource("book", f"book{number}", f"Book {number}", "shelf1", details)
