"""A real OpenID provider beside the tests: Canaille, in an environment of its own (`make parts` installs it)."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest

from tests.console.kit import ROOT
from tests.servers import free_port

CANAILLE: Final = ROOT / ".tools/idp/bin/canaille"
PASSWORD: Final = "a directory password"
_TOGETHER: Final = """
import json, sys
from canaille.commands import cli
for arguments in json.loads(sys.argv[1]):
    cli(arguments, standalone_mode=False)
"""


@dataclass(frozen=True, kw_only=True)
class IdentityProvider:
    """A running provider that knows one client and its people."""

    issuer: str
    client_id: str
    client_secret: str
    folder: Path

    def run(self, *arguments: str) -> str:
        """One of its commands."""
        return _run(self.folder, *arguments)


@contextmanager
def provided(folder: Path, *, return_to: str, people: tuple[str, ...]) -> Iterator[IdentityProvider]:
    """The provider on a port of this machine, with a client and people of the password `PASSWORD`."""
    if not CANAILLE.exists():
        pytest.fail("The identity provider is not installed: run `make parts`.")
    port, secret = free_port(), secrets.token_urlsafe(16)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "canaille.toml").write_text(
        f'SECRET_KEY = "{secrets.token_hex(16)}"\nSERVER_NAME = "127.0.0.1:{port}"\nPREFERRED_URL_SCHEME = "http"\n'
        f'[CANAILLE]\nDATABASE = "sql"\n[CANAILLE_SQL]\nDATABASE_URI = "sqlite:///{folder}/people.db"\n'
        f"[CANAILLE_OIDC]\nREQUIRE_NONCE = true\n[[CANAILLE_OIDC.ACTIVE_JWKS]]\n{_key(folder)}\n"
    )
    users = [("create", "user", "--user-name", person, "--password", PASSWORD, "--family-name", person,
              "--formatted-name", person, "--emails", f"{person}@house.example") for person in people]  # fmt: skip
    client = ("create", "client", "--client-id", "console", "--client-secret", secret, "--client-name", "console",
              "--redirect-uris", return_to, "--grant-types", "authorization_code", "--response-types", "code",
              "--scope", "openid", "--scope", "profile",
              "--token-endpoint-auth-method", "client_secret_basic")  # fmt: skip
    _together(folder, ("install",), *users, client, ("set", "client", "console", "--audience", "console"))
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([str(CANAILLE), "run", "--bind", f"127.0.0.1:{port}"], env=_environment(folder),
                                   cwd=folder, stdout=log, stderr=log)  # fmt: skip
    try:
        _until_ready(f"http://127.0.0.1:{port}/.well-known/openid-configuration", folder)
        yield IdentityProvider(
            issuer=f"http://127.0.0.1:{port}", client_id="console", client_secret=secret, folder=folder
        )
    finally:
        running.terminate()
        running.wait(timeout=20)


def _key(folder: Path) -> str:
    """An RSA key as TOML lines, made by the provider's own command."""
    (folder / "canaille.toml").touch()
    made = json.loads(_run(folder, "jwk", "create", "rsa"))
    return "\n".join(f'{name} = "{value}"' for name, value in made.items() if isinstance(value, str))


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    return {**kept, "CANAILLE_CONFIG": str(folder / "canaille.toml")}


def _run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([str(CANAILLE), *arguments], env=_environment(folder), cwd=folder, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-800:]
    return done.stdout


def _together(folder: Path, *commands: tuple[str, ...]) -> None:
    """Several of its commands in one process: to import it takes a second each time."""
    python = [str(CANAILLE.parent / "python"), "-c", _TOGETHER, json.dumps(commands)]
    done = subprocess.run(python, env=_environment(folder), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]


def _until_ready(address: str, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail((folder / "log").read_text()[-800:])
