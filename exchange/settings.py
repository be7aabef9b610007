"""What one end is told about itself: environment, secret files and `<home>/exchange.toml`, read once.

Precedence: arguments, then `EXCHANGE_*` in the environment (nested with `__`), then files named like the variable
in the secrets folder (`/run/secrets` or `EXCHANGE_SECRETS_DIR`), then `exchange.toml` in the home.
Unknown keys are errors.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from exchange.domain.errors import NeedsPerson

PROJECT = Path(__file__).resolve().parent.parent


class ChannelSettings(BaseModel):
    """How packets reach one counterpart: `sftp` (all fields) or `folder` (root alone)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["sftp", "folder"] = "sftp"
    root: str = ""
    host: str = ""
    port: int = 22
    user: str = ""
    key_file: Path | None = None
    host_keys: tuple[str, ...] = ()
    """SHA-256 fingerprints of the server's host key, as `ssh-keygen -lf` prints them. Two during a change."""


class OidcSettings(BaseModel):
    """Signing in through the house's own identity provider (OpenID Connect, authorization code with PKCE)."""

    model_config = ConfigDict(extra="forbid")

    issuer: str
    client_id: str
    client_secret: SecretStr
    claim: str = "sub"
    """The claim that names a person; it is kept as the `subject` of an account."""


class ConsoleSettings(BaseModel):
    """The officers' console. `address` is how browsers reach it; https there makes cookies travel by TLS alone."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=0, le=65535)
    address: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    idle_minutes: int = Field(default=30, ge=1)
    session_hours: int = Field(default=12, ge=1)
    lock_after: int = Field(default=5, ge=1)
    lock_minutes: int = Field(default=15, ge=1)
    sweep_seconds: int = Field(default=0, ge=0)
    """How often the console's own worker sweeps and watches; 0 where Airflow does."""
    sample_size: int = Field(default=8, ge=0, le=50)
    """Cases of an exchange that are checked by hand against their papers before it is approved here."""
    oidc: OidcSettings | None = None


class Settings(BaseSettings):
    """One end's settings. Durations in seconds, paths relative to `home` unless absolute."""

    model_config = SettingsConfigDict(env_prefix="EXCHANGE_", env_nested_delimiter="__", extra="forbid")

    home: Path = Path("exchange-home")
    party: str = ""
    project: Path = PROJECT
    """Folder that holds contracts/, schemas/ and sources/."""
    ledger_url: SecretStr = SecretStr("")
    source_url: SecretStr = SecretStr("")
    vault_url: str = ""
    key_passphrase: SecretStr | None = None
    calendar_dir: Path = Path("calendar")
    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    checker: Literal["gx", "plain"] = "gx"
    """Who runs the rules: Great Expectations, or their masks alone (docs/adr/0015)."""
    gx_most_rows: int = Field(default=50_000, ge=0)
    """Rows of a dataset up to which Great Expectations runs them; more are judged by the masks alone."""
    batch_size: int = Field(default=50, ge=1)
    """Courts read and checked together; Airflow maps over these batches."""
    processes: int = Field(default=1, ge=1)
    """Processes that read and check batches when a quarter is run at once, not by Airflow's tasks."""
    watch_seconds: int = Field(default=900, ge=1)
    sweep_seconds: int = Field(default=120, ge=1)
    retries: int = Field(default=5, ge=0)
    retry_seconds: int = Field(default=120, ge=1)
    mail_url: SecretStr | None = None
    """Where alerts go, as an Apprise URL (mailtos://user:password@host?to=...); the log gets them always."""
    officers: dict[str, tuple[Literal["prepare", "approve"], ...]] = Field(default_factory=dict)
    """Who may decide what, by role id (liaison-1), never by a person's name: the id travels in the manifest."""
    desk_url: SecretStr = SecretStr("")
    """Where the console keeps people, sessions, drafts and jobs; a file in the home by default."""
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    today: date | None = None
    """The day to work as of; the real day in Asia/Shanghai when absent. For rehearsals."""

    @field_validator("mail_url", "key_passphrase", mode="after")
    @classmethod
    def _empty_is_absent(cls, secret: SecretStr | None) -> SecretStr | None:
        """A secret file left empty says nothing."""
        return secret if secret and secret.get_secret_value().strip() else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, secret files, then the home's TOML file."""
        del dotenv_settings
        home = Path(init_settings().get("home") or os.environ.get("EXCHANGE_HOME") or "exchange-home")
        toml = TomlConfigSettingsSource(settings_cls, toml_file=home / "exchange.toml")
        return init_settings, env_settings, file_secret_settings, toml

    def at_home(self, path: Path) -> Path:
        """A path below the home unless it is absolute."""
        return path if path.is_absolute() else self.home.resolve() / path

    @property
    def ledger(self) -> str:
        """SQLAlchemy URL of the ledger; SQLite in the home by default."""
        return self.ledger_url.get_secret_value() or f"sqlite:///{self.home.resolve() / 'ledger.db'}"

    @property
    def desk(self) -> str:
        """SQLAlchemy URL of the console's own tables; SQLite in the home by default."""
        return self.desk_url.get_secret_value() or f"sqlite:///{self.home.resolve() / 'desk.db'}"

    @property
    def source(self) -> str:
        """SQLAlchemy URL of the party's own case database; SQLite in the home by default."""
        return self.source_url.get_secret_value() or f"sqlite:///{self.home.resolve() / 'source.db'}"

    @property
    def vault(self) -> str:
        """fsspec URL of the vault; a folder in the home by default."""
        return self.vault_url or f"file://{self.home.resolve() / 'vault'}"


def read_settings(**given: Any) -> Settings:
    """The settings of this end; NeedsPerson 905 that names each wrong key, where it stands and what is allowed."""
    known: Mapping[str, Any] = {k: v for k, v in given.items() if v is not None}
    secrets = os.environ.get("EXCHANGE_SECRETS_DIR") or ("/run/secrets" if Path("/run/secrets").is_dir() else None)
    try:
        return Settings(_secrets_dir=secrets, **known)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise NeedsPerson(
            905,
            f"The settings are not valid: {places}.",
            where=str(Path(str(known.get("home", os.environ.get("EXCHANGE_HOME", "exchange-home")))) / "exchange.toml"),
            next_step="Correct the named keys in exchange.toml or the EXCHANGE_* environment.",
        ) from None
    except (ValueError, OSError) as error:
        raise NeedsPerson(
            905, f"The settings file can't be read: {error}.", where="exchange.toml", next_step="Mend its TOML."
        ) from None
