"""What is kept beside a mapping, the view of its runs, and that migrations go back and forth over it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from integration_hub.companies.models import Company, User
from integration_hub.connections import discovery, services
from integration_hub.connections.models import Connection
from integration_hub.contract import ConfigError, Resource, registry
from integration_hub.sync.models import FieldMapping, Mapping, SyncRun
from providers.airtable import logs
from providers.airtable.models import AirtableFieldMapping, AirtableSyncConfig, AirtableSyncLog
from providers.airtable.tests.conftest import BASE, HUB_ID, TABLE, TOKEN

pytestmark = [pytest.mark.engine]
Say = Callable[..., None]
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def made(company: Company, http: responses.RequestsMock, say: Say) -> Connection:
    say("GET", "/meta/whoami", "whoami")
    return services.connect(company, "airtable", {"token": TOKEN}, {}, actor="alice")


def mapping(made: Connection, table: str = TABLE, **more: Any) -> Mapping:
    told = {"record_type": "order", "label": "Shop · Orders", "merge_on": HUB_ID, **more}
    place = {"base": BASE, "table": table}
    saved = Mapping.everywhere.create(connection=made, company_id=made.company_id, place=place, **told)
    for number, name in enumerate(("order_number", "total")):
        FieldMapping.objects.create(
            mapping=saved, position=number, ours=name, remote_id=f"fld{name}", remote_label=name, remote_type="number"
        )
    return saved


def keep(one: Mapping) -> AirtableSyncConfig:
    with transaction.atomic():
        registry.provider("airtable").mapped(one)
    return AirtableSyncConfig.everywhere.get(mapping=one)


def run(one: Mapping, **more: Any) -> SyncRun:
    told = {"kind": "full", "state": "done", "started_at": NOW, "actor": "alice", "total": 5, "created": 4, **more}
    return SyncRun.everywhere.create(mapping=one, company_id=one.company_id, **told)


@pytest.mark.django_db
class TestCompanions:
    def test_base_table_and_fields_are_kept(self, made: Connection) -> None:
        one = mapping(made)
        config = keep(one)
        assert (config.base_id, config.base_name, config.table_id, config.table_name) == (BASE, "Shop", TABLE, "Orders")
        assert (config.record_type, config.in_use, config.company_id) == ("order", True, made.company_id)
        fields = AirtableFieldMapping.everywhere.filter(config=config).order_by("field_id")
        assert [(row.field_id, row.field_name, row.field_type, row.table_id) for row in fields] == [
            ("fldorder_number", "order_number", "number", TABLE),
            ("fldtotal", "total", "number", TABLE),
        ]

    def test_names_come_from_what_was_found(self, made: Connection) -> None:
        discovery.put(made, Resource("base", BASE, "Laden 🎟"))
        discovery.put(made, Resource("table", TABLE, "Bestellungen", parent=BASE))
        config = keep(mapping(made, label="Something · else"))
        assert (config.base_name, config.table_name) == ("Laden 🎟", "Bestellungen")
        assert str(config) == "Laden 🎟 · Bestellungen"

    def test_saving_again_renews_and_forgets(self, made: Connection) -> None:
        one = mapping(made)
        keep(one)
        one.fields.filter(ours="total").update(remote_label="Sum")
        one.fields.filter(ours="order_number").delete()
        keep(one)
        assert [row.field_name for row in AirtableFieldMapping.everywhere.all()] == ["Sum"]

    def test_the_same_records_go_to_a_table_once(self, made: Connection) -> None:
        keep(mapping(made))
        keep(mapping(made, record_type="customer"))
        keep(mapping(made, table="tblOther000000001"))
        with pytest.raises(ConfigError, match="already go to the table “Shop · Orders”"):
            keep(mapping(made))
        assert AirtableSyncConfig.everywhere.count() == 3

    def test_the_database_knows_that_too(self, made: Connection) -> None:
        first, second = keep(mapping(made)), mapping(made)
        with pytest.raises(IntegrityError), transaction.atomic():
            AirtableSyncConfig.everywhere.create(
                mapping=second, company_id=made.company_id, base_id=BASE, table_id=TABLE, record_type="order"
            )
        assert first.in_use

    def test_a_mapping_that_was_replaced_gives_its_table_free(self, made: Connection) -> None:
        old = mapping(made)
        keep(old)
        Mapping.everywhere.filter(pk=old.pk).update(retired_at=NOW)
        new = keep(mapping(made))
        assert new.in_use and not AirtableSyncConfig.everywhere.get(mapping=old).in_use

    def test_a_replaced_mapping_may_come_back(self, made: Connection) -> None:
        one = mapping(made, retired_at=NOW)
        assert not keep(one).in_use
        one.retired_at = None
        one.save()
        assert keep(one).in_use

    def test_they_go_with_their_mapping(self, made: Connection) -> None:
        one = mapping(made)
        keep(one)
        one.delete()
        assert not AirtableSyncConfig.everywhere.exists() and not AirtableFieldMapping.everywhere.exists()

    def test_the_admin_shows_them_and_changes_nothing(
        self, made: Connection, alice: User, other_company: Company
    ) -> None:
        one = mapping(made)
        config, done = keep(one), run(one)
        strangers = Connection.everywhere.create(company=other_company, provider="airtable")
        other = mapping(strangers, label="Not yours · Secret")
        keep(other)
        browser = Client()
        browser.force_login(alice)
        field = FieldMapping.objects.filter(mapping=one)[0]
        pages = {"airtablesyncconfig": config.pk, "airtablefieldmapping": field.pk, "airtablesynclog": done.pk}
        for page, pk in pages.items():
            listed = browser.get(f"/admin/airtable/{page}/")
            assert listed.status_code == 200 and "Secret" not in listed.content.decode()
            assert browser.get(f"/admin/airtable/{page}/{pk}/change/").status_code == 200
            assert browser.get(f"/admin/airtable/{page}/add/").status_code == 403
            assert browser.post(f"/admin/airtable/{page}/{pk}/delete/", {"post": "yes"}).status_code == 403
        assert "Shop" in browser.get("/admin/airtable/airtablesyncconfig/").content.decode()


@pytest.mark.django_db
class TestLogs:
    def test_runs_are_read_with_their_base_and_table(self, made: Connection) -> None:
        one = mapping(made)
        keep(one)
        done = run(one)
        log = AirtableSyncLog.everywhere.get()
        assert (log.pk, log.mapping_id, log.company_id) == (done.pk, one.pk, made.company_id)
        assert (log.base_id, log.table_id, log.record_type) == (BASE, TABLE, "order")
        assert (log.kind, log.state, log.total, log.created, log.started_at) == ("full", "done", 5, 4, NOW)

    def test_runs_of_other_providers_are_not_there(self, made: Connection, company: Company) -> None:
        elsewhere = Connection.everywhere.create(company=company, provider="toy")
        run(mapping(elsewhere))
        assert not AirtableSyncLog.everywhere.exists()

    def test_a_run_without_companion_is_there_all_the_same(self, made: Connection) -> None:
        run(mapping(made))
        assert AirtableSyncLog.everywhere.get().table_id is None

    def test_deleting_what_runs_belong_to_is_not_stopped_by_the_view(self, made: Connection) -> None:
        one = mapping(made)
        run(one)
        Company.objects.filter(pk=made.company_id).delete()
        assert not Mapping.everywhere.exists() and not AirtableSyncLog.everywhere.exists()


# --- migrations -------------------------------------------------------------------------------------------------------


def there() -> bool:
    return logs.VIEW in connection.introspection.table_names(include_views=True)


@pytest.fixture
def migrate(transactional_db: None) -> Iterator[Callable[..., None]]:
    def move(*where: str) -> None:
        call_command("migrate", *where, interactive=False, verbosity=0)

    yield move
    move()


@pytest.mark.django_db(transaction=True)
class TestMigrations:
    def test_the_view_goes_back_and_forth_with_its_tables(self, migrate: Callable[..., None]) -> None:
        assert there()
        for target in (("airtable", "0001"), ("sync", "0001"), ("airtable", "zero")):
            migrate(*target)
            assert not there(), target
            migrate()
            assert there(), target
            assert list(AirtableSyncLog.everywhere.all()) == []

    def test_a_migration_of_another_app_leaves_it_standing(self, migrate: Callable[..., None]) -> None:
        migrate("rest")
        assert there()

    def test_what_was_mapped_before_gets_its_companions(self, migrate: Callable[..., None], company: Company) -> None:
        made = Connection.everywhere.create(company=company, provider="airtable")
        old, now = mapping(made, retired_at=NOW), mapping(made)
        toy = mapping(Connection.everywhere.create(company=company, provider="toy"))
        migrate("airtable", "0001")
        migrate()
        configs = {config.mapping_id: config for config in AirtableSyncConfig.everywhere.all()}
        assert set(configs) == {old.pk, now.pk} and toy.pk not in configs
        assert (configs[old.pk].in_use, configs[now.pk].in_use) == (False, True)
        assert (configs[now.pk].base_id, configs[now.pk].table_name) == (BASE, "Orders")
        assert AirtableFieldMapping.everywhere.filter(config_id=now.pk).count() == 2
