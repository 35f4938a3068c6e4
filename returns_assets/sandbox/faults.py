"""The fault catalogue: which answer goes wrong, how, and how often. Applying a fault to a connection is the server's business."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

FAULTS = (
    "429",  # refused with Retry-After
    "429_no_header",
    "401",
    "404",
    "500",
    "502",
    "503",
    "error_in_body",  # a 200 whose body says that nothing was done, as ReBound's legacy API puts it
    "slow",  # answers right, `seconds` late
    "cut_before",  # the connection is cut, nothing was done
    "cut_after",  # done, then the connection is cut
    "no_answer_after_commit",  # done, then silence for `seconds`, then a cut
    "500_after_commit",  # done, then a 500
    "unreadable_after_commit",  # done, then a 200 whose body is not JSON
)
OK = "ok"


@dataclass
class Fault:
    """`times`: the next n matching requests; `rate`: each with this probability (seeded); `script`: one entry per matching request
    (`ok` for none); none of the three: every matching request until the fault is deleted. `contains` limits it to requests whose
    path, query or body has that text."""

    id: int
    operation: str
    fault: str
    marketplace: str | None = None
    times: int | None = None
    rate: float | None = None
    script: list[str] | None = None
    contains: str | None = None
    retry_after: float = 1
    seconds: float | None = None
    hits: int = 0
    chance: random.Random = field(default_factory=random.Random, repr=False)

    def strikes(self) -> str | None:
        """The fault for a matching request, or None; uses up one of `times` or of the script."""
        if self.script is not None:
            name = self.script.pop(0) if self.script else OK
        elif self.times is not None:
            name = self.fault if self.times > 0 else OK
            self.times -= self.times > 0
        elif self.rate is not None:
            name = self.fault if self.chance.random() < self.rate else OK
        else:
            name = self.fault
        if name == OK:
            return None
        self.hits += 1
        return name

    @property
    def spent(self) -> bool:
        return self.script == [] or self.times == 0

    def as_dict(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "chance"}


class FaultBook:
    """The faults in force, oldest first; the first that strikes is applied."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._next = 1
        self.faults: list[Fault] = []

    def add(self, data: dict[str, Any]) -> Fault:
        """ValueError names what is wrong with `data` (fields of POST /admin/faults)."""
        given = dict(data)
        script: list[str] | None = given.get("script")
        names = script if script is not None else [given.setdefault("fault", "")]
        wrong = [name for name in names if name not in (*FAULTS, OK)]
        if wrong:
            raise ValueError(f"unknown fault {wrong[0]!r}; known: {', '.join((*FAULTS, OK))}")
        given.setdefault("fault", "")
        given.setdefault("operation", "*")
        unknown = set(given) - (set(Fault.__dataclass_fields__) - {"id", "hits", "chance"}) - {"seed"}
        if unknown:
            raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
        seed = given.pop("seed", self._seed)
        fault = Fault(id=self._next, chance=random.Random(f"{seed}/{given['operation']}/{given['fault']}"), **given)
        if script is not None:
            fault.script = list(script)
        self._next += 1
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        self.faults.clear()

    def strike(self, operation: str, marketplace: str | None, content: str) -> tuple[str, Fault] | None:
        """What this request suffers: the fault's name and the fault, or None."""
        for fault in self.faults:
            if fault.operation not in ("*", operation) or fault.marketplace not in (None, marketplace):
                continue
            if fault.contains is not None and fault.contains not in content:
                continue
            name = fault.strikes()
            if name is not None:
                self.faults = [f for f in self.faults if not f.spent]
                return name, fault
        return None
