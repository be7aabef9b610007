"""The content key for each recipient: wrapped when sealing, recognised and unwrapped when opening.

Source: RFC 5652 clause 6.2, RFC 4055 (RSA-OAEP), RFC 5753 clause 3.1 (ephemeral-static ECDH), RFC 3394 (key wrap),
RFC 3218 (what to do about PKCS#1 v1.5 padding).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchange.domain.cms import profiles as p
from exchange.domain.cms.der import (
    BIT_STRING,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Fields,
    Node,
    algorithm,
    context,
    integer,
    malformed,
    tlv,
)
from exchange.domain.cms.identity import (
    Identifier,
    PrivateKey,
    issuer_and_serial,
    read_identifier,
    read_key_identifier,
)
from exchange.domain.errors import NeedsPerson

KEY_BYTES: Final = 32
_MOST_KEYS: Final = 32
_OAEP: Final = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One wrapped content key. `point`, `wrap` (AlgorithmIdentifier) and `ukm` are set for key agreement."""

    kind: Literal["rsa", "ec"]
    version: int
    name: Identifier
    encrypted: bytes
    point: bytes = b""
    wrap: bytes = b""
    ukm: bytes | None = None


def wrap(content_key: bytes, certificate: x509.Certificate, terms: p.Terms) -> bytes:
    """The RecipientInfo of a certificate, in DER; NeedsPerson 407 when its key isn't one of the profile."""
    name, public = issuer_and_serial(certificate), certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= terms.rsa_bits:
        oaep = terms.key_transport == p.OID_RSA_OAEP
        encrypted = public.encrypt(content_key, _OAEP if oaep else padding.PKCS1v15())
        method = _oaep_algorithm() if oaep else algorithm(p.OID_RSA, tlv(NULL))
        return tlv(SEQUENCE, integer(0), name, method, tlv(OCTET_STRING, encrypted))
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in terms.curves:
        return _agree(content_key, name, public)
    what = f"RSA of {public.key_size} bits" if isinstance(public, rsa.RSAPublicKey) else "of its kind"
    raise NeedsPerson(
        407,
        f"A recipient's certificate has a key {what}, which profile {terms.name!r} does not allow ({terms.title}).",
        where=f"certificate {certificate.fingerprint(SHA256()).hex()}",
        next_step="Pin a certificate that fits the profile, or agree on another profile in the contract.",
    )


def _agree(content_key: bytes, name: bytes, public: ec.EllipticCurvePublicKey) -> bytes:
    ours = ec.generate_private_key(public.curve)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    method = algorithm(p.OID_AES256_WRAP)
    wrapped = aes_key_wrap(_kek(ours, public, method, None), content_key)
    origin = tlv(context(1), algorithm(p.OID_EC_KEY), tlv(BIT_STRING, b"\0", point))
    keys = tlv(SEQUENCE, tlv(SEQUENCE, name, tlv(OCTET_STRING, wrapped)))
    return tlv(context(1), integer(3), tlv(context(0), origin), algorithm(p.OID_ECDH_SHA256, method), keys)


def _kek(
    private: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey, method: bytes, ukm: bytes | None
) -> bytes:
    entity = b"" if ukm is None else tlv(context(0), tlv(OCTET_STRING, ukm))
    bits = tlv(context(2), tlv(OCTET_STRING, (8 * KEY_BYTES).to_bytes(4, "big")))
    shared = private.exchange(ec.ECDH(), public)
    return X963KDF(SHA256(), KEY_BYTES, tlv(SEQUENCE, method, entity, bits)).derive(shared)


def _oaep_algorithm() -> bytes:
    sha256 = algorithm(p.OID_SHA256, tlv(NULL))
    mgf = tlv(context(1), algorithm(p.OID_MGF1, sha256))
    return algorithm(p.OID_RSA_OAEP, tlv(SEQUENCE, tlv(context(0), sha256), mgf))


def read_recipients(node: Node, terms: p.Terms) -> list[Recipient]:
    """The recipients of one RecipientInfo; NeedsPerson 407 when it is not as the profile says."""
    if node.tag == SEQUENCE:
        return [_read_transport(node, terms)]
    if node.tag == context(1):
        return _read_agreement(node, terms)
    raise p.refused("The message has a recipient by shared key, password or an unknown way.", terms)


def _read_transport(node: Node, terms: p.Terms) -> Recipient:
    fields = node.fields()
    version = fields.take(INTEGER).integer()
    name = read_identifier(fields.take())
    _check_transport(fields.take(SEQUENCE), terms)
    encrypted = fields.only(OCTET_STRING).octets()
    if version != (0 if name.issuer_serial is not None else 2):
        raise malformed("a recipient's version does not fit how it is named", node.at)
    if 8 * len(encrypted) < terms.rsa_bits:
        raise p.refused(f"An RSA recipient's key has fewer than {terms.rsa_bits} bits.", terms)
    return Recipient(kind="rsa", version=version, name=name, encrypted=encrypted)


def _check_transport(method: Node, terms: p.Terms) -> None:
    fields = method.fields()
    if fields.take(OID).oid() != terms.key_transport:
        raise p.refused("The content key is encrypted by another RSA scheme than the profile's.", terms)
    if terms.key_transport == p.OID_RSA:
        no_parameters(fields)
        return
    oaep = fields.only(SEQUENCE).fields()
    digest, mask = oaep.optional(context(0)), oaep.optional(context(1))
    if digest is None or mask is None:
        raise p.refused("RSA-OAEP is used with SHA-1; SHA-256 is asked for both hash and mask.", terms)
    masking = mask.fields(context(1)).only(SEQUENCE).fields()
    mask_name = masking.take(OID).oid()
    hashes = (digest.fields(context(0)).only(SEQUENCE), masking.only(SEQUENCE))
    if mask_name != p.OID_MGF1 or any(_plain_oid(h) != p.OID_SHA256 for h in hashes):
        raise p.refused("RSA-OAEP is used with another hash than SHA-256.", terms)
    oaep.done()


