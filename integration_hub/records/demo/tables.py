"""Where and what there is in the demo: branches, staff, and what is played when. Plain tables; `planning` and `theatre`
turn them into records."""

from dataclasses import dataclass
from decimal import Decimal

BUCHAREST, BERLIN, MADRID = "Europe/Bucharest", "Europe/Berlin", "Europe/Madrid"
TEL_AVIV, LONDON, NEW_YORK = "Asia/Jerusalem", "Europe/London", "America/New_York"
MAIN, STUDIO, CLUJ = "Sala Mare", "Sala Studio", "Casa Teatrului Cluj"
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True)
class Kind:
    """A kind of ticket."""

    name: str
    price: str
    place: str = "in_person"
    quota: int | None = None
    share: float = 1.0  # how often it is chosen, beside the others


@dataclass(frozen=True)
class Production:
    """Something that is played on several days, counted from today; `weekday`: on the next such day. `crowd`: how many
    of the places are taken in the end. `likes`: the language of most who come."""

    title: str
    summary: str
    days: tuple[int, ...]
    kinds: tuple[Kind, ...]
    capacity: int | None = None
    branch: str = ""
    venue: str = ""
    kind: str = "in_person"
    hour: int = 19
    hours: float = 2.5
    zone: str = BUCHAREST
    currency: str = "RON"
    series: str = ""
    sessions: tuple[str, ...] = ()
    weekday: int | None = None
    crowd: float = 0.7
    likes: str = "ro"
    status: str = ""  # cancelled | draft; else what its day makes of it


BRANCHES = (
    (MAIN, "Calea Victoriei 40", "010083", "București", "RO", "+40310000101"),
    (STUDIO, "Strada Lipscani 12", "030031", "București", "RO", "+40310000102"),
    (CLUJ, "Strada Memorandumului 21", "400114", "Cluj-Napoca", "RO", "+40364000103"),
)
STAFF = (
    ("Ioana Marinescu", "Director", MAIN),
    ("Mihai Stoica", "Box office", MAIN),
    ("Andreea Vlădescu", "Box office", MAIN),
    ("Sorin Bucur", "Front of house", MAIN),
    ("Carmen Ursu", "Accounts", MAIN),
    ("Radu Zaharia", "Stage manager", MAIN),
    ("Elena Dragomir", "Workshops", STUDIO),
    ("Matei Ionașcu", "Online events", STUDIO),
    ("Hannah Weber", "International guests", STUDIO),
    ("Tudor Pop", "Branch manager", CLUJ),
    ("Orsolya Kovács", "Box office", CLUJ),
    ("Dorin Mureșan", "Front of house", CLUJ),
)
STAFF_NUMBERS = "+407000002"
SERIES = (
    ("Atelierele Casei", "Workshops for children and grown-ups."),
    ("Stagiunea mare", "The season in the main hall."),
    ("Casa pe drum", "Guest performances abroad."),
)
WORKSHOPS, SEASON, ABROAD = (title for title, _summary in SERIES)

