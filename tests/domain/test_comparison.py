"""Comparisons with units: what is read, what is refused, and what always holds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.comparison import Comparison, Quantity

UNITS = [
    "",
    "ns",
    "us",
    "µs",
    "ms",
    "s",
    "min",
    "h",
    "%",
    "B",
    "kB",
    "MB",
    "GB",
    "KiB",
    "MiB",
    "GiB",
    "/s",
    "/min",
    "/h",
]
OPERATORS = ["==", "!=", "<", "<=", ">", ">="]

numbers = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=3)
measured = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "operator", "value", "dimension"),
    [
        (3, "==", "3", "number"),
        (2.5, "==", "2.5", "number"),
        (">= 1", ">=", "1", "number"),
        ("<200ms", "<", "0.2", "time"),
        ("99.9 %", "==", "0.999", "share"),
        ("!= 4 KiB", "!=", "4096", "size"),
        (" > 1.5 min ", ">", "90", "time"),
        ("<= 1e3 /s", "<=", "1000", "rate"),
        ("-1", "==", "-1", "number"),
    ],
)
def test_a_comparison_is_read(text: str | float, operator: str, value: str, dimension: str) -> None:
    found = Comparison.parse(text)
    assert (found.operator, found.quantity.value, found.dimension) == (operator, Decimal(value), dimension)


@pytest.mark.parametrize(
    "text", ["", "many", "=> 1", "= 1", "1 2", "1 pcs", ">= ", "1,5", "0x10", "nan", "inf", ".5", "1e9999"]
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no comparison; write .* number \[unit\], units: ns .* such as '>= 1'"):
        Comparison.parse(text)


@pytest.mark.parametrize("flag", [True, False])
def test_true_and_false_are_no_numbers(flag: bool) -> None:
    with pytest.raises(ValueError, match=f"{str(flag).lower()} is no number"):
        Comparison.parse(flag)


@pytest.mark.parametrize("text", [">= 1", "== 10s", "< 3 %"])
def test_a_quantity_takes_no_operator(text: str) -> None:
    with pytest.raises(ValueError, match="is a comparison; a plain quantity"):
        Quantity.parse(text)


@given(st.sampled_from(OPERATORS), numbers, st.sampled_from(UNITS))
def test_what_is_printed_is_read_back(operator: str, number: Decimal, unit: str) -> None:
    once = Comparison.parse(f"{operator} {number} {unit}")
    assert Comparison.parse(str(once)) == once


@given(numbers, st.sampled_from(UNITS), measured)
def test_exactly_one_of_less_equal_and_greater_holds(number: Decimal, unit: str, value: float) -> None:
    assert [Comparison.parse(f"{sign} {number} {unit}").holds(value) for sign in ("<", "==", ">")].count(True) == 1


@given(numbers, st.sampled_from(UNITS), measured)
def test_every_operator_has_its_opposite(number: Decimal, unit: str, value: float) -> None:
    for sign, opposite in (("==", "!="), ("<", ">="), (">", "<=")):
        one, other = (Comparison.parse(f"{which} {number} {unit}").holds(value) for which in (sign, opposite))
        assert one is not other


@given(numbers, st.sampled_from(UNITS))
def test_a_quantity_equals_itself(number: Decimal, unit: str) -> None:
    assert Comparison.parse(f"{number} {unit}").holds(Quantity.parse(f"{number} {unit}").value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        operator = Comparison.parse(text).operator
    except ValueError:
        return
    assert operator in OPERATORS
