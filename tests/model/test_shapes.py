"""The profit model on arrays: row by row, broadcast, and without touching its arguments."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Inputs = dict[str, Any]
Evaluate = Callable[..., Any]


@pytest.fixture(scope="module")
def rows() -> Inputs:
    """Random days, of shapes that broadcast to (4, 5)."""
    rng = np.random.default_rng(0)
    return {
        "cache_hit_share": rng.uniform(0.2, 0.9, (4, 5)),
        "paid_output_skew": rng.uniform(0.5, 2.0, (4, 5)),
        "gpu_price": rng.uniform(1.0, 3.0, (4, 1)),
        "utilisation": rng.uniform(0.5, 1.0, 5),
        "paid_user_share": rng.uniform(0.05, 0.6, (4, 5)),
        "ban_loss": rng.uniform(0.0, 0.3, (4, 5)),
        "model_life": rng.uniform(4.0, 15.0, (4, 5)),
        "subscriber_share": rng.uniform(0.01, 0.1, (4, 5)),
        "subscription_price": rng.uniform(2.0, 25.0, (4, 1)),
    }


def test_arrays_give_what_a_loop_over_rows_gives(rows: Inputs, both: Evaluate) -> None:
    whole = both(**rows)
    broadcast = dict(zip(rows, np.broadcast_arrays(*rows.values()), strict=True))
    for place in np.ndindex(4, 5):
        single = both(**{name: float(values[place]) for name, values in broadcast.items()})
        for name, values in whole.items():
            assert np.broadcast_to(values, (4, 5))[place] == single[name], name


def test_outcomes_have_the_shape_of_the_inputs_that_they_need(rows: Inputs, both: Evaluate) -> None:
    shapes = {name: np.shape(values) for name, values in both(**rows).items()}
    assert shapes.pop("theoretical_revenue") == shapes.pop("theoretical_cost") == ()
    assert set(shapes.values()) == {(4, 5)}


def test_arguments_are_not_changed(
    rows: Inputs, claim: Inputs, consumers: Inputs, both: Evaluate
) -> None:
    inputs = {name: np.full((4, 5), value) for name, value in (claim | consumers).items()} | rows
    before = {name: values.copy() for name, values in inputs.items()}
    for values in inputs.values():
        values.setflags(write=False)
    both(**inputs)
    for name, values in inputs.items():
        np.testing.assert_array_equal(values, before[name])
