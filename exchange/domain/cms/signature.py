"""Detached signatures over bytes: CMS SignedData, made and verified. Trust is by pinned certificate alone.

Source: RFC 5652 clauses 5 and 11, RFC 5754 (SHA-2 in CMS), RFC 4056 (RSA-PSS in CMS).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.domain.certificates import check_valid, fingerprint
from exchange.domain.cms import profiles as p
from exchange.domain.cms.der import (
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    Fields,
    Node,
    algorithm,
    context,
    integer,
    malformed,
    oid,
    parse,
    set_of,
    tlv,
)
from exchange.domain.cms.identity import Identifier, PrivateKey, issuer_and_serial, read_identifier
from exchange.domain.cms.recipients import no_parameters
from exchange.domain.errors import NeedsPerson

_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
_LEAST_RSA_BITS: Final = 2048
_DIGESTS: Final[Mapping[str, hashes.HashAlgorithm]] = {
    p.OID_SHA256: hashes.SHA256(),
    p.OID_SHA384: hashes.SHA384(),
    p.OID_SHA512: hashes.SHA512(),
}
_RSA_WITH: Final = {
    "1.2.840.113549.1.1.11": p.OID_SHA256,
    "1.2.840.113549.1.1.12": p.OID_SHA384,
    "1.2.840.113549.1.1.13": p.OID_SHA512,
}
_ECDSA_WITH: Final = {
    _ECDSA_SHA256: p.OID_SHA256,
    "1.2.840.10045.4.3.3": p.OID_SHA384,
    "1.2.840.10045.4.3.4": p.OID_SHA512,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A signature that holds: the pinned certificate it is by, and the signing time it states (UTC)."""

    certificate: x509.Certificate
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signer:
    """One SignerInfo, read. `attributes` is the DER that was signed."""

    name: Identifier
    digest: str
    method: Node
    attributes: bytes
    signature: bytes
    message_digest: bytes
    signed_at: datetime


def sign(content: bytes, key: PrivateKey, cert: x509.Certificate, *, at: datetime) -> bytes:
    """A detached CMS signature (DER) over `content` with SHA-256, stating the signing time `at`.

    The certificate travels inside. NeedsPerson 203 when it is not valid at that time.
    """
    check_valid(cert, at)
    attributes = (
        _attribute(_CONTENT_TYPE, oid(p.OID_DATA)),
        _attribute(_SIGNING_TIME, _time(at)),
        _attribute(_MESSAGE_DIGEST, tlv(OCTET_STRING, hashlib.sha256(content).digest())),
    )
    signed = set_of(*attributes)
    if isinstance(key, rsa.RSAPrivateKey):
        method = algorithm(p.OID_RSA, tlv(NULL))
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        method = algorithm(_ECDSA_SHA256)
        signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    digest = algorithm(p.OID_SHA256)
    info = tlv(
        SEQUENCE,
        integer(1),
        issuer_and_serial(cert),
        digest,
        set_of(*attributes, tag=context(0)),
        method,
        tlv(OCTET_STRING, signature),
    )
    certificates = tlv(context(0), cert.public_bytes(Encoding.DER))
    body = tlv(SEQUENCE, integer(1), set_of(digest), tlv(SEQUENCE, oid(p.OID_DATA)), certificates, set_of(info))
    return tlv(SEQUENCE, oid(p.OID_SIGNED), tlv(context(0), body))


def _attribute(kind: str, value: bytes) -> bytes:
    return tlv(SEQUENCE, oid(kind), set_of(value))


def _time(at: datetime) -> bytes:
    """UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5652 clause 11.3)."""
    utc = at.astimezone(UTC)
    short = utc.year < 2050
    text = utc.strftime("%y%m%d%H%M%SZ" if short else "%Y%m%d%H%M%SZ")
    return tlv(UTC_TIME if short else GENERALIZED_TIME, text.encode())


