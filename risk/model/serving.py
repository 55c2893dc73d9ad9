"""Serving: from tokens to busy nodes, paid node-hours and the inference cost of the day."""

from typing import Any

from risk.model import subscriptions, workload
from risk.model.subscriptions import NONE, SAME
from risk.model.units import (
    HOURS_A_DAY,
    SECONDS_A_DAY,
    SECONDS_AN_HOUR,
    TOKENS_A_MTOKEN,
    GPUsPerNode,
    NodeHoursPerDay,
    Nodes,
    Ratio,
    Share,
    TokensPerDay,
    TokensPerSecondPerNode,
    TokensPerUserPerDay,
    USDPerDay,
    USDPerGPUHour,
    USDPerMtoken,
    Users,
)


def busy_nodes(
    miss_input: TokensPerDay,
    served_output: TokensPerDay,
    prefill_throughput: TokensPerSecondPerNode,
    decode_throughput: TokensPerSecondPerNode,
) -> Nodes:
    """Nodes at work, prefill and decode together, on average over the day (node).

    Throughputs are day averages over occupied nodes, of *missed* input and of output tokens. They
    contain the idle moments of an occupied node already, so no load factor belongs here.

    Examples
    --------
    >>> busy_nodes(86_400e3, 86_400e3, 1e3, 500.0)
    3.0
    """
    prefill_nodes = miss_input / (SECONDS_A_DAY * prefill_throughput)
    decode_nodes = served_output / (SECONDS_A_DAY * decode_throughput)
    return prefill_nodes + decode_nodes


def node_hours(busy_nodes: Nodes, utilisation: Share) -> NodeHoursPerDay:
    """Node-hours that are paid for, idle ones included (node*hour/day).

    Examples
    --------
    >>> node_hours(226.75, 1.0)
    5442.0
    """
    return HOURS_A_DAY * busy_nodes / utilisation


def gpu_rate(
    gpu_price: USDPerGPUHour, exposed_fleet_share: Share, accelerator_premium: Ratio
) -> USDPerGPUHour:
    """Price of a GPU-hour across the fleet, part of it bought at the import premium (USD/GPU/hour).

    Examples
    --------
    >>> gpu_rate(2.0, 0.25, 1.5)
    2.25
    """
    return gpu_price * (1 + exposed_fleet_share * (accelerator_premium - 1))


def compute_cost(
    node_hours: NodeHoursPerDay, gpus_per_node: GPUsPerNode, gpu_rate: USDPerGPUHour
) -> USDPerDay:
    """What the GPUs of the day cost (USD/day).

    Examples
    --------
    >>> compute_cost(5_442.0, 8.0, 2.0)
    87072.0
    """
    return node_hours * gpus_per_node * gpu_rate


def inference_cost(compute_cost: USDPerDay, operating_cost_ratio: Ratio) -> USDPerDay:
    """Cost of serving the day: GPUs and everything needed to run them (USD/day).

    Examples
    --------
    >>> inference_cost(80_000.0, 0.25)
    100000.0
    """
    return compute_cost * (1 + operating_cost_ratio)


def theoretical_cost(
    *,
    output_tokens: TokensPerDay,
    served_share: Share,
    input_output_ratio: Ratio,
    cache_hit_share: Share,
    prefill_throughput: TokensPerSecondPerNode,
    decode_throughput: TokensPerSecondPerNode,
    utilisation: Share,
    gpus_per_node: GPUsPerNode,
    gpu_price: USDPerGPUHour,
    exposed_fleet_share: Share,
    accelerator_premium: Ratio,
    operating_cost_ratio: Ratio,
    active_users: Users = NONE,
    tokens_a_user: TokensPerUserPerDay = NONE,
    subscriber_share: Share = NONE,
    subscriber_usage_multiple: Ratio = SAME,
    **_others: Any,
) -> USDPerDay:
    """What the headline's cost of the day is, by the equations of the real one (USD/day).

    Takes the theoretical values, all of them or at least these; the others cannot matter.

    Examples
    --------
    >>> round(theoretical_cost(
    ...     output_tokens=168e9, served_share=1.0, input_output_ratio=608 / 168,
    ...     cache_hit_share=342 / 608, prefill_throughput=73.7e3 * 266 / 608,
    ...     decode_throughput=14.8e3, utilisation=1.0, gpus_per_node=8.0, gpu_price=2.0,
    ...     exposed_fleet_share=0.0, accelerator_premium=1.0, operating_cost_ratio=0.0))
    87116
    """
    consumer_output = subscriptions.consumer_output(
        active_users, tokens_a_user, subscriber_share, subscriber_usage_multiple
    )
    wanted = workload.wanted_output(output_tokens, consumer_output)
    output = workload.served_output(wanted, served_share)
    tokens = workload.served_tokens(output, input_output_ratio, cache_hit_share)
    nodes = busy_nodes(tokens.miss, tokens.output, prefill_throughput, decode_throughput)
    hours = node_hours(nodes, utilisation)
    rate = gpu_rate(gpu_price, exposed_fleet_share, accelerator_premium)
    compute = compute_cost(hours, gpus_per_node, rate)
    return inference_cost(compute, operating_cost_ratio)


def output_token_cost(
    decode_throughput: TokensPerSecondPerNode, gpus_per_node: GPUsPerNode, gpu_rate: USDPerGPUHour
) -> USDPerMtoken:
    """What a million output tokens cost on decode nodes that are never idle (USD/Mtoken).

    The yardstick of other people's benchmarks; no outcome of the profit model depends on it.

    Examples
    --------
    >>> output_token_cost(1e4, 8.0, 1.8)
    0.4
    """
    tokens_an_hour = SECONDS_AN_HOUR * decode_throughput
    return TOKENS_A_MTOKEN * gpus_per_node * gpu_rate / tokens_an_hour
