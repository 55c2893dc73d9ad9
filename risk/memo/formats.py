"""Number formats, English and French: one unit and one precision per statement.

Three significant digits on the largest number of a statement, and never finer than two standard
errors. Money is written without its "per": ``unit_words("USD/day")`` is "a day", for the sentence
to say once. Where the unit does not settle how a number reads, a *style* does: "share" (whole
percent, one digit below 1 %), "probability" (the same, but "<1%" and ">99%"), "multiple" ("6.0×"),
"points" ("3.4 pp"), "full" (not scaled, exact to the unit: "$87,072" and not "$87.1k").
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

_MINUS, _NBSP, _THIN = "\u2212", "\u00a0", "\u202f"
_LANGUAGES = ("en", "fr")
_STYLES = (None, "share", "probability", "multiple", "points", "full")
_MONEY = {"USD": "$", "EUR": "€", "GBP": "£"}
_SHORT_SCALES = (
    {3: "k", 6: "m", 9: "bn", 12: "tn"},
    {3: _NBSP + "k", 6: _NBSP + "M", 9: _NBSP + "Md"},
)
_LONG_SCALES = (
    {6: " million", 9: " billion", 12: " trillion"},
    {6: _NBSP + "millions", 9: _NBSP + "milliards"},
)
_DIGITS = {"month": 2, "GPU/node": 1}  # fewer than three, and whole from there on
_PER = {
    "day": ("a day", "par jour"),
    "month": ("a month", "par mois"),
    "year": ("a year", "par an"),
    "user/month": ("per user and month", "par utilisateur et mois"),
    "GPU/hour": ("per GPU-hour", "par heure de GPU"),
    "Mtoken": ("per million tokens", "par million de tokens"),
}
_WORDS = {  # units that read otherwise than they are written
    "month": ("mo", "mois"),
    "node": ("nodes", "nœuds"),
    "node*hour/day": ("node-hours a day", "nœuds-heures par jour"),
    "GPU/node": ("GPUs a node", "GPU par nœud"),
    "user": ("users", "utilisateurs"),
    "token": ("tokens", "tokens"),
    "token/user/day": ("tokens a user and day", "tokens par utilisateur et jour"),
    "token/day": ("tokens a day", "tokens par jour"),
    "token/s/node": ("tokens/s a node", "tokens/s par nœud"),
}


class _Form(NamedTuple):
    """How the numbers of one statement read."""

    french: int
    before: str  # "$"
    after: str  # "%", " mo", or the "$" of French
    money: bool
    scales: dict[int, str]  # power of ten -> "k"
    factor: int  # 100 for percent
    digits: int
    whole: bool  # the last printed digit is never coarser than one


def unit_words(unit: str, language: str = "en") -> str:
    """Words that follow a number of this unit: "a day" for USD/day, "tokens a day" for token/day.

    Examples
    --------
    >>> unit_words("USD/GPU/hour"), unit_words("USD"), unit_words("1"), unit_words("kg")
    ('per GPU-hour', '', '', 'kg')
    """
    french = _index(language)
    currency, _, per = unit.partition("/")
    if currency in _MONEY:
        generic = ("per ", "par ")[french] + per if per else ""
        return _PER[per][french] if per in _PER else generic
    return _WORDS[unit][french] if unit in _WORDS else unit.strip() if unit != "1" else ""


def numbers(
    values: Sequence[float],
    unit: str,
    standard_error: float | None = None,
    language: str = "en",
    style: str | None = None,
    *,
    digits: int | None = None,
    sign: bool = False,
) -> list[str]:
    """Texts of the numbers of one statement, in one unit and at one precision.

    Parameters
    ----------
    values : sequence of float
        Finite numbers in `unit`; shares and probabilities are fractions of one.
    unit : str
        As the study writes it ("USD/day", "1", "month", "token/day"), or any other text.
    standard_error : float, optional
        The last printed digit is worth at least two of these.
    language : {"en", "fr"}
    style : {"share", "probability", "multiple", "points", "full"}, optional
    digits : int, optional
        Significant digits of the largest number, instead of those of the style.
    sign : bool
        Write the plus of a positive number too.

    Raises
    ------
    ValueError
        A number is not finite, a probability not within 0…1, a word unknown, no digit asked for.

    Examples
    --------
    >>> numbers([3_210.0, 87_072.0], "USD/day"), numbers([1.0, 12.0], "month")
    (['$3.2k', '$87.1k'], ['1 mo', '12 mo'])
    """
    exact = [_finite(value, "value") for value in values]
    form = _form(unit, language, style, digits)
    parts = _parts(exact, form, standard_error)
    if style == "probability":
        return [_probability(*pair, form) for pair in zip(exact, parts, strict=True)]
    plus = "+" if sign else ""
    return [
        form.before + "0" + form.after  # a true zero has no scale and no digits: "$0"
        if not value
        else (minus or (plus if body.strip("0.,") else "")) + form.before + body + tail
        for value, (minus, body, tail) in zip(exact, parts, strict=True)
    ]


def number(
    value: float,
    unit: str,
    standard_error: float | None = None,
    language: str = "en",
    style: str | None = None,
    *,
    digits: int | None = None,
    sign: bool = False,
) -> str:
    """Text of one number; parameters and errors are those of `numbers`.

    Examples
    --------
    >>> number(999.6e6, "USD"), number(1.414, "USD/GPU/hour"), number(562_027, "USD/day", 4_000)
    ('$1.00bn', '$1.41', '$560k')
    """
    return numbers([value], unit, standard_error, language, style, digits=digits, sign=sign)[0]


def number_range(
    low: float,
    high: float,
    unit: str,
    standard_error: float | None = None,
    language: str = "en",
    style: str | None = None,
    *,
    digits: int | None = None,
) -> str:
    """Text of a range: its unit once, one precision; one number if both ends print the same.

    Raises
    ------
    ValueError
        As `numbers`, or `low` is above `high`.

    Examples
    --------
    >>> number_range(79e9, 745e9, "USD"), number_range(0.284, 0.78, "1", style="share")
    ('$79–745bn', '28–78%')
    >>> number_range(-12.3e9, 4e9, "USD")
    '−$12.3 to $4.0bn'
    """
    ends = [_finite(low, "low"), _finite(high, "high")]
    if low > high:
        raise ValueError(f"Expected `low` at most `high`, got {low!r} and {high!r}. Swap them.")
    texts = numbers([low, high], unit, standard_error, language, style, digits=digits)
    form = _form(unit, language, style, digits)
    to = (" to ", " à ")[form.french]
    if texts[0] == texts[1]:
        return texts[0]
    if set("<>") & set("".join(texts)):
        return to.join(texts)
    first, last = _parts(ends, form, standard_error)
    if first[0] or form.french:
        return first[0] + form.before + first[1] + to + last[0] + form.before + last[1] + last[2]
    return f"{form.before}{first[1]}–{last[1]}{last[2]}"


def _form(unit: str, language: str, style: str | None, digits: int | None) -> _Form:
    """Words, scales and digits of a unit in a style."""
    french = _index(language)
    if style not in _STYLES:
        known = ", ".join(text for text in _STYLES if text)
        raise ValueError(f"Expected `style` to be one of {known}, got {style!r}. Or leave it out.")
    if digits is not None and digits < 1:
        raise ValueError(f"Expected `digits` to be at least 1, got {digits!r}. Leave it out for 3.")
    gap = _NBSP if french else ""
    if style in ("share", "probability"):
        return _Form(french, "", gap + "%", False, {}, 100, digits or 1, digits is None)
    if style == "points":
        after = (" pp", _NBSP + "points")[french]
        return _Form(french, "", after, False, {}, 100, digits or 2, digits is None)
    symbol = _MONEY.get(unit.partition("/")[0], "")
    words = unit_words(unit, language)
    before, after = "", gap + "×" if style == "multiple" else (gap or " ") + words if words else ""
    if symbol:
        before, after = ("", gap + symbol) if french else (symbol, "")
    short = symbol or unit.startswith("token")
    whole = style == "full" or (unit in _DIGITS and digits is None)
    scales = {} if whole else (_SHORT_SCALES if short else _LONG_SCALES)[french]
    few = digits or _DIGITS.get(unit, 3)
    return _Form(french, before, after, bool(symbol), scales, 1, few, whole)


def _parts(
    values: Sequence[Decimal], form: _Form, standard_error: float | None
) -> list[tuple[str, str, str]]:
    """Minus, digits and what follows them, of every number of a statement."""
    error = _finite(0.0 if standard_error is None else standard_error, "standard_error")
    if error < 0:
        raise ValueError(f"Expected `standard_error` of 0 or more, got {standard_error!r}.")
    with localcontext(prec=700):  # the widest double, 1e308, to the last place of the smallest
        scaled = [value * form.factor for value in values]
        largest = max(map(abs, scaled), default=Decimal(0))
        # rounding may reach the next power of ten, which has the coarser step: 999.6m is 1.00bn
        step = _step(_round(largest, _step(largest, error, form)), error, form)
        rounded = [_round(value, step) for value in scaled]
        power, scale = _scale(max(map(abs, rounded), default=Decimal(0)), form)
        unit = Decimal(1).scaleb(power)
        places = max(0, -(step / unit).adjusted())
        texts = [f"{abs(value) / unit:,.{places}f}" for value in rounded]
    if form.french:
        swap = str.maketrans({",": _THIN, ".": ","})
        texts = [text.translate(swap) for text in texts]
    after = form.after
    if form.french and scale:  # "79 Md$", "168 Md de tokens"
        de = _NBSP + "de" if after and power >= 6 else ""
        after = after.strip(_NBSP) if form.money else de + after
    return [
        (_MINUS if value < 0 else "", text, scale + after)
        for value, text in zip(rounded, texts, strict=True)
    ]


def _step(largest: Decimal, error: Decimal, form: _Form) -> Decimal:
    """Worth of the last printed digit: a power of ten, no finer than two standard errors."""
    power = largest.adjusted() - form.digits + 1 if largest else 0
    if form.whole:
        power = min(power, 0)
    if form.money and largest >= Decimal("0.1"):
        power = max(power, -2)  # cents
    if error:
        bound = 2 * error * form.factor
        power = max(power, bound.adjusted() + (bound > Decimal(1).scaleb(bound.adjusted())))
    return Decimal(1).scaleb(power)


def _round(value: Decimal, step: Decimal) -> Decimal:
    """Nearest multiple of the step, halves away from zero."""
    return (value / step).to_integral_value(ROUND_HALF_UP) * step


def _scale(largest: Decimal, form: _Form) -> tuple[int, str]:
    """Power of ten that the numbers are divided by, and how it is written."""
    power = largest.adjusted() if largest else 0
    if power < -4 or (power >= 18 and form.scales):
        return power, f"e{power}".replace("-", _MINUS)
    best = max((known for known in form.scales if known <= power), default=0)
    return best, form.scales.get(best, "")


def _probability(value: Decimal, parts: tuple[str, str, str], form: _Form) -> str:
    """Whole percent, but never 0 or 100: a simulation cannot tell them from nearly so."""
    if not 0 <= value <= 1:
        raise ValueError(f"Expected a probability within 0 to 1, got {value}. Give a fraction.")
    gap = _NBSP if form.french else ""
    if value < Decimal("0.01") or parts[1] == "0":
        return f"<{gap}1{gap}%"
    if value > Decimal("0.99") or parts[1] == "100":
        return f">{gap}99{gap}%"
    return parts[1] + parts[2]


def _finite(value: float, name: str) -> Decimal:
    """The number as it is written in decimal, so that halves round as a reader expects."""
    exact = Decimal(repr(float(value)))
    if not exact.is_finite():
        raise ValueError(
            f"Expected a finite `{name}`, got {float(value)!r}. Find where the calculation lost it."
        )
    return exact


def _index(language: str) -> int:
    """Place of a language in the tables."""
    if language not in _LANGUAGES:
        raise ValueError(f"Expected `language` to be 'en' or 'fr', got {language!r}.")
    return _LANGUAGES.index(language)
