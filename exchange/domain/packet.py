"""A packet's name, its files and the two texts beside the manifest. docs/packet-format.md §2, §3.3 and §3.4."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args

from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST, READY
from exchange.domain.route import ROUNDS, PacketKind

SIGNATURE: Final = "manifest.json.p7s"
HASHES: Final = "manifest-sha256.txt"
HOWTO: Final = "HOWTO-OPEN.txt"
AROUND: Final = frozenset({MANIFEST, SIGNATURE, HASHES, HOWTO, READY})
"""The files of every packet besides its payloads."""

MAX_PAYLOAD: Final = 256 * 2**20
"""Bytes of ciphertext a payload may have (§2.4)."""

DATA_KINDS: Final[frozenset[str]] = ROUNDS | {"B", "M", "T"}
"""Kinds that carry the route's datasets, those whose line names the kind. S, V, K and R carry documents."""

SILENT_KINDS: Final[frozenset[str]] = frozenset({"R", "K"})
"""Kinds that are never receipted (§9.1)."""

_PARTY: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NAME: Final = re.compile(rf"({_PARTY})\.({_PARTY})\.([0-9]{{6,9}})\.([A-Z])", re.ASCII)
_PAYLOAD: Final = re.compile(r"payload-([0-9]{4})\.p7m", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketName:
    """`court-131103.tax-131103.000127.Q`: sender, receiver, the lane's number, kind."""

    sender: str
    receiver: str
    number: int
    kind: PacketKind

    @property
    def lane(self) -> str:
        """Sender → receiver."""
        return f"{self.sender}.{self.receiver}"

    def __str__(self) -> str:
        return f"{self.lane}.{self.number:06d}.{self.kind}"


def parse_packet_name(text: str) -> PacketName:
    """A packet's name taken apart; NeedsPerson 411 when it is none."""
    found = _NAME.fullmatch(text)
    name = None
    if found and found[4] in get_args(PacketKind) and len(text) <= 100:
        kind = cast("PacketKind", found[4])
        name = PacketName(sender=found[1], receiver=found[2], number=int(found[3]), kind=kind)
    if name is None or name.number < 1 or str(name) != text:
        raise NeedsPerson(
            411,
            "The folder's name is not that of a packet.",
            where="packet folder",
            next_step="Ask the sender to name it sender.receiver.number.kind, as docs/packet-format.md §2.1 has it.",
        )
    return name


def packet_of(key: str) -> str:
    """The packet an incoming exchange's key names: the key, or what is before the mark of `other_bytes_key` (§8.5)."""
    return key.partition("+")[0]


def other_bytes_key(packet_id: str, manifest_sha256: str) -> str:
    """The key under which other bytes of a packet that is known are kept: its id, `+`, 8 digits of their hash."""
    return f"{packet_id}+{manifest_sha256[:8]}"


def payload_name(number: int) -> str:
    """`payload-0001.p7m`, counted from 1."""
    return f"payload-{number:04d}.p7m"


def is_payload(name: str) -> bool:
    """Whether a file name is that of a payload."""
    return _PAYLOAD.fullmatch(name) is not None


def hashes_text(hashes: Iterable[tuple[str, str]]) -> bytes:
    """manifest-sha256.txt, for `sha256sum -c`: (name, SHA-256 in hex), payloads in order, then HOWTO-OPEN.txt."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in hashes).encode("ascii")


def howto_text(
    packet_id: str, payloads: Sequence[tuple[str, str]], certificates: Mapping[str, str], descriptor_sha256: str
) -> bytes:
    """HOWTO-OPEN.txt: how to check and open this packet with stock tools, in Chinese and English.

    `payloads` are (name, SHA-256), `certificates` role → SHA-256 for `signer` and `receiver`. The text helps people;
    nothing reads it (§3.4).
    """
    listed = "\n".join(f"    {sha256}  {name}" for name, sha256 in payloads)
    opening = "\n\n".join(_OPEN_ONE.format(name=name, bare=name.removesuffix(".p7m")) for name, _ in payloads)
    text = _HOWTO.format(
        packet=packet_id,
        signer=certificates["signer"],
        receiver=certificates["receiver"],
        payloads=listed,
        opening=opening,
        descriptor=descriptor_sha256,
    )
    return text.encode("utf-8")


_OPEN_ONE: Final = """\
    openssl cms -decrypt -binary -inform DER -in {name} -recip my-cert.pem -inkey my-key.pem \\
      -out {bare}.tar.gz && echo DECRYPTED || {{ rm -f {bare}.tar.gz; echo FAILED; }}
    tar -xzf {bare}.tar.gz"""

_HOWTO: Final = """\
如何用通用工具打开本数据包 / How to open this packet with stock tools
{packet}

需要 / You need: openssl 3, sha256sum, tar, 以及 / and
  sender-sign.pem   发送方签名证书（事先经双方当面或电话核对）/ the sender's signing certificate, checked beforehand
                    SHA-256 of its DER: {signer}
  my-cert.pem       本单位解密证书 / your decryption certificate
                    SHA-256 of its DER: {receiver}
  my-key.pem        本单位解密私钥 / its private key

重要：每条命令都要看是否成功（退出码为 0）。失败时，openssl 可能留下未经验证的明文文件，必须删除，不得使用。
Important: check that every command succeeded (exit code 0). When decryption fails, openssl may leave unverified
plaintext behind: delete it and never use it.

1. 证书是否为已核对的那一张 / Is the certificate the one you checked?
    openssl x509 -in sender-sign.pem -outform DER | sha256sum

2. 签名 / The signature (must print: CMS Verification successful)
    openssl cms -verify -binary -inform DER -in manifest.json.p7s -content manifest.json \\
      -nointern -certfile sender-sign.pem -noverify -out /dev/null

3. 文件哈希 / The files' hashes (every line must say OK)
    sha256sum -c manifest-sha256.txt
   并与已验签的 manifest.json 中 payloads 逐一核对 / and they must be those in the verified manifest.json:
{payloads}

4. 解密并解包 / Decrypt and unpack
{opening}

5. 内层清单的哈希须等于 manifest.json 的 descriptor_sha256 / The inner descriptor's hash must be descriptor_sha256
    sha256sum datapackage.json
    {descriptor}
   datapackage.json 列出每个数据文件的哈希 / lists every data file's hash: sha256sum data/*.csv

数据文件为 UTF-8 的 CSV。用电子表格打开时请选择“从文本导入”，各列均按文本处理。
The data files are CSV in UTF-8. In a spreadsheet use "import from text" with every column as text.
"""
