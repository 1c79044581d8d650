"""Events, branches and staff from files: found by what tells them apart, changed, refused, and taken back."""

from datetime import UTC, datetime

import pytest

from integration_hub.records.importing import services
from integration_hub.records.models import Branch, Event, Staff
from integration_hub.records.services import branches
from integration_hub.records.tests.importers import checked, saved, sentences, undone

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

EVENTS = (
    "Event,Start,End,Status,Type,Seats,Branch,Location\n"
    "Gala,04.03.2027 19:00,04.03.2027 22:00,Published,online,200,Main,Hall 1\n"
    "Gala,05.03.2027 19:00,05.03.2027 22:00,draft,In person,,Main,Hall 2\n"
)


def test_events_are_told_apart_by_title_and_start(company, queue):
    branches.create(company, {"name": "Main"})
    queue.take()
    row = saved(company, "events", EVENTS)
    assert (row.created, row.totals) == (2, {})
    first, second = Event.everywhere.order_by("starts_at")
    assert (first.starts_at, first.status, first.kind, first.capacity, first.branch.name) == (
        datetime(2027, 3, 4, 17, tzinfo=UTC),
        "published",
        "online",
        200,
        "Main",
    )
    assert (second.kind, second.timezone) == ("in_person", company.timezone)
    assert queue.take() == {("event", first.pk): 2, ("event", second.pk): 2}
    assert saved(company, "events", EVENTS).unchanged == 2
    assert queue.take() == {}
    row = saved(company, "events", EVENTS.replace("Hall 2", "Hall 3"))
    assert (row.created, row.updated, row.unchanged) == (0, 1, 1)
    assert {one["name"]: (one["before"], one["after"]) for one in row.preview[1]["fields"]} == {
        "venue": ("Hall 2", "Hall 3")
    }
    assert (undone(row).undone, Event.everywhere.filter(venue="Hall 2").count()) == (1, 1)


def test_what_an_event_may_not_be_is_named_by_its_row(company):
    row = checked(company, "events", EVENTS.replace("22:00,draft", "18:00,draft").replace("online", "lunar"))
    assert [(one["line"], one["column"]) for one in row.problems] == [(2, "Type"), (3, "Branch")]
    assert "There is no branch “Main”. Bring the branches first" in sentences(row)
    branches.create(company, {"name": "Main"})
    row = checked(company, "events", EVENTS.replace("22:00,draft", "18:00,draft"))
    assert sentences(row) == "3 End: The end must be after the start."


def test_branches_and_staff(company):
    row = saved(company, "branches", "Name,City,Country,Phone\nMain,Berlin,Germany,030-0074321\nWest,Köln,DE,\n")
    assert (row.created, Branch.everywhere.get(name="Main").phone) == (2, "+49300074321")
    assert "“Atlantis” is no country" in sentences(checked(company, "branches", "Name,Country\nX,Atlantis\n"))
    people = "Name,E-Mail,Position,Branch\nDan,dan@example.com,Host,Main\nEve,,,West\n"
    row = saved(company, "staff", people)
    assert row.created == 2
    assert Staff.everywhere.get(name="Dan").branch.name == "Main"
    assert saved(company, "staff", people).unchanged == 2
    assert saved(company, "staff", "Name,Position\nDan,Chef\n").updated == 1  # by the name where no e-mail is said
    branches.create(company, {"name": "West"})
    assert "2 of them are called “West” already" in sentences(checked(company, "branches", "Name\nWest\n"))
    row = undone(row)
    assert (row.undone, row.left) == (2, 0)
    assert not Staff.everywhere.filter(deleted_at=None).exists()


@pytest.mark.parametrize("kind", sorted(services.KINDS))
def test_every_kind_has_labels_and_a_template_that_is_understood(company, kind):
    assert all(label for _field, label in services.fields_for(kind))
    row = checked(company, kind, services.template(kind))
    assert (row.state, row.rows) == ("ready", 0)
    assert all(column["field"] for column in row.columns)


HEADINGS = {
    "tickets": "Veranstaltung,Ticketart,Teilnehmer,E-Mail Teilnehmer,Bestellnummer,Status,Eingecheckt am",
    "appointments": "Programare,Început,Durată,Nume client,Email client,Angajat,Filială,Stare,Observații",
    "customers": "מספר לקוח,שם מלא,אימייל,טלפון,הערות",
    "orders": "Número de pedido,Cliente,Fecha de pedido,Estado,Artículo,Precio unitario,Cantidad,Descuento,Moneda",
    "events": "Eveniment,Începe la,Se termină la,Capacitate,Filială,Sală",
    "branches": "Filiale,Straße,PLZ,Stadt,Land,Telefon,Zeitzone",
    "staff": "Nombre,Correo electrónico,Teléfono,Puesto,Sucursal",
}


@pytest.mark.parametrize(("kind", "headings"), HEADINGS.items())
def test_headings_in_other_languages_are_understood(company, kind, headings):
    row = checked(company, kind, f"{headings}\n")
    assert (row.state, [column["heading"] for column in row.columns if not column["field"]]) == ("ready", [])
    assert len({column["field"] for column in row.columns}) == len(row.columns)
