"""The receiver's signed answer: receipt.json in a packet of kind R. docs/packet-format.md §9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from exchange.domain.canonical import canonical_json
from exchange.domain.manifest import FORMAT, parse_document, wire_time

NAME: Final = "receipt.json"

_OVERLAP: Final = ("version", "until")

Rung = Literal["opened", "validated", "acted", "refused", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that was not landed: the rule it breaks, and its key as a hash (§9.5) or its case number."""

    dataset: str
    rule: str
    code: int
    case_no: str | None
    key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Every field of §9.3. `manifest_sha256` and `payloads` (name → SHA-256) are of the bytes as received;
    `counts` dataset → (received, landed); `totals` dataset → money column → sum as received."""

    receipt: str
    rung: Rung
    answers: str
    manifest_sha256: str | None
    payloads: Mapping[str, str]
    at: datetime
    code: int | None = None
    missing: tuple[int, ...] = ()
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    totals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()
    overlap: tuple[str, str] | None = None
    """(version, last day) where the packet followed a version of the contract that is accepted up to that day only."""


def receipt_bytes(receipt: Receipt) -> bytes:
    """receipt.json."""
    zh, en = summary(receipt)
    told = {} if receipt.overlap is None else {"overlap": dict(zip(_OVERLAP, receipt.overlap, strict=True))}
    return canonical_json(
        {
            **told,
            "format": FORMAT,
            "receipt": receipt.receipt,
            "rung": receipt.rung,
            "answers": receipt.answers,
            "manifest_sha256": receipt.manifest_sha256,
            "payloads": [{"name": name, "sha256": sha256} for name, sha256 in sorted(receipt.payloads.items())],
            "at": wire_time(receipt.at),
            "code": receipt.code,
            "missing": list(receipt.missing),
            "counts": {d: {"received": got, "landed": kept} for d, (got, kept) in receipt.counts.items()},
            "totals": {d: dict(t) for d, t in receipt.totals.items()},
            "rejected": [rejected_document(r) for r in receipt.rejected],
            "summary": {"zh": zh, "en": en},
        }
    )


def parse_receipt(data: bytes, schema: Mapping[str, Any]) -> Receipt:
    """A receipt from bytes; NeedsPerson 402 when it is no strict JSON or off its schema."""
    document = parse_document(data, schema, NAME, 402)
    return Receipt(
        receipt=document["receipt"],
        rung=document["rung"],
        answers=document["answers"],
        manifest_sha256=document["manifest_sha256"],
        payloads={p["name"]: p["sha256"] for p in document["payloads"]},
        at=datetime.fromisoformat(document["at"]),
        code=document["code"],
        missing=tuple(document["missing"]),
        counts={d: (c["received"], c["landed"]) for d, c in document["counts"].items()},
        totals=document["totals"],
        rejected=tuple(Rejected(**r) for r in document["rejected"]),
        overlap=(document["overlap"]["version"], document["overlap"]["until"]) if "overlap" in document else None,
    )


def rejected_document(rejected: Rejected) -> dict[str, Any]:
    """One rejected record as JSON has it."""
    return {
        "dataset": rejected.dataset,
        "rule": rejected.rule,
        "code": rejected.code,
        "case_no": rejected.case_no,
        "key_sha256": rejected.key_sha256,
    }


def event_body(receipt: Receipt) -> dict[str, Any]:
    """What the ledger of the one who gets it remembers: no personal data."""
    body: dict[str, Any] = {"receipt": receipt.receipt, "answers": receipt.answers, "rung": receipt.rung}
    if receipt.code is not None:
        body["code"] = receipt.code
    if receipt.missing:
        body["missing"] = list(receipt.missing)
    if receipt.overlap is not None:
        body["overlap"] = dict(zip(_OVERLAP, receipt.overlap, strict=True))
    if receipt.rejected:
        body["rejected"] = len(receipt.rejected)
    return body


def summary(receipt: Receipt) -> tuple[str, str]:
    """What the receipt says, for an officer, in Chinese and English."""
    received = sum(got for got, _ in receipt.counts.values())
    landed = sum(kept for _, kept in receipt.counts.values())
    missing = ", ".join(map(str, receipt.missing[:20])) + (" …" if len(receipt.missing) > 20 else "")
    texts = {
        "opened": ("数据包已验签、解密并打开。", "The packet was verified, decrypted and opened."),
        "validated": (
            f"数据包已通过校验并入库：收到 {received} 行，入库 {landed} 行，退回 {len(receipt.rejected)} 行。",
            f"The packet was validated and landed: {received} rows received, {landed} landed, "
            f"{len(receipt.rejected)} rejected.",
        ),
        "acted": ("所列案件已办理。", "The cases listed were acted on."),
        "refused": (
            f"数据包被拒收，代码 {receipt.code}，未入库任何数据。请更正后以下一序号重新发送。",
            f"The packet was refused with code {receipt.code}; nothing was landed. Correct it and send it under the "
            "next number.",
        ),
        "missing": (
            f"数据包已暂存，此前缺少序号：{missing}。请补发原包，或以作废包关闭该序号。",
            f"The packet is held: numbers missing before it: {missing}. Send the stored packets again, or void them.",
        ),
    }
    if receipt.overlap is None:
        return texts[receipt.rung]
    (zh, en), (version, until) = texts[receipt.rung], receipt.overlap
    return (
        f"{zh}该包依据旧版约定 {version}，旧版接收至 {until} 止，此后拒收，请换用新版。",
        f"{en} It follows the earlier contract {version}, accepted up to {until} and refused after it: change over.",
    )
