"""Workload: the tokens of the day, split by the way that they are priced and computed."""

from typing import NamedTuple

from risk.model.units import Ratio, Share, TokensPerDay


class TokenFlow(NamedTuple):
    """Tokens of one day, by the three lines of a price list.

    Attributes
    ----------
    hit
        Input found in the prompt cache: cheap for the customer, no prefill for the lab.
    miss
        Input that has to be computed.
    output
        Generated tokens.
    """

    hit: TokensPerDay
    miss: TokensPerDay
    output: TokensPerDay


def wanted_output(output_tokens: TokensPerDay, consumer_output: TokensPerDay) -> TokensPerDay:
    """Output tokens that all users want, metered ones and consumers (token/day).

    Examples
    --------
    >>> wanted_output(168e9, 32e9)
    200000000000.0
    """
    return output_tokens + consumer_output


def served_output(wanted_output: TokensPerDay, served_share: Share) -> TokensPerDay:
    """Output tokens that the lab can serve, of those that its users want (token/day).

    Examples
    --------
    >>> served_output(168e9, 0.5)
    84000000000.0
    """
    return wanted_output * served_share


def served_input(served_output: TokensPerDay, input_output_ratio: Ratio) -> TokensPerDay:
    """Input tokens that arrive with the served output (token/day).

    Examples
    --------
    >>> served_input(2e9, 3.5)
    7000000000.0
    """
    return served_output * input_output_ratio


def hit_input(served_input: TokensPerDay, cache_hit_share: Share) -> TokensPerDay:
    """Input tokens found in the prompt cache (token/day).

    Examples
    --------
    >>> hit_input(608e9, 0.5625)
    342000000000.0
    """
    return served_input * cache_hit_share


def miss_input(served_input: TokensPerDay, hit_input: TokensPerDay) -> TokensPerDay:
    """Input tokens that the prefill nodes have to compute (token/day).

    Examples
    --------
    >>> miss_input(608e9, 342e9)
    266000000000.0
    """
    return served_input - hit_input


def served_tokens(
    served_output: TokensPerDay, input_output_ratio: Ratio, cache_hit_share: Share
) -> TokenFlow:
    """All tokens served on the day: cache hits, misses and output (token/day each).

    Examples
    --------
    >>> served_tokens(100.0, 4.0, 0.25)
    TokenFlow(hit=100.0, miss=300.0, output=100.0)
    """
    arriving = served_input(served_output, input_output_ratio)
    hit = hit_input(arriving, cache_hit_share)
    return TokenFlow(hit, miss_input(arriving, hit), served_output)
