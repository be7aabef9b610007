"""Role certificates: made, recognised as test or live, checked for their time.

A certificate is trusted because its bytes are pinned, never because of who issued it. A live one is self-signed; a
test one is issued by a throw-away CA of a fixed name, so that everybody sees at once what it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exchange.domain.errors import NeedsPerson

Role = Literal["sign", "decrypt", "archive"]
Algorithm = Literal["ec-p256", "ec-p384", "rsa-3072"]
RoleKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

ROLES: Final[tuple[Role, ...]] = ("sign", "decrypt", "archive")
ORGANISATION: Final = "court-tax exchange"
TEST_CA: Final = "court-tax exchange TEST CA"
BACKDATED: Final = timedelta(days=1)
"""How long before it is made a certificate starts: the counterpart's clock may be slow."""


def make_key(algorithm: Algorithm = "ec-p256") -> RoleKey:
    """A new private key: EC on P-256 or P-384, or RSA of 3072 bits (for counterparts whose tools can't do EC)."""
    if algorithm == "rsa-3072":
        return rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return ec.generate_private_key(ec.SECP384R1() if algorithm == "ec-p384" else ec.SECP256R1())


def make_certificate(
    key: RoleKey, party: str, role: Role, *, at: datetime, days: int, test: bool = False
) -> x509.Certificate:
    """A certificate of one role, from a day before `at` (aware) until `days` days after it.

    Subject CN is `<party> <role>`. Live ones are self-signed; test ones are issued by a CA named "court-tax
    exchange TEST CA", whose key is made for this one certificate and forgotten.
    """
    name = _name(f"{party} {role}", f"{ORGANISATION} TEST" if test else ORGANISATION)
    issuer, signing_key = (_name(TEST_CA, f"{ORGANISATION} TEST"), make_key()) if test else (name, key)
    start = at.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATED)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(key, role), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(signing_key, SHA256())


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _usage(key: RoleKey, role: Role) -> x509.KeyUsage:
    signs, is_rsa = role == "sign", isinstance(key, rsa.RSAPrivateKey)
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_encipherment=not signs and is_rsa,
        key_agreement=not signs and not is_rsa,
        data_encipherment=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def fingerprint(cert: x509.Certificate) -> str:
    """SHA-256 over the certificate's DER, in hex."""
    return cert.fingerprint(SHA256()).hex()


def is_test(cert: x509.Certificate) -> bool:
    """Whether a certificate is a test one, by the name of its issuer."""
    return any(str(part.value) == TEST_CA for part in cert.issuer.get_attributes_for_oid(NameOID.COMMON_NAME))


def check_world(cert: x509.Certificate, *, live: bool) -> None:
    """Refuse a certificate of the other world: NeedsPerson 802 a test one at a live end, 803 the other way round."""
    if is_test(cert) != live:
        return
    here, there = ("live", "test") if live else ("test", "live")
    raise NeedsPerson(
        802 if live else 803,
        f"A {there} certificate was used at a {here} end.",
        where=f"certificate {fingerprint(cert)}",
        next_step=f"Use {here} certificates here; tell the sender which end they reached.",
    )


def check_valid(cert: x509.Certificate, at: datetime) -> None:
    """Refuse a certificate that was expired or not yet valid at `at` (aware): NeedsPerson 203."""
    start, end = cert.not_valid_before_utc, cert.not_valid_after_utc
    if start <= at <= end:
        return
    raise NeedsPerson(
        203,
        f"The certificate is valid from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, "
        f"and {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC is outside.",
        where=f"certificate {fingerprint(cert)}",
        next_step="Check this machine's clock; if it is right, make or ask for a new certificate and pin it.",
    )
