"""Whether a stock file did what it should: the quantity read before, the units added, what was sold meanwhile, and the quantity now.

STO01 sets a quantity absolutely, so a sale between the reading and the writing is overwritten, and the shop would sell what it does not
have (reference, 0.8). All figures are of the whole offer: it does not matter from which of its warehouses a sale went.
"""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What the quantity says."""

    RIGHT = "right"  # exactly what is expected
    WRONG = "wrong"  # nothing of it is there, or sales were overwritten: it is to be set again
    OTHER = "other"  # neither: somebody else changes the quantity


@dataclass(frozen=True, slots=True)
class Judged:
    """`off`: units by which the quantity is above (or, negative, below) what is expected."""

    standing: Standing
    off: int


def judge(before: int, units: int, sold: int, now: int) -> Judged:
    """`sold`: units of orders that were not there when `before` was read; `now` was read after them.

    Setting the quantity again is safe wherever this says WRONG: `now - off` is what it is to be, whether or not the file was worked off.
    """
    off = now - (before + units - sold)
    if off == 0:
        return Judged(Standing.RIGHT, 0)
    if off == -units or 0 < off <= sold:
        return Judged(Standing.WRONG, off)
    return Judged(Standing.OTHER, off)
