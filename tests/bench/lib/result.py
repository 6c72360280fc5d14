"""One row of the table, and what counts as reached."""
import dataclasses
import statistics

from lib import stats


class Skip(Exception):
    """A row cannot be measured here; the text says why."""


@dataclasses.dataclass
class Result:
    row: str
    ours: str
    peer: str = ""
    ratio: str = ""
    target: str = ""
    reached: str = ""
    note: str = ""


def compare(row, pairs, at_least=None, at_most=None, bound=False, unit="/s", digits=1, note="",
            seconds=False):
    """`pairs`: [(ours, peer)]. The target is on the mean ratio; where a bound crosses it that is said.
    With `bound` the target is on the bound itself. `seconds`: the pairs are times, the ratio one of speeds."""
    mean, low, high = stats.bounds([peer / ours if seconds else ours / peer for ours, peer in pairs])
    ratio = f"{mean:.2f}" + (f" [{low:.2f}, {high:.2f}]" if low is not None else " [one pair]")
    if at_least is not None:
        target, met = f">= {at_least:g}x", mean >= at_least
        sure = low is not None and (low >= at_least) == met
    else:
        value = mean if not bound else high
        target = ("bound " if bound else "") + f"<= {at_most:g}x"
        met = value is not None and value <= at_most
        sure = bound or (high is not None and ((high <= at_most) if met else (low > at_most)))
    reached = ("yes" if met else "NO") + ("" if sure else " (bounds cross)")

    def shown(values):
        return f"{statistics.median(values):.{digits}f}{unit}"
    return Result(row, shown([a for a, _ in pairs]), shown([b for _, b in pairs]), ratio, target, reached,
                  f"{len(pairs)} pairs" + (f"; {note}" if note else ""))


def limit(row, value, at_most, unit, note=""):
    return Result(row, f"{value:.2f} {unit}", "", "", f"<= {at_most:g} {unit}",
                  "yes" if value <= at_most else "NO", note)


def show(results):
    heads = Result("row", "ours", "peer", "ratio [95 %]", "target", "reached", "note")
    names = [f.name for f in dataclasses.fields(Result)]
    widths = {n: max(len(getattr(r, n)) for r in [heads, *results]) for n in names[:-1]}
    for r in [heads, *results]:
        print("  ".join(getattr(r, n).ljust(widths.get(n, 0)) for n in names).rstrip())
