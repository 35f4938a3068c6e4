"""An SFTP server that files are picked up from, as `sftp` in rebound.yaml and warehouse.yaml describes it."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from returns_assets.translation.strict import Strict, VariableName

HostKey = Annotated[str, StringConstraints(pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,3}( .*)?$")]
FolderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class SftpAccount(Strict):
    """One server. `folders`: channel -> folder there. Times in seconds; a file is finished when it has been the same for `quiet_seconds`.

    The server's key must be known: there is no way to accept any.
    """

    host: Text
    port: int = Field(default=22, ge=1, le=65535)
    user: Text
    host_keys: list[HostKey] = Field(default_factory=list[HostKey])
    known_hosts: Text | None = None
    password_env: VariableName | None = None
    private_key_file_env: VariableName | None = None
    folders: dict[str, Text] = Field(min_length=1)
    archive: FolderName | None
    error: FolderName
    quiet_seconds: float = Field(ge=0)
    timeout_seconds: float = Field(gt=0)
    look_seconds: float = Field(gt=0)
    max_file_bytes: int = Field(gt=0)

    @model_validator(mode="after")
    def _fits(self) -> "SftpAccount":
        if bool(self.host_keys) == bool(self.known_hosts):
            raise ValueError("the server's key must be known: give host_keys or known_hosts, one of them")
        if (self.password_env is None) == (self.private_key_file_env is None):
            raise ValueError("give password_env or private_key_file_env, one of them")
        if self.archive == self.error:
            raise ValueError("archive and error must be two folders")
        if len({folder.rstrip("/") for folder in self.folders.values()}) < len(self.folders):
            raise ValueError("folders: two channels share a folder; a file there would have no kind")
        return self
