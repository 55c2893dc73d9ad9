"""The memo: what it says, its footnotes, and what a wrong template is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xarray as xr
from scipy import stats

import risk
from risk.memo.context import Context
from risk.memo.markdown import DEFAULT, TemplateProblem, inside_a_sentence, memo, pictures

FIGURES = ["figures/bridge_real_revenue.png", "figures/sobol_revenue_gap.svg"]


@pytest.fixture(scope="module")
def text(context: Context) -> str:
    return memo(context, figures=FIGURES)


def constant_study() -> xr.DataTree:
    x = risk.Priors({"x": risk.Prior(stats.uniform(0, 1), unit="1", source="s")})
    return risk.run_study(lambda x: {"y": 0 * x + 3.0}, x, draws=64, replicates=2)


def part_study(priors: risk.Priors) -> xr.DataTree:
    wanted = ["real_revenue", "revenue_gap"]
    return risk.run_study(risk.profit_model, priors, outcomes=wanted, draws=64, replicates=2)


@pytest.fixture(scope="module", params=["main", "own", "plain", "constant", "part"])
def any_memo(request: pytest.FixtureRequest) -> str:
    """The memo of studies of every kind."""
    if request.param == "constant":
        return memo(constant_study())
    if request.param == "part":
        return memo(part_study(request.getfixturevalue("main_priors")))
    return memo(request.getfixturevalue(f"{request.param}_study"))


def test_every_footnote_resolves_in_the_order_of_the_text(any_memo: str) -> None:
    body, _, notes = any_memo.partition("\n[^1]: ")
    defined = re.findall(r"^\[\^(\d+)\]: \S", "[^1]: " + notes, re.MULTILINE)
    referred = list(dict.fromkeys(re.findall(r"(?<!\\)\[\^(\d+)\]", body)))
    assert referred == defined == [str(k) for k in range(1, len(defined) + 1)]


def test_tables_are_whole(any_memo: str) -> None:
    blocks = re.findall(r"(?:^\|.*\n)+", any_memo, re.MULTILINE)
    assert blocks
    for block in blocks:
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()]
        assert re.fullmatch(r"(\|:?-+:?)+\|", block.splitlines()[1]), block
        assert {len(row) for row in rows} == {len(rows[0])}, block
        for cell in (cell for row in rows for cell in row if row is not rows[1]):
            assert cell == f" {cell.strip()} ", block
            assert cell.strip(), block


def test_white_space_is_clean(any_memo: str) -> None:
    assert "\n\n\n" not in any_memo
    assert not re.search(r"[ \t]$", any_memo, re.MULTILINE)
    assert not re.search(r"\S {2,}\S", any_memo)
    assert not re.search(r"(?<!\|)\n\|", any_memo.replace("\n\n|", "")), "a table after a text"
    assert any_memo.endswith("\n")


def test_it_says_what_a_committee_asks(text: str, context: Context) -> None:
    n = context.n
    for claim in (
        f"**Real revenue is {n('revenue_capture.p50')} of the claim in the middle case:** "
        f"{n('real_revenue.p50')} of {n('bridge.real_revenue.start')} a day.",
        f"lie within {context.r('real_revenue.p5', 'real_revenue.p95')}.",
        f"loses money in {n('gross_profit.loss_probability')} of cases** before research",
        "**Paid user share decides it.** Knowing it would remove "
        f"{context.share('sobol.revenue_gap.paid_user_share.first')} of the variance",
        "gives the 4 published figures; the largest difference is +0.05%",
        "No data stand behind it. It is a judgement [^1]: “No data exists: DeepSeek has never",
        "the revenue gap does not depend on GPU price",
        "have no data behind them: paid user share, output mix of paying users and R1 share",
        "| Node-hours of the day [^2] | 5,442 node-hours a day, printed as 226.75 nodes on average "
        "| 5,445 node-hours a day | +0.05% |",
        "Export regime: open 10%, partial 60%, closed 30%; the claim assumes open.",
        "| Premium on imported GPUs, closed |",
        f"run {context.about['run_id']} · outputs {context.about['outputs_hash'][:12]}",
        "![Bridge of the real revenue](figures/bridge_real_revenue.png)",
    ):
        assert claim in text, claim
    assert ".svg" not in text


def test_the_caveat_comes_from_the_priors(main_priors: risk.Priors) -> None:
    """With a source for the paid-user share, the memo no longer says that it has none."""
    sourced = dict(main_priors)
    old = sourced["paid_user_share"]
    sourced["paid_user_share"] = risk.Prior(
        stats.beta(2.10, 4.93),
        unit="1",
        source="a leak",
        label=old.label,
        theoretical=1.0,
        step=old.step,
    )
    study = risk.run_study(risk.profit_model, risk.Priors(sourced), draws=256, replicates=4)
    text = memo(study)
    assert "**Paid user share decides it.**" in text
    assert "of the variance of the revenue gap. It rests on sources [^1].\n" in text
    assert "No data stand behind it" not in text
    assert "[^1]: a leak.\n" in text


def test_a_figure_that_is_missed_is_said_first(main_priors: risk.Priors) -> None:
    more = {"output_tokens": risk.Prior(200e9, unit="token/day", source="a rumour")}
    other = risk.Priors({**main_priors, **more}, published=main_priors.published)
    study = risk.run_study(risk.profit_model, other, draws=64, replicates=2)
    text = memo(study)
    assert "- **The claim is not reproduced.** Outside its tolerance: node-hours of the day" in text
    assert "The claim is reproduced" not in text
    assert "were published rounded" not in text


def test_words_of_the_priors_are_shown_as_they_are(own_study: xr.DataTree) -> None:
    text = memo(own_study)
    assert text.startswith("# Own \\*case\\*\n")
    assert "\n\\- What it is \\| about\n" in text
    assert "A \\| \\[bold\\]price\\[/bold\\] \\*x\\*" in text
    assert "because" not in text
    assert "1\\. a \\| b \\# \\<b>bold\\</b> and \\[^9\\] \\*stars\\*" in text
    assert ": Paper, <https://example.org/a%3Eb>, read 2026-01-01, grade B." in text
    assert "| Price \\| \\[bold\\]list |" in text


def test_a_model_of_ones_own_has_no_words_of_the_profit_model(plain_study: xr.DataTree) -> None:
    text = memo(plain_study)
    assert "**Y is " in text
    for word in ("claim", "revenue", "GPU", "day", "bridge"):
        assert word not in text.replace("In the claim", "").lower(), word


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("bridge", ["![Bridge of the real revenue](figures/bridge_real_revenue.png)"]),
        ("sobol", []),  # an SVG beside the PNG is not shown twice
        ("fan", ["![fan the y](a/fan_y.png)"]),
    ],
)
def test_pictures(kind: str, found: list[str]) -> None:
    assert pictures([*FIGURES, Path("a/fan_y.png")], kind) == found


def test_labels_inside_a_sentence() -> None:
    labels = ["Paid user share", "R1 share", "GPU price", "", "X"]
    assert [inside_a_sentence(x) for x in labels] == ["paid user share", *labels[1:]]


WRONG = {  # template: line, message
    '{{ n("revenue_gap.p51") }}': (
        1,
        "Expected a key of numbers.json, got 'revenue_gap.p51'. Did ",
    ),
    'a\nb\n{{ n("nothing") }}\n': (3, "Expected a key of numbers.json, got 'nothing'"),
    '\n{% for k in (5, 51) %}\nx\n{{ n("real_revenue.p" ~ k) }}\n{% endfor %}': (
        4,
        "real_revenue.p51",
    ),
    '{% set x = 1 %}\n\n{{ r("real_revenue.p5",\n     "nope") }}': (3, "got 'nope'"),
    "one\n{{ nn }}": (2, "'nn' is not defined."),
    "{{ driver('revenue_gap') }}": (1, "'driver' is not defined. Did you mean 'drivers'?"),
    "\n{% for row in drivers('revenue_gap') %}\n{{ row.wrong }}\n{% endfor %}": (3, "'wrong'"),
    "a\n{% if %}": (2, "Expected an expression, got 'end of statement block'"),
    "a\n{% for x in y %}\n": (2, "Unexpected end of template"),
    "{{ n( }}": (1, "unexpected '}'"),
    "{{ a | nofilter }}": (1, "No filter named 'nofilter'"),
    "a\n\n{{ n() }}": (3, "TypeError: "),
    "{{ n(1, 2) }}": (1, "TypeError: "),
    "\n{{ n(3) }}": (2, "Expected a key of numbers.json, got 3."),
    "\n{{ drivers('unknown') }}": (2, "KeyError"),
    "\n{{ 1 / 0 }}": (2, "ZeroDivisionError"),
    "\n\n{% include 'x' %}": (3, "a template is one file, without include, import and extends."),
    "\n{% import 'x' as y %}": (2, "a template is one file"),
    "{% extends 'x' %}": (1, "a template is one file"),
    "\n{{ ''.__class__ }}": (2, "access to attribute '__class__' of 'str' object is unsafe."),
    "\n{{ n.__self__ }}": (2, "access to attribute '__self__' of "),
    "{{ drivers.__closure__ }}": (1, "access to attribute '__closure__' of "),
    "\n{{ range(10000000) }}": (2, "OverflowError: Range too big"),
    "{{ study.attrs }}": (1, "'study' is not defined."),
    "{% macro f() %}{{ f() }}{% endmacro %}\n{{ f() }}": (1, "RecursionError"),
}


@pytest.mark.parametrize("template", WRONG)
def test_a_wrong_template_is_told_file_line_and_what(
    template: str, context: Context, tmp_path: Path
) -> None:
    path = tmp_path / "mine.jinja"
    path.write_text(template, "utf-8")
    line, what = WRONG[template]
    with pytest.raises(TemplateProblem, match=re.escape(what)) as caught:
        memo(context, path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_template_that_cannot_be_read(context: Context, tmp_path: Path) -> None:
    with pytest.raises(TemplateProblem, match=r"none.jinja:1: No such file or directory. Check"):
        memo(context, tmp_path / "none.jinja")
    with pytest.raises(TemplateProblem, match=r":1: Is a directory. Check the path."):
        memo(context, tmp_path)
    wrong = tmp_path / "latin.jinja"
    wrong.write_bytes(b"fine\nfine\nGr\xf6sse")
    with pytest.raises(TemplateProblem, match=r"latin.jinja:3: byte 0xf6 is not UTF-8. Save the"):
        memo(context, wrong)


def test_a_template_of_ones_own(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "mine.jinja"
    path.write_text(
        "{{ n('real_revenue.p50') }} {{ r('real_revenue.p5', 'real_revenue.p95') }}"
        "{% if value('real_revenue.p50') > 0 %} {{ labels.real_revenue }}{% endif %}"
        "{% if not has('a.b') %} {{ cite('gpu_price') }}{% endif %} {{ footnotes()|length }}\n",
        "utf-8",
    )
    middle, spread = context.n("real_revenue.p50"), context.r("real_revenue.p5", "real_revenue.p95")
    assert memo(context, path) == f"{middle} {spread} Real revenue [^1] [^2] [^3] [^4] 4\n"


def test_the_template_of_the_package_types_no_result() -> None:
    """Digits in its prose are those of definitions: percentiles, confidence, the worst 5%."""
    prose = re.sub(r"{[{%].*?[}%]}", "", DEFAULT.read_text("utf-8"), flags=re.DOTALL)
    numbers = set(re.findall(r"[A-Z]?\d[\d.,]*\b%?", prose))
    assert numbers <= {"P5", "P50", "P95", "5%", "50%", "95%"}, numbers
