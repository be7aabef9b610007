"""What the receiver does with a packet, in this order: docs/packet-format.md §7, steps 1 to 12.

Works on a local folder holding the packet's files. Each step refuses with its own code (NeedsPerson); nothing is
trusted before step 3, and nothing leaves the quarantine folder before tag and hashes agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from exchange.domain import unsealing
from exchange.domain.canonical import sha256_hex
from exchange.domain.certificates import check_world, fingerprint
from exchange.domain.cms import PrivateKey, Verified, verify
from exchange.domain.descriptor import Descriptor
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST, READY, is_file_name
from exchange.domain.manifest import Manifest, parse_manifest
from exchange.domain.packet import AROUND, HASHES, HOWTO, MAX_PAYLOAD, SIGNATURE, is_payload, parse_packet_name
from exchange.domain.receipt import Receipt, Rejected
from exchange.domain.route import Agreement, Overlap, Route
from exchange.domain.sequence import Judgement, Known, judge
from exchange.domain.unsealing import Received, RecordRules

if TYPE_CHECKING:
    import pandas as pd
    from cryptography.x509 import Certificate

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
CLOCKS_APART: Final = timedelta(minutes=10)
"""How far two ends' clocks may differ (§4.6)."""

_MOST_BYTES: Final[Mapping[str, int]] = {MANIFEST: 2**20, SIGNATURE: 2**18, HASHES: 2**21, HOWTO: 2**23, READY: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentic:
    """A packet after step 3: who made it is proven, nothing else."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    verified: Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A packet after its steps. Unless `judgement.standing` is `next`, the steps ended at 5 and nothing is opened.

    `received` are the rows by dataset, `rejected` those of them that are not landed.
    """

    authentic: Authentic
    route: Route
    judgement: Judgement
    descriptor: Descriptor | None = None
    received: Mapping[str, Received] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()
    totals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    receipt: Receipt | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)
    overlap: Overlap | None = None
    """Set where the packet follows the version before: it was read by that one, and lands under `route`."""

    @property
    def manifest(self) -> Manifest:
        """The proven manifest."""
        return self.authentic.manifest

    def to_land(self, dataset: str) -> Iterator[pd.DataFrame]:
        """A dataset's rows in the columns agreed now, part by part; each can be taken once.

        Those of the version before get the added columns empty and lose the dropped ones.
        """
        parts = self.received[dataset].parts()
        if self.overlap is None:
            return parts
        before, now = self.overlap.route.wire(dataset).names, self.route.wire(dataset).names
        return (
            part.reindex(columns=[*now, *(n for n in part.columns if n not in before)]).astype("str") for part in parts
        )


def no_rules(_: Route, __: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, Sequence[Rejected]]:
    """Step 11 for who has nothing to hold records against."""
    return rows, ()


def open_packet(
    folder: Path,
    *,
    packet_id: str,
    party: str,
    agreement: Agreement,
    schemas: Mapping[str, Mapping[str, Any]],
    trusted: Sequence[Certificate],
    keys: Sequence[tuple[PrivateKey, Certificate]],
    known: Sequence[Known],
    now: datetime,
    quarantine: Path,
    rules: RecordRules = no_rules,
) -> Opened:
    """Steps 1 to 12. `trusted` are the sender's pinned signing certificates, `known` the lane's packets so far."""
    authentic = authenticate(folder, packet_id=packet_id, schemas=schemas, trusted=trusted, now=now)
    return open_authentic(
        authentic,
        party=party,
        agreement=agreement,
        schemas=schemas,
        keys=keys,
        known=known,
        now=now,
        quarantine=quarantine,
        rules=rules,
    )


def authenticate(
    folder: Path,
    *,
    packet_id: str,
    schemas: Mapping[str, Mapping[str, Any]],
    trusted: Sequence[Certificate],
    now: datetime,
) -> Authentic:
    """Steps 1 to 3: 411 and 304 names and sizes, 401 and 402 manifest, 201 to 203 and 306 signature."""
    _check_files(folder)
    raw = (folder / MANIFEST).read_bytes()
    manifest = parse_manifest(raw, schemas["manifest"], packet_id=packet_id)
    verified = verify(raw, (folder / SIGNATURE).read_bytes(), trusted)
    _check_signer(manifest, verified, now)
    return Authentic(folder=folder, manifest=manifest, manifest_sha256=sha256_hex(raw), verified=verified)


