"""Number formats: a table of cases, then properties that hold for every number."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.memo.formats import number, number_range, numbers, unit_words

SHARE, CHANCE = {"style": "share"}, {"style": "probability"}

SINGLE = [
    # value, unit, options, English, French (~ stands for U+00A0, _ for U+202F)
    (562_027, "USD/day", {}, "$562k", "562~k$"),
    (87_072, "USD", {}, "$87.1k", "87,1~k$"),
    (999.4e6, "USD", {}, "$999m", "999~M$"),
    (999.6e6, "USD", {}, "$1.00bn", "1,00~Md$"),
    (999_500, "USD", {}, "$1.00m", "1,00~M$"),
    (745e9, "USD", {}, "$745bn", "745~Md$"),
    (2.5e12, "USD", {}, "$2.50tn", "2_500~Md$"),
    (1e21, "USD", {}, "$1.00e21", "1,00e21$"),
    (-12_345.6, "USD", {}, "−$12.3k", "−12,3~k$"),
    (0, "USD", {}, "$0", "0~$"),
    (-0.0, "USD", {}, "$0", "0~$"),
    (-0.4, "USD", {"style": "full"}, "−$0.40", "−0,40~$"),
    (1.414, "USD/GPU/hour", {}, "$1.41", "1,41~$"),
    (12.34, "USD/GPU/hour", {}, "$12.3", "12,3~$"),
    (0.14, "USD/Mtoken", {}, "$0.14", "0,14~$"),
    (0.09996, "USD/Mtoken", {}, "$0.10", "0,10~$"),
    (0.0155, "USD/Mtoken", {}, "$0.0155", "0,0155~$"),
    (1_250, "EUR/user/month", {}, "€1.25k", "1,25~k€"),
    (87_072, "USD/day", {"style": "full"}, "$87,072", "87_072~$"),
    (1_234_567.8, "USD", {"style": "full"}, "$1,234,568", "1_234_568~$"),
    # never finer than two standard errors
    (562_027, "USD/day", {"standard_error": 0}, "$562k", "562~k$"),
    (562_027, "USD/day", {"standard_error": 500}, "$562k", "562~k$"),
    (562_027, "USD/day", {"standard_error": 501}, "$560k", "560~k$"),
    (562_027, "USD/day", {"standard_error": 40_000}, "$600k", "600~k$"),
    (562_027, "USD/day", {"standard_error": 1e6}, "$0", "0~$"),
    (0.383, "1", SHARE | {"standard_error": 0.02}, "40%", "40~%"),
    # shares and probabilities
    (0.384, "1", SHARE, "38%", "38~%"),
    (0.385, "1", SHARE, "39%", "39~%"),
    (1.0, "1", SHARE, "100%", "100~%"),
    (5.4547, "1", SHARE, "545%", "545~%"),
    (5.4547, "1", SHARE | {"digits": 5}, "545.47%", "545,47~%"),
    (0.0034, "1", SHARE, "0.3%", "0,3~%"),
    (0.00996, "1", SHARE, "1%", "1~%"),
    (-0.12, "1", SHARE, "−12%", "−12~%"),
    (0.69, "1", CHANCE, "69%", "69~%"),
    (0.0, "1", CHANCE, "<1%", "<~1~%"),
    (0.0099, "1", CHANCE, "<1%", "<~1~%"),
    (0.01, "1", CHANCE, "1%", "1~%"),
    (0.02, "1", CHANCE | {"standard_error": 0.04}, "<1%", "<~1~%"),
    (0.99, "1", CHANCE, "99%", "99~%"),
    (0.9901, "1", CHANCE, ">99%", ">~99~%"),
    (1.0, "1", CHANCE, ">99%", ">~99~%"),
    # plain ratios, multiples, points
    (3.6190, "1", {}, "3.62", "3,62"),
    (0.25, "1", {}, "0.250", "0,250"),
    (5.4547, "1", {"style": "multiple"}, "5.45×", "5,45~×"),
    (0.034, "1", {"style": "points", "sign": True}, "+3.4 pp", "+3,4~points"),
    (-0.12, "1", {"style": "points"}, "−12 pp", "−12~points"),
    (28_400, "USD", {"sign": True}, "+$28.4k", "+28,4~k$"),
    (0.0, "USD", {"sign": True}, "$0", "0~$"),
    # the other units of the profit model
    (12, "month", {}, "12 mo", "12~mois"),
    (5.83, "month", {}, "5.8 mo", "5,8~mois"),
    (120, "month", {}, "120 mo", "120~mois"),
    (8, "GPU/node", {}, "8 GPUs a node", "8~GPU par nœud"),
    (226.75, "node", {}, "227 nodes", "227~nœuds"),
    (5_442, "node*hour/day", {}, "5,440 node-hours a day", "5_440~nœuds-heures par jour"),
    (168e9, "token/day", {}, "168bn tokens a day", "168~Md~de~tokens par jour"),
    (32_200, "token/s/node", {}, "32.2k tokens/s a node", "32,2~k~tokens/s par nœud"),
    # a unit that only the user's own model has
    (5.3e6, "kg", {}, "5.30 million kg", "5,30~millions~de~kg"),
    (1_234, "kg", {}, "1,230 kg", "1_230~kg"),
    (1.23e-7, "kg", {}, "1.23e−7 kg", "1,23e−7~kg"),
    (4.2, "", {}, "4.20", "4,20"),
]

RANGES = [
    (79e9, 745e9, "USD", {}, "$79–745bn", "79 à 745~Md$"),
    (-12.3e9, 4e9, "USD", {}, "−$12.3 to $4.0bn", "−12,3 à 4,0~Md$"),
    (-87_072, -3_210, "USD", {}, "−$87.1 to −$3.2k", "−87,1 à −3,2~k$"),
    (25_100, 215_000, "USD/day", {}, "$25–215k", "25 à 215~k$"),
    (999.6e6, 2e9, "USD", {}, "$1.00–2.00bn", "1,00 à 2,00~Md$"),
    (1.30, 2.80, "USD/GPU/hour", {}, "$1.30–2.80", "1,30 à 2,80~$"),
    (0.284, 0.78, "1", SHARE, "28–78%", "28 à 78~%"),
    (-0.12, 0.04, "1", SHARE, "−12 to 4%", "−12 à 4~%"),
    (0.28, 0.78, "1", CHANCE, "28–78%", "28 à 78~%"),
    (0.003, 0.18, "1", CHANCE, "<1% to 18%", "<~1~% à 18~%"),
    (0.0, 0.004, "1", CHANCE, "<1%", "<~1~%"),
    (4, 12, "month", {}, "4–12 mo", "4 à 12~mois"),
    (0.764, 0.979, "1", {}, "0.764–0.979", "0,764 à 0,979"),
    (2.1, 15, "1", {"style": "multiple"}, "2.1–15.0×", "2,1 à 15,0~×"),
    (78.9e9, 79.1e9, "USD", {"standard_error": 1e9}, "$80bn", "80~Md$"),
    (0, 0, "USD", {}, "$0", "0~$"),
]


def spaces(text: str) -> str:
    return text.replace("~", "\u00a0").replace("_", "\u202f")


@pytest.mark.parametrize(("value", "unit", "options", "english", "french"), SINGLE)
def test_one_number(value, unit, options, english, french):
    assert number(value, unit, **options) == english
    assert number(value, unit, language="fr", **options) == spaces(french)


@pytest.mark.parametrize(("low", "high", "unit", "options", "english", "french"), RANGES)
def test_range(low, high, unit, options, english, french):
    assert number_range(low, high, unit, **options) == english
    assert number_range(low, high, unit, language="fr", **options) == spaces(french)


def test_numbers_of_one_statement_share_unit_and_precision():
    assert numbers([0.0, 3_210.0, -87_072.0], "USD/day") == ["$0", "$3.2k", "−$87.1k"]
    assert numbers([6.0, 15.0], "1", style="multiple") == ["6.0×", "15.0×"]
    assert numbers([], "USD") == []


@pytest.mark.parametrize(
    ("unit", "english", "french"),
    [
        ("USD/day", "a day", "par jour"),
        ("USD/Mtoken", "per million tokens", "par million de tokens"),
        ("USD/user/month", "per user and month", "par utilisateur et mois"),
        ("USD", "", ""),
        ("1", "", ""),
        ("node", "nodes", "nœuds"),
        ("kg", "kg", "kg"),
    ],
)
def test_words_of_a_unit(unit, english, french):
    assert (unit_words(unit), unit_words(unit, "fr")) == (english, french)


# Properties ---------------------------------------------------------------------------------

CASES = [("USD", None), ("1", None), ("1", "share"), ("1", "points"), ("month", None),
         ("token/day", None), ("kg", None), ("USD/day", "full")]  # fmt: skip
amounts = (
    st.floats(-1e15, 1e15).map(lambda value: round(value, 12))
    | st.floats(-2000, 2000).map(lambda value: round(value, 12))
    | st.floats(-1, 1).map(lambda value: round(value, 12))
)
errors = st.none() | st.floats(0, 1e6)
SCALE = {"k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12,
         "million": 1e6, "billion": 1e9, "trillion": 1e12}  # fmt: skip


def parse(text: str) -> tuple[float, float]:
    """Value and worth of the last digit of an English text."""
    digits, power, scale = re.fullmatch(
        r"[−+]?\$?([\d,.]+)(?:e(−?\d+))?\s?(k|m|bn|tn|million|billion|trillion)?\b.*", text
    ).groups()
    unit = SCALE.get(scale, 1.0) * 10.0 ** int((power or "0").replace("−", "-"))
    unit *= 0.01 if text.endswith(("%", "pp")) else 1.0
    places = len(digits.partition(".")[2])
    sign = -1 if text.startswith("−") else 1
    return sign * float(digits.replace(",", "")) * unit, 10.0**-places * unit


@given(amounts, amounts, st.sampled_from(CASES), errors)
def test_a_larger_value_never_prints_smaller(one, other, case, error):
    unit, style = case
    low, high = sorted([one, other])
    smaller, larger = (parse(number(v, unit, error, style=style))[0] for v in (low, high))
    assert smaller <= larger


@given(amounts, st.sampled_from(CASES), errors)
def test_a_text_reads_back_within_its_last_digit(value, case, error):
    unit, style = case
    back, last = parse(number(value, unit, error, style=style))
    # three digits print the value; a two-figure step of the error may be coarser than last
    step = max(last, 20 * (error or 0.0), abs(value) * 10**-2 if style is None else last)
    assert abs(back - value) <= 0.5001 * step + 1e-9 * abs(value)


@given(amounts.filter(lambda v: abs(v) > 1e-6), st.floats(1e-6, 1e6))
def test_the_last_digit_is_worth_two_standard_errors(value, error):
    back, _ = parse(number(value, "USD", error))
    step = 10.0 ** math.ceil(math.log10(2 * error) - 1e-9)
    assert math.isclose(back / step, round(back / step), abs_tol=1e-6)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_probability_never_prints_smaller(one, other):
    order = ["<1%", *(f"{percent}%" for percent in range(1, 100)), ">99%"]
    low, high = (order.index(number(p, "1", style="probability")) for p in sorted([one, other]))
    assert low <= high


sizeable = amounts.filter(lambda value: abs(value) > 0.01)


@given(sizeable, sizeable, st.sampled_from(CASES), st.sampled_from(["en", "fr"]))
def test_a_range_is_the_two_numbers_of_one_statement(one, other, case, language):
    unit, style = case
    low, high = sorted([one, other])
    ends = numbers([low, high], unit, language=language, style=style)
    text = number_range(low, high, unit, language=language, style=style)
    if ends[0] == ends[1]:
        assert text == ends[0]
    else:
        assert re.findall(r"\d", text) == re.findall(r"\d", "".join(ends))
        assert text.endswith(ends[1].lstrip("$"))


# Errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(bad):
    text = f"Expected a finite `value`, got {bad!r}. Find where the calculation lost it."
    with pytest.raises(ValueError, match=re.escape(text)):
        number(bad, "USD")
    with pytest.raises(ValueError, match="finite `value`"):
        number(bad, "1", style="probability")
    with pytest.raises(ValueError, match="finite `low`"):
        number_range(bad, 1.0, "USD")
    with pytest.raises(ValueError, match="finite `high`"):
        number_range(1.0, bad, "USD")
    with pytest.raises(ValueError, match="finite `standard_error`"):
        number(1.0, "USD", standard_error=bad)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: number_range(2, 1, "USD"), "Expected `low` at most `high`, got 2 and 1. Swap"),
        (lambda: number(1.2, "1", style="probability"),
         "Expected a probability within 0 to 1, got 1.2. Give a fraction."),
        (lambda: number(-0.1, "1", style="probability"), "within 0 to 1, got -0.1"),
        (lambda: number(1, "USD", -1.0), "Expected `standard_error` of 0 or more, got -1.0."),
        (lambda: number(1, "USD", style="odd"),
         "Expected `style` to be one of share, probability, multiple, points, full, got 'odd'."),
        (lambda: number(1, "USD", language="de"), "Expected `language` to be 'en' or 'fr', got"),
        (lambda: number(1, "USD", digits=0), "Expected `digits` to be at least 1, got 0. Leave"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
