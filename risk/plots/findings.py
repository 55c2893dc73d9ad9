"""What a figure says, computed from its numbers: strings and floats in, one sentence out.

Every branch is true for any numbers that reach it. Words that would need grammar a program cannot
know (is this label a plural?) are avoided or guessed from the head of the label.
"""

from __future__ import annotations

from collections.abc import Sequence

from risk.memo.formats import number
from risk.plots.reading import Quantity

_MASS = {"revenue", "profit", "income", "cash", "demand", "value"}


def inside(label: str) -> str:
    """A label as it stands inside a sentence: "paid user share", but "GPU price".

    Examples
    --------
    >>> inside("Paid user share"), inside("GPU price"), inside("R1 share")
    ('paid user share', 'GPU price', 'R1 share')
    """
    first, _, rest = label.partition(" ")
    plain = first[1:].islower() or (first == "A" and bool(rest))
    return label[:1].lower() + label[1:] if plain else label


def the(label: str) -> str:
    """An outcome inside a sentence, with the article its last word takes.

    Examples
    --------
    >>> the("Revenue gap"), the("Real revenue")
    ('the revenue gap', 'real revenue')
    """
    return ("" if label.split(" ")[-1].lower() in _MASS else "the ") + inside(label)


def agree(label: str, verb: str) -> str:
    """A verb in the number of a label: "GPU price moves", "output tokens move".

    Examples
    --------
    >>> agree("GPU price", "move"), agree("Output tokens of a day", "move")
    ('moves', 'move')
    """
    words = label.lower().replace(",", " ,").replace("(", ", (").split()
    stops = {"of", "in", "per", "for", "to", "by", "at", "on", "from", ",", "a"}
    head = next((words[i - 1] for i in range(1, len(words)) if words[i] in stops), words[-1])
    plural = head.endswith("s") and not head.endswith(("ss", "us", "is"))
    return verb if plural else verb + "s"


def percent(share: float) -> str:
    """A share of variance in words: whole percent, "under 1%" for less.

    Examples
    --------
    >>> percent(0.79), percent(0.004), percent(0.0)
    ('79%', 'under 1%', '0%')
    """
    return "under 1%" if 0 < share < 0.01 else number(share, "1", style="share")


def chance(probability: float) -> str:
    """A probability in words: "69%", "under 1%", "over 99%"."""
    text = number(probability, "1", style="probability")
    return text.replace("<", "under ").replace(">", "over ")


def tornado_finding(outcome: Quantity, movers: Sequence[tuple[str, float, str]]) -> str:
    """What moves an outcome most, one input at a time.

    `movers` has label, swing and ends ("its P10 and P90", "open and closed") of every input,
    the largest swing first.
    """
    label, swing, ends = movers[0]
    most = f"{outcome.text(swing)}{outcome.per} between {ends}"
    if len(movers) == 1 or swing >= 1.5 * movers[1][1]:
        return f"{label} {agree(label, 'move')} {the(outcome.label)} most: by {most}"
    if len(movers) == 2 or movers[1][1] >= 1.5 * movers[2][1]:
        second, other, _ = movers[1]
        size = outcome.labels([swing, other])
        both = f"{label} and {inside(second)}"
        return f"{both} move {the(outcome.label)} most: by {size[0]} and {size[1]}{outcome.per}"
    return f"No one input stands out for {the(outcome.label)}: {inside(label)} moves it by {most}"


def distribution_finding(
    outcome: Quantity,
    middle: tuple[float, float, float],
    skewness: float,
    loss: float | None,
    standard_error: float | None = None,
) -> str:
    """Where an outcome lies: how often it is negative, or nine cases in ten.

    `middle` has P5, P50 and P95; `loss` is the probability of an amount below zero, None where
    that means nothing.
    """
    low, median, high = middle
    if loss is not None:
        return (
            f"{outcome.label} is negative in {chance(loss)} of cases; "
            f"its median is {outcome.labels([median, low, high], standard_error)[0]}{outcome.per}"
        )
    tail = {True: ", with the longer tail above", False: ", with the longer tail below"}
    more = tail[skewness > 0] if abs(skewness) > 0.5 else ""
    ends = outcome.range(low, high, standard_error)
    return f"Nine cases in ten put {the(outcome.label)} at {ends}{outcome.per}{more}"


def interaction_phrase(share: float, lower: float, upper: float) -> str:
    """What is said of the variance that no input explains on its own."""
    if upper < 0.01:
        return "under 1% is interaction"
    if lower <= 0:
        return "interaction is within its error of 0"
    return f"{percent(share)} is interaction"


def sobol_finding(
    outcome: Quantity, effects: Sequence[tuple[str, float]], interaction: str, mostly_joint: bool
) -> str:
    """Which inputs explain the variance of an outcome.

    `effects` has label and first-order index of every input, the largest index first.
    """
    what = the(outcome.label)
    if mostly_joint:
        return f"No input decides {what} on its own: {interaction}"
    label, share = effects[0]
    if share >= 0.5:
        alone = f"{percent(share)} of its variance on its own"
        return f"{label} {agree(label, 'decide')} {what}: {alone}; {interaction}"
    for count in (2, 3):
        total = sum(max(0.0, each) for _, each in effects[:count])
        if len(effects) >= count and total >= 0.6:
            pair = f"{label} and {inside(effects[1][0])}"
            who = pair if count == 2 else "Three inputs"
            return (
                f"{who} explain {percent(total)} of the variance of {what} on their own; "
                f"{interaction}"
            )
    return (
        f"No few inputs decide {what}: {inside(label)} explains {percent(max(0.0, share))} "
        f"of its variance on its own; {interaction}"
    )


def bridge_finding(
    outcome: Quantity, start: float, end: float, steps: Sequence[tuple[str, float]]
) -> str:
    """Which steps make up the gap between theory and the simulated mean.

    `steps` has text and mean effect of every step, the largest effect first.
    """
    gap = end - start
    along = [(label, abs(mean)) for label, mean in steps if mean * gap > 0]
    if not along or abs(gap) < 1e-3 * along[0][1]:
        mean = f"{outcome.text(end)}{outcome.per}"
        return f"The steps cancel out: on average {the(outcome.label)} is {mean}, as in theory"
    name, part = along[0]
    if part < 0.5 * abs(gap) and len(along) > 1 and part + along[1][1] <= abs(gap):
        name, part = f"{name}, then {inside(along[1][0])}", part + along[1][1]
    texts = outcome.labels([part, abs(gap)])
    share = f"{texts[0]} of the {texts[1]}"
    if texts[0] == texts[1]:
        share = f"the whole {texts[1]}"
    elif part > abs(gap):
        share = f"{texts[0]}, more than the whole {texts[1]}"
    where = f"{outcome.per} between theory and mean {inside(outcome.label)}"
    return f"{name[:1].upper()}{name[1:]}: {share}{where}"
