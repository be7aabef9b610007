"""Commands for keys and certificates of this end and the pinned ones of the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from exchange.cli.common import Home, out, settings_of, whoever
from exchange.wiring import certificates
from exchange.wiring.certificates import Certificate

app_keys = typer.Typer(help="Keys and certificates.", no_args_is_help=True)

ROLES_ZH: Final = {"sign": "签名", "decrypt": "解密", "archive": "留存"}
STAGES_ZH: Final = {"current": "在用", "next": "待启用", "old": "已替换", "pinned": "已信任"}

Party = Annotated[str, typer.Option(help="Whose certificate it is.")]
Role = Annotated[str, typer.Option(help="sign or decrypt.")]
Fingerprint = Annotated[str, typer.Option(help="All 64 digits; blanks and colons do not matter.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(app_keys, name="keys")


@app_keys.command("init")
def init(
    home: Home = None,
    party: Annotated[str | None, typer.Option(help="This end's party id (from exchange.toml when absent).")] = None,
    algorithm: Annotated[str, typer.Option(help="ec-p256, ec-p384 or rsa-3072.")] = "ec-p256",
    days: Annotated[int, typer.Option(help="Validity of the certificates.", min=1)] = 730,
    test: Annotated[
        bool, typer.Option(help="Test certificates: a live end refuses them, and the other way round.")
    ] = False,
) -> None:
    """Make the keys and certificates of this end; never overwrites. Tell the other side the fingerprints by phone."""
    settings = settings_of(home, party=party)
    _tell(certificates.init_keys(settings, algorithm=algorithm, days=days, test=test, by=whoever()))
    out.print(
        "次 next: exchange keys export --to 文件夹 FOLDER；交给对方后，电话逐行核对指纹 "
        "hand the files over, then read the fingerprints over the phone, line by line.",
        soft_wrap=True,
    )


@app_keys.command("export")
def export(
    to: Annotated[Path, typer.Option(help="Folder for the certificates; made when missing.")],
    home: Home = None,
) -> None:
    """Copy this end's sign and decrypt certificates (never a private key) into a folder, to be handed over."""
    _tell(certificates.export_certificates(settings_of(home), to))


@app_keys.command("pin")
def pin(
    party: Party,
    role: Role,
    certificate: Annotated[Path, typer.Option("--cert", exists=True, help="The PEM file you were given.")],
    fingerprint: Annotated[str, typer.Option(help="The fingerprint you were told on another way, as by phone.")],
    home: Home = None,
) -> None:
    """Trust a counterpart's certificate, only when its fingerprint is the one you were told."""
    settings = settings_of(home)
    certificates.pin(settings, party, _role(role), certificate, fingerprint, by=whoever())
    _tell([row for row in certificates.list_certificates(settings) if (row.party, row.role) == (party, role)])


@app_keys.command("unpin")
def unpin(party: Party, role: Role, fingerprint: Fingerprint, home: Home = None) -> None:
    """Trust a certificate no longer, at once: a key that was lost or stolen. Its file is kept beside the others."""
    certificates.unpin(settings_of(home), party, _role(role), fingerprint, by=whoever())
    out.print(f"[green]✓[/] 不再信任 no longer trusted: {party} {role}")


@app_keys.command("list")
def list_(home: Home = None) -> None:
    """This end's certificates and the pinned ones, with whole fingerprints and ends of validity."""
    _tell(certificates.list_certificates(settings_of(home)))


def _role(given: str) -> Literal["sign", "decrypt"]:
    if given not in ("sign", "decrypt"):
        raise typer.BadParameter("sign or decrypt", param_hint="--role")
    return "sign" if given == "sign" else "decrypt"


def _tell(rows: Sequence[Certificate]) -> None:
    """Each certificate with its whole fingerprint, in groups and lines that two people can read to each other."""
    for row in rows:
        kind = "测试 test" if row.test else "正式 live"
        stage = f"{STAGES_ZH.get(row.stage, '')} {row.stage}"
        head = Text(f"{row.party}  {ROLES_ZH.get(row.role, '')} {row.role}", style="bold")
        out.print(head + Text(f"  {stage}  {kind}  有效期至 until {row.until:%Y-%m-%d}", style="not bold"))
        groups = [row.fingerprint[n : n + 4] for n in range(0, len(row.fingerprint), 4)]
        for at in range(0, len(groups), 8):
            out.print(Text("    " + " ".join(groups[at : at + 8])))
        out.print(Text(f"    {row.certificate}", style="dim"), soft_wrap=True)
    if not rows:
        out.print("没有证书 no certificates.")
