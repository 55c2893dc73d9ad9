"""Titles: every branch says something true of the numbers it was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.plots import findings
from risk.plots.reading import Quantity

GAP = Quantity("revenue_gap", "Revenue gap", "USD/day", None)
PROFIT = Quantity("gross_profit", "Gross profit", "USD/day", None)
SHARE = Quantity("revenue_capture", "Revenue capture", "1", "share")
TONS = Quantity("output", "Output", "t/year", None)
P = "its P10 and P90"


@pytest.mark.parametrize(
    ("movers", "title"),
    [
        ([("Paid user share", 233e3, P), ("Net to gross", 15e3, P)],
         "Paid user share moves the revenue gap most: by $233k a day between its P10 and P90"),
        ([("Output tokens", 233e3, P)],
         "Output tokens move the revenue gap most: by $233k a day between its P10 and P90"),
        ([("Export regime", 50e3, "open and closed"), ("GPU price", 20e3, P)],
         "Export regime moves the revenue gap most: by $50.0k a day between open and closed"),
        ([("A share", 120e3, P), ("GPU price", 110e3, P), ("C", 30e3, P)],
         "A share and GPU price move the revenue gap most: by $120k and $110k a day"),
        ([("Price", 120e3, P), ("Volume", 80.5e3, P)],
         "Price and volume move the revenue gap most: by $120k and $81k a day"),
        ([("Price", 120e3, P), ("Volume", 110e3, P), ("Cost", 100e3, P)],
         "No one input stands out for the revenue gap: price moves it by $120k a day between "
         "its P10 and P90"),
    ],
)  # fmt: skip
def test_tornado(movers, title):
    assert findings.tornado_finding(GAP, movers) == title


def test_tornado_of_other_units():
    training = Quantity("training", "Training cost a day", "USD/day", None)
    assert findings.tornado_finding(training, [("Price", 25e3, P)]) == (
        "Price moves the training cost a day most: by $25.0k between its P10 and P90"
    )
    assert findings.tornado_finding(SHARE, [("Price", 0.25, P)]) == (
        "Price moves the revenue capture most: by 25% between its P10 and P90"
    )
    assert "by 1,230 t/year between" in findings.tornado_finding(TONS, [("Price", 1234.0, P)])


@pytest.mark.parametrize(
    ("reads", "middle", "skewness", "loss", "title"),
    [
        (PROFIT, (-168e3, -56.4e3, 74e3), 0.2, 0.78,
         "Gross profit is negative in 78% of cases; its median is −$56k a day"),
        (PROFIT, (10e3, 120e3, 274e3), 0.2, 0.004,
         "Gross profit is negative in under 1% of cases; its median is $120k a day"),
        (PROFIT, (-90e3, -50e3, -1e3), 0.2, 0.996,
         "Gross profit is negative in over 99% of cases; its median is −$50.0k a day"),
        (GAP, (359e3, 470e3, 541e3), -0.9, None,
         "Nine cases in ten put the revenue gap at $359–541k a day, with the longer tail below"),
        (GAP, (359e3, 470e3, 541e3), 0.9, None,
         "Nine cases in ten put the revenue gap at $359–541k a day, with the longer tail above"),
        (SHARE, (0.04, 0.15, 0.36), 0.1, None,
         "Nine cases in ten put the revenue capture at 4–36%"),
    ],
)  # fmt: skip
def test_distribution(reads, middle, skewness, loss, title):
    assert findings.distribution_finding(reads, middle, skewness, loss) == title


@pytest.mark.parametrize(
    ("effects", "interaction", "title"),
    [
        ([("Paid user share", 0.787), ("B", 0.1)], (0.07, 0.05, 0.09),
         "Paid user share decides the revenue gap: 79% of its variance on its own; "
         "7% is interaction"),
        ([("Prices", 0.6), ("B", 0.1)], (0.004, 0.001, 0.007),
         "Prices decide the revenue gap: 60% of its variance on its own; "
         "under 1% is interaction"),
        ([("A", 0.4), ("B", 0.32), ("C", 0.1)], (0.11, 0.08, 0.14),
         "A and B explain 72% of the variance of the revenue gap on their own; "
         "11% is interaction"),
        ([("A", 0.3), ("B", 0.2), ("C", 0.2), ("D", 0.2)], (0.02, -0.01, 0.05),
         "Three inputs explain 70% of the variance of the revenue gap on their own; "
         "interaction is within its error of 0"),
        ([("GPU price", 0.2), ("B", 0.15), ("C", 0.1)], (0.3, 0.2, 0.4),
         "No few inputs decide the revenue gap: GPU price explains 20% of its variance on its "
         "own; 30% is interaction"),
        ([("A", 0.2), ("B", 0.1)], (0.7, 0.6, 0.8),
         "No input decides the revenue gap on its own: 70% is interaction"),
        ([("A", -0.001)], (0.4, 0.3, 0.5),
         "No few inputs decide the revenue gap: A explains 0% of its variance on its own; "
         "40% is interaction"),
    ],
)  # fmt: skip
def test_sobol(effects, interaction, title):
    phrase = findings.interaction_phrase(*interaction)
    assert findings.sobol_finding(GAP, effects, phrase, interaction[0] > 0.5) == title


@pytest.mark.parametrize(
    ("start", "end", "steps", "title"),
    [
        (562e3, 97e3, [("free web and app", -308e3), ("V3 model", -157e3)],
         "Free web and app: $308k of the $465k a day between theory and mean gross profit"),
        (500e3, 100e3, [("V3 model", -150e3), ("bans", -130e3), ("fees", -120e3)],
         "V3 model, then bans: $280k of the $400k a day between theory and mean gross profit"),
        (500e3, 400e3, [("free app", -150e3), ("prices", 50e3)],
         "Free app: $150k, more than the whole $100k a day between theory and mean gross profit"),
        (100e3, 300e3, [("prices", 150e3), ("volume", 50e3)],
         "Prices: $150k of the $200k a day between theory and mean gross profit"),
        (500e3, 500e3, [("prices", 50e3), ("bans", -50e3)],
         "The steps cancel out: on average gross profit is $500k a day, as in theory"),
        (500e3, 500e3, [],
         "The steps cancel out: on average gross profit is $500k a day, as in theory"),
        (100e3, 300e3, [("prices", 199.9e3), ("volume", 100.0)],
         "Prices: the whole $200k a day between theory and mean gross profit"),
        (100e3, -100e3, [("a", -90e3), ("b", -120e3), ("c", 10e3)],
         "A: $90k of the $200k a day between theory and mean gross profit"),
    ],
)  # fmt: skip
def test_bridge(start, end, steps, title):
    assert findings.bridge_finding(PROFIT, start, end, steps) == title


swings = st.lists(st.floats(1.0, 1e9), min_size=1, max_size=6)


@given(swings)
def test_a_tornado_title_names_the_largest_swing(values):
    movers = [(f"Input {i}", value, P) for i, value in enumerate(sorted(values, reverse=True))]
    title = findings.tornado_finding(GAP, movers)
    assert "input 0" in title.lower()
    if len(values) > 1 and movers[0][1] < 1.4 * movers[1][1]:
        assert "Input 0 moves" not in title


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6).filter(lambda v: sum(v) <= 1))
def test_a_sobol_title_never_claims_more_than_the_indices(values):
    effects = [(f"Input {i}", share) for i, share in enumerate(sorted(values, reverse=True))]
    rest = 1 - sum(values)
    title = findings.sobol_finding(GAP, effects, findings.percent(rest), rest > 0.5)
    assert ("decides" in title) == (effects[0][1] >= 0.5 or rest > 0.5)
    if "on their own" in title:
        assert sum(values) >= 0.6


@pytest.mark.parametrize(
    ("label", "inside", "article"),
    [
        ("Paid user share", "paid user share", "the paid user share"),
        ("GPU price", "GPU price", "the GPU price"),
        ("R1 share", "R1 share", "the R1 share"),
        ("Operating profit", "operating profit", "operating profit"),
        ("X", "X", "the X"),
        ("A tax", "a tax", "the a tax"),
    ],
)
def test_labels_inside_a_sentence(label, inside, article):
    assert (findings.inside(label), findings.the(label)) == (inside, article)


@pytest.mark.parametrize(
    ("label", "verb"),
    [
        ("Paid user share", "moves"),
        ("Output tokens", "move"),
        ("Export controls and bans", "move"),
        ("Price of tokens", "moves"),
        ("Loss to service bans", "moves"),
        ("Losses, gross", "move"),
        ("Radius (in miles)", "moves"),
    ],
)
def test_verbs_agree_with_the_head_of_a_label(label, verb):
    assert findings.agree(label, "move") == verb
