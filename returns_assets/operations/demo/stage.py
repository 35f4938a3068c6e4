"""The demo's own place: a folder with its own mapping tables, Dagster history and environment, apart from any real installation."""

import json
import os
import re
import shlex
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

MAPPINGS = Path("mappings")
SETTLE_SECONDS = 1  # the demo cuts two answers off and does not wait the usual minute before it reads back
TIMEOUT_SECONDS, LEASE_SECONDS = 5, 16  # nor five minutes for the claims that an interrupted demo leaves behind


class DemoError(RuntimeError):
    """The demo cannot be told here; the text says what to do."""


@dataclass(frozen=True)
class Story:
    """What the first `make demo` decided, kept so that the next one goes on with it."""

    first_day: date
    days: int
    seed: int

    @property
    def all_days(self) -> list[date]:
        return [self.first_day + timedelta(days=offset) for offset in range(self.days)]

    @property
    def last_day(self) -> date:
        return self.all_days[-1]


class Stage:
    """The demo's folders and files under `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.mappings = self.home / "mappings"
        self.drop = self.home / "rebound-files"
        self.env_file = self.home / "demo.env"
        self._story_file = self.home / "story.json"

    @property
    def begun(self) -> bool:
        """The world of a demo is here, whether or not its story was told to the end."""
        return self._story_file.exists()

    @property
    def told(self) -> bool:
        """A demo was told here to its end."""
        return self.begun and bool(self._read()["told"])

    def story(self, days: int, seed: int) -> Story:
        """The story of this home: the one begun here, or a new one that ends yesterday (UTC)."""
        if self.begun:
            raw = self._read()
            return Story(date.fromisoformat(raw["first_day"]), int(raw["days"]), int(raw["seed"]))
        if not (MAPPINGS / "marketplaces.yaml").exists():
            raise DemoError("run the demo in the repository's folder: there is no mappings/marketplaces.yaml here")
        story = Story(datetime.now(UTC).date() - timedelta(days=days), days, seed)
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        shutil.copytree(MAPPINGS, self.mappings)
        self._adapt_mappings(story)
        return story

    def remember(self, story: Story, *, told: bool) -> None:
        """The world exists: from now on a demo here goes on with it. `told`: to the end."""
        self._story_file.write_text(json.dumps({**asdict(story), "told": told}, default=str), encoding="utf-8")

    def _read(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self._story_file.read_text(encoding="utf-8")))

    def enter(self, sandbox: dict[str, str]) -> None:
        """Make the demo's settings this process's environment; nothing of a real installation is left in it. Written to demo.env, too."""
        for name in [name for name in os.environ if name.startswith(("RETURNS_", "DAGSTER_", "MIRAKL_", "REBOUND_"))]:
            del os.environ[name]
        ours = {"RETURNS_HOME": str(self.home), "RETURNS_MAPPINGS": str(self.mappings), "DAGSTER_HOME": str(self.home / "dagster")}
        added = {**sandbox, **ours, "REBOUND_RECEIVER_SECRET": "demo"}
        os.environ.update(added)
        lines = [f"export {name}={shlex.quote(value)}" for name, value in added.items()]
        self.env_file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _adapt_mappings(self, story: Story) -> None:
        path = self.mappings / "marketplaces.yaml"
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^first_day: \S+", f"first_day: {story.first_day}", text)
        waits = {"settle": SETTLE_SECONDS, "timeout": TIMEOUT_SECONDS, "lease": LEASE_SECONDS, "file": 0, "status": 0}
        for name, seconds in waits.items():
            text = re.sub(rf"(?m)^(\s+{name}_seconds:) \S+", rf"\1 {seconds}", text)
        path.write_text(text, encoding="utf-8")
        account = self.mappings / "rebound.yaml"
        text = account.read_text(encoding="utf-8")
        account.write_text(re.sub(r"(?m)^(\s+requests_per_second:) \S+", r"\1 200", text), encoding="utf-8")

    def map_label(self, label: str, reason: str) -> None:
        """What a person does about an unknown reason label: one line more in rebound.yaml's reason_map. Doing it twice is once."""
        path = self.mappings / "rebound.yaml"
        text = path.read_text(encoding="utf-8")
        if f"\n  {label}:" not in text:
            path.write_text(text.replace("\nreason_map:", f"\nreason_map:\n  {label}: {reason}  #", 1), encoding="utf-8")

    def map_carrier(self, marketplace: str, carrier: str, url: str) -> None:
        """What a person does about a carrier that the operator has no code for and takes by name. Doing it twice is once."""
        path = self.mappings / "carriers.csv"
        text = path.read_text(encoding="utf-8")
        row = f"{marketplace},{carrier},,{carrier},{url},2010-01-01,\n"
        if row not in text:
            path.write_text(text + row, encoding="utf-8")

    def map_reason(self, marketplace: str, gone: str, code: str) -> list[str]:
        """What a person does about a withdrawn code: name another one in return_reasons.csv. Returns the reasons concerned."""
        path = self.mappings / "return_reasons.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        changed: list[str] = []
        for number, line in enumerate(lines):
            cells = line.split(",")
            if cells[0] == marketplace and cells[2] == gone:
                changed.append(cells[1])
                lines[number] = ",".join([*cells[:2], code, *cells[3:]])
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return changed