def _read_agreement(node: Node, terms: p.Terms) -> list[Recipient]:
    if not terms.curves:
        raise p.refused("The message has a recipient by key agreement (EC).", terms)
    fields = node.fields(context(1))
    version = fields.take(INTEGER).integer()
    origin = fields.take(context(0)).fields(context(0)).only()
    extra = fields.optional(context(1))
    scheme = fields.take(SEQUENCE).fields()
    keys = fields.only(SEQUENCE)
    if scheme.take(OID).oid() != p.OID_ECDH_SHA256:
        raise p.refused("An EC recipient's key is derived by another function than X9.63 with SHA-256.", terms)
    method = scheme.only(SEQUENCE)
    if _plain_oid(method) != p.OID_AES256_WRAP:
        raise p.refused("An EC recipient's key is not wrapped with AES-256.", terms)
    if version != 3 or not 0 < len(keys.children) <= _MOST_KEYS:
        raise malformed("a key agreement recipient has a wrong version or number of keys", node.at)
    ukm = None if extra is None else extra.fields(context(1)).only(OCTET_STRING).octets()
    point = _read_point(origin, terms)
    found = []
    for key in keys.children:
        parts = key.fields()
        name, encrypted = read_key_identifier(parts.take()), parts.only(OCTET_STRING).octets()
        found.append(
            Recipient(kind="ec", version=version, name=name, encrypted=encrypted, point=point, wrap=method.raw, ukm=ukm)
        )
    return found


def _read_point(origin: Node, terms: p.Terms) -> bytes:
    if origin.tag != context(1):
        raise p.refused("An EC recipient's sender key is named by certificate, not carried in the message.", terms)
    fields = origin.fields(context(1))
    method = fields.take(SEQUENCE).fields()
    if method.take(OID).oid() != p.OID_EC_KEY:
        raise p.refused("A key agreement recipient is not by ECDH.", terms)
    curve = method.optional(OID)
    if curve is None:
        no_parameters(method)
    elif curve.oid() not in terms.curves.values():
        raise p.refused("An EC recipient is on another curve than P-256 or P-384.", terms)
    else:
        method.done()
    return fields.only(BIT_STRING).bits()


def no_parameters(fields: Fields) -> None:
    """The rest of an AlgorithmIdentifier whose parameters are absent or NULL."""
    null = fields.optional(NULL)
    if null is not None and null.content:
        raise malformed("a NULL is not empty", null.at)
    fields.done()


def _plain_oid(node: Node) -> str:
    fields = node.fields()
    found = fields.take(OID).oid()
    no_parameters(fields)
    return found


def unwrap(recipient: Recipient, key: PrivateKey, terms: p.Terms) -> bytes:
    """The content key; NeedsPerson 302 when it does not come out, 407 when our own key isn't one of the profile.

    PKCS#1 v1.5: whatever is wrong with the padding, a random key comes back instead, so that the failure shows
    only as damaged content (RFC 3218 clause 2.3.2) and does no work that tells one failure from another.
    """
    if isinstance(key, rsa.RSAPrivateKey) and recipient.kind == "rsa":
        return _unwrap_rsa(recipient, key, terms)
    if isinstance(key, ec.EllipticCurvePrivateKey) and recipient.kind == "ec":
        return _unwrap_ec(recipient, key, terms)
    raise malformed("the content key is encrypted for another sort of key than the certificate's")


def _unwrap_rsa(recipient: Recipient, key: rsa.RSAPrivateKey, terms: p.Terms) -> bytes:
    if key.key_size < terms.rsa_bits:
        raise p.refused(f"Our RSA key has {key.key_size} bits.", terms)
    if terms.key_transport == p.OID_RSA:
        instead = secrets.token_bytes(KEY_BYTES)
        try:
            found = key.decrypt(recipient.encrypted, padding.PKCS1v15())
        except ValueError:
            found = b""
        return found if len(found) == KEY_BYTES else instead
    try:
        return _checked(key.decrypt(recipient.encrypted, _OAEP))
    except ValueError as error:
        raise damaged_key() from error


def _unwrap_ec(recipient: Recipient, key: ec.EllipticCurvePrivateKey, terms: p.Terms) -> bytes:
    if key.curve.name not in terms.curves:
        raise p.refused("Our EC key is on another curve than P-256 or P-384.", terms)
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, recipient.point)
        return _checked(aes_key_unwrap(_kek(key, public, recipient.wrap, recipient.ukm), recipient.encrypted))
    except (ValueError, InvalidUnwrap) as error:
        raise damaged_key() from error


def _checked(content_key: bytes) -> bytes:
    if len(content_key) != KEY_BYTES:
        raise damaged_key()
    return content_key


def damaged_key() -> NeedsPerson:
    """The 302 error about a content key that our private key does not open."""
    return NeedsPerson(
        302,
        "The content key does not open with the private key of the certificate it names: the message is damaged, "
        "or was made for another key under the same name.",
        where="recipient",
        next_step="Compare the file's hash with the manifest's, and the certificate's fingerprint with the sender.",
    )
