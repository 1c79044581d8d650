"""Their field names in five languages find ours; one name each, the exact one first, the type deciding between two."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.contract import RecordType, RemoteField, registry
from providers.airtable.cells import TAKES
from providers.airtable.schema import alike, letters
from providers.airtable.suggestions import suggest
from providers.airtable.synonyms import COMMON, OWN

STATUS: dict[str, Any] = {
    "choices": [{"id": f"sel{n}", "name": n} for n in ("Pending", "Processing", "Sent", "Delivered", "Lost")]
}


def field(label: str, type: str = "singleLineText", **options: Any) -> RemoteField:
    return RemoteField(id=f"fld {label}", label=label, type=type, options=options)


def found(record_type: str, *fields: RemoteField, **more: Any) -> dict[str, str]:
    """Our names, and the labels they went with."""
    pairs = suggest(registry.record_type(record_type), fields, **more)
    labels = {one.id: one.label for one in fields}
    return {name: labels[remote_id] for name, remote_id in pairs.items()}


ORDERS = {
    "English": ("Order No.", "Client", "Email address", "Order status", "PRIORITY", "Payment status", "Grand total",
                "Order date"),
    "Romanian": ("Număr Comandă", "Nume client", "Email Client", "Stare", "Prioritate", "Starea plății", "Sumă Totală",
                 "Data comenzii"),
    "Romanian without accents": ("numar comanda", "NUME CLIENT", "email client", "statusul comenzii", "prioritate",
                                 "stare plata", "suma totala", "Data Comenzii"),
    "German": ("Bestellnummer", "Kunde", "E-Mail des Kunden", "Zustand", "Priorität", "Zahlungsstatus", "Gesamtbetrag",
               "Bestelldatum"),
    "German typed abroad": ("Auftrags-Nr.", "Kaeufer", "Kunden-E-Mail", "Status", "Prioritaet", "Zahlung", "Summe",
                            "Bestellt am"),
    "Hebrew": ("מספר הזמנה", "שם הלקוח", 'דוא"ל לקוח', "סטטוס", "עדיפות", "מצב תשלום", 'סה"כ', "תאריך הזמנה"),
    "Spanish": ("Nº de pedido", "Nombre del cliente", "Correo del cliente", "Estado", "Prioridad", "Estado del pago",
                "Importe total", "Fecha del pedido"),
    "snake case": ("order_number", "customer_name", "customer_email", "status", "priority", "payment_state", "total",
                   "placed_at"),
    "camel case": ("orderNumber", "customerName", "customerEmail", "orderStatus", "priority", "paymentState",
                   "orderTotal", "placedAt"),
    "punctuation and emoji": ("🎟 Order / number!", "[Customer] name", "Customer_e-mail:", "Status?", "Priority *",
                              "Payment (status)", "Total, €", "Order – date"),
}  # fmt: skip
NAMES = ("order_number", "customer_name", "customer_email", "status", "priority", "payment_state", "total", "placed_at")
TYPES = (
    "singleLineText",
    "singleLineText",
    "email",
    "singleSelect",
    "singleSelect",
    "singleSelect",
    "currency",
    "date",
)


@pytest.mark.parametrize("language", ORDERS)
def test_orders_in_every_language(language: str) -> None:
    labels = ORDERS[language]
    fields = [field(label, type_) for label, type_ in zip(labels, TYPES, strict=True)]
    assert found("order", *fields, by_type=False) == dict(zip(NAMES, labels, strict=True))


def test_the_names_of_the_specification() -> None:
    pairs = found("order", field("Număr Comandă"), field("Email Client", "email"), field("Sumă Totală", "number"))
    assert pairs == {"order_number": "Număr Comandă", "customer_email": "Email Client", "total": "Sumă Totală"}


@pytest.mark.parametrize(
    ("record_type", "labels"),
    [
        ("ticket", {"participant_name": "Nume participant", "participant_email": "Email participant",
                    "status": "Stare bilet", "order_number": "Nr. comandă", "checked_in_at": "Check-in"}),
        ("ticket", {"participant_name": "Teilnehmer", "participant_phone": "Handy", "status": "Ticketstatus"}),
        ("ticket", {"participant_name": "שם המשתתף", "participant_email": "אימייל", "status": "סטטוס כרטיס"}),
        ("customer", {"name": "Client name", "email": "E-mail", "phone": "Mobil", "reference": "Kundennummer",
                      "language": "Limbă", "notes": "הערות"}),
        ("event", {"title": "Eveniment", "starts_at": "Data de început", "ends_at": "Sfârșit", "venue": "Locație",
                   "capacity": "Kapazität", "tickets_sold": "כרטיסים שנמכרו", "timezone": "Fus orar"}),
        ("appointment", {"title": "Betreff", "starts_at": "Beginn", "ends_at": "Ende", "notes": "Observații",
                         "timezone": "Zeitzone"}),
        ("branch", {"name": "Filială", "street": "Straße", "postal_code": "PLZ", "city": "Oraș", "country": "ארץ",
                    "phone": "Telefon"}),
        ("staff", {"name": "Mitarbeiter", "email": "E-Mail-Adresse", "phone": "טלפון", "role_title": "Funcție"}),
    ],
)  # fmt: skip
def test_other_records(record_type: str, labels: dict[str, str]) -> None:
    kinds = {one.name: one.kind for one in registry.record_type(record_type).fields}
    natural = {"email": "email", "phone": "phoneNumber", "datetime": "dateTime", "integer": "number"}
    fields = [field(label, natural.get(kinds[name], "singleLineText")) for name, label in labels.items()
              if name != "status"]  # fmt: skip
    fields += [field(label, "singleSelect") for name, label in labels.items() if name == "status" and "status" in label]
    expected = {name: label for name, label in labels.items() if name != "status" or "status" in label}
    assert found(record_type, *fields, by_type=False) == expected


def test_exact_beats_synonym_wherever_it_stands() -> None:
    synonym, exact = field("Order no"), field("Order number")
    assert found("order", synonym, exact) == found("order", exact, synonym) == {"order_number": "Order number"}


def test_an_early_synonym_beats_a_late_one() -> None:
    assert found("order", field("Amount", "number"), field("Order total", "number"))["total"] == "Order total"


def test_between_two_alike_the_type_decides() -> None:
    fields = [field("total"), RemoteField("fldMoney", "TOTAL", "currency")]
    assert suggest(registry.record_type("order"), fields) == {"total": "fldMoney"}


def test_links_go_to_link_fields_and_names_to_texts() -> None:
    links = RemoteField("fldL", "Client", "multipleRecordLinks")
    assert suggest(registry.record_type("order"), [links]) == {"customer_link": "fldL"}
    assert found("order", field("Client"), field("Buyer")) == {"customer_name": "Client"}
    both = [field("Kunde"), RemoteField("fldL", "Kunden", "multipleRecordLinks")]
    assert suggest(registry.record_type("order"), both) == {"customer_name": "fld Kunde", "customer_link": "fldL"}


def test_order_items_and_ticket_files() -> None:
    items = found(
        "order_item",
        field("Artikel"),
        field("Menge", "number"),
        field("Preț unitar", "currency"),
        field("Rabatt", "percent"),
        RemoteField("fldO", "Bestellung", "multipleRecordLinks"),
    )
    assert {name: label for name, label in items.items() if name != "order_link"} == {
        "description": "Artikel",
        "quantity": "Menge",
        "unit_price": "Preț unitar",
        "discount": "Rabatt",
    }
    assert items["order_link"] == "Bestellung"
    assert found("ticket", field("Anhang", "multipleAttachments")) == {"pdf": "Anhang"}


def test_computed_and_unknown_fields_are_never_suggested() -> None:
    for type_ in ("formula", "rollup", "button", "multipleLookupValues", "autoNumber", "aiText", "typeOfTomorrow"):
        theirs = RemoteField("fldA", "Total", type_, writable=False)
        assert found("order", theirs) == {}
        assert suggest(registry.record_type("order"), [theirs]) == {}


def test_a_field_that_cannot_hold_it_is_not_suggested() -> None:
    assert found("order", field("Total", "checkbox"), field("Placed", "currency")) == {}


def test_each_remote_field_is_used_once() -> None:
    pairs = suggest(registry.record_type("event"), [field("Name"), field("Location"), field("Type", "singleSelect")])
    assert len(set(pairs.values())) == len(pairs)


# --- by type ----------------------------------------------------------------------------------------------------------


def test_a_lone_email_field_tells_by_its_type() -> None:
    assert found("customer", field("@", "email"), field("☎", "phoneNumber")) == {"email": "@", "phone": "☎"}
    assert found("customer", field("@", "email"), by_type=False) == {}
    assert found("customer", field("one", "email"), field("two", "email")) == {}, "two leave it open"


def test_a_select_tells_by_its_choices() -> None:
    assert found("order", RemoteField("fldS", "Etapă", "singleSelect", options=STATUS)) == {"status": "Etapă"}
    other: dict[str, Any] = {"choices": [{"name": "Pending"}, {"name": "Lost"}]}
    assert found("order", RemoteField("fldS", "Etapă", "singleSelect", options=other)) == {}


# --- whatever comes ---------------------------------------------------------------------------------------------------

WORDS = sorted({word for words in [*COMMON.values(), *(w for own in OWN.values() for w in own.values())]
                for word in words})  # fmt: skip
ANY_LABEL = st.one_of(st.sampled_from(WORDS), st.text(max_size=200))
ANY_TYPE = st.sampled_from(
    ["singleLineText", "email", "number", "currency", "dateTime", "singleSelect", "formula", "new"]
)


@given(st.sampled_from(["order", "ticket", "customer", "event"]), st.lists(st.tuples(ANY_LABEL, ANY_TYPE), max_size=20))
def test_suggestions_always_keep_their_rules(record_type: str, drawn: list[tuple[str, str]]) -> None:
    fields = [RemoteField(f"fld{n}", label, type_) for n, (label, type_) in enumerate(drawn)]
    ours: RecordType = registry.record_type(record_type)
    pairs = suggest(ours, fields)
    assert len(set(pairs.values())) == len(pairs)
    by_id = {one.id: one for one in fields}
    for name, remote_id in pairs.items():
        assert by_id[remote_id].type in TAKES[ours.field(name).kind]


def test_the_order_of_their_fields_does_not_matter() -> None:
    fields = [field(label, type_) for label, type_ in zip(ORDERS["German"], TYPES, strict=True)]
    shuffled = list(fields)
    random.Random(3).shuffle(shuffled)
    assert found("order", *shuffled) == found("order", *fields)


def test_five_hundred_fields() -> None:
    fields = [field(f"Column {n}", "singleLineText") for n in range(499)] + [field("Sumă Totală", "currency")]
    assert found("order", *fields) == {"total": "Sumă Totală"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Număr", "NUMAR"), ("Straße", "STRASSE"), ("דוא״ל", 'דוא"ל'), ("E-Mail", "email"), ("Año", "ano"), ("①", "1")],
)
def test_letters(one: str, other: str) -> None:
    assert letters(one) == letters(other)


def test_names_without_letters_are_compared_as_they_are() -> None:
    assert alike("🎟", " 🎟 ") and not alike("🎟", "🎫") and not alike("", "🎫")
