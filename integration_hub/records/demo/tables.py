"""Who and what there is in the demo. Plain tables; `filling` turns them into records."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class DemoEvent:
    """`day`: days from today it starts; `types`: name, place, price, quota."""

    title: str
    summary: str
    kind: str
    day: int
    hour: int
    hours: int
    capacity: int | None
    branch: str
    venue: str
    types: tuple[tuple[str, str, Decimal, int | None], ...]
    steps: tuple[str, ...] = ("published",)
    series: str = ""
    sessions: tuple[str, ...] = field(default=())


BRANCHES = (
    ("Sala Mare", "Calea Victoriei 40", "010083", "București", "RO", "+40310000101"),
    ("Sala Studio", "Strada Lipscani 12", "030031", "București", "RO", "+40310000102"),
    ("Casa Teatrului Cluj", "Strada Memorandumului 21", "400114", "Cluj-Napoca", "RO", "+40364000103"),
)
STAFF = (
    ("Ioana Marinescu", "Director", "Sala Mare", "+40700000201"),
    ("Mihai Stoica", "Box office", "Sala Mare", "+40700000202"),
    ("Elena Dragomir", "Workshops", "Sala Studio", "+40700000203"),
    ("Tudor Pop", "Branch manager", "Casa Teatrului Cluj", "+40700000204"),
)
SERIES = (("Atelierele Casei", "Workshops for children and grown-ups, every second Saturday."),)
EVENTS = (
    DemoEvent(
        "O scrisoare pierdută", "Comedy in four acts by I. L. Caragiale.", "in_person", -20, 19, 3, 120, "Sala Mare",
        "Sala Mare", (("Standard", "in_person", Decimal("60"), None), ("Redus", "in_person", Decimal("35"), 40)),
        ("published", "finished"),
    ),
    DemoEvent(
        "Livada cu vișini", "Chekhov’s last play, in a new translation.", "in_person", 12, 19, 3, 90, "Sala Mare",
        "Sala Mare", (("Standard", "in_person", Decimal("70"), None), ("Lojă", "in_person", Decimal("120"), 16)),
    ),
    DemoEvent(
        "Improv Night", "Everything is made up, in English. In the hall and on screen.", "hybrid", 5, 20, 2, 150,
        "Sala Studio", "Sala Studio",
        (("In the hall", "in_person", Decimal("45"), 60), ("On screen", "online", Decimal("20"), None)),
    ),
    DemoEvent(
        "Atelier de dicție", "Two mornings of voice and breath for children from 8.", "in_person", 9, 10, 28, 24,
        "Sala Studio", "Sala Studio", (("Copil", "in_person", Decimal("150"), None),), series="Atelierele Casei",
        sessions=("Sâmbătă dimineața", "Duminică dimineața"),
    ),
    DemoEvent(
        "Regie de teatru: curs online", "Six evenings with a director, from the first reading to the opening.",
        "online", 15, 18, 2, None, "", "", (("Acces complet", "online", Decimal("240"), None),),
        series="Atelierele Casei",
    ),
    DemoEvent(
        "Concert de Crăciun", "Carols with the children’s choir.", "in_person", 33, 18, 2, 200, "Casa Teatrului Cluj",
        "Sala de festivități", (("Standard", "in_person", Decimal("50"), None),), (),
    ),
)  # fmt: skip
# Language, where their numbers are at home, and their names.
PEOPLE = (
    ("ro", "+4070000", (
        "Ana Ionescu", "Andrei Popescu", "Cristina Dumitru", "Ștefan Munteanu", "Raluca Țepeș", "Gheorghe Câmpeanu",
        "Mălina Șerban", "Vlad Enache", "Ileana Bălan", "Radu Petrescu", "Sorina Lupu", "Dan Ghiță",
        "Simona Vasilescu", "Bogdan Rusu", "Monica Iliescu", "Liviu Oprea",
    )),
    ("he", "+97255000", ("נועה לוי", "יוסף כהן", "תמר מזרחי", "אורי פרץ", "מיכל אברהם", "דניאל ביטון")),
    ("de", "+4915500", (
        "Jürgen Groß", "Annegret Müller", "Käthe Weiß", "Lukas Schröder", "Friederike Böhm", "Matthias Köhler",
    )),
    ("es", "+3460000", (
        "Íñigo Martínez", "María José Núñez", "Begoña Ibáñez", "Álvaro Peña", "Lucía Fernández", "Joaquín Muñoz",
    )),
    ("en", "+44770090", (
        "Grace O’Neill", "Harriet Whitfield", "Oluwaseun Adeyemi", "James Carter", "Priya Nair", "Zoë Brontë",
    )),
)  # fmt: skip
EXTRAS = (
    ("Program de sală", Decimal("15")),
    ("Voucher cadou", Decimal("100")),
    ("Tricou „Casa Teatrului”", Decimal("79.90")),
)
TALKS = ("Repetiție cu corul", "Consultație pentru grup școlar", "Închiriere sală", "Interviu", "Vizită tehnică")
ORDERS = 60
FIRST_NUMBER = 1001
