"""Priors: what is believed of every input, why, and what the headline claim assumes of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from risk.block_checks import block_problems
from risk.blocks import Shares, components
from risk.checks import consistency_problems
from risk.conditional import Believed, Conditional, marginal_of
from risk.dependence import Block, InputMap
from risk.elicitation import from_quantiles
from risk.experts import Expert, pooled
from risk.names import readable, suggest
from risk.prior_changes import fixed_belief, without
from risk.prior_record import block_record, record
from risk.sources import Evidence, Judgement, Observation, Published, Source


@dataclass(frozen=True, kw_only=True)
class _Described:
    unit: str
    source: str | Source | Sequence[Source] = ()
    judgement: Judgement | None = None
    evidence: tuple[Evidence, ...] = ()
    label: str | None = None
    description: str = ""
    theoretical: float | str | None = None
    step: str | None = None
    lever: bool = False


@dataclass(frozen=True)
class Prior(_Described):
    """What is believed of one input, in one unit, with the reason for believing it.

    Parameters
    ----------
    distribution
        A frozen SciPy distribution or a `Marginal`; a number for a fixed input; state →
        probability for a categorical one; with `given`, state of that regime → distribution
        or number.
    quantiles, family
        Instead of a distribution: probability → value, see `risk.elicitation.from_quantiles`.
    experts, pool
        Instead: what several experts believe, and "linear" or "logarithmic", see `risk.experts`.
    given
        The categorical input whose state decides the distribution, or several of them; states
        then are "open, high".
    unit
        Unit of the values; it must be the model's where the model names one.
    source, judgement
        At least one: a title or `Source`, or who judged it, when and why.
    evidence
        Reported values that are shown beside the prior.
    theoretical, step
        The value that the headline claim assumes (of a fixed input, the fixed one unless said
        otherwise), and the bridge step that the input belongs to.
    lever
        True for a fixed value that management chooses, false for a fact.

    Raises
    ------
    ValueError
        Without source and judgement, or when the distribution or the quantiles do not make sense.

    Examples
    --------
    >>> price = Prior(quantiles={0.05: 1.0, 0.5: 2.0, 0.95: 5.0}, unit="USD", source="a quote")
    >>> price.kind, str(price.marginal)
    ('uncertain', 'Lognormal(0.405465, 0.667909, 0.5)')
    """

    distribution: Any = None
    quantiles: Mapping[float, float] | None = field(default=None, kw_only=True)
    family: str | None = field(default=None, kw_only=True)
    experts: Sequence[Expert] = field(default=(), kw_only=True)
    pool: str = field(default="linear", kw_only=True)
    given: str | Sequence[str] | None = field(default=None, kw_only=True)
    marginal: Believed = field(init=False)
    sources: tuple[Source, ...] = field(init=False)

    def __post_init__(self) -> None:
        marginal = self._believed()
        one = isinstance(self.source, (str, Source))
        listed: Any = [self.source] if one else self.source
        sources = tuple(Source(s) if isinstance(s, str) else s for s in listed if s)
        if not sources and self.judgement is None:
            raise ValueError(
                "Expected at least one source or a judgement, got neither. "
                "Say where the number comes from, or who judged it, when and why."
            )
        object.__setattr__(self, "marginal", marginal)
        object.__setattr__(self, "sources", sources)
        claimed = self.theoretical
        if claimed is None and isinstance(marginal, float):
            claimed = marginal
        if claimed is not None and not isinstance(claimed, str):
            claimed = float(claimed)
        object.__setattr__(self, "theoretical", claimed)

    def _believed(self) -> Any:
        """The marginal, from the one way in which it is said."""
        if self.quantiles is not None and self.given is not None:
            raise ValueError(
                "Expected quantiles or `given`, got both. Pass state → distribution with `given`."
            )
        if self.quantiles is None and self.family is not None:
            raise ValueError(
                f"Expected `family` with quantiles only, got {self.family!r} beside a distribution."
            )
        if self.experts and self.distribution is None and self.quantiles is None:
            return pooled(self.experts, self.pool)
        if (self.distribution is None) == (self.quantiles is None):
            raise ValueError(
                "Expected either a distribution or quantiles, got "
                f"{'neither' if self.quantiles is None else 'both'}. Give one of them."
            )
        if self.quantiles is not None:
            return from_quantiles(self.quantiles, self.family)
        return marginal_of(self.distribution, self.given)

    @property
    def kind(self) -> str:
        """``uncertain``, ``lever`` (fixed, management's choice) or ``fact`` (fixed)."""
        if not isinstance(self.marginal, float):
            return "uncertain"
        return "lever" if self.lever else "fact"


class Priors(Mapping[str, Prior]):
    """Named priors, how they depend on each other, and the case that they describe.

    Parameters
    ----------
    inputs
        Name → prior, in the order in which they are shown.
    correlation
        Pair of names → Spearman's rank correlation (a Gaussian copula joins them).
    blocks
        Inputs that belong together in another way: `risk.Correlated`, `risk.Shares`.
    title, case, description, published
        What the case is called, its short name, what it is about, and the published figures that
        its theoretical values must reproduce.
    observations
        Evidence that re-weights the draws.

    Raises
    ------
    ValueError
        When a regime or a correlation names an input that cannot take part in it.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> priors = Priors({"x": Prior(uniform(0, 1), unit="1", source="unit interval")})
    >>> priors.uncertain, priors.fix(x=0.5).fixed
    (('x',), {'x': 0.5})
    """

    def __init__(
        self,
        inputs: Mapping[str, Prior],
        correlation: Mapping[tuple[str, str], float] | None = None,
        *,
        blocks: Sequence[Block] = (),
        title: str = "Untitled case",
        case: str = "case",
        description: str = "",
        published: Sequence[Published] = (),
        observations: Sequence[Observation] = (),
    ) -> None:
        self._inputs = dict(inputs)
        self.correlation = dict(correlation or {})
        self.blocks = (*components(self.correlation), *blocks)
        self.title, self.case, self.description = title, case, description
        self.published, self.observations = tuple(published), tuple(observations)
        problems = [
            f"{name}{'.' + field if field else ''}: {what}"
            for name, field, what in consistency_problems(self) + block_problems(self, self.blocks)
        ]
        if problems:
            raise ValueError("\n".join(problems))
        self.map.latent  # noqa: B018  correlations that cannot hold are refused here

    def __getitem__(self, name: str) -> Prior:
        return self._inputs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    @property
    def uncertain(self) -> tuple[str, ...]:
        """Names of the inputs that vary."""
        return tuple(n for n, p in self.items() if p.kind == "uncertain")

    @property
    def fixed(self) -> dict[str, float]:
        """Name → value of every fact and lever."""
        return {n: p.marginal for n, p in self.items() if isinstance(p.marginal, float)}

    @property
    def theoretical(self) -> dict[str, float | str]:
        """Name → value or state that the headline claim assumes, where it assumes one."""
        return {n: p.theoretical for n, p in self.items() if p.theoretical is not None}

    @cached_property
    def map(self) -> InputMap:
        """The map from the unit cube to inputs."""
        uncertain = {n: self[n].marginal for n in self.uncertain}
        return InputMap(uncertain, self.fixed, self.blocks)  # type: ignore[arg-type]

    def fix(self, **values: float | str) -> Priors:
        """The same priors with some inputs fixed: what if management chose so?

        A regime is fixed at the name of a state; it stays an input, one that never varies.

        Raises
        ------
        KeyError
            For a name that is not an input.
        ValueError
            For a state that the regime does not have.
        """
        unknown = [name for name in values if name not in self]
        if unknown:
            raise KeyError(f"Expected inputs to fix, got {unknown}.{suggest(unknown[0], self)}")
        inputs = dict(self)
        for name, value in values.items():
            fixed = fixed_belief(self[name].marginal, name, value)
            inputs[name] = Prior(fixed, **_about(self[name]) | {"lever": True})
        return self._with(inputs, [without(block, set(values)) for block in self.blocks])

    def replace(self, **beliefs: Believed) -> Priors:
        """The same priors with another belief of some inputs: what if the prior were wider?"""
        unknown = [name for name in beliefs if name not in self]
        if unknown:
            raise KeyError(f"Expected inputs to replace, got {unknown}.{suggest(unknown[0], self)}")
        inputs = dict(self)
        for name, marginal in beliefs.items():
            given: dict[str, Any] = {}
            if isinstance(marginal, Conditional):
                given = {"given": marginal.regimes}
                marginal = marginal.marginals  # type: ignore[assignment]
            inputs[name] = Prior(marginal, **_about(self[name]), **given)
        return self._with(inputs, self.blocks)

    def replace_block(self, block: Shares) -> Priors:
        """The same priors with other shares in a block of the same name and members."""
        about = {name: _about(self[name]) for name in block.members}
        inputs = dict(self) | {n: Prior(block[n], **about[n]) for n in block.members}
        return self._with(inputs, [block if b.name == block.name else b for b in self.blocks])

    def _with(self, inputs: Mapping[str, Prior], blocks: Sequence[Block | None]) -> Priors:
        about = ("title", "case", "description", "published", "observations")
        kept = [block for block in blocks if block is not None]
        return Priors(inputs, blocks=kept, **{key: getattr(self, key) for key in about})

    def as_dict(self) -> dict[str, Any]:
        """Everything that is known of the case, ready for JSON; its canonical form is hashed."""
        return {
            "title": self.title,
            "case": self.case,
            "description": self.description,
            "inputs": {name: record(prior) for name, prior in self.items()},
            "blocks": [block_record(block) for block in self.blocks],
            "published": [asdict(figure) for figure in self.published],
            "observations": [asdict(observation) for observation in self.observations],
        }

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the priors."""
        text = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _about(prior: Prior) -> dict[str, Any]:
    """What is said of an input beside what is believed of it."""
    return {key: getattr(prior, key) for key in _Described.__dataclass_fields__}


def labels(priors: Priors) -> dict[str, str]:
    """Name → label for people."""
    return {name: prior.label or readable(name) for name, prior in priors.items()}