def open_authentic(
    authentic: Authentic,
    *,
    party: str,
    agreement: Agreement,
    schemas: Mapping[str, Mapping[str, Any]],
    keys: Sequence[tuple[PrivateKey, Certificate]],
    known: Sequence[Known],
    now: datetime,
    quarantine: Path,
    rules: RecordRules = no_rules,
    top: int | None = None,
) -> Opened:
    """Steps 4 to 12 of a packet whose signature holds. `top` as for `sequence.judge`."""
    manifest, folder = authentic.manifest, authentic.folder
    route, overlap = _check_terms(manifest, authentic.verified, party, agreement)  # 4
    follows = overlap.route if overlap is not None else route
    number, previous = manifest.packet.number, manifest.previous_manifest_sha256
    judgement = judge(number, authentic.manifest_sha256, previous, known, top=top)  # 5
    opened = Opened(authentic=authentic, route=route, judgement=judgement, overlap=overlap)
    if judgement.standing == "chain_break":
        raise _chain_break(manifest)
    if judgement.standing != "next":
        return opened
    _check_expiry(manifest, follows, now)
    unsealing.check_hashes(folder, manifest)  # 6
    inner = unsealing.decrypt(folder, manifest, follows, keys, quarantine)  # 7, 8
    descriptor = unsealing.check_inner(inner, manifest, schemas["datapackage"])  # 9
    aside = quarantine / "rows"
    received, rejected, documents = unsealing.read_inner(inner, descriptor, manifest, follows, rules, aside)  # 10, 11
    unsealing.check_reasons(documents, schemas["reasons"])
    unsealing.check_signing(documents, schemas["signing"])
    receipt = unsealing.read_receipt(documents, schemas["receipt"]) if manifest.packet.kind == "R" else None
    totals = unsealing.check_totals(received, descriptor)  # 12
    return replace(
        opened,
        descriptor=descriptor,
        received=received,
        rejected=rejected,
        totals=totals,
        receipt=receipt,
        documents=documents,
    )


def lane_route(agreement: Agreement, sender: str, receiver: str, kind: str) -> Route:
    """The route whose terms a packet follows (§2.2): its lane's; a receipt on a lane without one, the route answered.

    NeedsPerson 801 when the parties have none.
    """
    lanes = {(r.sender, r.receiver): r for r in agreement.routes.values()}
    if kind == "R" and (sender, receiver) not in lanes and (receiver, sender) in lanes:
        return lanes[receiver, sender]
    return agreement.on_lane(sender, receiver)


def _check_files(folder: Path) -> None:
    """Step 1."""
    sizes = {entry.name: entry.stat().st_size if entry.is_file() else -1 for entry in folder.iterdir()}
    odd = [name for name, size in sizes.items() if not is_file_name(name) or size < 0]
    if odd:
        raise NeedsPerson(
            304,
            f"{len(odd)} things in the packet's folder belong to no packet.",
            where="packet folder",
            next_step="Look at the folder with the sender; nothing in it was used.",
        )
    missing = sorted(AROUND - sizes.keys())
    large = [name for name, most in _MOST_BYTES.items() if sizes.get(name, 0) > most]
    large += [name for name, size in sizes.items() if is_payload(name) and size > MAX_PAYLOAD]
    if missing or large:
        what = f"Missing: {', '.join(missing)}." if missing else f"Of a size no packet has: {', '.join(large[:5])}."
        raise NeedsPerson(
            411, what, where="packet folder", next_step="Ask the sender to send the stored packet again, whole."
        )


