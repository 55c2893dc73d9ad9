"""Every warning on priors: when it comes, what it says, and that clean priors have none."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

import risk
from risk.analysis.beliefs import beliefs
from risk.analysis.prior_influence import influence
from risk.analysis.prior_sentences import joined, percent
from risk.analysis.prior_warnings import prior_warnings
from risk.blocks import Correlated
from risk.data_fit import from_data
from risk.elicitation import from_quantiles
from risk.families import beta, discrete, lognormal, normal, pert
from risk.sources import Judgement, Source

TODAY = date(2026, 11, 23)
SOURCE = Source("Price list", "https://example.org", "2026-11-01", "A")
JUDGED = Judgement("J. Doe", "2026-11-23", "no data")


def prior(distribution=None, unit="1", **about):
    about.setdefault("source", SOURCE)
    return risk.Prior(distribution, unit=unit, **about)


def warned(model=None, blocks=(), **inputs):
    """Kind → the sentences of that kind."""
    priors = risk.Priors(inputs, blocks=blocks)
    looks = () if model is None else (influence(model, priors),)
    found: dict[str, list[str]] = {}
    for remark in prior_warnings(priors, beliefs(priors, TODAY), *looks):
        found.setdefault(remark.kind, []).append(remark.text)
    return found


def said(kind, *args, **inputs):
    """The one sentence of a kind, which is the only warning."""
    found = warned(*args, **inputs)
    assert list(found) == [kind]
    (text,) = found[kind]
    return text


def total(**x):
    return {"profit": sum(x.values())}


def test_clean_priors_have_no_warning() -> None:
    inputs = {name: prior(normal(0.0, 1.0), theoretical=0.5) for name in "abc"}
    assert warned(total, **inputs) == {}


# The claim ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("claim", "side"), [(-3.0, "below P1"), (3.0, "above P99")])
def test_a_claim_in_a_tail_is_named_with_the_prior(claim, side) -> None:
    text = said("claim excluded", x=prior(normal(0.0, 1.0), theoretical=claim, label="Growth"))
    value = f"{claim:.2f}".replace("-", "−")
    assert text == (
        f"Growth: the claim of {value} is {side} of its prior (P5–P95 −1.64 to 1.64), which nearly "
        "excludes it. Widen the prior if the claim may be right, or say in the memo why it is not."
    )


def test_claims_at_the_limit_are_one_sentence() -> None:
    text = said(
        "claim at the limit",
        paid_share=prior(beta(2.0, 5.0), theoretical=1.0, label="Paid share"),
        ban_share=prior(beta(2.0, 5.0), theoretical=0.0, label="Bans"),
    )
    assert text.startswith("The claim takes the very limit of 2 priors, outside P1–P99: ")
    assert "Paid share 100%, Bans 0%. An ideal case is no error; but where it may hold" in text


def test_claims_that_cannot_be_are_one_sentence() -> None:
    text = said(
        "claim impossible",
        fleet_share=prior(pert(0.05, 0.25, 0.6), theoretical=0.0, label="Fleet"),
        price=prior(pert(1.0, 2.0, 3.0), "USD/GPU/hour", theoretical=9.0, label="GPU price"),
    )
    assert text.startswith(
        "The claim is outside all that 2 priors can be: Fleet 0% (prior from 5%)"
    )
    assert "GPU price $9.00 (prior up to $3.00). Widen the prior if the claim may be right" in text


def test_a_limit_that_has_probability_is_no_warning() -> None:
    inputs = {
        "regime": prior({"open": 0.5, "closed": 0.5}, theoretical="open"),
        "share": prior({"open": 1.0, "closed": beta(9.0, 3.0)}, given="regime", theoretical=1.0),
    }
    assert warned(**inputs) == {}


def test_a_claimed_state_that_is_unlikely_is_named() -> None:
    regime = prior({"open": 0.002, "closed": 0.998}, theoretical="open", label="Export regime")
    text = said("claim excluded", regime=regime)
    assert text.startswith("Export regime: the claim assumes the state open, which has a prob")


# A prior that fixes the answer --------------------------------------------------------------


def test_a_prior_that_decides_alone_is_named_with_its_share() -> None:
    """The variance of a + b with standard deviations of 3 and 1 is nine tenths a's."""
    text = said(
        "prior decides",
        total,
        a=prior(normal(0.0, 3.0), label="Demand"),
        b=prior(normal(0.0, 1.0)),
    )
    assert text.startswith("Demand fixes the answer: alone it explains about 90% of the variance")
    assert "of profit. Spend the effort on its evidence, and see with --robust" in text


def test_a_share_of_a_heavy_tail_says_that_it_is_of_its_asinh() -> None:
    """The variance of such a lognormal rests on a few draws: its own index would be noise."""
    inputs = {"a": prior(lognormal(0.0, 3.0), label="Demand"), "b": prior(normal(0.0, 1.0))}
    text = said("prior decides", total, **inputs)
    assert "of the variance of profit, heavy tails tamed by asinh. Spend the effort" in text


def test_a_block_that_decides_names_its_inputs() -> None:
    block = Correlated({("a", "b"): 0.5}, name="m", label="Market", sources=(SOURCE,))
    inputs = {name: prior(normal(0.0, 3.0), label=name.upper()) for name in "ab"}
    text = said("prior decides", total, [block], **inputs, c=prior(normal(0.0, 1.0)))
    assert text.startswith("Market (A and B together) fixes the answer: alone it explains about 9")


def test_equal_priors_decide_together_and_none_alone() -> None:
    assert warned(total, **{name: prior(normal(0.0, 1.0)) for name in "abc"}) == {}


