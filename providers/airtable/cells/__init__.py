"""Our values as Airtable's cells and back: pure functions, one for each type of field.

https://airtable.com/developers/web/api/field-model

`convert` writes and `back` reads. What a field cannot hold exactly is refused with a sentence; nothing is rounded, cut
or guessed. `back(convert(v))` is v again, except where the field can hold less than our value:

* one line of text: breaks become spaces; several choices in a text field are read apart at the commas (or lines);
* dateTime keeps milliseconds; an instant in a date field keeps its day; a day in a dateTime field is its midnight;
* a choice is said in the field's spelling and read back in ours, spaces around it do not count;
* a rating of 0 is no rating;
* a link is read as ids of rows, or as the title where it was written as text; files are read as their names.
"""

from providers.airtable.cells.kinds import NATURAL, TEXT_TYPES, gives, takes, words, writable
from providers.airtable.cells.making import made_for
from providers.airtable.cells.reading import back
from providers.airtable.cells.writing import CONVERTERS, LONGEST_TEXT, convert

TAKES = NATURAL  # the types a mapping may suggest for each kind of ours

__all__ = [
    "CONVERTERS",
    "LONGEST_TEXT",
    "TAKES",
    "TEXT_TYPES",
    "back",
    "convert",
    "gives",
    "made_for",
    "takes",
    "words",
    "writable",
]
