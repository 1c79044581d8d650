"""Phone numbers in E.164, such as +40721234567."""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import cast


def e164(text: str, country: str = "") -> str | None:
    """The number in E.164, or None when it cannot be read.

    A local number is read as one of `country` (two letters) and must be valid there; one that begins with + only has to
    be of a possible length, because new ranges open faster than tables of them.
    """
    import phonenumbers  # heavy: only where numbers are read

    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    international = text.strip().startswith(("+", "＋"))
    good = phonenumbers.is_possible_number(number) if international else phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if good else None


# What people write for a country and no table of countries holds.
ALIASES = {"uk": "GB", "england": "GB", "scotland": "GB", "usa": "US", "u.s.a.": "US", "holland": "NL"}


def country_code(name: str) -> str:
    """The two letters of a country given by them or by its name in any language; "" when unknown."""
    return _countries().get(name.strip().casefold(), "")


@cache
def _countries() -> dict[str, str]:
    codes: dict[str, str] = {}
    data = _country_names()
    for code, names in data.items():
        codes.update((name.casefold(), code) for name in names.values() if not name.startswith("*"))
    codes.update((code.casefold(), code) for code in data)
    return {**codes, **ALIASES}


def _country_names() -> dict[str, dict[str, str]]:
    """Code → language → name. The file is loaded past its package, which would read 7 s of other tables."""
    import phonenumbers

    path = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    spec = spec_from_file_location("phonenumbers.geodata.names_alone", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"phonenumbers brings no {path}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("dict[str, dict[str, str]]", module.LOCALE_DATA)