HALL = (Kind("Standard", "70", share=5), Kind("Redus", "40", quota=180, share=2), Kind("Lojă", "130", quota=60))
SMALL_HALL = (Kind("Standard", "50", share=3), Kind("Redus", "30"))
BOTH = (Kind("In the hall", "45", quota=160, share=2), Kind("On screen", "20", "online"))
PRODUCTIONS = (
    Production(
        "O scrisoare pierdută", "Comedy in four acts by I. L. Caragiale.", (-531, -410, -286, -162, -48, 19), HALL,
        640, MAIN, "Sala Mare", series=SEASON, crowd=0.9,
    ),
    Production(
        "Livada cu vișini", "Chekhov’s last play, in a new translation.", (-497, -305, -118, 12), HALL,
        640, MAIN, "Sala Mare", series=SEASON, hours=3,
    ),
    Production(
        "Nunta însângerată", "Lorca, with live music.", (-243, -90, -20, 33), HALL, 640, MAIN, "Sala Mare",
        series=SEASON, crowd=0.8,
    ),
    Production(
        "Improv Night", "Everything is made up, in English. In the hall and on screen.", (-452, -361, -214, -76, 5),
        BOTH, 360, STUDIO, "Sala Studio", "hybrid", 20, 2, likes="en", crowd=0.8,
    ),
    Production(
        "Micul Prinț", "For everybody from 6, on Sunday mornings.", (-382, -198, -34, 8), SMALL_HALL, 260, STUDIO,
        "Sala Studio", hour=11, hours=1.5, weekday=SUNDAY, crowd=0.97,
    ),
    Production(
        "Atelier de dicție", "Two mornings of voice and breath for children from 8.", (-320, -147, 9),
        (Kind("Copil", "150"),), 24, STUDIO, "Sala de repetiții", hour=10, hours=28, series=WORKSHOPS,
        sessions=("Sâmbătă dimineața", "Duminică dimineața"), weekday=SATURDAY, crowd=0.95,
    ),
    Production(
        "Regie de teatru: curs online", "Six evenings with a director, from the first reading to the opening.",
        (-266, 15), (Kind("Acces complet", "240", "online"),), None, kind="online", hour=18, hours=2, series=WORKSHOPS,
        crowd=0.5,
    ),
    Production(
        "Concert de Crăciun", "Carols with the children’s choir.", (-337, 26), SMALL_HALL, 460, CLUJ,
        "Sala de festivități", hour=18, hours=2, crowd=0.85,
    ),
    Production(
        "Noaptea muzeelor: fantome", "A walk through the house by candlelight.", (-189,),
        (Kind("Acces", "25"),), 300, CLUJ, "Curtea interioară", hour=21, hours=3, crowd=1.0,
    ),
    Production(
        "Der Besuch der alten Dame", "Dürrenmatt auf Rumänisch, mit deutschen Übertiteln.", (-228,),
        (Kind("Parkett", "32", share=3), Kind("Ermäßigt", "18", quota=80)), 280, venue="Theater am Kanal, Berlin",
        zone=BERLIN, currency="EUR", series=ABROAD, likes="de", crowd=0.8,
    ),
    Production(
        "La casa de Bernarda Alba", "Con sobretítulos en español.", (-104,),
        (Kind("Platea", "28", share=3), Kind("Reducida", "16", quota=60)), 240, venue="Teatro del Puente, Madrid",
        hour=20, zone=MADRID, currency="EUR", series=ABROAD, likes="es", crowd=0.75,
    ),
    Production(
        "הדיבוק", "The Dybbuk by S. An-sky, in Romanian with Hebrew surtitles.", (-62, 40),
        (Kind("כרטיס רגיל", "120", share=3), Kind("סטודנט", "70", quota=60)), 220, venue="תיאטרון הנמל, תל אביב",
        hour=20, zone=TEL_AVIV, currency="ILS", series=ABROAD, likes="he", crowd=0.7,
    ),
    Production(
        "Caragiale in English", "A reading and a talk, on screen.", (-131, 22), (Kind("On screen", "8", "online"),),
        None, kind="online", hour=18, hours=1.5, zone=LONDON, currency="GBP", likes="en", crowd=0.6,
    ),
    Production(
        "An Evening with the Director", "Questions and answers for friends overseas.", (-11,),
        (Kind("On screen", "12", "online"),), None, kind="online", hour=17, hours=1, zone=NEW_YORK, currency="USD",
        likes="en", crowd=0.4,
    ),
    Production(
        "Hamlet", "Guest performance from Craiova. Cancelled: the ensemble is ill.", (-6,), HALL, 640, MAIN,
        "Sala Mare", crowd=0.5, status="cancelled",
    ),
    Production(
        "Visul unei nopți de vară", "The summer opening, in the courtyard.", (150,), SMALL_HALL, 300, CLUJ,
        "Curtea interioară", hour=20, status="draft",
    ),
)  # fmt: skip
EXTRAS = (
    ("Program de sală", Decimal("15")),
    ("Voucher cadou", Decimal("100")),
    ("Tricou „Casa Teatrului”", Decimal("79.90")),
    ("Afiș semnat", Decimal("45")),
)
TALKS = (
    "Repetiție cu corul", "Consultație pentru grup școlar", "Închiriere sală", "Interviu", "Vizită tehnică",
    "Abonament de firmă", "Audiție", "Tur ghidat",
)  # fmt: skip
FIRST_NUMBER = 1001
