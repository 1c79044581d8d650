"""Files that lie in a table's cells: copied once, followed, and never kept as addresses, which die after two hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from integration_hub.companies.models import Company, User
from integration_hub.connections import clients, services
from integration_hub.connections.models import Connection
from integration_hub.contract import ConfigError, Direction, Entry, File, Rejected, registry
from integration_hub.http import clock, fetching
from integration_hub.notices.models import Problem
from integration_hub.records.attachments import fetching as work
from integration_hub.records.attachments import files, pruning
from integration_hub.records.attachments import nudge as file_nudge
from integration_hub.records.models import Attachment, Order
from integration_hub.records.services import attachments
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import lanes, mappings, nudge, reading, worker
from integration_hub.sync.mappings import Draft, Pair
from integration_hub.sync.models import Mapping, SyncWrite
from providers.airtable.client import AirtableClient
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo
from providers.airtable.sinks import RecordsSink

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
SINK = RecordsSink()
TABLE, CELL = "Sales orders", "Attachments"
NAMES = ["order_number", "currency", "attachments"]


@dataclass
class Shop:
    """An order over there, and what people do with its files."""

    sandbox: Sandbox
    connection: Connection
    mapping: Mapping
    row: str
    field: str

    def put(self, name: str, content: bytes) -> None:
        client: AirtableClient = clients.open_client(self.connection)
        client.upload_attachment(demo.SALES, self.row, self.field, File(name, "text/plain", content))

    def cell(self) -> list[dict[str, Any]]:
        rows = {one["id"]: one["fields"] for one in self.sandbox.control("airtable", "rows", table=TABLE)}
        return list(rows[self.row].get(CELL) or ())

    def keep(self, *ids: str) -> None:
        told = {CELL: [{"id": one} for one in ids]}
        self.sandbox.control("airtable", "edit", table=TABLE, record=self.row, fields=told)

    def rename(self, name: str) -> None:
        table = self.sandbox.simulator("airtable").state.bases[0].table(self.mapping.place["table"])
        table.records.get(self.row).cells[self.field][0]["filename"] = name

    def look(self) -> None:
        reading.whole(self.mapping)
        lanes.wake([self.mapping.pk])
        drain()


@pytest.fixture
def shop(company: Company, wire: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Shop]:
    for nudger in (nudge._nudger, file_nudge._nudger):
        monkeypatch.setattr(nudger, "publish", lambda: None)
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        token = server.simulator("airtable").token("demo")
        made = services.connect(company, "airtable", {"token": token}, {"base_id": demo.SALES}, actor="alice")
        kind = registry.record_type("order")
        table = SINK.make_place(clients.open_client(made), demo.SALES, TABLE, kind, NAMES)
        by_name = {field.label: field.id for field in SINK.fields(table)}
        pairs = [Pair("order_number", by_name["Order number"]), Pair("currency", by_name["Currency"])]
        mapping = mappings.save(made, Draft("order", table, pairs), actor="alice")
        mapping.fields.create(
            position=9,
            ours="attachments",
            remote_id=by_name[CELL],
            remote_label=CELL,
            remote_type="multipleAttachments",
        )
        Mapping.everywhere.filter(pk=mapping.pk).update(direction=Direction.BOTH.value)
        mapping.refresh_from_db()
        reading.ensure(mapping)
        cells = {"Order number": "A-1", "Currency": "EUR"}
        row = str(server.control("airtable", "add", table=TABLE, fields=cells)["id"])
        yield Shop(server, made, mapping, row, by_name[CELL])


def drain() -> None:
    lanes.repair()
    worker.drain(20.0)


def copies() -> dict[str, bytes | None]:
    """What there is of each file, by its name."""
    rows = Attachment.everywhere.filter(deleted_at=None).order_by("position")
    return {row.name: files.path_of(row.path).read_bytes() if row.path else None for row in rows}


def test_files_are_copied_with_their_record_and_only_once(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.put("plan.txt", b"a plan")
    shop.look()
    order = Order.everywhere.get()
    assert copies() == {"offer.txt": None, "plan.txt": None}, "the record is there before its files"
    assert work.serve() == 2
    assert copies() == {"offer.txt": b"an offer", "plan.txt": b"a plan"}
    first = Attachment.everywhere.get(name="offer.txt")
    assert (first.record_type, first.record_id, first.size, len(first.sha256)) == ("order", order.pk, 8, 64)
    writes = SyncWrite.everywhere.count()
    shop.look()
    assert (work.serve(), SyncWrite.everywhere.count()) == (0, writes), "nothing is fetched, told or written twice"
    assert [one["filename"] for one in shop.cell()] == ["offer.txt", "plan.txt"], "theirs stay as they are"


def test_addresses_that_died_are_asked_for_anew(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()
    assert "http" not in str(list(Attachment.everywhere.values())), "no address is kept"
    shop.sandbox.control("airtable", "advance", seconds=3 * 3600)
    assert work.serve() == 1
    assert copies() == {"offer.txt": b"an offer"}


def test_an_address_that_dies_between_asking_and_fetching_is_tried_again(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()
    shop.sandbox.fault("airtable", path="/files/", command="advance", arguments={"seconds": 3 * 3600})
    assert work.serve() == 0
    row = Attachment.everywhere.get()
    assert "410" in row.sentence
    with clock.shifted(timedelta(minutes=30)):
        assert work.serve() == 1
    assert Attachment.everywhere.get().sentence == ""


def test_removed_replaced_and_brought_back(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.put("plan.txt", b"a plan")
    shop.look()
    work.serve()
    offer, plan = (one["id"] for one in shop.cell())
    shop.keep(plan)
    shop.look()
    assert copies() == {"plan.txt": b"a plan"}
    shop.put("offer.txt", b"another offer")
    shop.keep(plan, *[one["id"] for one in shop.cell()][1:])
    shop.look()
    assert work.serve() == 1
    assert copies() == {"plan.txt": b"a plan", "offer.txt": b"another offer"}
    shop.keep(offer)
    shop.look()
    assert work.serve() == 0, "it lies here still"
    assert copies() == {"offer.txt": b"an offer"}
    shop.keep()
    shop.look()
    assert copies() == {}


def test_setting_other_fields_back_leaves_the_files_alone(shop: Shop, company: Company) -> None:
    """An undo knows of a cell of files only that there was one."""
    shop.put("offer.txt", b"an offer")
    shop.look()
    work.serve()
    save = registry.record_type("order").save
    assert save is not None
    save(company.pk, Entry(Order.everywhere.get().pk, {"attachments": None, "notes": "as before"}))
    assert Order.everywhere.get().notes == "as before"
    assert copies() == {"offer.txt": b"an offer"}


def test_another_name_is_followed_without_fetching(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()
    work.serve()
    shop.rename("angebot.txt")
    shop.look()
    assert work.serve() == 0
    assert copies() == {"angebot.txt": b"an offer"}


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": "after"}, {"status": 302, "headers": {"Location": "/"}}])
def test_a_file_that_does_not_come_is_tried_again_and_loses_nothing(shop: Shop, fault: dict[str, Any]) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()
    shop.sandbox.fault("airtable", path="/files/", count=work.TOLD_AFTER, **fault)
    for hours in range(work.TOLD_AFTER):
        with clock.shifted(timedelta(hours=5 * hours)):
            assert work.serve() == 0
    assert Order.everywhere.count() == 1
    assert not list(files.folder().glob("*/*")), "no half file is left"
    problem = Problem.everywhere.get(key=f"sync:{shop.mapping.pk}:attachments", closed_at=None)
    assert problem.affected == 1
    with clock.shifted(timedelta(days=3)):
        assert work.serve() == 1
    assert copies() == {"offer.txt": b"an offer"}
    assert not Problem.everywhere.filter(key=problem.key, closed_at=None).exists()


def test_a_killed_fetch_is_done_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()

    class Killed(BaseException):
        pass

    def dies(*given: Any, **named: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(attachments, "keep", dies)
        with pytest.raises(Killed):
            work.serve()
    assert copies() == {"offer.txt": None}, "nothing is shown before its row says where it lies"
    assert work.serve() == 0, "somebody may still be at it"
    with clock.shifted(work.LEASE + timedelta(minutes=1)):
        assert work.serve() == 1
    assert copies() == {"offer.txt": b"an offer"}


def test_two_at_once_fetch_a_file_once(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()
    row = Attachment.everywhere.get()
    until = clock.now() + work.LEASE
    assert [len(attachments.claim([Attachment.everywhere.get()], until)), len(attachments.claim([row], until))] == [
        1,
        0,
    ]


def test_what_is_larger_than_the_limit_is_told_and_not_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "LARGEST", 5)
    shop.put("offer.txt", b"an offer")
    shop.look()
    assert work.serve() == 0
    row = Attachment.everywhere.get()
    assert (row.path, row.next_at) == ("", None)
    assert "larger than" in row.sentence


def test_a_file_that_grows_on_the_way_is_let_go(shop: Shop, tmp_path: Path) -> None:
    shop.put("offer.txt", b"an offer")
    provider = registry.provider("airtable")
    with (tmp_path / "half").open("wb") as file, pytest.raises(Rejected) as refused:
        fetching.fetch(provider, shop.cell()[0]["url"], file, most=5)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://v5.airtableusercontent.com/x",
        "https://airtableusercontent.com.evil.example/x",
        "https://user@v5.airtableusercontent.com/x",
        "file:///etc/passwd",
        "https://169.254.169.254/latest",
    ],
)
def test_nothing_is_fetched_from_elsewhere(url: str, tmp_path: Path, db: None) -> None:
    provider = registry.provider("airtable")
    with (tmp_path / "half").open("wb") as file, pytest.raises(ConfigError) as refused:
        fetching.fetch(provider, url, file, most=100)
    assert refused.value.code == "strange_host"


def test_copies_go_a_month_after_nobody_points_to_them(shop: Shop) -> None:
    shop.put("offer.txt", b"an offer")
    shop.look()
    work.serve()
    shop.keep()
    shop.look()
    assert pruning.prune() == 0
    (kept,) = files.folder().glob("*/*")
    with clock.shifted(timedelta(days=31)):
        assert pruning.prune() == 1
    assert not kept.exists()
    assert not Attachment.everywhere.exists()


def test_people_see_and_save_the_files_of_what_they_may_see(shop: Shop, alice: User, bob: User, charlie: User) -> None:
    shop.put("of<fer>.html", b"<script>alert(1)</script>")
    shop.look()
    order = Order.everywhere.get()
    page = f"/admin/records/order/{order.pk}/change/"
    staff = signed_in(bob)
    assert "being copied" in staff.get(page).content.decode()
    work.serve()
    row = Attachment.everywhere.get()
    address = f"/admin/records/order/{order.pk}/attachments/{row.pk}/"
    for person in (alice, bob):
        assert f'href="{address}"' in signed_in(person).get(page).content.decode()
        answer = signed_in(person).get(address)
        assert b"".join(answer) == b"<script>alert(1)</script>"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"] == "application/octet-stream"
    assert signed_in(charlie).get(address).status_code in (302, 403, 404)
    assert Client().get(address).status_code == 302
    other = Order.everywhere.get()
    assert staff.get(f"/admin/records/order/{other.pk}/attachments/{other.pk}/").status_code == 404


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
