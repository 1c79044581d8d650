"""Tickets and appointments from files: what they name is found, errors by row, twice is once, undone, resumed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integration_hub.http import clock
from integration_hub.records.importing import nudge, saving, work
from integration_hub.records.importing.tickets import Tickets
from integration_hub.records.models import Appointment, Customer, ImportedRecord, Ticket, TicketType
from integration_hub.records.services import appointments, branches, customers, events, orders, staff, tickets
from integration_hub.records.tests.conftest import made_event
from integration_hub.records.tests.importers import checked, saved, sentences, started, undone

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
PEOPLE = (
    "Event,Ticket Type,Attendee,E-Mail,Order No,Ticket status,Checked in\n"
    "Gala,Standard,Ana Pop,ana@example.com,A1,Attending,2027-01-01 18:05\n"
    "Gala,standard,Dan Ion,,A1,,\n"
    "Gala,VIP,Eve,eve@example.com,,Cancelled,\n"
)


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)
    monkeypatch.setattr(saving.pacing, "HELD", 60.0)
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


@pytest.fixture
def gala(company):
    """An event with two kinds of ticket, and an order of three standard ones."""
    event = made_event(company, title="Gala", capacity=5)
    standard = events.ticket_types.create(company, {"event": event, "name": "Standard", "price": 5, "quota": 4})
    events.ticket_types.create(company, {"event": event, "name": "VIP", "price": 50})
    orders.create(company, {"order_number": "A1", "items": [{"ticket_type": standard, "quantity": 3}]})
    return event


def vip():
    return TicketType.everywhere.get(name="VIP")


def living(model):
    return model.everywhere.filter(deleted_at=None)


# --- tickets ----------------------------------------------------------------------------------------------------------


def test_tickets_find_their_event_kind_and_order(company, gala, queue):
    queue.take()
    row = saved(company, "tickets", PEOPLE)
    assert (row.created, row.updated, row.customers_created) == (3, 0, 0)
    ana, dan, eve = living(Ticket).order_by("participant_name")
    assert (ana.event, ana.ticket_type.name, ana.status) == (gala, "Standard", "valid")
    assert (ana.order_item.order.order_number, ana.checked_in_at) == ("A1", datetime(2027, 1, 1, 16, 5, tzinfo=UTC))
    assert (dan.order_item, dan.status, dan.checked_in_at) == (ana.order_item, "valid", None)
    assert (eve.ticket_type.name, eve.order_item, eve.status) == ("VIP", None, "cancelled")
    gala.refresh_from_db()
    assert gala.tickets_sold == 2
    assert set(queue.take().values()) == {2}
    shown = {one["name"]: one["after"] for one in row.preview[0]["fields"]}
    assert (shown["event"], shown["ticket_type"], row.preview[0]["key"]) == ("Gala", "Standard", "Ana Pop")


def test_the_same_tickets_twice_change_nothing_and_another_status_one(company, gala, queue):
    saved(company, "tickets", PEOPLE)
    before = list(Ticket.everywhere.order_by("pk").values())
    queue.take()
    row = saved(company, "tickets", PEOPLE)
    assert (row.created, row.updated, row.unchanged) == (0, 0, 3)
    assert list(Ticket.everywhere.order_by("pk").values()) == before
    assert queue.take() == {}
    row = saved(company, "tickets", PEOPLE.replace("A1,,", "A1,refunded,").replace("Eve,", "Evelyn,"))
    assert (row.created, row.updated, row.unchanged) == (0, 2, 1)
    assert {one.status for one in living(Ticket)} == {"valid", "refunded", "cancelled"}
    gala.refresh_from_db()
    assert gala.tickets_sold == 1
    row = undone(row)
    assert (row.undone, row.left) == (2, 0)
    assert [one["status"] for one in before] == list(Ticket.everywhere.order_by("pk").values_list("status", flat=True))


def test_tickets_that_look_alike_are_as_many_as_their_rows(company, gala):
    text = "event,ticket type,order number,status\n" + "Gala,Standard,A1,{}\n" * 3
    row = saved(company, "tickets", text.format("valid", "refunded", "valid"))
    assert (row.created, row.rows, living(Ticket).count()) == (3, 3, 3)
    again = saved(company, "tickets", text.format("refunded", "valid", "valid"))
    assert (again.created, again.unchanged) == (0, 3), again.preview
    row = saved(company, "tickets", text.format("valid", "valid", "cancelled"))
    assert (row.created, row.updated, row.unchanged) == (0, 1, 2)
    assert sorted(living(Ticket).values_list("status", flat=True)) == ["cancelled", "valid", "valid"]


def test_numbers_of_another_system_tell_tickets_apart(company, gala):
    known = tickets.create(company, {"ticket_type": vip(), "participant_name": "Eve"})
    text = "Ticket number,Event,Ticket type,Name\n7,Gala,Standard,Ana\n8,Gala,Standard,Ana\n9,Gala,VIP,Eve\n"
    row = saved(company, "tickets", text)
    assert (row.created, row.updated) == (2, 1)
    known.refresh_from_db()
    assert known.reference == "9"  # it had no number yet
    row = saved(company, "tickets", "Ticket number,Name\n8,Anna\n")  # a number is enough to change one
    assert (row.updated, Ticket.everywhere.get(reference="8").participant_name) == (1, "Anna")
    assert saved(company, "tickets", text.replace("8,Gala,Standard,Ana", "8,Gala,Standard,Anna")).unchanged == 3
    twice = checked(company, "tickets", "Ticket number,Event,Ticket type,Name\n5,Gala,VIP,A\n5,Gala,VIP,B\n")
    assert "It says “B”, line 2 says “A” of the same record" in sentences(twice)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Gala,VIP", "Gale,VIP"), "4 Event: There is no event “Gale”. Bring the events first"),
        (("Gala,VIP", "Gala,Box"), "4 Ticket Type: “Gala” has no ticket type “Box”. It has: Standard, VIP."),
        (("Gala,VIP", "Gala,"), "4 Ticket Type: “Gala” has several ticket types: Standard, VIP."),
        (("Dan Ion,,A1", "Dan Ion,,A9"), "3 Order No: There is no order “A9” with lines."),
        (("Eve,eve@example.com,", "Eve,eve@example.com,A1"), "4 Order No: No line of the order “A1” is for this kind"),
        (("Eve,eve@example.com,", ",,"), "4 : Nothing says which record this row is about. Fill it in."),
        (("Cancelled", "lost"), "4 Ticket status: “lost” is not one of: reserved, valid, refunded, cancelled."),
        (("eve@example.com", "eve"), "4 E-Mail: “eve” is not an e-mail address."),
        (("Cancelled,", "Cancelled,2027-01-01 19:00"), "4 Checked in: A refunded or cancelled ticket cannot be"),
    ],
)
def test_what_a_ticket_may_not_be_is_named_by_its_row(company, gala, change, said):
    row = checked(company, "tickets", PEOPLE.replace(*change))
    assert row.state == "refused" and not Ticket.everywhere.exists()
    assert sentences(row).startswith(said)


def test_two_events_of_one_title_are_told_apart_by_their_start(company, gala):
    later = made_event(
        company, title="Gala", starts_at=gala.starts_at + timedelta(days=1), ends_at=gala.ends_at + timedelta(days=1)
    )
    events.ticket_types.create(company, {"event": later, "name": "VIP", "price": 50})
    text = "Event,Event starts at,Ticket type,Name\nGala,{},VIP,Eve\n"
    assert "2 events are called “Gala”. Add a column" in sentences(checked(company, "tickets", text.format("")))
    assert "No event “Gala” starts then" in sentences(checked(company, "tickets", text.format("2027-01-03 20:00")))
    saved(company, "tickets", text.format("2027-01-02 20:00"))  # by the company's clock
    assert Ticket.everywhere.get().event == later


def test_there_must_be_room_before_anything_is_saved(company, gala):
    held = tickets.create(company, {"ticket_type": vip(), "participant_name": "Old"})
    text = "Event,Ticket type,Name,Status\nGala,Standard,A,\nGala,Standard,B,\nGala,VIP,Old,cancelled\n"
    full = text + "Gala,Standard,C,\nGala,Standard,D,\nGala,Standard,E,\nGala,VIP,F,\n"
    row = checked(company, "tickets", full)
    assert [(one["line"], one["column"]) for one in row.problems] == [(7, "Ticket type"), (8, "Event")]
    assert "“Standard” is sold out (4 tickets)." in sentences(row) and "“Gala” is full (5 places)." in sentences(row)
    assert saved(company, "tickets", full.replace("Gala,Standard,E,\n", "").replace("F,\n", "F,\n")).created == 5
    held.refresh_from_db()
    assert held.status == "cancelled"


def test_room_that_somebody_takes_meanwhile_stops_the_import_with_its_line(company, gala):
    row = checked(company, "tickets", "Event,Ticket type,Name\n" + "".join(f"Gala,VIP,P{n}\n" for n in range(5)))
    tickets.create(company, {"ticket_type": vip(), "participant_name": "Quick"})
    row = started(row)
    assert (row.state, row.done) == ("failed", 4)
    assert "Line 6 can no longer be saved" in row.sentence and "“Gala” is full" in row.sentence
    assert (undone(row).undone, living(Ticket).count()) == (4, 1)


# --- appointments -----------------------------------------------------------------------------------------------------

TALKS = (
    "Service,Start,End,Customer,Customer email,Employee,Branch,Status,Notes\n"
    "Consultation,04.03.2027 09:00,04.03.2027 09:30,Ana Pop,ana@example.com,Mia,Main,bestätigt,First time\n"
    "Consultation,04.03.2027 09:00,04.03.2027 09:30,Dan Ion,,Tom,Main,,\n"
    "Follow-up,05.03.2027 09:00,05.03.2027 10:00,Ana Pop,ana@example.com,,,No show,\n"
)


@pytest.fixture
def house(company):
    branch = branches.create(company, {"name": "Main", "timezone": "Europe/Berlin"})
    mia = staff.create(company, {"name": "Mia", "email": "mia@example.com", "branch": branch})
    tom = staff.create(company, {"name": "Tom", "branch": branch})
    ana = customers.create(company, {"name": "Ana Pop", "email": "ana@example.com"})
    return {"branch": branch, "mia": mia, "tom": tom, "ana": ana}


def test_appointments_find_their_customer_staff_and_branch(company, house, queue):
    queue.take()
    row = saved(company, "appointments", TALKS)
    assert (row.created, row.customers_created, row.planned["customers_created"]) == (3, 1, 1)
    first, second, third = living(Appointment).order_by("starts_at", "customer__name")
    assert (first.customer, first.staff, first.branch, first.status) == (
        house["ana"],
        house["mia"],
        house["branch"],
        "confirmed",
    )
    assert (first.starts_at, first.timezone) == (datetime(2027, 3, 4, 7, tzinfo=UTC), "Europe/Berlin")
    assert (second.customer.name, second.staff, second.status) == ("Dan Ion", house["tom"], "scheduled")
    assert (third.title, third.staff, third.status, third.timezone) == ("Follow-up", None, "no_show", company.timezone)
    assert len(queue.take()) == 4
    row = saved(company, "appointments", TALKS)
    assert (row.created, row.updated, row.unchanged, queue.take()) == (0, 0, 3, {})
    row = saved(company, "appointments", TALKS.replace("First time", "Second time").replace("09:30,Dan", "09:45,Dan"))
    assert (row.created, row.updated, row.unchanged) == (0, 2, 1)
    assert (undone(row).undone, living(Appointment).filter(notes="First time").count()) == (2, 1)


def test_an_appointment_import_is_undone_with_the_customers_it_made(company, house):
    row = undone(saved(company, "appointments", TALKS))
    assert (row.state, row.undone, row.left) == ("undone", 4, 0)
    assert not living(Appointment).exists()
    assert [one.name for one in living(Customer)] == ["Ana Pop"]


def test_numbers_and_durations_of_another_system(company, house):
    text = "Booking ID,Subject,Start,Duration,Client\nB1,Talk,2027-03-04 09:00,45,Ana Pop\n"
    saved(company, "appointments", text)
    talk = living(Appointment).get()
    assert (talk.reference, talk.ends_at - talk.starts_at) == ("B1", timedelta(minutes=45))
    row = saved(company, "appointments", text.replace("09:00,45", "11:00,30").replace("Talk", "Long talk"))
    assert (row.created, row.updated) == (0, 1)
    talk.refresh_from_db()
    assert (talk.title, talk.starts_at) == ("Long talk", datetime(2027, 3, 4, 9, tzinfo=UTC))
    with pytest.raises(Exception, match="Another appointment already has the reference “B1”"):
        appointments.create(
            company, {"title": "X", "reference": "B1", "starts_at": talk.starts_at, "ends_at": talk.ends_at}
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Tom", "Tim"), "3 Employee: There is no staff member “Tim”. Bring the staff first"),
        (("Tom,Main", "Tom,East"), "3 Branch: There is no branch “East”. Bring the branches first"),
        (("10:00,Ana", "08:00,Ana"), "4 End: The end must be after the start."),
        (("No show", "later"), "4 Status: “later” is not one of: scheduled, confirmed, completed, cancelled, no_show."),
        (("Follow-up", ""), "4 : Nothing says which record this row is about."),
    ],
)
def test_what_an_appointment_may_not_be_is_named_by_its_row(company, house, change, said):
    row = checked(company, "appointments", TALKS.replace(*change))
    assert row.state == "refused" and not Appointment.everywhere.exists()
    assert sentences(row).startswith(said)


def test_several_of_a_name_are_not_guessed_at(company, house):
    customers.create(company, {"name": "Dan Ion"})
    customers.create(company, {"name": "Dan Ion"})
    staff.create(company, {"name": "Mia"})
    told = sentences(checked(company, "appointments", TALKS))
    assert "2 staff members are called “Mia”. Say which one by the e-mail." in told
    assert "3 Customer: 2 customers have this name: “Dan Ion”" in told


# --- both -------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("place", [(Tickets, "save"), (saving, "_keep_images"), (saving, "_advance")])
def test_killed_at_a_chunk_of_tickets_it_goes_on(company, gala, monkeypatch, place):
    monkeypatch.setattr(saving, "LARGEST_CHUNK", 8)
    monkeypatch.setattr(saving, "FIRST_CHUNK", 8)
    events.update(gala, {"capacity": None})
    row = checked(company, "tickets", "Event,Ticket type,Name\n" + "".join(f"Gala,VIP,P{n}\n" for n in range(20)))
    owner, name = place
    real, calls = getattr(owner, name), []

    def dying(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying)
        with pytest.raises(Killed):
            started(row)
    assert Ticket.everywhere.count() == ImportedRecord.everywhere.count() == 8
    with clock.shifted(work.LEASE + timedelta(seconds=1)):
        assert work.serve() == 1
    row.refresh_from_db()
    assert (row.state, row.created, Ticket.everywhere.count()) == ("done", 20, 20)


def test_queries_do_not_grow_with_the_rows(company, gala, house):
    def queries(kind, text):
        row = checked(company, kind, text)
        assert row.state == "ready", row.problems
        with CaptureQueriesContext(connection) as seen:
            assert started(row).state == "done"
        return len(seen)

    events.update(gala, {"capacity": None})
    few = queries("tickets", PEOPLE)
    head, *_rows = PEOPLE.splitlines(keepends=True)
    many = head + "".join(f"Gala,VIP,P{n},p{n}@example.com,,,\n" for n in range(10))
    assert queries("tickets", many) <= few + 2  # those with an order look for it
    few = queries("appointments", TALKS)
    head, *_rows = TALKS.splitlines(keepends=True)
    many = head + "".join(f"Talk {n},04.03.2027 09:00,04.03.2027 09:30,P{n},,Mia,Main,,\n" for n in range(10))
    assert queries("appointments", many) <= few + 2


def test_another_company_is_neither_found_nor_changed(company, other_company, gala, house):
    saved(company, "tickets", PEOPLE)
    saved(company, "appointments", TALKS)
    assert "There is no event “Gala”" in sentences(checked(other_company, "tickets", PEOPLE))
    told = sentences(checked(other_company, "appointments", TALKS))
    assert "There is no staff member “Mia”" in told or "There is no branch “Main”" in told
