"""Phone numbers: read as people write them, kept as E.164."""

import pytest

from integration_hub.records import phones


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("0721 234 567", "RO", "+40721234567"),
        ("+49 30 901820", "RO", "+4930901820"),
        ("030-0074321", "DE", "+49300074321"),
        ("050-234-5678", "IL", "+972502345678"),
        ("0721 234 567", "", None),  # local, and nobody says where
        ("(5) 555-4729", "MX", None),
        ("call me", "RO", None),
        ("+1", "RO", None),
    ],
)
def test_numbers_become_e164_or_nothing(text, country, number):
    assert phones.e164(text, country) == number


@pytest.mark.parametrize(
    ("name", "code"),
    [("Germany", "DE"), ("deutschland", "DE"), ("UK", "GB"), ("USA", "US"), ("ro", "RO"), ("", ""), ("Atlantis", "")],
)
def test_countries_by_letters_or_name(name, code):
    assert phones.country_code(name) == code