def _check_signer(manifest: Manifest, verified: Verified, now: datetime) -> None:
    """Step 3 beyond the signature itself: the certificate is the one the manifest names, the time is no future."""
    if fingerprint(verified.certificate) != manifest.signer_certificate_sha256:
        raise NeedsPerson(
            202,
            "The manifest names another signing certificate than the one it was signed with.",
            where="manifest.json",
            next_step="Ask the sender which certificate holds.",
        )
    if max(verified.signed_at, manifest.created_at) > now + CLOCKS_APART:
        raise NeedsPerson(
            203,
            "The packet was signed in the future.",
            where="manifest.json.p7s",
            next_step="Compare both ends' clocks.",
        )
    if verified.signed_at < manifest.created_at - CLOCKS_APART:
        raise NeedsPerson(
            203,
            "The packet says it was signed before it was made.",
            where="manifest.json.p7s",
            next_step="Ask the sender to sign it again; a signing time set back may hide an expired certificate.",
        )


def _check_terms(
    manifest: Manifest, verified: Verified, party: str, agreement: Agreement
) -> tuple[Route, Overlap | None]:
    """Step 4: the route, and its overlap where the packet follows the version before."""
    name = parse_packet_name(str(manifest.packet))
    if name.receiver != party:
        raise NeedsPerson(
            801, "The packet is for another party.", where=str(name), next_step="Hand it back to the sender."
        )
    route = lane_route(agreement, name.sender, name.receiver, name.kind)
    check_world(verified.certificate, live=not route.test)
    if manifest.test != route.test or (name.kind == "T" and not route.test):
        there, here = ("A test", "live") if not route.test else ("A live", "test")
        raise NeedsPerson(
            803 if route.test else 802,
            f"{there} packet came to a {here} end.",
            where=str(name),
            next_step="Tell the sender which end they reached.",
        )
    overlap = _overlap(manifest, route)
    profile = (overlap.route if overlap else route).profile
    if manifest.profile != profile:
        raise NeedsPerson(
            407,
            f"The packet uses profile {manifest.profile!r}, agreed is {profile!r}.",
            where=str(name),
            next_step="Ask the sender to pack with the agreed profile.",
        )
    if overlap is None and not _follows(manifest, route) and name.kind != "R":
        raise NeedsPerson(
            406,
            f"The packet follows contract {manifest.contract.version}, which is not the one agreed here.",
            where=f"route {route.id}, version {route.version}",
            next_step="Compare both ends' contracts; bring them to the same version, then ask for a new packet.",
        )
    return route, overlap


def _follows(manifest: Manifest, route: Route) -> bool:
    """Whether the packet follows this very version. A receipt carries no rows and may name any: without it the sender
    of another version would never hear why it was refused."""
    named = (manifest.contract.id, manifest.contract.version, manifest.contract.sha256)
    return named == (route.contract_id, route.version, route.contract_sha256)


def _overlap(manifest: Manifest, route: Route) -> Overlap | None:
    """The overlap a packet of the version before falls in, by the day it was made (Shanghai); 406 after its end."""
    overlap = route.overlap
    if overlap is None or not _follows(manifest, overlap.route):
        return None
    if manifest.created_at.astimezone(_SHANGHAI).date() > overlap.until:
        raise NeedsPerson(
            406,
            f"The packet follows contract {overlap.route.version}, which was accepted up to {overlap.until}.",
            where=f"route {route.id}, version {route.version}",
            next_step=f"Ask the sender to install version {route.version} and to run the exchange anew with it.",
        )
    return overlap


def _check_expiry(manifest: Manifest, route: Route, now: datetime) -> None:
    """408: past its last day, or one that is later than the contract grants (§4.6)."""
    days = route.days("valid_days", manifest.created_at.astimezone(_SHANGHAI).date())
    if manifest.not_after > manifest.created_at + timedelta(days=days) + CLOCKS_APART:
        raise NeedsPerson(
            408,
            f"The packet claims to be good for longer than the {days} days agreed.",
            where=str(manifest.packet),
            next_step="Ask the sender to pack it anew with the contract's validity.",
        )
    if now > manifest.not_after:
        raise NeedsPerson(
            408,
            "The packet is past its last day.",
            where=str(manifest.packet),
            next_step="Ask the sender to void it and pack the exchange anew.",
        )


def _chain_break(manifest: Manifest) -> NeedsPerson:
    return NeedsPerson(
        410,
        "The packet does not follow the one we have under the number before it.",
        where=str(manifest.packet),
        next_step="Find out with the sender which packets were sent; a ledger restored from a backup is the usual "
        "cause.",
    )
