"""How a CMS message names a certificate: by issuer and serial number, or by subject key identifier.

Source: RFC 5652 clauses 5.3 and 6.2.1, RFC 5280 clause 4.2.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.domain.cms.der import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Node, context, malformed, parse, tlv

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
"""The private keys this product signs and decrypts with."""

_COMMON_NAME: Final = "2.5.4.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A certificate's name in a message: DER of IssuerAndSerialNumber, or the subject key identifier's bytes."""

    issuer_serial: bytes | None = None
    key_id: bytes | None = None

    def fits(self, certificate: x509.Certificate) -> bool:
        """Whether this names that certificate."""
        if self.issuer_serial is not None:
            return self.issuer_serial == issuer_and_serial(certificate)
        return self.key_id is not None and self.key_id == key_id(certificate)

    def label(self) -> str:
        """For people: the issuer's common name and the serial number in hex, or the key identifier."""
        if self.issuer_serial is None:
            return f"key id {(self.key_id or b'').hex().upper()}"
        issuer, serial = parse(self.issuer_serial).children
        return f"issuer {_common_name(issuer)!r} serial {serial.content.lstrip(bytes(1)).hex().upper() or '00'}"


def read_identifier(node: Node) -> Identifier:
    """The identifier a message holds: IssuerAndSerialNumber, or [0] with the key identifier."""
    if node.tag == SEQUENCE:
        fields = node.fields()
        fields.take(SEQUENCE)
        fields.only(INTEGER).integer()
        return Identifier(issuer_serial=node.raw)
    if node.tag == context(0, constructed=False):
        return Identifier(key_id=_short(node))
    raise malformed("a certificate is named in an unknown way", node.at)


def read_key_identifier(node: Node) -> Identifier:
    """The identifier of a key agreement recipient, whose [0] is a RecipientKeyIdentifier of a key identifier alone."""
    if node.tag == context(0):
        return Identifier(key_id=_short(node.fields(context(0)).only(OCTET_STRING)))
    return read_identifier(node.must(SEQUENCE))


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """DER of IssuerAndSerialNumber, with the issuer's bytes as they stand in the certificate."""
    whole = parse(certificate.public_bytes(Encoding.DER))
    fields = whole.children[0].fields()
    fields.optional(context(0))
    serial = fields.take(INTEGER)
    fields.take(SEQUENCE)
    return tlv(SEQUENCE, fields.take(SEQUENCE).raw, serial.raw)


def key_id(certificate: x509.Certificate) -> bytes | None:
    """The subject key identifier, when the certificate has one."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None


def _short(node: Node) -> bytes:
    if not 0 < len(node.content) <= 64:
        raise malformed("a key identifier is empty or too long", node.at)
    return node.content


def _common_name(issuer: Node) -> str:
    for part in issuer.children:
        for pair in part.children if part.tag == SET else ():
            kind, value = pair.children if len(pair.children) == 2 else (None, None)
            if kind and value and kind.tag == OID and kind.oid() == _COMMON_NAME:
                text = value.content.decode("utf-8", "replace")[:64]
                return "".join(c if c.isprintable() else "?" for c in text)
    return ""
