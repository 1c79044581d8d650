"""Money: rounding, units, text."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.records import money


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "currency", "amount"),
    [
        (3, "10.10", "0.15", "EUR", "25.76"),  # 25.755: half goes to the even cent
        (1, "0.125", "0", "EUR", "0.12"),
        (1, "0.135", "0", "EUR", "0.14"),
        (7, "333", "0.5", "JPY", "1166"),  # 1165.5
        (1, "1.0005", "0", "KWD", "1.000"),
        (2, "9.99", "1", "RON", "0.00"),
    ],
)
def test_lines_are_rounded_half_even_to_the_smallest_coin(quantity, price, discount, currency, amount):
    found = money.line_amount(quantity, Decimal(price), Decimal(discount), currency)
    assert str(found) == amount


@given(
    st.integers(1, 100_000),
    st.decimals(0, 100_000, places=4),
    st.decimals(0, 1, places=6),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_a_line_is_never_off_by_more_than_half_a_coin(quantity, price, discount, currency):
    exact = quantity * Fraction(price) * (1 - Fraction(discount))
    found = money.line_amount(quantity, price, discount, currency)
    assert abs(Fraction(found) - exact) * 2 <= Fraction(money.unit(currency))
    assert found == found.quantize(money.unit(currency))


def test_money_travels_as_a_plain_decimal_string():
    assert money.text(Decimal("440.0000"), "EUR") == "440.00"
    assert money.text(Decimal("0.0125"), "EUR") == "0.0125"
    assert money.text(Decimal(1500000), "JPY") == "1500000"
    assert money.text(Decimal("0.0000001"), "EUR") == "0.0000001"
    assert money.totals_text({"RON": "12.50", "EUR": "440.00"}) == "440.00 EUR, 12.50 RON"
