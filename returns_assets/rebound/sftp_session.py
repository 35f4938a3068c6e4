"""One connection to an SFTP server, as plain calls: every call ends in time, and only a server whose key is known is spoken to.

asyncssh is imported when a connection is made: whoever picks nothing up does not pay for it. Its own defaults (the user's known_hosts,
keys, agent and configuration files) are all turned off: what an account may do is what its configuration says. The texts of errors are
written here; the server's words, and a password or key, are never in them.
"""

import asyncio
import stat
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from returns_assets.rebound.dropped import Look
from returns_assets.rebound.pickup import PlaceLost

if TYPE_CHECKING:
    import asyncssh

T = TypeVar("T")
PIECE = 256 * 1024  # bytes of a file that are one answer


class SftpFailed(PlaceLost):
    """The server cannot be reached, does not answer in time, or the connection broke off: time may clear it."""

    cause = "sftp_failed"


class SftpDenied(PlaceLost):
    """The server refuses the user, or the password or key is not there."""

    cause = "sftp_denied"


class SftpHostKeyRefused(PlaceLost):
    """The server's key is none of those that are known: nothing, the password neither, was sent to it."""

    cause = "sftp_host_key_refused"


@dataclass(frozen=True)
class SftpAccess:
    """How to get in. `host_keys` are public keys in OpenSSH's form; without any, `known_hosts` is a file of that kind. Times in seconds.

    `password` or `private_key` (a file); neither is shown when this is printed.
    """

    host: str
    port: int
    user: str
    host_keys: tuple[str, ...]
    known_hosts: Path | None
    timeout_seconds: float
    look_seconds: float
    password: str | None = None
    private_key: Path | None = None

    def __repr__(self) -> str:
        return f"SftpAccess({self.user}@{self.host}:{self.port})"