@pytest.mark.parametrize(
    ("law", "narrow"),
    [
        (normal(100.0, 0.1), True),
        (normal(100.0, 1.0), False),
        (discrete([0, 1], [0.98, 0.02]), False),  # rare, and no fact
        (normal(0.0, 1e-9), False),  # relative to its size it is wide
    ],
)
def test_a_fact_in_disguise_is_within_one_percent(law, narrow) -> None:
    found = warned(x=prior(law, "USD", label="Price"))
    assert list(found) == (["fact in disguise"] if narrow else [])
    if narrow:
        assert found["fact in disguise"][0].startswith(
            "Price: P5 to P95 is $99.84–100.16, within 1%: a fact in disguise. Write it as `fact`"
        )


# Sources ------------------------------------------------------------------------------------


def test_judged_priors_are_listed_with_the_one_that_matters_most() -> None:
    found = warned(
        total,
        a=prior(normal(0.0, 1.0), label="A"),
        b=prior(normal(0.0, 0.86), label="B", source=(), judgement=JUDGED),
        c=prior(normal(0.0, 0.5), label="C", source=(), judgement=JUDGED),
    )
    assert found["judgement only"] == [
        "2 of 3 priors rest on judgement alone: B, C. Look for a source of B (total effect on "
        f"profit {percent(0.7396 / 1.9896)}) first."
    ]


def test_one_judged_prior_without_a_model() -> None:
    text = said("judgement only", b=prior(normal(0.0, 1.0), label="B", source=(), judgement=JUDGED))
    assert text == "1 of 1 prior rests on judgement alone: B. Look for sources."


def test_outdated_sources_of_inputs_facts_and_blocks_are_named() -> None:
    old = Source("Old", read="2024-01-01", grade="B")
    block = Correlated({("a", "b"): 0.5}, name="m", label="Market", sources=(old,))
    text = said(
        "outdated sources",
        blocks=[block],
        a=prior(normal(0.0, 1.0), label="A", source=Source("x", read="2026-11-01", grade="R")),
        b=prior(normal(0.0, 1.0), label="B", source=[old, SOURCE]),
        c=prior(2.0, label="C", source=old),
    )
    assert text == (
        "Every source of A, C and Market is recalled (grade R) or was read more than a year ago. "
        "Read them again and correct the numbers."
    )


# Tails, fits, correlations ------------------------------------------------------------------


def test_a_tail_without_variance_says_what_to_do() -> None:
    law = from_quantiles({0.05: -1.0, 0.95: 1.0}, "student_t", held={"degrees_of_freedom": 2})
    assert said("no variance", x=prior(law, label="Growth")) == (
        "Growth: its tail has no variance, so variance-based indices will not converge. Truncate "
        "it or use a lighter family."
    )


@pytest.mark.parametrize(("middle", "misses"), [(2.1, True), (2.005, False)])
def test_a_misfit_above_one_percent_says_what_was_asked_and_got(middle, misses) -> None:
    law = from_quantiles({0.05: 1.0, 0.5: middle, 0.95: 3.0}, "normal")
    found = warned(x=prior(law, "USD/GPU/hour", label="GPU price"))
    assert bool(found) == misses
    if misses:
        assert found["misfit"] == [
            "GPU price: the normal misses its quantiles by 3.3% of their range: asked P5 $1.00, "
            "P50 $2.10, P95 $3.00, got P5 $1.03, P50 $2.03, P95 $3.03. Take a family that has them "
            '(family = "best", or "metalog"), or check them.'
        ]


@pytest.mark.parametrize(
    ("quantiles", "family", "tied"),
    [
        ({0.05: 1.0, 0.95: 3.0}, "best", True),
        ({0.05: 1.0, 0.95: 3.0}, "lognormal", False),
        ({0.05: 1.0, 0.5: 1.8, 0.95: 3.0}, "best", False),
    ],
)
def test_two_quantiles_do_not_tell_the_family(quantiles, family, tied) -> None:
    found = warned(x=prior(from_quantiles(quantiles, family), label="Price"))
    assert bool(found) == tied
    if tied:
        assert found["two quantiles"] == [
            "Price: several families fit two quantiles as well; the engine took normal, and "
            "lognormal comes next. Name the family, or give a third quantile."
        ]


def test_a_fit_in_a_state_names_the_state() -> None:
    law = from_quantiles({0.05: 1.0, 0.95: 3.0}, "best")
    inputs = {
        "regime": prior({"open": 0.5, "closed": 0.5}),
        "x": prior({"open": law, "closed": 1.0}, given="regime", label="Premium"),
    }
    assert said("two quantiles", **inputs).startswith("Premium, open: several families")


def test_data_that_disagree_with_their_family_are_named() -> None:
    rng = np.random.default_rng(3)
    two = (rng.choice([-1.0, 1.0], 60) + rng.normal(0, 0.1, 60)).tolist()
    text = said("data disagree", x=prior(from_data(two, "normal"), label="Price"))
    assert text.startswith("Price: its 60 values do not look like the normal fitted to them (Kol")
    assert 'p = 0.01). Choose another family, or family = "empirical".' in text
    assert warned(x=prior(from_data(two, "empirical"))) == {}


def test_repaired_correlations_say_what_they_became() -> None:
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.5}
    block = Correlated(pairs, name="m", label="Market", repair=True, sources=(SOURCE,))
    inputs = {name: prior(normal(0.0, 1.0), label=name.upper()) for name in "abc"}
    text = said("correlations repaired", blocks=[block], **inputs)
    assert text.startswith("Market: the correlations asked for cannot hold together and were shr")
    assert "A and B 0.56 instead of 0.9" in text
    assert "A and C −0.32 instead of −0.5. Lower the one that is least sure." in text


def test_words() -> None:
    assert (joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])) == (
        "a",
        "a and b",
        "a, b and c",
    )
