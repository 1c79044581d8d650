"""Tickets on paper: what stands on them, in whose letters, and when they are made again. Judged by reading the PDF."""

from datetime import UTC, datetime
from unicodedata import normalize

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_hub.contract import registry
from integration_hub.records.models import Ticket
from integration_hub.records.paper import text
from integration_hub.records.paper.page import drawn
from integration_hub.records.paper.ticket import Facts, file_ref, when
from integration_hub.records.services import branches, customers, events, orders, tickets

FACTS = Facts(
    number="3f2a9c1d",
    event="Noaptea Muzeelor: Ștefan și Țărăncuța",
    starts_at=datetime(2027, 1, 1, 18, tzinfo=UTC),
    ends_at=datetime(2027, 1, 1, 20, tzinfo=UTC),
    timezone="Europe/Bucharest",
    venue="Str. Lungă 5",
    online=False,
    participant="Ana Pop",
    ticket_type="Standard",
    order_number="261120-7KQ2MX",
    status="valid",
    language="",
    address="https://hub.example.org/t/wJ3k-9Qz_4LmB7rTn2XpVc8d/",
)


def read(pdf: bytes) -> str:
    return normalize("NFKC", pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range().replace("\r\n", " "))


def scanned(pdf: bytes) -> list[str]:
    (page,) = pypdfium2.PdfDocument(pdf)
    return [code.text for code in zxingcpp.read_barcodes(page.render(scale=2).to_pil())]


def order_drawn(words: str) -> str:
    """As it stands on the paper, from left to right, all letters in their plain forms."""
    (line,) = text.lines(words, 10, 1000)
    return normalize("NFKC", "".join(piece for _font, piece in line.pieces))


def test_a_ticket_says_everything():
    said = read(drawn(FACTS))
    for part in (FACTS.event, FACTS.venue, FACTS.participant, FACTS.ticket_type, FACTS.order_number):
        assert part in said
    assert "Friday, 1 January 2027, 20:00 – 22:00 (Europe/Bucharest)" in said
    assert "Show this code at the entrance." in said
    assert "?" not in said


def test_the_code_leads_to_the_ticket():
    assert scanned(drawn(FACTS)) == [FACTS.address]


def test_the_same_facts_are_the_same_bytes():
    assert drawn(FACTS) == drawn(FACTS)
    assert drawn(FACTS._replace(participant="محمد")) == drawn(FACTS._replace(participant="محمد"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "cancelled"}, ("Cancelled", "does not let anybody in")),
        ({"status": "refunded"}, ("Refunded", "does not let anybody in")),
        ({"status": "reserved"}, ("Reserved", "Show this code")),
        ({"online": True}, ("Online", "with your phone to take part")),
    ],
)
def test_it_does_not_promise_what_is_not(change, said):
    paper = read(drawn(FACTS._replace(**change)))
    assert all(part in paper for part in said)


def test_dates_are_said_in_the_language_of_the_buyer_and_the_zone_of_the_event():
    assert when(FACTS._replace(timezone="America/New_York")).startswith(
        "Friday, 1 January 2027, 13:00 – 15:00 (America"
    )
    assert "ianuarie" in read(drawn(FACTS._replace(language="ro"))).lower()
    long = FACTS._replace(ends_at=datetime(2027, 1, 3, 20, tzinfo=UTC))
    assert when(long) == "Friday, 1 January 2027, 20:00 – Sunday, 3 January 2027, 22:00 (Europe/Bucharest)"


@pytest.mark.parametrize(
    ("written", "paper"),
    [
        ("Ștefan Țâru", "Ștefan Țâru"),
        ("Łukasz Żółć", "Łukasz Żółć"),
        ("Жанна Ильина", "Жанна Ильина"),
        ("Ελένη", "Ελένη"),
        ("דוד בן־גוריון", "דוד בן־גוריון"[::-1]),
        ("דוד (David) א", "א (David) " + "דוד"[::-1]),
        ("Ana (דוד) x", "Ana (" + "דוד"[::-1] + ") x"),
        ("«שלום» [1]", "[1] «" + "שלום"[::-1] + "»"),
        ("محمد", "محمد"[::-1]),
        ("لا إله", "إله"[::-1] + " لا"),
        ("گل پری", "گل پری"[::-1]),
    ],
)
def test_every_language_is_drawn_in_its_order_and_letters(written, paper):
    assert order_drawn(written) == normalize("NFKC", paper)
    assert text.printable(written)


def test_arabic_letters_are_joined():
    (line,) = text.lines("محمد", 10, 1000)
    ((font, piece),) = line.pieces
    assert font == "NotoSansArabic"
    assert [hex(ord(sign)) for sign in piece] == [
        "0xfeaa",
        "0xfee4",
        "0xfea4",
        "0xfee3",
    ]  # final, medial, medial, initial


