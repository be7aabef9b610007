"""Seal a stream for certificates, and open what was sealed. Standard CMS, memory of a few MiB at any size.

Source: docs/packet-format.md, clause "Envelope"; RFC 5652 clause 6, RFC 5083, RFC 5084.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.hashes import SHA256

from exchange.domain.cms import profiles as p
from exchange.domain.cms.der import (
    BLOCK,
    INTEGER,
    LIMITS,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Limits,
    Node,
    Reader,
    algorithm,
    context,
    header,
    integer,
    malformed,
    oid,
    set_of,
    tlv,
)
from exchange.domain.cms.identity import PrivateKey
from exchange.domain.cms.recipients import KEY_BYTES, Recipient, read_recipients, unwrap, wrap
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Profile

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_AES_BLOCK: Final = 16
_MOST_RECIPIENTS: Final = 32


def seal(plain: BinaryIO, size: int, out: BinaryIO, recipients: Sequence[x509.Certificate], *, profile: Profile) -> str:
    """Encrypt `size` bytes of `plain` for every certificate, and return the SHA-256 (hex) of what was written.

    Writes definite-length DER. NeedsPerson 407 when a certificate does not fit the profile (or there is none), 303
    when `plain` holds more or fewer bytes than `size`.
    """
    terms = p.terms(profile)
    if not 0 <= size <= LIMITS.content:
        raise malformed("the content is past the limit")
    if not recipients:
        raise p.refused("There is no certificate to seal for.", terms)
    content_key, authenticated = secrets.token_bytes(KEY_BYTES), terms.cipher == p.OID_AES256_GCM
    digest = hashlib.sha256()

    def emit(data: bytes | memoryview) -> None:
        digest.update(data)
        out.write(data)

    infos = set_of(*(wrap(content_key, certificate, terms) for certificate in recipients))
    start = secrets.token_bytes(NONCE_BYTES if authenticated else _AES_BLOCK)
    long = size if authenticated else (size // _AES_BLOCK + 1) * _AES_BLOCK
    emit(_head(terms, infos, start, long))
    encryptor: Any = Cipher(AES(content_key), GCM(start) if authenticated else CBC(start)).encryptor()
    _encrypt(plain, size, encryptor, emit)
    if authenticated:
        encryptor.finalize()
        emit(tlv(OCTET_STRING, encryptor.tag))
    else:
        fill = long - size
        emit(encryptor.update(bytes((fill,)) * fill) + encryptor.finalize())
    return digest.hexdigest()


def _head(terms: p.Terms, infos: bytes, start: bytes, long: int) -> bytes:
    """Everything before the encrypted content: the lengths are known, so nothing needs to be written twice."""
    authenticated = terms.cipher == p.OID_AES256_GCM
    first = tlv(OCTET_STRING, start)
    method = algorithm(terms.cipher, tlv(SEQUENCE, first, integer(TAG_BYTES)) if authenticated else first)
    body = oid(p.OID_DATA) + method + header(context(0, constructed=False), long)
    content = header(SEQUENCE, len(body) + long) + body
    inner = integer(0) + infos + content
    rest = long + (2 + TAG_BYTES if authenticated else 0)
    middle = header(SEQUENCE, len(inner) + rest) + inner
    outer = oid(terms.content_type) + header(context(0), len(middle) + rest) + middle
    return header(SEQUENCE, len(outer) + rest) + outer


def _encrypt(plain: BinaryIO, size: int, encryptor: Any, emit: Callable[[memoryview], None]) -> None:
    view = memoryview(bytearray(BLOCK + _AES_BLOCK))
    left = size
    while left and (block := plain.read(min(BLOCK, left))):
        left -= len(block)
        emit(view[: encryptor.update_into(block, view)])
    if left or plain.read(1):
        raise NeedsPerson(
            303,
            "The content grew or shrank while it was being sealed.",
            where="seal",
            next_step="Make the packet again from the approved content.",
        )


def open_sealed(
    sealed: BinaryIO,
    out: BinaryIO,
    keys: Sequence[tuple[PrivateKey, x509.Certificate]],
    *,
    profile: Profile | None = None,
    limits: Limits = LIMITS,
) -> str:
    """Decrypt a sealed stream into `out`, and return the SHA-256 (hex) of the sealed bytes, as `seal` did.

    `out` has to be a quarantine file: publish it only after this returns and the hash is the manifest's. Profile
    `compat` has no tag, so there the signed hash alone says that the content is the sender's. On any error what
    was written to `out` is cut away (where it can be).

    Reads DER and BER with indefinite lengths. NeedsPerson 301 not sealed for our keys, 302 damaged, 306 malformed or
    out of bounds, 407 not as the profile says (`None`: `std` or `compat`, whichever it is).
    """
    if profile is not None:
        p.terms(profile)
    digest = hashlib.sha256()
    begin = out.tell() if out.seekable() else None
    try:
        _open(Reader(sealed, limits=limits, seen=digest.update), out, keys, profile)
    except BaseException:
        if begin is not None:
            out.seek(begin)
            out.truncate()
        raise
    return digest.hexdigest()


def _open(
    reader: Reader, out: BinaryIO, keys: Sequence[tuple[PrivateKey, x509.Certificate]], profile: Profile | None
) -> None:
    reader.enter(SEQUENCE)
    terms = _terms_of(reader.node().oid(), profile)
    reader.enter(context(0))
    reader.enter(SEQUENCE)
    version = reader.node().integer()
    if reader.peek() == context(0):
        raise p.refused("The message carries originator information.", terms)
    recipients = _read_recipients(reader, terms)
    if version != _version(recipients, terms):
        raise malformed("the version does not fit the contents", reader.at)
    reader.enter(SEQUENCE)
    if reader.node().oid() != p.OID_DATA:
        raise malformed("the encrypted content is not plain data", reader.at)
    start = _read_method(reader.node(), terms)
    recipient, key = _ours(recipients, keys)
    content_key = unwrap(recipient, key, terms)
    if terms.cipher == p.OID_AES256_GCM:
        _open_gcm(reader, out, content_key, start, terms)
    else:
        _open_cbc(reader, out, content_key, start, terms)
    for _ in range(3):
        reader.leave()
    reader.finish()


def _terms_of(content_type: str, profile: Profile | None) -> p.Terms:
    for terms in p.PROFILES.values():
        if terms.content_type == content_type:
            if profile not in {None, terms.name}:
                raise p.refused(f"The message is of profile {terms.name!r}, not {profile!r}.", p.PROFILES[profile])
            return p.terms(terms.name)
    wanted = None if profile is None else p.PROFILES[profile]
    raise p.refused(f"The message's content type {content_type} is of no profile.", wanted)


def _read_recipients(reader: Reader, terms: p.Terms) -> list[Recipient]:
    reader.enter(SET)
    found: list[Recipient] = []
    while reader.peek() is not None:
        found += read_recipients(reader.node(), terms)
        if len(found) > _MOST_RECIPIENTS:
            raise malformed(f"there are more than {_MOST_RECIPIENTS} recipients", reader.at)
    reader.leave()
    if not found:
        raise malformed("there is no recipient", reader.at)
    return found


def _version(recipients: Sequence[Recipient], terms: p.Terms) -> int:
    """RFC 5083 clause 2.1 (always 0) and RFC 5652 clause 6.1."""
    plain = terms.cipher == p.OID_AES256_GCM or all(recipient.version == 0 for recipient in recipients)
    return 0 if plain else 2


def _read_method(node: Node, terms: p.Terms) -> bytes:
    fields = node.fields()
    if fields.take(OID).oid() != terms.cipher:
        raise p.refused("The content is encrypted with another cipher than the profile's.", terms)
    if terms.cipher == p.OID_AES256_CBC:
        start = fields.only(OCTET_STRING).octets()
        if len(start) != _AES_BLOCK:
            raise malformed("the initialisation vector is not 16 bytes long", node.at)
        return start
    parameters = fields.only(SEQUENCE).fields()
    start, tag = parameters.take(OCTET_STRING).octets(), parameters.optional(INTEGER)
    parameters.done()
    if len(start) != NONCE_BYTES or tag is None or tag.integer() != TAG_BYTES:
        raise p.refused("AES-GCM is used with another nonce than 12 bytes or another tag than 16.", terms)
    return start


def _ours(
    recipients: Sequence[Recipient], keys: Sequence[tuple[PrivateKey, x509.Certificate]]
) -> tuple[Recipient, PrivateKey]:
    for key, certificate in keys:
        for recipient in recipients:
            if recipient.name.fits(certificate):
                return recipient, key
    have = ", ".join(certificate.fingerprint(SHA256()).hex() for _, certificate in keys) or "none"
    names = "; ".join(recipient.name.label() for recipient in recipients)
    raise NeedsPerson(
        301,
        f"The message is not sealed for any of our keys. It is sealed for: {names}. "
        f"Our certificates (SHA-256): {have}.",
        where="recipients",
        next_step="Give the sender our current decryption certificate and its fingerprint, and ask for a new packet.",
    )


def _open_gcm(reader: Reader, out: BinaryIO, content_key: bytes, start: bytes, terms: p.Terms) -> None:
    decryptor = Cipher(AES(content_key), GCM(start)).decryptor()
    view = memoryview(bytearray(BLOCK + _AES_BLOCK))
    for block in reader.octets(0):
        out.write(view[: decryptor.update_into(block, view)])
    reader.leave()
    if reader.peek() == context(1):
        raise p.refused("The message carries authenticated attributes.", terms)
    tag = reader.node().octets()
    if len(tag) != TAG_BYTES:
        raise malformed("the tag is not 16 bytes long", reader.at)
    if reader.peek() == context(2):
        raise p.refused("The message carries unauthenticated attributes.", terms)
    try:
        decryptor.finalize_with_tag(tag)
    except InvalidTag as error:
        raise _damaged() from error


def _open_cbc(reader: Reader, out: BinaryIO, content_key: bytes, start: bytes, terms: p.Terms) -> None:
    decryptor = Cipher(AES(content_key), CBC(start)).decryptor()
    view, held = memoryview(bytearray(BLOCK + _AES_BLOCK)), b""
    for block in reader.octets(0):
        text = held + view[: decryptor.update_into(block, view)]
        cut = max(len(text) - _AES_BLOCK, 0)
        out.write(memoryview(text)[:cut])
        held = text[cut:]
    reader.leave()
    if reader.peek() == context(1):
        raise p.refused("The message carries unprotected attributes.", terms)
    try:
        decryptor.finalize()
    except ValueError as error:
        raise _damaged() from error
    fill = held[-1] if held else 0
    if not 0 < fill <= _AES_BLOCK or held[-fill:] != bytes((fill,)) * fill:
        raise _damaged()
    out.write(held[:-fill])


def _damaged() -> NeedsPerson:
    return NeedsPerson(
        302,
        "The encrypted content does not open: it was damaged or changed on its way.",
        where="content",
        next_step="Compare the file's hash with the manifest's, fetch it again, and ask the sender if it stays so.",
    )