def verify(content: bytes, signature: bytes, trusted: Sequence[x509.Certificate]) -> Verified:
    """Check a detached CMS signature over `content` against pinned certificates.

    One signer with signed attributes (content type, message digest, signing time); DER or BER; its certificate
    inside or not, but if certificates are inside, the pinned one must be among them, byte for byte. No chain is
    built. NeedsPerson 201 the signature does not hold, 202 the signer is not pinned, 203 the certificate was not
    valid at the signing time, 306 malformed.
    """
    signer, inside = _read(signature)
    candidates = [certificate for certificate in trusted if signer.name.fits(certificate)]
    if inside:
        candidates = [c for c in candidates if c.public_bytes(Encoding.DER) in inside]
    if not candidates:
        raise _not_pinned(signer, inside, trusted)
    if not hmac.compare_digest(signer.message_digest, _hash(signer.digest, content)):
        raise _invalid("The signature is over other bytes than these.")
    for certificate in candidates:
        if _holds(signer, certificate):
            check_valid(certificate, signer.signed_at)
            return Verified(certificate=certificate, signed_at=signer.signed_at)
    raise _invalid("The signature was not made with the key of the certificate it names, or was changed.")


def _read(signature: bytes) -> tuple[_Signer, list[bytes]]:
    outer = parse(signature).fields()
    if outer.take(OID).oid() != p.OID_SIGNED:
        raise _invalid("The file is a CMS message of another kind than a signature.")
    fields = outer.only(context(0)).fields(context(0)).only(SEQUENCE).fields()
    version, digests = fields.take(INTEGER).integer(), fields.take(SET)
    wrapped = fields.take(SEQUENCE).fields()
    kind = wrapped.take(OID).oid()
    if wrapped.optional(context(0)):
        raise _invalid("The signature carries its content; a detached one is asked for (without -nodetach, -stream).")
    wrapped.done()
    certificates = fields.optional(context(0))
    infos = fields.only(SET)
    if len(infos.children) != 1:
        raise _invalid(f"The signature has {len(infos.children)} signers; one is asked for.")
    signer = _read_signer(infos.children[0])
    if kind != p.OID_DATA or version != (1 if signer.name.issuer_serial is not None else 3):
        raise malformed("the signed content is not plain data, or the version does not fit")
    if [_digest_oid(node) for node in digests.children] != [signer.digest]:
        raise malformed("the list of digests is not the signer's digest", digests.at)
    return signer, [node.raw for node in certificates.children] if certificates else []


def _read_signer(node: Node) -> _Signer:
    fields = node.fields()
    version = fields.take(INTEGER).integer()
    name = read_identifier(fields.take())
    if version != (1 if name.issuer_serial is not None else 3):
        raise malformed("the signer's version does not fit how it is named", node.at)
    digest = _digest_oid(fields.take(SEQUENCE))
    attributes = fields.optional(context(0))
    if attributes is None:
        raise _invalid("The signature has no signed attributes, so it states no signing time.")
    method, signature = fields.take(SEQUENCE), fields.take(OCTET_STRING).octets()
    fields.optional(context(1))
    fields.done()
    values = _attributes(attributes)
    if values[_CONTENT_TYPE].oid() != p.OID_DATA:
        raise _invalid("The signed content type is not plain data.")
    return _Signer(
        name=name,
        digest=digest,
        method=method,
        attributes=bytes((SET,)) + attributes.raw[1:],
        signature=signature,
        message_digest=values[_MESSAGE_DIGEST].octets(),
        signed_at=_read_time(values[_SIGNING_TIME]),
    )


def _attributes(node: Node) -> Mapping[str, Node]:
    """The three attributes that matter, each exactly once with one value; others are signed and not used."""
    found: dict[str, Node] = {}
    for attribute in node.children:
        fields = attribute.fields()
        kind, values = fields.take(OID).oid(), fields.only(SET)
        if kind not in {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME}:
            continue
        if kind in found:
            raise malformed("a signed attribute is there twice", attribute.at)
        found[kind] = values.fields(SET).only()
    if len(found) != 3:
        raise _invalid("The signature does not state content type, message digest and signing time.")
    return found


