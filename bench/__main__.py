"""python -m bench [planning] [ingest] [push] [job] [dispatch] [status] [restock] [--scale 0.1] [--repeat 3]: all by default, at full size.

Prints one table; exits with 1 when the sides of a figure did not come to the same result (their times would mean nothing). An aim that
is missed is shown and does not fail: the machine may be busy.
"""

import argparse
import importlib
import platform
import sys

from bench.measure import Differs, Row, load, show

PARTS = ("planning", "ingest", "push", "job", "dispatch", "status", "restock")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"which of {', '.join(PARTS)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="0.1: a tenth of every size")
    parser.add_argument("--repeat", type=int, default=3, help="how often each side is measured; the median counts")
    given = parser.parse_args()
    if unknown := sorted(set(given.parts) - set(PARTS)):
        parser.error(f"unknown part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    print(f"Python {platform.python_version()} on {platform.machine()}; load {load()}; scale {given.scale:g}, median of {given.repeat}")
    rows: list[Row] = []
    wrong: list[str] = []
    for part in given.parts or PARTS:
        print(f"{part} ...", file=sys.stderr, flush=True)
        try:
            rows += importlib.import_module(f"bench.{part}").bench(given.scale, given.repeat)
        except Differs as error:
            wrong.append(f"{part}: the sides differ, so there is no figure: {error}")
    show(rows)
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
