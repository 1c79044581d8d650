"""What columns are called in Romanian, German, Spanish and Hebrew files; the English names stand beside the fields."""

from collections.abc import Mapping

Words = tuple[str, ...]


def _words(text: str) -> Words:
    return tuple(word.strip() for word in text.split(","))


CUSTOMER = _words(
    "nume client, client, cumpărător, kundenname, kunde, käufer, nombre del cliente, cliente, שם לקוח, לקוח"
)
EMAIL = _words(
    "adresă de email, adresă email, e-mail-adresse, mailadresse, correo, correo electrónico, אימייל, דואר אלקטרוני"
)
PHONE = _words("telefon, număr de telefon, mobil, telefonnummer, handy, teléfono, móvil, טלפון, נייד")
NAME = _words("nume, nume complet, vollständiger name, nombre, nombre completo, שם, שם מלא")
TITLE = _words("titlu, denumire, titel, bezeichnung, título, כותרת, שם")
STARTS = _words(
    "început, începe la, data de început, dată, data, beginn, startzeit, datum, inicio, fecha, התחלה, תאריך"
)
ENDS = _words("sfârșit, se termină la, data de sfârșit, ende, endzeit, fin, termina, סיום, שעת סיום")
BRANCH = _words("filială, sucursală, locație, filiale, standort, niederlassung, sucursal, sede, סניף")
ORDER_NUMBER = _words(
    "număr comandă, numărul comenzii, nr comandă, comandă, bestellnummer, bestellung, auftragsnummer,"
    " número de pedido, pedido, מספר הזמנה, הזמנה"
)

# Our field → what it is called, whatever the rows are.
COMMON: Mapping[str, Words] = {
    "name": NAME,
    "title": TITLE,
    "email": EMAIL,
    "phone": PHONE,
    "country": _words("țară, țara, land, país, מדינה"),
    "language": _words("limbă, limba, sprache, idioma, שפה"),
    "notes": _words("observații, note, comentarii, notizen, bemerkung, bemerkungen, notas, observaciones, הערות"),
    "status": _words("stare, starea, zustand, estado, סטטוס, מצב"),
    "priority": _words("prioritate, priorität, prioridad, עדיפות"),
    "payment_state": _words("stare plată, plată, zahlungsstatus, zahlung, estado del pago, pago, מצב תשלום, תשלום"),
    "currency": _words("monedă, valută, währung, moneda, divisa, מטבע"),
    "total": _words(
        "sumă totală, valoare, gesamtsumme, gesamtbetrag, summe, betrag, importe total, importe, סכום, סה״כ"
    ),
    "order_number": ORDER_NUMBER,
    "customer_reference": _words("cod client, număr client, kundennummer, número de cliente, מספר לקוח"),
    "customer_email": (
        *_words("email client, kunden-e-mail, email del cliente, correo del cliente, אימייל לקוח"),
        *EMAIL,
    ),
    "customer_name": CUSTOMER,
    "placed_at": _words(
        "data comenzii, dată comandă, bestelldatum, auftragsdatum, datum, fecha de pedido, fecha, תאריך הזמנה, תאריך"
    ),
    "shipped_at": _words("data expedierii, expediat la, versanddatum, versandt am, fecha de envío, תאריך משלוח"),
    "description": _words(
        "descriere, produs, articol, beschreibung, artikel, produkt, descripción, producto, artículo, תיאור, מוצר, פריט"
    ),
    "product": _words("cod produs, artikelnummer, código de producto, מק״ט"),
    "quantity": _words("cantitate, bucăți, menge, anzahl, cantidad, unidades, כמות"),
    "unit_price": _words(
        "preț unitar, preț, einzelpreis, stückpreis, preis, precio unitario, precio, מחיר יחידה, מחיר"
    ),
    "discount": _words("reducere, rabatt, nachlass, descuento, הנחה"),
    "starts_at": STARTS,
    "ends_at": ENDS,
    "duration": _words("durată, minute, dauer, minuten, duración, minutos, משך, דקות"),
    "summary": _words("descriere, beschreibung, descripción, תיאור"),
    "kind": _words("tip, art, tipo, סוג"),
    "capacity": _words("capacitate, locuri, kapazität, plätze, capacidad, plazas, קיבולת, מקומות"),
    "timezone": _words("fus orar, zeitzone, zona horaria, אזור זמן"),
    "branch": BRANCH,
    "venue": _words("loc, sală, ort, veranstaltungsort, lugar, sala, מקום, אולם"),
    "street": _words("stradă, adresă, straße, adresse, calle, dirección, רחוב, כתובת"),
    "postal_code": _words("cod poștal, plz, postleitzahl, código postal, מיקוד"),
    "city": _words("oraș, localitate, stadt, ciudad, עיר"),
    "region": _words("județ, bundesland, provincia, מחוז"),
    "role_title": _words("funcție, rol, stelle, funktion, puesto, cargo, תפקיד"),
    "event": _words("eveniment, nume eveniment, veranstaltung, evento, nombre del evento, אירוע, שם אירוע"),
    "event_starts_at": _words("data evenimentului, veranstaltungsdatum, fecha del evento, תאריך אירוע"),
    "ticket_type": _words(
        "tip bilet, categorie, ticketart, tickettyp, kategorie, tipo de entrada, categoría, סוג כרטיס"
    ),
    "participant_name": (
        *_words("participant, nume participant, teilnehmer, participante, asistente, משתתף, שם משתתף"),
        *NAME,
    ),
    "participant_email": (
        *_words("email participant, e-mail teilnehmer, correo del participante, אימייל משתתף"),
        *EMAIL,
    ),
    "participant_phone": PHONE,
    "checked_in_at": _words(
        "intrare, ora intrării, eingecheckt, eingecheckt am, einlass, entrada registrada, שעת כניסה"
    ),
    "staff_email": _words("email angajat, e-mail mitarbeiter, correo del empleado, אימייל עובד"),
    "staff": _words("angajat, personal, mitarbeiter, mitarbeiterin, berater, empleado, atendido por, עובד, איש צוות"),
}
# Where a word depends on what the rows are.
OF_KIND: Mapping[str, Mapping[str, Words]] = {
    "customers": {
        "reference": _words("cod client, număr client, kundennummer, número de cliente, מספר לקוח"),
        "name": (*NAME, *CUSTOMER),
    },
    "events": {"title": (*TITLE, *_words("eveniment, veranstaltung, evento, אירוע"))},
    "tickets": {"reference": _words("număr bilet, ticketnummer, número de entrada, מספר כרטיס")},
    "branches": {"name": (*NAME, *BRANCH)},
    "appointments": {
        "reference": _words("număr programare, terminnummer, buchungsnummer, número de cita, מספר תור"),
        "title": (*TITLE, *_words("programare, serviciu, termin, leistung, cita, servicio, תור, פגישה, שירות")),
    },
}


def others(kind: str, field: str) -> Words:
    """What a field of this kind is called in other languages than English."""
    return OF_KIND.get(kind, {}).get(field) or COMMON.get(field, ())