class SftpSession:
    """`with SftpSession(access) as session`. Not for use inside a running event loop. `clock` gives monotonic seconds.

    Raises PlaceLost where the connection is gone, FileNotFoundError and OSError where only one file is concerned.
    """

    def __init__(self, access: SftpAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access, self._clock = access, clock
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._until = clock() + access.look_seconds

    def __enter__(self) -> "SftpSession":
        try:
            self._do("connecting", self._connect())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; nothing that goes wrong with it matters any more."""
        if self._connection is not None:
            self._connection.abort()
            self._connection = None
        self._runner.close()

    async def _connect(self) -> None:
        import asyncssh

        access = self._access
        private_key = None if access.private_key is None else _private_key(access.private_key)
        self._connection = await asyncssh.connect(
            access.host, access.port, username=access.user, known_hosts=_known_hosts(access), config=[], agent_path=None,
            client_keys=None if private_key is None else [private_key], password=access.password, gss_host=None, x509_trusted_certs=None,
            preferred_auth=["publickey"] if private_key is not None else ["password", "keyboard-interactive"],
            # kinds of key that are known are asked for first, then all others: so a server that has none of them shows its key and is
            # refused here, and does not hang up for want of a common kind, which would look like any broken connection
            server_host_key_algs="+ssh-*,ecdsa-*,rsa-*",
            connect_timeout=access.timeout_seconds, login_timeout=access.timeout_seconds,
        )  # fmt: skip
        # a name is bytes that need not be text; surrogates bring them back to the server as they came
        self._client = await self._connection.start_sftp_client(path_errors="surrogateescape")

    def listed(self, folder: str) -> dict[str, Look]:
        """The regular files of a folder, links and folders left out, by name."""
        return self._do(f"listing {folder}", self._listed(folder))

    async def _listed(self, folder: str) -> dict[str, Look]:
        found: dict[str, Look] = {}
        async for entry in self._open.scandir(folder):
            mode, name = entry.attrs.permissions, str(entry.filename)
            if (mode is None or stat.S_ISREG(mode)) and "/" not in name:
                found[name] = _look(entry.attrs)
        return found

    def look(self, path: str) -> Look:
        """What a file looks like now."""

        async def asked() -> Look:
            return _look(await self._open.lstat(path))

        return self._do(f"looking at {path}", asked())

    def read(self, path: str, size: int) -> bytes:
        """A file's bytes, at most one more than `size`: what grew meanwhile shows, and nothing grows without bound.

        Each piece must come in time, the whole only within the look: a large file on a slow line is no silent server.
        """

        async def opened() -> Any:
            return await self._open.open(path, "rb")

        file = self._do(f"opening {path}", opened())
        content = bytearray()
        try:
            while wanted := min(PIECE, size + 1 - len(content)):
                piece: bytes = self._do(f"reading {path}, {len(content)} of {size} bytes", file.read(wanted))
                content += piece
                if len(piece) < wanted:
                    break
        except OSError:  # where the connection is gone, so is the open file
            self._do(f"closing {path}", file.close())
            raise
        self._do(f"closing {path}", file.close())
        return bytes(content)

    def exists(self, path: str) -> bool:
        """Whether there is anything of this name."""
        return self._do(f"looking at {path}", self._open.lexists(path))

    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there."""
        self._do(f"making {path}", self._open.makedirs(path, exist_ok=True))

    def move(self, path: str, target: str) -> None:
        """Rename a file; one that has the target's name already makes it fail."""
        self._do(f"moving {path} to {target}", self._open.rename(path, target))

    def remove(self, path: str) -> None:
        """Delete a file."""
        self._do(f"removing {path}", self._open.remove(path))

    @property
    def _open(self) -> "asyncssh.SFTPClient":
        if self._client is None:
            raise SftpFailed(f"{self._where}: not connected")
        return self._client

    @property
    def _where(self) -> str:
        return f"{self._access.host}:{self._access.port}"

    def _do(self, what: str, call: Coroutine[Any, Any, T]) -> T:
        import asyncssh

        left = self._until - self._clock()
        too_long = f"{self._where}: {what}: the look took longer than {self._access.look_seconds:g} s; the next one goes on"
        if left <= 0:
            call.close()
            raise SftpFailed(too_long)
        lost = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, asyncssh.ChannelOpenError, OSError)
        try:
            return self._runner.run(_in_time(call, min(left, self._access.timeout_seconds)))
        except TimeoutError:
            in_time = left > self._access.timeout_seconds
            raise SftpFailed(f"{self._where}: {what}: no answer in time" if in_time else too_long) from None
        except asyncssh.PermissionDenied:
            raise SftpDenied(f"{self._where}: the server refuses the user {self._access.user} with this password or key") from None
        except asyncssh.KeyExchangeFailed:
            raise SftpFailed(f"{self._where}: no common algorithm for {what}") from None
        except asyncssh.HostKeyNotVerifiable:
            raise SftpHostKeyRefused(f"{self._where}: the server's key is none of those in host_keys or known_hosts") from None
        except asyncssh.SFTPNoSuchFile:
            raise FileNotFoundError(f"{self._where}: {what}: there is no such file or folder") from None
        except lost as error:
            raise SftpFailed(f"{self._where}: {what}: {type(error).__name__}") from None
        except ValueError as error:  # asyncssh insists on a name of the local user, which a container may not have
            raise SftpFailed(f"{self._where}: {what}: {type(error).__name__}; where this user has no name, LOGNAME must be set") from None
        except asyncssh.SFTPError as error:
            raise OSError(f"{self._where}: {what}: {type(error).__name__.removeprefix('SFTP')}") from None


async def _in_time(call: Coroutine[Any, Any, T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await call


def _look(attrs: "asyncssh.SFTPAttrs") -> Look:
    """Size and time; where a server says only whole seconds the rest is 0."""
    return Look(attrs.size or 0, (attrs.mtime or 0) * 10**9 + (attrs.mtime_ns or 0))


def _private_key(path: Path) -> "asyncssh.SSHKey":
    import asyncssh

    try:
        return asyncssh.read_private_key(path)
    except (OSError, ValueError) as error:  # its text may quote the key
        raise SftpDenied(f"the private key file cannot be read ({type(error).__name__}); allowed: one without a passphrase") from None


def _known_hosts(access: SftpAccess) -> Any:
    """What asyncssh takes; never nothing, which would mean the user's own file, or any server."""
    import asyncssh

    try:
        if access.known_hosts is not None:
            return asyncssh.import_known_hosts(access.known_hosts.read_text(encoding="utf-8"))
        return [asyncssh.import_public_key(key) for key in access.host_keys], [], []
    except (OSError, ValueError) as error:
        where = access.known_hosts or "host_keys"
        raise SftpHostKeyRefused(f"{access.host}:{access.port}: {where} cannot be read ({type(error).__name__})") from None
