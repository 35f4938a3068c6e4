"""A real SFTP server (asyncssh) on loopback in a thread of its own, with the mishaps that a transfer has."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "returns", "open sesame ü"


class Mishaps:
    """What goes wrong next: `cut_at` the name of a file whose transfer breaks off, `no_move` whether moves and removals are refused.

    `cut_after_move`: the connection ends with a move. `stuck_at`: the name of a file that never comes. `on_read` is called with the name
    of the file whenever some of it was read.
    """

    def __init__(self) -> None:
        self.cut_at: bytes | None = None
        self.no_move = self.cut_after_move = False
        self.stuck_at: bytes | None = None
        self.on_read: Callable[[str], object] = lambda name: None


class SftpServer:
    """`root` is what users see as /. `connections` counts those that came in, `logins` those that were let in."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.mishaps, self.connections, self.logins = root, Mishaps(), 0, 0
        self.host_key, self.user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self.key_file = folder / "id_ed25519"
        self.user_key.write_private_key(self.key_file)
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._acceptor = self._run(self._listen())

    @property
    def public_key(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    def put(self, path: str, content: bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        os.utime(target, (1_741_500_000, 1_741_500_000))
        return target

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def close(self) -> None:
        self._acceptor.close()
        self._run(self._acceptor.wait_closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(30)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        outer = self

        class Login(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                outer.connections += 1

            def auth_completed(self) -> None:
                outer.logins += 1

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == (USER, PASSWORD)

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return username == USER and key.public_data == outer.user_key.public_data

        acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Login, server_host_keys=[self.host_key], sftp_factory=lambda chan: _Files(chan, outer)
        )
        self.port = acceptor.get_port()
        return acceptor


class _Files(asyncssh.SFTPServer):
    def __init__(self, chan: Any, outer: SftpServer) -> None:
        super().__init__(chan, chroot=str(outer.root).encode())
        self._mishaps = outer.mishaps

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        if self._mishaps.stuck_at is not None and os.fsencode(file_obj.name).endswith(self._mishaps.stuck_at):
            return asyncio.get_running_loop().create_future()
        content: bytes = super().read(file_obj, offset, size)  # type: ignore[assignment]
        self._mishaps.on_read(Path(os.fsdecode(file_obj.name)).name)
        if self._mishaps.cut_at is None or not os.fsencode(file_obj.name).endswith(self._mishaps.cut_at):
            return content
        if offset == 0:  # the first half arrives
            return content[: len(content) // 2]
        self.connection.abort()
        return b""

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        self._refuse()
        moved = super().rename(oldpath, newpath)
        if self._mishaps.cut_after_move:
            self.connection.abort()
        return moved

    def remove(self, path: bytes) -> Any:
        self._refuse()
        return super().remove(path)

    def _refuse(self) -> None:
        if self._mishaps.no_move:
            raise asyncssh.SFTPPermissionDenied("not for you")


@contextmanager
def sftp_server(folder: Path) -> Generator[SftpServer]:
    root = folder / "server"
    root.mkdir()
    started = SftpServer(root, folder)
    try:
        yield started
    finally:
        started.close()
