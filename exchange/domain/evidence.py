"""What an evidence pack 举证包 says for itself: how it is read, and the script that verifies it with stock tools."""

# ruff: noqa: E501  # lines of a shell script and of a text in two languages

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

README: Final = """\
破产涉税数据交换 举证包 / Evidence pack of the court–tax bankruptcy data exchange
=======================================================================

内容 / What is in it
  pack.json             案件或数据包、制作时间与制作人岗位 / the case or packet, when and by whom (role) it was made
  packets/<编号>/       清单 manifest.json 与分离签名 manifest.json.p7s；整包举证时另有密封数据
                        the signed statement of contents and its detached signature; of a whole packet what travelled
  receipts/<编号>/      回执 receipt.json，回执包的清单与签名，内层清单 datapackage.json
                        the receipt, the manifest and signature of the packet it came in, the inner descriptor
  certificates/         双方签名证书 / both sides' signing certificates
  timeline.html .pdf    时间轴与事件清单 / the time line and the list of events
  SHA256SUMS(.p7s)      各文件哈希，由制作单位签名 / every file's hash, signed by the party that made the pack

本包不含案件数据行；数据内容只以哈希证明。
No row of any case is in it: data is proven by its hash.

核验 / To verify (Linux, macOS; needs sh, openssl and sha256sum; no network)
  sh verify.sh
最后一行为“核验通过”即各文件完整、签名有效。请将所列证书指纹与双方当面核对的指纹比较；指纹不符的，签名不能证明发送方身份。
The last line says VERIFIED when every file is whole and every signature holds. Compare the fingerprints it prints with
those the parties checked in person: only then do the signatures prove who signed.

脚本逐项证明 / What the script proves
  1. 文件未被改动 / no file was changed since the pack was made
  2. 每份清单由所列证书签名 / each manifest was signed with the certificate it names
  3. 随附的密封数据与清单所列哈希一致 / sealed payloads that are here are those the manifest names
  4. 回执由对方签名的回执包带来，且所答的正是该清单 / a receipt came in a packet the other side signed, and answers that very manifest
"""

VERIFY: Final = """\
#!/bin/sh
# 核验举证包 / Verifies this evidence pack with sh, openssl and sha256sum alone.
# Exit code 0: verified. Any other: a line says which file is wrong.
set -u
LC_ALL=C; export LC_ALL
case "$0" in */*) cd "${0%/*}" || exit 2;; esac
wrong=0
say() { printf '%s\\n' "$1"; }
bad() { say "不符 FAILED: $1 ($2)"; wrong=1; }
hash() { set -- $(sha256sum < "$1"); printf '%s' "$1"; }
holds() { line=; while IFS= read -r part || [ -n "$part" ]; do line="$line$part"; done < "$1"; case "$line" in *"$2"*) return 0;; esac; return 1; }
signer() {
  for pem in certificates/*.pem; do
    set -- $(openssl x509 -in "$pem" -outform DER 2>/dev/null | sha256sum)
    if holds "$manifest" "\\"signer_certificate_sha256\\":\\"$1\\""; then printf '%s' "$pem"; return 0; fi
  done
  return 1
}
signed() { openssl cms -verify -binary -inform DER -in "$1" -content "$2" -nointern -certfile "$3" -noverify -out /dev/null 2>/dev/null; }

say "1. 文件完整性 / files"
while IFS= read -r entry; do
  sum=${entry%% *}; file=${entry#*  }
  if [ ! -f "$file" ]; then bad "$file" "缺失 missing"
  elif [ "$(hash "$file")" != "$sum" ]; then bad "$file" "哈希 hash"; fi
done < SHA256SUMS
ok=1
for pem in certificates/*.pem; do if signed SHA256SUMS.p7s SHA256SUMS "$pem"; then ok=0; fi; done
[ "$ok" = 0 ] || bad SHA256SUMS.p7s "签名 signature"

say "2. 清单签名与密封数据 / manifests and payloads"
for manifest in packets/*/manifest.json receipts/*/manifest.json; do
  [ -f "$manifest" ] || continue
  folder=${manifest%/manifest.json}
  if pem=$(signer); then
    if signed "$manifest.p7s" "$manifest" "$pem"; then say "   $folder: $pem"; else bad "$manifest" "签名 signature"; fi
  else bad "$manifest" "签名证书不在包内 its certificate is not here"; fi
  for payload in "$folder"/payload-*.p7m; do
    [ -f "$payload" ] || continue
    holds "$manifest" "\\"sha256\\":\\"$(hash "$payload")\\"" || bad "$payload" "不是清单所列 not the one its manifest names"
  done
done

say "3. 回执 / receipts"
for receipt in receipts/*/receipt.json; do
  [ -f "$receipt" ] || continue
  folder=${receipt%/receipt.json}
  if [ -f "$folder/datapackage.json" ]; then
    holds "$folder/manifest.json" "\\"descriptor_sha256\\":\\"$(hash "$folder/datapackage.json")\\"" || bad "$folder/datapackage.json" "不属于该回执包 not of this packet"
    holds "$folder/datapackage.json" "\\"hash\\":\\"sha256:$(hash "$receipt")\\"" || bad "$receipt" "不属于该回执包 not of this packet"
  else say "   $receipt: 回执包已无法开启，内容未证明 its packet can no longer be opened, content not proven"; fi
  answered=0
  for manifest in packets/*/manifest.json; do
    name=${manifest%/manifest.json}; name=${name#packets/}
    if holds "$receipt" "\\"answers\\":\\"$name\\""; then
      answered=1
      holds "$receipt" "\\"manifest_sha256\\":\\"$(hash "$manifest")\\"" || bad "$receipt" "所答不是该清单 answers another manifest"
    fi
  done
  [ "$answered" = 1 ] || say "   $receipt: 所答数据包不在本包 answers a packet that is not in this pack"
done

say "4. 证书指纹，请与当面核对的比较 / certificates, compare with those checked in person"
for pem in certificates/*.pem; do set -- $(openssl x509 -in "$pem" -outform DER | sha256sum); say "   $1  $pem"; done
if [ "$wrong" = 0 ]; then say "核验通过 VERIFIED"; exit 0; fi
say "核验未通过 NOT VERIFIED"; exit 1
"""


def sums_text(hashed: Iterable[tuple[str, str]]) -> str:
    """The list of hashes as sha256sum reads it; of (name, hash)."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in hashed)
