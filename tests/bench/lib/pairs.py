"""Alternating runs, so that what else the machine does meets both sides alike."""
import sys


def alternate(count, ours, peer, verbose=False):
    """[(what ours() gave, what peer() gave)], the order of the two changing with each pair."""
    runs = []
    for i in range(count):
        if i % 2 == 0:
            a = ours()
            b = peer()
        else:
            b = peer()
            a = ours()
        runs.append((a, b))
        if verbose:
            print(f"    {a:.3f} {b:.3f}", file=sys.stderr, flush=True)
    return runs
