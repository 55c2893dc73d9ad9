"""The benchmarks of coverage still run: each is one analysis beside its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import coverage, salib_coverage
from benchmarks.models import Case, ishigami, lognormals


@pytest.mark.parametrize("case", [ishigami(), lognormals(1.5)], ids=lambda case: case.name)
def test_an_analysis_is_near_its_closed_form(case: Case) -> None:
    seen = coverage.observe(case, 256, seed=1)
    for kind in coverage.KINDS:
        value, lower, upper, exact = seen.published[kind]
        assert (np.abs(value - exact) <= 4 * (upper - lower)).all()
    assert (seen.transform == "asinh") == (case.name != "Ishigami")


def test_ours_and_salibs_are_near_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salib_coverage, "SEEDS", 2)
    rows = salib_coverage.compare(ishigami())
    assert [row[1] for row in rows] == ["S1", "ST"]
    for row in rows:
        ours, theirs = map(float, row[3].split(", "))
        assert max(ours, theirs) < 200  # of 1e-4
