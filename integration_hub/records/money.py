"""Money: Decimal amounts in an ISO 4217 currency, rounded half-even to the currency's minor unit."""

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

DEFAULT_DIGITS = 2
# ISO 4217 currencies whose minor unit is not a hundredth.
DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


@cache
def unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-DIGITS.get(currency, DEFAULT_DIGITS))


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(unit(currency), rounding=ROUND_HALF_EVEN)


def line_amount(quantity: int | Decimal, unit_price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """What a line of an order costs; `discount` is a fraction from 0 to 1."""
    return rounded(quantity * unit_price * (1 - discount), currency)


def shown(amount: Decimal, currency: str) -> Decimal:
    """The amount with the currency's digits, or more where it has more (a unit price of 0.0125)."""
    small = rounded(amount, currency)
    return small if small == amount else amount.normalize()


def text(amount: Decimal, currency: str) -> str:
    """A plain decimal string, as money travels in the API: "440.00"."""
    return f"{shown(amount, currency):f}"


def totals_text(totals: dict[str, str]) -> str:
    """Amounts by currency as one line: "440.00 EUR, 12.50 RON"."""
    return ", ".join(f"{totals[currency]} {currency}" for currency in sorted(totals))
