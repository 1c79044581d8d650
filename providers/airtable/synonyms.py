"""What people call our fields over there, in five languages: English, Romanian, German, Hebrew, Spanish.

Accents, case, spaces and punctuation make no difference, nor does the order of the words; so "Comandă nr." is the same
as "Nr. comandă". The words of a record's own noun (`nouns`) may be added: "Order status", "Statusul comenzii".
"""

from collections.abc import Mapping

Words = tuple[str, ...]

NAME: Words = ("Full name", "Name", "Nume", "Nume complet", "Nume și prenume", "Vollständiger Name", "שם", "שם מלא",
               "Nombre", "Nombre completo")  # fmt: skip
TITLE: Words = ("Title", "Name", "Subject", "Titlu", "Denumire", "Nume", "Subiect", "Titel", "Bezeichnung", "Betreff",
                "כותרת", "שם", "נושא", "Título", "Nombre", "Asunto")  # fmt: skip
EMAIL: Words = ("Email", "E-mail", "Email address", "Mail", "E-mail address", "Adresă de email", "Adresă email",
                "Adresă e-mail", "Poștă electronică", "E-Mail-Adresse", "Mailadresse", "אימייל", "דוא״ל", "מייל",
                "כתובת אימייל", "דואר אלקטרוני", "Correo", "Correo electrónico", "Dirección de correo")  # fmt: skip
PHONE: Words = ("Phone", "Phone number", "Telephone", "Mobile", "Mobile phone", "Cell", "Telefon", "Număr de telefon",
                "Număr telefon", "Nr telefon", "Mobil", "Telefonnummer", "Handy", "Handynummer", "Mobilnummer",
                "טלפון", "מספר טלפון", "נייד", "Teléfono", "Número de teléfono", "Móvil", "Celular")  # fmt: skip
STATUS: Words = ("Status", "State", "Stage", "Stare", "Starea", "Statusul", "Stadiu", "Statut",
                 "Zustand", "Bestellstatus", "Auftragsstatus", "Stand", "סטטוס", "מצב",
                 "Estado", "Situación")  # fmt: skip
NOTES: Words = ("Notes", "Note", "Comments", "Comment", "Remarks", "Notițe", "Observații", "Comentarii", "Mențiuni",
                "Notizen", "Notiz", "Bemerkungen", "Bemerkung", "Anmerkungen", "Kommentar", "הערות", "הערה",
                "Notas", "Observaciones", "Comentarios")  # fmt: skip
UPDATED: Words = ("Updated at", "Last updated", "Updated", "Changed at", "Actualizat", "Actualizat la",
                  "Ultima actualizare", "Data actualizării", "Aktualisiert", "Aktualisiert am", "Zuletzt geändert",
                  "Geändert am", "עודכן", "עודכן בתאריך", "עדכון אחרון", "Actualizado", "Actualizado el",
                  "Última actualización")  # fmt: skip
STARTS: Words = ("Start", "Starts at", "Start time", "Start date", "From", "Begins", "Date", "When", "Început",
                 "Începe la", "Data de început", "Data început", "Ora de început", "Dată", "Data", "Beginn",
                 "Startzeit", "Startdatum", "Anfang", "Datum", "התחלה", "שעת התחלה", "תאריך התחלה", "תאריך", "מועד",
                 "Inicio", "Comienza", "Fecha de inicio", "Hora de inicio", "Fecha")  # fmt: skip
ENDS: Words = ("End", "Ends at", "End time", "End date", "Until", "To", "Sfârșit", "Se termină la", "Data de sfârșit",
               "Data sfârșit", "Ora de sfârșit", "Ende", "Endzeit", "Enddatum", "Bis", "סיום", "שעת סיום", "תאריך סיום",
               "Fin", "Termina", "Fecha de fin", "Hora de fin")  # fmt: skip
