"""Make the CMS vectors under tests/vectors/cms with the stock `openssl` alone: it shares no code with the product.

Run: python tests/vectors/make_cms_vectors.py [folder]. The keys are throw-away and published; never use them. Each
vector has a line in vectors.json: the file, what it is, which key opens it (or which certificate is pinned), and the
code of the refusal expected, 0 for none. Encryption is random, so every run gives other bytes with the same meaning.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

OAEP = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")
ECDH = ("-keyopt", "ecdh_kdf_md:sha256")
SHARED = ("-secretkey", "00" * 32, "-secretkeyid", "c0ffee")
HERE = Path(__file__).parent / "cms"
CA_CONFIG = """
[ca]
default_ca = it
[it]
new_certs_dir = {work}
database = {work}/index.txt
serial = {work}/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


def openssl(*words: str | Path) -> None:
    """Run openssl; its complaint is shown when it fails."""
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_keys(out: Path) -> None:
    """Key and certificate pairs, valid for 60 years."""
    kinds = {
        "rsa": ("rsa:3072",),
        "rsa-short": ("rsa:2048",),
        "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "ec384": ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
        "stranger": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    }
    for name, kind in kinds.items():
        files = ("-keyout", out / f"{name}.key.pem", "-out", out / f"{name}.cert.pem")
        openssl("req", "-x509", "-newkey", *kind, "-nodes", "-days", "21900", "-subj", f"/CN=throw-away {name}", *files)


def make_expired(out: Path) -> None:
    """A certificate that was valid in January 2020 only."""
    key, cert = out / "expired.key.pem", out / "expired.cert.pem"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "index.txt").touch()
        (work / "serial").write_text("1001")
        (work / "ca.cnf").write_text(CA_CONFIG.format(work=work))
        curve = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        request = ("-subj", "/CN=throw-away expired", "-keyout", key, "-out", work / "it.csr")
        openssl("req", "-new", "-newkey", *curve, "-nodes", *request)
        days = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
        files = ("-keyfile", key, "-in", work / "it.csr", "-out", cert)
        openssl("ca", "-batch", "-selfsign", "-notext", "-config", work / "ca.cnf", *days, *files)


def envelopes(out: Path) -> dict[str, tuple[str, tuple[str | Path, ...], str, int]]:
    """Name → profile, arguments of `openssl cms -encrypt`, key that opens it, code expected."""

    def to(name: str, *options: str) -> tuple[str | Path, ...]:
        return ("-recip", out / f"{name}.cert.pem", *options)

    gcm, cbc = "-aes-256-gcm", "-aes-256-cbc"
    return {
        "std-rsa.der": ("std", (gcm, *to("rsa", *OAEP)), "rsa", 0),
        "std-ec.der": ("std", (gcm, *to("ec", *ECDH)), "ec", 0),
        "std-ec384.der": ("std", (gcm, *to("ec384", *ECDH)), "ec384", 0),
        "std-two-first.der": ("std", (gcm, *to("rsa", *OAEP), *to("ec", *ECDH)), "rsa", 0),
        "std-two-second.der": ("std", (gcm, *to("rsa", *OAEP), *to("ec", *ECDH)), "ec", 0),
        "std-rsa.ber": ("std", ("-stream", gcm, *to("rsa", *OAEP)), "rsa", 0),
        "std-ec.ber": ("std", ("-stream", gcm, *to("ec", *ECDH)), "ec", 0),
        "std-keyid.der": ("std", ("-keyid", gcm, *to("rsa", *OAEP), *to("ec", *ECDH)), "ec", 0),
        "compat-rsa.der": ("compat", (cbc, *to("rsa")), "rsa", 0),
        "compat-short.der": ("compat", (cbc, *to("rsa-short")), "rsa-short", 0),
        "compat-rsa.ber": ("compat", ("-stream", cbc, *to("rsa")), "rsa", 0),
        "compat-keyid.ber": ("compat", ("-stream", "-keyid", cbc, *to("rsa")), "rsa", 0),
        "bad-recipient.der": ("std", (gcm, *to("ec", *ECDH)), "stranger", 301),
        "bad-profile.der": ("std", (cbc, *to("rsa")), "rsa", 407),
        "bad-profile-compat.der": ("compat", (gcm, *to("rsa", *OAEP)), "rsa", 407),
        "bad-kdf-sha1.der": ("std", (gcm, *to("ec")), "ec", 407),
        "bad-oaep-sha1.der": ("std", (gcm, *to("rsa", "-keyopt", "rsa_padding_mode:oaep")), "rsa", 407),
        "bad-pkcs1.der": ("std", (gcm, *to("rsa")), "rsa", 407),
        "bad-aes128.der": ("std", ("-aes-128-gcm", *to("rsa", *OAEP)), "rsa", 407),
        "bad-rsa-short.der": ("std", (gcm, *to("rsa-short", *OAEP)), "rsa-short", 407),
        "bad-shared-key.der": ("std", (gcm, *SHARED, *to("ec", *ECDH)), "ec", 407),
        "bad-compat-ec.der": ("compat", (cbc, *to("ec", *ECDH)), "ec", 407),
        "bad-compat-aes128.der": ("compat", ("-aes-128-cbc", *to("rsa")), "rsa", 407),
        "bad-sm4.der": ("compat", ("-sm4-cbc", *to("rsa")), "rsa", 407),
    }


