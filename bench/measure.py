"""How a figure is measured: each side in a process of its own, alternating, the median of several; and how it is printed."""

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MARK = "bench-result:"


class Differs(AssertionError):
    """Two sides that must come to the same did not: their times mean nothing."""


@dataclass(frozen=True)
class Side:
    """One side's figures. `result` is what it computed, for comparing; `seconds` the median of the `runs`, `processor` of its threads."""

    seconds: float
    processor: float
    peak: int
    runs: tuple[float, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)


class Watch:
    """Wall and processor time since it was made. Processor time says more than wall time when the machine is busy besides."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def times(self) -> dict[str, float]:
        """As a child returns them."""
        return {"seconds": time.perf_counter() - self._wall, "processor": time.process_time() - self._processor}


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratio` is already in the sense of `aim`; `met` None where there is no aim."""

    what: str
    value: str
    baseline: str
    ratio: str = ""
    aim: str = ""
    met: bool | None = None
    peak: int = 0

    def cells(self) -> list[str]:
        met = "" if self.met is None else "yes" if self.met else "NO"
        return [self.what, self.value, self.baseline, self.ratio, self.aim, met, f"{self.peak / 2**20:,.0f} MiB" if self.peak else ""]


HEADS = ["what", "measured", "baseline", "ratio", "aim", "met", "peak memory"]


def run(function: str, **arguments: Any) -> Side:
    """Call `module:function` of this package in a new process; it returns a dict with its own `Watch.times`."""
    command = [sys.executable, "-m", "bench.measure", function, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{function} failed:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
    line = next(line for line in reversed(done.stdout.splitlines()) if line.startswith(MARK))
    result = json.loads(line.removeprefix(MARK))
    return Side(result.pop("seconds"), result.pop("processor"), result.pop("peak"), result=result)


def alternate(sides: dict[str, Callable[[int], Side]], repeat: int) -> dict[str, Side]:
    """Every side `repeat` times, in turned order each time, so that no one always comes first; medians, and the highest peak."""
    runs: dict[str, list[Side]] = {name: [] for name in sides}
    for number in range(repeat):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            side = sides[name](number)
            runs[name].append(side)
            print(f"  {name}: {side.seconds:.2f} s, {side.processor:.2f} s of processor", file=sys.stderr, flush=True)
    return {name: _median(found) for name, found in runs.items()}


def _median(found: list[Side]) -> Side:
    times = tuple(side.seconds for side in found)
    processor = statistics.median(side.processor for side in found)
    return Side(statistics.median(times), processor, max(side.peak for side in found), times, found[-1].result)


def all_done(what: str, sides: dict[str, Side], wanted: int) -> None:
    """Raises Differs unless each side's `what` counts `wanted`: two sides that did nothing agree, too."""
    for name, figures in sides.items():
        if figures.result[what] != wanted:
            raise Differs(f"{name}: {figures.result[what]} {what}, not {wanted}")


def same(name: str, sides: dict[str, Side]) -> None:
    """Raise Differs unless all sides have the same value under `name`."""
    values = {side: figures.result[name] for side, figures in sides.items()}
    if len({json.dumps(value, sort_keys=True) for value in values.values()}) != 1:
        raise Differs(f"{name} differs: {values}")


def show(rows: list[Row]) -> None:
    """The table on standard output."""
    table = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADS))]
    for number, line in enumerate(table):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def peak_memory() -> int:
    """The most memory that this process had, in bytes; VmHWM where there is one, because ru_maxrss also knows the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def load() -> str:
    """How busy the machine is besides."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg()) + f" on {os.cpu_count()} processors"


def _child(function: str, arguments: str) -> None:
    module, _, name = function.partition(":")
    result = getattr(importlib.import_module(f"bench.{module}"), name)(**json.loads(arguments))
    print(MARK + json.dumps({**result, "peak": peak_memory()}, default=str))


if __name__ == "__main__":
    _child(sys.argv[1], sys.argv[2])
