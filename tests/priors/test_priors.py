"""Priors in code: what they refuse, what they know, and their canonical record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scipy import stats

from risk.priors import Prior, Priors, labels
from risk.sources import Judgement, Source

SHARE = Prior(stats.beta(2, 5), unit="1", source="a survey", theoretical=1, step="free users")
PRICE = Prior(2, unit="USD", source="a list", label="List price")
JUDGED = Judgement("J. Doe", "2026-11-23", "A guess.")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": "s"}, ValueError, "Expected either a distribution or quantiles, got neither."),
        (
            {"distribution": 1, "quantiles": {0.5: 1}, "source": "s"},
            ValueError,
            "Expected either a distribution or quantiles, got both. Give one of them.",
        ),
        ({"distribution": 1}, ValueError, "Expected at least one source or a judgement, got neith"),
        ({"distribution": 1, "source": ""}, ValueError, "Say where the number comes from, or who"),
        ({"distribution": 1, "source": []}, ValueError, "Expected at least one source or a judgem"),
        ({"distribution": "1", "source": "s"}, TypeError, "Expected a frozen SciPy distribution"),
        (
            {"distribution": {"a": 0.5}, "source": "s"},
            ValueError,
            "that sum to 1, got a sum of 0.5",
        ),
        (
            {"distribution": 1, "given": "regime", "source": "s"},
            TypeError,
            "Expected one distribution for each state of 'regime', got float|int",
        ),
    ],
)
def test_a_prior_that_makes_no_sense_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Prior(**arguments, unit="1")


def test_a_source_may_be_a_title_or_several() -> None:
    survey = Source("a survey", "https://example.org", "2026-11-23", "B")
    assert SHARE.sources == (Source("a survey"),)
    assert Prior(1, unit="1", source=survey).sources == (survey,)
    assert Prior(1, unit="1", source=[survey, survey]).sources == (survey, survey)
    assert Prior(1, unit="1", judgement=JUDGED).sources == ()


def test_a_fixed_value_is_what_the_claim_assumes_unless_said_otherwise() -> None:
    assert PRICE.theoretical == 2.0
    assert Prior(2, unit="USD", source="a list", theoretical=3).theoretical == 3.0
    assert SHARE.theoretical == 1.0


def test_the_record_is_the_same_whatever_the_type_of_a_number() -> None:
    one = Priors({"share": SHARE, "price": PRICE})
    share = Prior(
        stats.beta(2.0, 5.0), unit="1", source="a survey", theoretical=1.0, step="free users"
    )
    same = Priors(
        {"share": share, "price": Prior(2.0, unit="USD", source="a list", label="List price")}
    )
    assert one.hash == same.hash
    assert json.loads(json.dumps(one.as_dict(), allow_nan=False)) == one.as_dict()


def test_the_hash_is_of_everything_that_is_known() -> None:
    one = Priors({"share": SHARE, "price": PRICE})
    judged = Prior(2, unit="USD", source="a list", label="List price", judgement=JUDGED)
    others = [
        Priors({"share": SHARE}),
        Priors({"share": SHARE, "price": PRICE}, title="Another"),
        Priors({"share": SHARE, "price": judged}),
        Priors({"share": SHARE, "price": PRICE}).fix(price=3),
    ]
    assert len({one.hash, *(other.hash for other in others)}) == 5


def test_priors_that_do_not_fit_together_are_refused_all_at_once() -> None:
    premium = Prior({"open": 1}, given="regime", unit="1", source="s")
    step = Prior(stats.norm(), unit="1", source="s", step="one")
    with pytest.raises(
        ValueError, match=r"premium.given: expected .*\nx.step: no input of the ste"
    ):
        Priors({"premium": premium, "x": step})


def test_correlations_are_tried_at_once() -> None:
    inputs = dict.fromkeys("abc", SHARE)
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    with pytest.raises(ValueError, match="positive definite"):
        Priors(inputs, pairs)


def test_a_fixed_input_keeps_what_is_said_of_it() -> None:
    priors = Priors({"share": SHARE, "other": SHARE, "price": PRICE}, {("share", "other"): 0.5})
    fixed = priors.fix(share=0.5)
    assert (fixed["share"].kind, fixed["share"].step) == ("lever", "free users")
    assert fixed.correlation == {}
    assert fixed.theoretical == {"share": 1.0, "other": 1.0, "price": 2.0}
    assert priors["share"].kind == "uncertain"
    with pytest.raises(KeyError, match=r"Expected inputs to fix, got \['shar'\]. Did you mean"):
        priors.fix(shar=0.5)


def test_labels_are_for_people() -> None:
    assert labels(Priors({"paid_share": SHARE, "price": PRICE})) == {
        "paid_share": "Paid share",
        "price": "List price",
    }
