"""Commands for keys and certificates of this end and the pinned ones of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from exchange import wiring
from exchange.cli.common import Home, out, settings_of

app_keys = typer.Typer(help="Keys and certificates.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(app_keys, name="keys")


@app_keys.command("init")
def init(
    home: Home = None,
    party: Annotated[str | None, typer.Option(help="This end's party id (from exchange.toml when absent).")] = None,
    algorithm: Annotated[str, typer.Option(help="ec-p256, ec-p384 or rsa-3072.")] = "ec-p256",
    days: Annotated[int, typer.Option(help="Validity of the certificates.")] = 730,
    test: Annotated[
        bool, typer.Option(help="Test certificates: a live end refuses them, and the other way round.")
    ] = False,
) -> None:
    """Make the keys and certificates of this end; never overwrites. Tell the other side the fingerprints by phone."""
    settings = settings_of(home, party=party)
    table = Table("用途 role", "指纹 SHA-256 fingerprint", "certificate to hand over")
    for made in wiring.init_keys(settings, algorithm=algorithm, days=days, test=test):
        table.add_row(made.role, made.fingerprint, str(made.certificate))
    out.print(table)


@app_keys.command("pin")
def pin(
    party: Annotated[str, typer.Option(help="Whose certificate it is.")],
    role: Annotated[str, typer.Option(help="sign or decrypt.")],
    certificate: Annotated[Path, typer.Option("--cert", exists=True, help="The PEM file you were given.")],
    fingerprint: Annotated[str, typer.Option(help="The fingerprint you were told on another way, as by phone.")],
    home: Home = None,
) -> None:
    """Trust a counterpart's certificate, only when its fingerprint is the one you were told."""
    if role not in ("sign", "decrypt"):
        raise typer.BadParameter("sign or decrypt", param_hint="--role")
    purpose: Literal["sign", "decrypt"] = "sign" if role == "sign" else "decrypt"
    wiring.pin(settings_of(home), party, purpose, certificate, fingerprint)
    out.print(f"[green]✓[/] {party} {role} {fingerprint}")


@app_keys.command("list")
def list_(home: Home = None) -> None:
    """This end's certificates and the pinned ones, with fingerprints and ends of validity."""
    table = Table("单位 party", "用途 role", "指纹 fingerprint", "有效期至 until")
    for row in wiring.list_certificates(settings_of(home)):
        table.add_row(row.party, row.role, row.fingerprint, f"{row.until:%Y-%m-%d}")
    out.print(table)