ZONE: Words = ("Time zone", "Timezone", "TZ", "Fus orar", "Zeitzone", "אזור זמן", "Zona horaria")
CURRENCY: Words = ("Currency", "Currency code", "Monedă", "Valută", "Währung", "מטבע", "Moneda", "Divisa")
BRANCH: Words = ("Branch", "Location", "Office", "Store", "Filială", "Sucursală", "Locație", "Punct de lucru",
                 "Filiale", "Standort", "Niederlassung", "סניף", "Sucursal", "Sede")  # fmt: skip
CUSTOMER: Words = ("Customer name", "Customer", "Client name", "Client", "Buyer", "Nume client", "Numele clientului",
                   "Cumpărător", "Kundenname", "Kunde", "Käufer", "Name des Kunden", "שם לקוח", "שם הלקוח", "לקוח",
                   "Nombre del cliente", "Nombre cliente", "Cliente")  # fmt: skip
EVENT: Words = ("Event", "Event name", "Event title", "Show", "Eveniment", "Nume eveniment", "Titlu eveniment",
                "Veranstaltung", "Veranstaltungsname", "אירוע", "שם אירוע", "שם האירוע", "Evento",
                "Nombre del evento")  # fmt: skip
STAFF: Words = ("Staff member", "Staff", "Employee", "Host", "With", "Angajat", "Personal", "Consultant", "Mitarbeiter",
                "Mitarbeiterin", "Berater", "עובד", "איש צוות", "נותן שירות", "Empleado", "Atendido por")  # fmt: skip
TICKET_TYPE: Words = ("Ticket type", "Type", "Category", "Ticket category", "Tip bilet", "Tipul biletului", "Tip",
                      "Categorie", "Ticketart", "Tickettyp", "Ticketkategorie", "Art", "Kategorie", "סוג כרטיס", "סוג",
                      "קטגוריה", "Tipo de entrada", "Tipo", "Categoría")  # fmt: skip
ORDER_NUMBER: Words = (
    "Order number", "Order no", "Order #", "Order nr", "Order ID", "Order code", "Order", "Number", "Name",
    "Număr comandă", "Numărul comenzii", "Nr comandă", "Nr comenzii", "Cod comandă", "ID comandă", "Comandă", "Număr",
    "Bestellnummer", "Bestell-Nr", "Bestellung", "Auftragsnummer", "Auftrags-Nr", "Auftrag", "Nummer",
    "מספר הזמנה", "מס׳ הזמנה", "הזמנה", "מספר",
    "Número de pedido", "Nº de pedido", "Núm pedido", "Pedido", "Número",
)  # fmt: skip
DESCRIPTION: Words = ("Description", "Item", "Product", "Article", "Name", "Title", "Descriere", "Produs", "Articol",
                      "Denumire", "Beschreibung", "Bezeichnung", "Artikel", "Produkt", "תיאור", "מוצר", "פריט",
                      "Descripción", "Producto", "Artículo")  # fmt: skip

