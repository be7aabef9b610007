"""The envelope profiles: which algorithms a route's packets use. Fixed per route by contract, never negotiated.

Source: docs/packet-format.md, clause "Envelope"; RFC 5083 and 5084 (AuthEnvelopedData, AES-GCM), RFC 5652
(EnvelopedData), RFC 5753 (EC key agreement), RFC 8017 (RSA).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Profile

OID_DATA: Final = "1.2.840.113549.1.7.1"
OID_SIGNED: Final = "1.2.840.113549.1.7.2"
OID_ENVELOPED: Final = "1.2.840.113549.1.7.3"
OID_AUTH_ENVELOPED: Final = "1.2.840.113549.1.9.16.1.23"
OID_GM_ENVELOPED: Final = "1.2.156.10197.6.1.4.2.3"
OID_AES256_CBC: Final = "2.16.840.1.101.3.4.1.42"
OID_AES256_GCM: Final = "2.16.840.1.101.3.4.1.46"
OID_AES256_WRAP: Final = "2.16.840.1.101.3.4.1.45"
OID_SM4_CBC: Final = "1.2.156.10197.1.104.2"
OID_RSA: Final = "1.2.840.113549.1.1.1"
OID_RSA_OAEP: Final = "1.2.840.113549.1.1.7"
OID_MGF1: Final = "1.2.840.113549.1.1.8"
OID_RSA_PSS: Final = "1.2.840.113549.1.1.10"
OID_SHA256: Final = "2.16.840.1.101.3.4.2.1"
OID_SHA384: Final = "2.16.840.1.101.3.4.2.2"
OID_SHA512: Final = "2.16.840.1.101.3.4.2.3"
OID_EC_KEY: Final = "1.2.840.10045.2.1"
OID_ECDH_SHA256: Final = "1.3.132.1.11.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One profile. `curves` empty means RSA recipients only; `rsa_bits` is the least modulus length.

    `why_not` is set for a profile that keeps its place in the table and isn't served.
    """

    name: Profile
    title: str
    content_type: str
    cipher: str
    key_transport: str
    rsa_bits: int
    curves: Mapping[str, str]
    openssl: str
    why_not: str = ""


_CURVES: Final[Mapping[str, str]] = {"secp256r1": "1.2.840.10045.3.1.7", "secp384r1": "1.3.132.0.34"}

PROFILES: Final[Mapping[Profile, Terms]] = {
    "std": Terms(
        name="std",
        title="AuthEnvelopedData, AES-256-GCM, RSA-OAEP-SHA256 or ECDH P-256/P-384",
        content_type=OID_AUTH_ENVELOPED,
        cipher=OID_AES256_GCM,
        key_transport=OID_RSA_OAEP,
        rsa_bits=3072,
        curves=_CURVES,
        openssl="-aes-256-gcm, for each RSA recipient -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256, "
        "for each EC recipient -keyopt ecdh_kdf_md:sha256",
    ),
    "compat": Terms(
        name="compat",
        title="EnvelopedData, AES-256-CBC, RSA PKCS#1 v1.5",
        content_type=OID_ENVELOPED,
        cipher=OID_AES256_CBC,
        key_transport=OID_RSA,
        rsa_bits=2048,
        curves={},
        openssl="-aes-256-cbc, RSA recipients only",
    ),
    "gm": Terms(
        name="gm",
        title="SM2, SM3 and SM4 (GM/T 0010)",
        content_type=OID_GM_ENVELOPED,
        cipher=OID_SM4_CBC,
        key_transport="1.2.156.10197.1.301.3",
        rsa_bits=0,
        curves={},
        openssl="",
        why_not="SM2 keys can't be used by the cryptographic library this product is built on.",
    ),
}
"""The profile table, by the name routes use."""


def terms(profile: Profile) -> Terms:
    """The terms of a profile that can be used; NeedsPerson 407 for one that is not served (`gm`)."""
    found = PROFILES[profile]
    if found.why_not:
        raise NeedsPerson(
            407,
            f"Envelope profile {profile!r} ({found.title}) is in the table but can't be used yet. {found.why_not}",
            where=f"profile {profile}",
            next_step="Agree on profile 'std' or 'compat' in the route's contract.",
        )
    return found


def refused(what: str, profile: Terms | None = None) -> NeedsPerson:
    """The 407 error: what a message uses that its profile does not allow, and what to ask the sender for."""
    name = f"profile {profile.name}" if profile else "profile"
    ask = f" Profile {profile.name} is: openssl cms -encrypt with {profile.openssl}." if profile else ""
    return NeedsPerson(
        407, what, where=name, next_step=f"Ask the sender to make the packet with the contract's profile.{ask}"
    )