def test_a_sign_that_no_font_has_is_a_question_mark_and_is_admitted():
    said = read(drawn(FACTS._replace(participant="Ana 🎉 山田")))
    assert "Ana ? ??" in said
    assert "stands for a sign that cannot be printed" in said
    assert not text.printable("山")
    assert text.printable("Ana\u200d\ufe0f\n")


def test_long_texts_fit_on_the_page():
    long = FACTS._replace(
        event="M" * 200,
        venue="מקום ארוך " * 20,
        participant="Ana 山 " * 33,
        ticket_type="x" * 100,
        order_number="9" * 50,
    )
    pdf = drawn(long)
    (page,) = pypdfium2.PdfDocument(pdf)
    paper = page.get_textpage()
    assert read(pdf).replace(" ", "").count("M") == 200
    boxes = [paper.get_charbox(number) for number in range(paper.count_chars())]
    assert min(bottom for _left, bottom, _right, _top in boxes) > 0
    assert max(right for _left, _bottom, right, _top in boxes) <= page.get_width()
    assert scanned(pdf) == [FACTS.address]


@settings(max_examples=60)
@given(st.text(max_size=60), st.floats(6, 40))
def test_whatever_somebody_is_called_is_drawn_within_its_width(name, size):
    for line in text.lines(name, size, 300):
        assert line.width <= 300 or sum(len(piece) for _font, piece in line.pieces) == 1
        have = {font.fontName: font.face.charToGlyph for font in text.fonts()}
        assert all(ord(sign) in have[font] for font, piece in line.pieces for sign in piece)


@pytest.mark.parametrize("name", Facts._fields)
def test_whatever_is_printed_moves_the_fingerprint(name):
    other = {"starts_at": FACTS.ends_at, "ends_at": FACTS.starts_at, "online": True}.get(name, "other")
    assert file_ref(FACTS._replace(**{name: other})).fingerprint != file_ref(FACTS).fingerprint
    assert file_ref(FACTS) == file_ref(FACTS)


def test_the_name_of_the_file_does_not_give_the_ticket_away():
    assert file_ref(FACTS).name == "ticket-261120-7kq2mx-3f2a9c1d.pdf"
    assert file_ref(FACTS._replace(order_number="№ 5/7")).name == "ticket-no-57-3f2a9c1d.pdf"
    assert file_ref(FACTS._replace(order_number="")).name == "ticket-3f2a9c1d.pdf"


@pytest.mark.django_db
@pytest.mark.engine
class TestOfARecord:
    """What the engine gets of a ticket in the database."""

    def ref(self, company, pk):
        return registry.record_type("ticket").load(company.pk, [pk])[pk]["pdf"]

    def test_the_file_is_made_now(self, company, other_company, everything, settings):
        made = everything()
        kind, pk = registry.record_type("ticket"), made["Ticket"].pk
        tickets.update(made["Ticket"], {"participant_name": "Ioana"})
        file = kind.file(company.pk, pk, "pdf")
        assert (file.name, file.media_type) == (self.ref(company, pk).name, "application/pdf")
        assert scanned(file.content) == [f"{settings.PUBLIC_URL}/t/{Ticket.everywhere.get().code}/"]
        assert {word for word in ("Ioana", "Concert", "Branch 1", "Standard") if word in read(file.content)} == {
            "Ioana", "Concert", "Branch 1", "Standard",
        }  # fmt: skip
        assert kind.file(other_company.pk, pk, "pdf") is None
        tickets.delete(made["Ticket"])
        assert kind.file(company.pk, pk, "pdf") is None

    def test_whoever_changes_what_is_printed_queues_the_ticket(self, company, everything, queue):
        made = everything()
        pk = made["Ticket"].pk
        changes = (
            lambda: events.update(made["Event"], {"title": "Ball"}),
            lambda: events.update(made["Event"], {"starts_at": "2027-01-01T19:00:00Z"}),
            lambda: events.update(made["Event"], {"timezone": "Europe/Berlin"}),
            lambda: branches.update(made["Branch"], {"name": "Hall"}),
            lambda: events.update(made["Event"], {"venue": "Garden"}),
            lambda: events.ticket_types.update(made["TicketType"], {"name": "Gold"}),
            lambda: events.ticket_types.update(made["TicketType"], {"place": "online"}),
            lambda: orders.update(made["Order"], {"order_number": "77"}),
            lambda: customers.update(made["Customer"], {"language": "he"}),
            lambda: orders.update(made["Order"], {"status": "Cancelled"}),
            lambda: orders.update(made["Order"], {"status": "Pending", "customer": None}),
            lambda: tickets.update(made["Ticket"], {"participant_name": "Ioana"}),
            lambda: tickets.update(made["Ticket"], {"status": "refunded"}),
        )  # fmt: skip
        for change in changes:
            before = self.ref(company, pk)
            queue.take()
            change()
            assert ("ticket", pk) in queue.take()
            assert self.ref(company, pk).fingerprint != before.fingerprint