# our field's name → what it is called, whatever the record
COMMON: Mapping[str, Words] = {
    "name": NAME,
    "title": TITLE,
    "email": EMAIL,
    "phone": PHONE,
    "status": STATUS,
    "notes": NOTES,
    "updated_at": UPDATED,
    "starts_at": STARTS,
    "ends_at": ENDS,
    "timezone": ZONE,
    "currency": CURRENCY,
    "branch": BRANCH,
    "customer": CUSTOMER,
    "customer_name": CUSTOMER,
    "customer_email": (
        "Customer email", "Customer e-mail", "Client email", "Buyer email", *EMAIL,
        "Email client", "E-mail client", "Emailul clientului", "Adresa de email a clientului",
        "Kunden-E-Mail", "Kundenmail", "E-Mail des Kunden", "E-Mail Kunde",
        "אימייל לקוח", "אימייל הלקוח", "מייל לקוח", "דוא״ל לקוח",
        "Email del cliente", "Correo del cliente", "Correo cliente",
    ),
    "customer_phone": ("Customer phone", "Client phone", *PHONE, "Telefon client", "Telefonul clientului",
                       "Kundentelefon", "טלפון לקוח", "Teléfono del cliente"),
    "priority": ("Priority", "Urgency", "Prioritate", "Urgență", "Priorität", "Dringlichkeit", "עדיפות", "דחיפות",
                 "Prioridad", "Urgencia"),
    "payment_state": (
        "Payment state", "Payment status", "Payment", "Paid", "Stare plată", "Starea plății", "Status plată", "Plată",
        "Achitat", "Zahlungsstatus", "Zahlstatus", "Zahlung", "Bezahlung", "מצב תשלום", "סטטוס תשלום", "תשלום",
        "Estado del pago", "Estado de pago", "Pago",
    ),
    "total": (
        "Total", "Order total", "Total amount", "Grand total", "Amount", "Sum", "Total price", "Value",
        "Sumă totală", "Suma totală", "Total comandă", "Valoare totală", "Valoare", "Sumă", "Preț total",
        "Gesamtsumme", "Gesamtbetrag", "Gesamtpreis", "Summe", "Betrag", "Gesamt",
        "סכום כולל", "סה״כ", "סך הכל", "סכום", "סכום הזמנה",
        "Importe total", "Suma total", "Importe", "Monto total", "Monto",
    ),
    "items": (
        "Items", "Order items", "Lines", "Order lines", "Line items", "Products", "Articole", "Produse",
        "Articole comandă", "Linii comandă", "Positionen", "Bestellpositionen", "Artikel", "Produkte",
        "פריטים", "מוצרים", "פריטי הזמנה", "Artículos", "Productos", "Líneas",
    ),
    "placed_at": (
        "Placed at", "Order date", "Ordered at", "Ordered on", "Date", "Placed", "Created on", "Purchase date",
        "Data comenzii", "Dată comandă", "Data comandă", "Comandat la", "Plasată la", "Data", "Dată",
        "Bestelldatum", "Bestellt am", "Auftragsdatum", "Datum", "Kaufdatum",
        "תאריך הזמנה", "תאריך ההזמנה", "הוזמן בתאריך", "תאריך",
        "Fecha de pedido", "Fecha del pedido", "Pedido el", "Fecha",
    ),
    "order_number": ORDER_NUMBER,
    "order_link": ("Order", "Orders", *ORDER_NUMBER, "Comanda", "Comenzi", "Bestellungen", "הזמנות", "Pedidos"),
    "customer_link": ("Customer", "Customers", "Clients", *CUSTOMER, "Clienți", "Kunden", "לקוחות", "Clientes",
                      "Contact", "Contacts", "Contacte", "Kontakt", "Kontakte"),
    "event_link": ("Event", "Events", *EVENT, "Evenimente", "Veranstaltungen", "אירועים", "Eventos"),
    "branch_link": ("Branch", "Branches", *BRANCH, "Filialen", "סניפים", "Sucursales"),
    "staff_link": ("Staff member", "Staff", *STAFF),
    "description": DESCRIPTION,
    "quantity": ("Quantity", "Qty", "Count", "Pieces", "Cantitate", "Bucăți", "Buc", "Menge", "Anzahl", "Stück", "כמות",
                 "Cantidad", "Unidades"),
    "unit_price": ("Unit price", "Price", "Price each", "Preț unitar", "Preț", "Preț bucată", "Einzelpreis",
                   "Stückpreis", "Preis", "מחיר יחידה", "מחיר ליחידה", "מחיר", "Precio unitario", "Precio"),
    "discount": ("Discount", "Rebate", "Reducere", "Discount acordat", "Rabatt", "Nachlass", "Ermäßigung", "הנחה",
                 "Descuento"),
    "amount": ("Line total", "Amount", "Total", "Subtotal", "Total linie", "Valoare", "Zeilensumme", "Betrag",
                   "Gesamtpreis", "סכום שורה", "סכום", "סה״כ", "Total línea", "Importe"),
    "position": ("Position", "Line", "Line number", "Poziție", "Nr crt", "Pos", "Zeile", "שורה", "Posición", "Línea"),
    "participant_name": (
        "Participant name", "Participant", "Attendee", "Attendee name", "Guest", "Holder", "Ticket holder", *NAME,
        "Nume participant", "Numele participantului", "Invitat", "Titular",
        "Teilnehmer", "Teilnehmerin", "Name des Teilnehmers", "Teilnehmername", "Gast",
        "משתתף", "שם משתתף", "שם המשתתף", "אורח", "Participante", "Nombre del participante", "Asistente",
    ),
    "participant_email": ("Participant email", "Attendee email", "Guest email", *EMAIL, "Email participant",
                          "Emailul participantului", "E-Mail des Teilnehmers", "E-Mail Teilnehmer", "אימייל משתתף",
                          "Correo del participante", "Email del asistente"),
    "participant_phone": ("Participant phone", "Attendee phone", "Guest phone", *PHONE, "Telefon participant",
                          "Telefonul participantului", "Telefon des Teilnehmers", "טלפון משתתף",
                          "Teléfono del participante"),
    "checked_in_at": ("Checked in at", "Checked in", "Check-in", "Check-in time", "Check-in la", "Intrare",
                      "Ora intrării", "Prezent la", "Eingecheckt", "Eingecheckt am", "Einlass", "צ׳ק אין", "נכנס",
                      "שעת כניסה", "Registro de entrada", "Entrada registrada"),
    "event": EVENT,
    "ticket_type": TICKET_TYPE,
    "place": ("Place", "Attendance", "Mode", "Participare", "Mod", "Loc", "Teilnahmeart", "Ort", "אופן השתתפות", "מקום",
              "Modalidad", "Lugar"),
    "pdf": ("Ticket as PDF", "Ticket file", "File", "PDF", "Ticket PDF", "Attachment", "Attachments", "Fișier",
             "Bilet PDF", "Atașament", "Atașamente", "Datei", "Anhang", "Anhänge", "קובץ", "קבצים", "קובץ מצורף",
             "Archivo", "Adjunto", "Adjuntos"),
    "attachments": ("Attachments", "Attachment", "Files", "File", "Documents", "Atașamente", "Fișiere", "Documente",
                    "Anhänge", "Anhang", "Dateien", "Datei", "Dokumente", "קבצים", "קבצים מצורפים", "מסמכים",
                    "Adjuntos", "Archivos", "Documentos"),
    "reference": ("Reference", "Ref", "Customer number", "Customer ID", "Customer no", "External ID", "Referință",
                  "Cod client", "Număr client", "Referenz", "Kundennummer", "Kunden-Nr", "אסמכתא", "מספר לקוח",
                  "Referencia", "Número de cliente"),
    "language": ("Language", "Locale", "Limbă", "Limba", "Sprache", "שפה", "Idioma", "Lengua"),
    "orders_count": ("Number of orders", "Orders count", "Order count", "Orders", "Număr comenzi", "Comenzi",
                     "Anzahl Bestellungen", "Bestellungen", "מספר הזמנות", "הזמנות", "Número de pedidos", "Pedidos"),
    "tickets_count": ("Number of tickets", "Tickets count", "Ticket count", "Tickets", "Număr bilete", "Bilete",
                      "Anzahl Tickets", "Anzahl Karten", "מספר כרטיסים", "כרטיסים", "Número de entradas", "Entradas"),
    "spent": ("Spent", "Total spent", "Lifetime value", "Revenue", "Cheltuit", "Total cheltuit", "Valoare totală",
              "Ausgegeben", "Umsatz", "סך רכישות", "הוצאה כוללת", "Gastado", "Total gastado"),
    "first_purchase_at": ("First purchase", "First order", "First purchase at", "Prima achiziție", "Prima comandă",
                          "Erster Kauf", "Erste Bestellung", "רכישה ראשונה", "Primera compra"),
    "last_purchase_at": ("Last purchase", "Last order", "Last purchase at", "Ultima achiziție", "Ultima comandă",
                         "Letzter Kauf", "Letzte Bestellung", "רכישה אחרונה", "Última compra"),
    "summary": ("Summary", "Description", "About", "Details", "Rezumat", "Descriere", "Detalii", "Zusammenfassung",
                "Beschreibung", "Details", "תקציר", "תיאור", "פרטים", "Resumen", "Descripción", "Detalles"),
    "kind": ("Kind", "Type", "Format", "Event type", "Tip", "Fel", "Tip eveniment", "Art", "Typ", "Veranstaltungsart",
             "סוג", "סוג אירוע", "Tipo", "Tipo de evento"),
    "venue": ("Venue", "Location", "Place", "Hall", "Address", "Locație", "Loc", "Sală", "Adresă",
              "Veranstaltungsort", "Ort", "Saal", "מקום", "מיקום", "אולם", "Lugar", "Recinto", "Sala"),
    "series": ("Series", "Serie", "Ciclu", "Reihe", "Veranstaltungsreihe", "סדרה", "Ciclo"),
    "capacity": ("Capacity", "Seats", "Places", "Capacitate", "Locuri", "Kapazität", "Plätze", "קיבולת", "מקומות",
                 "Capacidad", "Aforo", "Plazas"),
    "tickets_sold": ("Tickets sold", "Sold", "Bilete vândute", "Vândute", "Verkaufte Tickets", "Verkaufte Karten",
                     "Verkauft", "כרטיסים שנמכרו", "נמכרו", "Entradas vendidas", "Vendidas"),
    "sold_share": ("Share of capacity", "Share sold", "Occupancy", "Sold %", "Grad de ocupare", "Ocupare",
                   "Auslastung", "תפוסה", "Ocupación"),
    "revenue": ("Revenue", "Income", "Sales", "Venit", "Venituri", "Încasări", "Umsatz", "Einnahmen", "הכנסות",
                "הכנסה", "Ingresos", "Ventas"),
    "staff": STAFF,
    "role_title": ("Role", "Job title", "Position", "Function", "Rol", "Funcție", "Post", "Rolle", "Funktion",
                   "תפקיד", "Cargo", "Puesto"),
    "street": ("Street", "Address", "Street address", "Stradă", "Strada", "Adresă", "Straße", "Adresse", "Anschrift",
               "רחוב", "כתובת", "Calle", "Dirección"),
    "postal_code": ("Postal code", "Postcode", "ZIP", "ZIP code", "Cod poștal", "PLZ", "Postleitzahl", "מיקוד",
                    "Código postal"),
    "city": ("City", "Town", "Oraș", "Localitate", "Stadt", "Ort", "עיר", "Ciudad", "Localidad"),
    "region": ("Region", "State", "County", "Province", "Județ", "Regiune", "Bundesland", "אזור", "מחוז", "Región",
               "Provincia"),
    "country": ("Country", "Country code", "Țară", "Land", "Staat", "ארץ", "מדינה", "País"),
}  # fmt: skip

# where one record means something else by a word
OWN: Mapping[str, Mapping[str, Words]] = {
    "branch": {"name": ("Branch name", "Branch", "Location", *NAME, "Filială", "Standort", "סניף", "Sucursal")},
    "staff": {"name": ("Staff member", "Employee", "Employee name", *NAME, "Angajat", "Mitarbeiter", "עובד",
                       "Empleado")},
    "event": {"title": ("Event name", "Event title", "Event", *TITLE, "Eveniment", "Veranstaltung", "אירוע",
                        "Evento")},
    "customer": {"name": (*CUSTOMER, *NAME)},
}  # fmt: skip


def words_for(record_type: str, field: str) -> Words:
    """What this field may be called, the likeliest first."""
    return OWN.get(record_type, {}).get(field) or COMMON.get(field, ())