def _read_time(node: Node) -> datetime:
    text = node.content.decode("ascii", "replace")
    if node.tag == UTC_TIME and re.fullmatch("[0-9]{12}Z", text):
        text = ("19" if text[0] >= "5" else "20") + text
    elif node.tag != GENERALIZED_TIME or not re.fullmatch("[0-9]{14}Z", text):
        raise malformed("the signing time is not in UTC to the second", node.at)
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise malformed("the signing time is no time", node.at) from error


def _digest_oid(node: Node) -> str:
    fields = node.fields()
    found = fields.take(OID).oid()
    no_parameters(fields)
    if found not in _DIGESTS:
        raise _invalid("The signature uses another digest than SHA-256, SHA-384 or SHA-512.")
    return found


def _holds(signer: _Signer, certificate: x509.Certificate) -> bool:
    try:
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    fields = signer.method.fields()
    method = fields.take(OID).oid()
    digest = _DIGESTS[signer.digest]
    try:
        if isinstance(public, rsa.RSAPublicKey) and public.key_size >= _LEAST_RSA_BITS:
            scheme = _rsa_scheme(method, fields, signer.digest)
            public.verify(signer.signature, signer.attributes, scheme, digest)
            return True
        if isinstance(public, ec.EllipticCurvePublicKey) and _ECDSA_WITH.get(method) == signer.digest:
            no_parameters(fields)
            public.verify(signer.signature, signer.attributes, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        pass
    return False


def _rsa_scheme(method: str, fields: Fields, digest: str) -> padding.PKCS1v15 | padding.PSS:
    if method == p.OID_RSA or _RSA_WITH.get(method) == digest:
        no_parameters(fields)
        return padding.PKCS1v15()
    if method != p.OID_RSA_PSS:
        raise _invalid("The signature uses another RSA scheme than PKCS#1 v1.5 or PSS, or another digest than stated.")
    pss = fields.only(SEQUENCE).fields()
    first, mask, salt = (pss.optional(context(number)) for number in (0, 1, 2))
    pss.done()
    if first is None or mask is None:
        raise _invalid("The RSA-PSS signature uses SHA-1.")
    masking = mask.fields(context(1)).only(SEQUENCE).fields()
    named = (masking.take(OID).oid(), _digest_oid(masking.only(SEQUENCE)), _digest_oid(first.children[0]))
    if named != (p.OID_MGF1, digest, digest):
        raise _invalid("The RSA-PSS signature mixes digests.")
    length = 20 if salt is None else salt.fields(context(2)).only(INTEGER).integer()
    if not 0 <= length <= 64:
        raise malformed("the RSA-PSS salt is too long")
    return padding.PSS(mgf=padding.MGF1(_DIGESTS[digest]), salt_length=length)


def _hash(digest: str, content: bytes) -> bytes:
    hasher: Any = hashes.Hash(_DIGESTS[digest])
    hasher.update(content)
    return bytes(hasher.finalize())


def _invalid(what: str) -> NeedsPerson:
    return NeedsPerson(
        201,
        what,
        where="signature",
        next_step="Treat the packet as not from the sender; ask them to sign it again, by a way other than this one.",
    )


def _not_pinned(signer: _Signer, inside: Sequence[bytes], trusted: Sequence[x509.Certificate]) -> NeedsPerson:
    carried = ", ".join(hashlib.sha256(raw).hexdigest() for raw in inside) or "none"
    pinned = ", ".join(fingerprint(certificate) for certificate in trusted) or "none"
    return NeedsPerson(
        202,
        f"The signer is not pinned: {signer.name.label()}. Certificates inside (SHA-256): {carried}. Pinned: {pinned}.",
        where="signature",
        next_step="Confirm the signer's fingerprint with the sender by phone, then pin it with `exchange keys pin`.",
    )
