"""Names for two thousand made-up people: first and last names that are paired up, by language."""

RO_FIRST = (
    "Ana Andrei Cristina Ștefan Raluca Gheorghe Mălina Vlad Ileana Radu Sorina Dan Simona Bogdan Monica Liviu Ioana "
    "Mihai Elena Tudor Alexandra Cătălin Daniela Florin Gabriela Ionuț Larisa Marian Nicoleta Ovidiu Paula Răzvan "
    "Teodora Victor Adina Cezar Denisa Emil Georgiana Horia"
)
RO_LAST = (
    "Ionescu Popescu Dumitru Munteanu Țepeș Câmpeanu Șerban Enache Bălan Petrescu Lupu Ghiță Vasilescu Rusu Iliescu "
    "Oprea Marinescu Stoica Dragomir Pop Constantin Moldovan Ciobanu Neagu Toma Lazăr Crăciun Voicu Păun Sârbu Anghel "
    "Barbu Dobre Florea Manole Nistor Olteanu Preda Tănase Zamfir Avram Bratu Cojocaru Diaconu Grigore"
)
DE_FIRST = (
    "Jürgen Annegret Käthe Lukas Friederike Matthias Sabine Uwe Heike Jörg Birgit Klaus Anja Günther Ulrike Stefan "
    "Lena Tobias Franziska Björn"
)
DE_LAST = (
    "Groß Müller Weiß Schröder Böhm Köhler Schäfer Krüger Jäger Vogel Lindner Brandt Kühn Sauer Pohl Engel Busch Voß "
    "Haas Möller"
)
ES_FIRST = "Íñigo María Begoña Álvaro Lucía Joaquín Nuria Andrés Inés Óscar Pilar Rubén Marta Adrián Rocío Sergio"
ES_LAST = (
    "Martínez Núñez Ibáñez Peña Fernández Muñoz García Domínguez Vázquez Gómez Iglesias Cañas Ortuño Rodríguez Yáñez "
    "Zúñiga"
)
EN_FIRST = "Grace Harriet Oluwaseun James Priya Zoë Callum Niamh Arthur Imogen Rhys Amara Fergus Beatrix Kwame Saoirse"
EN_LAST = (
    "O’Neill Whitfield Adeyemi Carter Nair Brontë Ashworth Llewellyn MacLeod Pemberton Osei Hartley Quinn Radcliffe "
    "Sinclair Thornbury"
)
# Hebrew names beside how they are written in an address.
HE_FIRST = (
    ("נועה", "noa"), ("יוסף", "yosef"), ("תמר", "tamar"), ("אורי", "uri"), ("מיכל", "michal"), ("דניאל", "daniel"),
    ("שירה", "shira"), ("איתן", "eitan"), ("יעל", "yael"), ("רועי", "roi"), ("הדס", "hadas"), ("אבנר", "avner"),
)  # fmt: skip
HE_LAST = (
    ("לוי", "levi"), ("כהן", "cohen"), ("מזרחי", "mizrahi"), ("פרץ", "peretz"), ("אברהם", "avraham"),
    ("ביטון", "biton"), ("דהן", "dahan"), ("אזולאי", "azoulay"), ("פרידמן", "friedman"), ("שפירא", "shapira"),
    ("גולן", "golan"), ("ברק", "barak"),
)  # fmt: skip
# How many of a hundred, and the beginning of a telephone number that is nobody's.
PEOPLE: dict[str, tuple[int, str]] = {
    "ro": (62, "+4070000"),
    "en": (12, "+44770090"),
    "de": (10, "+4915500"),
    "es": (9, "+3460000"),
    "he": (7, "+97255000"),
}
NAMES: dict[str, tuple[list[str], list[str]]] = {
    "ro": (RO_FIRST.split(), RO_LAST.split()),
    "de": (DE_FIRST.split(), DE_LAST.split()),
    "es": (ES_FIRST.split(), ES_LAST.split()),
    "en": (EN_FIRST.split(), EN_LAST.split()),
    "he": ([name for name, _latin in HE_FIRST], [name for name, _latin in HE_LAST]),
}
LATIN = dict((*HE_FIRST, *HE_LAST))
GROUPS = (
    ("Școala Gimnazială „Ion Creangă”", "scoala.ion.creanga"),
    ("Liceul de Arte „Regina Maria”", "liceul.regina.maria"),
    ("Asociația Prietenii Teatrului", "prietenii.teatrului"),
    ("Clubul Seniorilor Cluj", "seniori.cluj"),
    ("Editura Cortina", "editura.cortina"),
    ("Goethe-Kreis Bukarest", "goethe.kreis"),
)
