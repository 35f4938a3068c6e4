"""Folders at an SFTP server as a place of pick-up: one folder a channel, where taken files are moved or removed once they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from returns_assets.rebound.dropped import DONE, Look, is_document
from returns_assets.rebound.pickup import Found, Taken
from returns_assets.rebound.sftp_session import SftpSession


@dataclass
class SftpFolder:
    """`folders`: channel -> folder. `archive` and `error` are names of folders in each of them; without an archive files are removed."""

    session: SftpSession
    prefix: str
    folders: Mapping[str, str]
    archive: str | None
    error: str
    max_file_bytes: int
    _made: set[str] = field(default_factory=set[str])

    def found(self) -> tuple[list[Found], list[str]]:
        """The files that lie in the folders themselves, in the order of their names; one too large is named and left where it is."""
        files: list[Found] = []
        failed: list[str] = []
        for channel, folder in self.folders.items():
            try:
                listed = self.session.listed(folder)
            except OSError as error:
                failed.append(str(error))
                continue
            for name in sorted(listed):
                if not is_document(name):
                    continue
                if listed[name].size > self.max_file_bytes:
                    failed.append(f"{self.prefix}{channel}/{name} is larger than max_file_bytes {self.max_file_bytes}")
                    continue
                files.append(Found(f"{channel}/{name}", listed[name], f"{name}{DONE}" in listed))
        return files, failed

    def look(self, name: str) -> Look:
        """See Place."""
        return self.session.look(self._path(name))

    def read(self, found: Found) -> bytes:
        """See Place."""
        return self.session.read(self._path(found.name), found.look.size)

    def unmark(self, found: Found) -> None:
        """See Place."""
        marker = self._path(found.name) + DONE
        if not found.finished and not self.session.exists(marker):  # asked, as it may have come after the listing
            return
        try:
            self.session.remove(marker)
        except FileNotFoundError:
            return  # another pick-up was here, too

    def put_away(self, taken: Taken, document_id: int, *, readable: bool) -> None:
        """Into FOLDER/ARCHIVE/ or FOLDER/ERROR/, or removed. A name that is taken there gets the document's number; if that is, too, the
        very bytes lie there already. An unreadable file is never removed."""
        path, name = self._path(taken.found.name), taken.found.name.partition("/")[2]
        inside = self.archive if readable else self.error
        target = None if inside is None else self._target(f"{self._folder(taken.found.name)}/{inside}", name, document_id)
        if target is None:
            self.session.remove(path)
        else:
            self.session.move(path, target)

    def _target(self, folder: str, name: str, document_id: int) -> str | None:
        if folder not in self._made:
            self.session.make_folder(folder)
            self._made.add(folder)
        names = (f"{folder}/{name}", f"{folder}/{document_id}-{name}")
        return next((target for target in names if not self.session.exists(target)), None)

    def _folder(self, name: str) -> str:
        return self.folders[name.partition("/")[0]].rstrip("/")

    def _path(self, name: str) -> str:
        return f"{self._folder(name)}/{name.partition('/')[2]}"