def signatures() -> dict[str, tuple[str, tuple[str, ...], str, int]]:
    """Name → signer, further arguments of `openssl cms -sign`, pinned certificate, code expected."""
    pss = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:-1")
    return {
        "sig-rsa.p7s": ("rsa", (), "rsa", 0),
        "sig-rsa-sha512.p7s": ("rsa", ("-md", "sha512"), "rsa", 0),
        "sig-rsa-pss.p7s": ("rsa", pss, "rsa", 0),
        "sig-ec.p7s": ("ec", (), "ec", 0),
        "sig-ec384.p7s": ("ec384", ("-md", "sha384"), "ec384", 0),
        "sig-nocerts.p7s": ("ec", ("-nocerts",), "ec", 0),
        "sig-keyid.p7s": ("ec", ("-keyid",), "ec", 0),
        "bad-sig-noattr.p7s": ("ec", ("-noattr",), "ec", 201),
        "bad-sig-attached.p7s": ("ec", ("-nodetach",), "ec", 201),
        "bad-sig-sha1.p7s": ("rsa", ("-md", "sha1"), "rsa", 201),
        "bad-sig-stranger.p7s": ("stranger", (), "ec", 202),
        "bad-sig-expired.p7s": ("expired", (), "expired", 203),
    }


def main(out: Path) -> None:
    """Write every vector and the index."""
    out.mkdir(parents=True, exist_ok=True)
    make_keys(out)
    make_expired(out)
    plain = out / "plain.bin"
    plain.write_bytes(b"".join(b"row %05d, the same in every run\r\n" % n for n in range(160)))
    index = []
    for name, (profile, words, key, code) in envelopes(out).items():
        openssl("cms", "-encrypt", "-binary", "-in", plain, "-outform", "DER", "-out", out / name, *words)
        index.append({"file": name, "kind": "envelope", "profile": profile, "key": key, "code": code})
    good = (out / "std-ec.der").read_bytes()
    broken = {
        "bad-tag.der": (good[:-1] + bytes((good[-1] ^ 1,)), 302),
        "bad-content.der": (good[:-500] + bytes((good[-500] ^ 1,)) + good[-499:], 302),
        "bad-truncated.der": (good[:-700], 306),
        "bad-trailing.der": (good + b"\0", 306),
        "bad-empty.der": (b"", 306),
    }
    for name, (data, code) in broken.items():
        (out / name).write_bytes(data)
        index.append({"file": name, "kind": "envelope", "profile": "std", "key": "ec", "code": code})
    for name, (signer, options, pinned, code) in signatures().items():
        by = ("-signer", out / f"{signer}.cert.pem", "-inkey", out / f"{signer}.key.pem", "-in", plain)
        digest = () if "-md" in options else ("-md", "sha256")
        openssl("cms", "-sign", "-binary", *by, "-outform", "DER", "-out", out / name, *digest, *options)
        index.append({"file": name, "kind": "signature", "profile": None, "key": pinned, "code": code})
    (out / "vectors.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
