"""What people call tables of our records, in five languages: English, Romanian, German, Hebrew, Spanish."""

from collections.abc import Mapping

# record type → names of one record and of many; the first word of each pair may also stand inside a field's name
NOUNS: Mapping[str, tuple[str, ...]] = {
    "order": (
        "Order", "Orders", "Purchase", "Purchases", "Sales order", "Sales orders",
        "Comandă", "Comenzi", "Comenzii",
        "Bestellung", "Bestellungen", "Auftrag", "Aufträge",
        "הזמנה", "הזמנות", "ההזמנה",
        "Pedido", "Pedidos", "Orden", "Órdenes",
    ),
    "order_item": (
        "Order item", "Order items", "Order line", "Order lines", "Line item", "Line items", "Item", "Items",
        "Articol", "Articole", "Articole comandă", "Linie comandă", "Linii comandă",
        "Position", "Positionen", "Bestellposition", "Bestellpositionen", "Auftragsposition", "Auftragspositionen",
        "פריט", "פריטים", "פריטי הזמנה",
        "Artículo", "Artículos", "Línea de pedido", "Líneas de pedido",
    ),
    "ticket": (
        "Ticket", "Tickets", "Admission", "Admissions", "Registration", "Registrations",
        "Bilet", "Bilete", "Biletul",
        "Eintrittskarte", "Eintrittskarten", "Karte", "Karten",
        "כרטיס", "כרטיסים",
        "Entrada", "Entradas", "Boleto", "Boletos",
    ),
    "customer": (
        "Customer", "Customers", "Client", "Clients", "Contact", "Contacts", "Buyer", "Buyers",
        "Clienți", "Contacte", "Cumpărător", "Cumpărători",
        "Kunde", "Kunden", "Kundin", "Kontakt", "Kontakte",
        "לקוח", "לקוחות", "הלקוח",
        "Cliente", "Clientes", "Contacto", "Contactos",
    ),
    "event": (
        "Event", "Events", "Programme", "Program", "Show", "Shows",
        "Eveniment", "Evenimente",
        "Veranstaltung", "Veranstaltungen",
        "אירוע", "אירועים",
        "Evento", "Eventos",
    ),
    "appointment": (
        "Appointment", "Appointments", "Booking", "Bookings", "Meeting", "Meetings",
        "Programare", "Programări", "Rezervare", "Rezervări",
        "Termin", "Termine", "Buchung", "Buchungen",
        "פגישה", "פגישות", "תור", "תורים",
        "Cita", "Citas", "Reserva", "Reservas",
    ),
    "branch": (
        "Branch", "Branches", "Location", "Locations", "Office", "Offices", "Store", "Stores",
        "Filială", "Filiale", "Sucursală", "Sucursale", "Locație", "Locații",
        "Filialen", "Standort", "Standorte", "Niederlassung", "Niederlassungen",
        "סניף", "סניפים",
        "Sucursal", "Sucursales", "Sede", "Sedes",
    ),
    "staff": (
        "Staff", "Staff member", "Staff members", "Employee", "Employees", "Team", "Team member", "Team members",
        "Angajat", "Angajați", "Personal", "Echipă",
        "Mitarbeiter", "Mitarbeiterin", "Mitarbeitende",
        "עובד", "עובדים", "צוות",
        "Empleado", "Empleados", "Equipo",
    ),
}  # fmt: skip
