"""Training: what the research behind a model costs, spread over the days on which it earns."""

from risk.model.units import DAYS_A_MONTH, USD, GPUHours, Months, Share, USDPerDay, USDPerGPUHour


def final_run_cost(gpu_hours: GPUHours, gpu_price: USDPerGPUHour) -> USD:
    """What a final training run costs at the rental price of its GPU-hours (USD).

    Examples
    --------
    >>> final_run_cost(2.788e6, 2.0)
    5576000.0
    """
    return gpu_hours * gpu_price


def training_cost_a_day(
    final_run_cost: USD, final_run_share: Share, model_life: Months
) -> USDPerDay:
    """All research compute behind a model, spread over the life of the model (USD/day).

    The final run is only ``final_run_share`` of that compute.

    Examples
    --------
    >>> training_cost_a_day(5_844_000.0, 0.1, 8.0)
    240000.0
    """
    return final_run_cost / final_run_share / (model_life * DAYS_A_MONTH)
