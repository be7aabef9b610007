"""Standard CMS for packets: encrypt, decrypt, sign, verify. OpenSSL is the judge in the tests, not the engine."""

from exchange.domain.cms.envelope import open_sealed, seal
from exchange.domain.cms.identity import PrivateKey
from exchange.domain.cms.profiles import PROFILES, Terms, terms
from exchange.domain.cms.signature import Verified, sign, verify

__all__ = ["PROFILES", "PrivateKey", "Terms", "Verified", "open_sealed", "seal", "sign", "terms", "verify"]
