"""Ratios of paired runs and their 95 % bounds: Student's t on the logarithms."""
import math
import statistics

# Two-sided 95 % quantiles by degrees of freedom; between rows the lower row's (the wider bounds).
T975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262,
        10: 2.228, 11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 16: 2.120, 19: 2.093, 24: 2.064, 29: 2.045,
        59: 2.001}


def bounds(ratios):
    """(geometric mean, lower, upper); without bounds (None) for a single pair."""
    logs = [math.log(r) for r in ratios]
    mean = statistics.mean(logs)
    if len(logs) < 2:
        return math.exp(mean), None, None
    freedom = len(logs) - 1
    t = T975[max(k for k in T975 if k <= freedom)]
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]
