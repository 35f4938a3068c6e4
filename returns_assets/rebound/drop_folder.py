"""The drop folder on this machine as a place of pick-up: one folder a channel, with an archive and an error folder beside it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from returns_assets.rebound.dropped import DONE, Look, document_files, look_at
from returns_assets.rebound.pickup import Found, Taken


@dataclass(frozen=True)
class DropFolder:
    """`inbox` is where files are dropped; `state` remembers the last look."""

    inbox: Path
    archive: Path
    error: Path
    state: Path
    prefix: str = ""

    @classmethod
    def of(cls, inbox: Path) -> "DropFolder":
        """With its siblings: inbox-archive, inbox-error, inbox-looks.json."""
        archive, error, looks = (inbox.with_name(f"{inbox.name}-{suffix}") for suffix in ("archive", "error", "looks.json"))
        return cls(inbox, archive, error, looks)

    def found(self) -> tuple[list[Found], list[str]]:
        """Files below the folder, however deep."""
        files: list[Found] = []
        for path in document_files(self.inbox):
            try:
                look = look_at(path)
            except FileNotFoundError:
                continue  # another pick-up took it
            files.append(Found(str(path.relative_to(self.inbox)), look, path.with_name(path.name + DONE).exists()))
        return files, []

    def look(self, name: str) -> Look:
        """See Place."""
        return look_at(self.inbox / name)

    def read(self, found: Found) -> bytes:
        """See Place."""
        return (self.inbox / found.name).read_bytes()

    def unmark(self, found: Found) -> None:
        """See Place."""
        path = self.inbox / found.name
        path.with_name(path.name + DONE).unlink(missing_ok=True)

    def put_away(self, taken: Taken, document_id: int, *, readable: bool) -> None:
        """Into ARCHIVE/DAY/CHANNEL/, the error folder likewise; a name that another document has there gets the document's number."""
        path = self.inbox / taken.found.name
        target = (self.archive if readable else self.error) / taken.day.isoformat() / taken.incoming.channel / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.read_bytes() != taken.incoming.content:
            target = target.with_name(f"{document_id}-{target.name}")
        shutil.move(path, target)
