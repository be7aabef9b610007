"""Signing in through the house's identity provider: OpenID Connect, authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 §3.1: the ID token's signature, issuer, audience, expiry and nonce are checked; who it names is
looked up among the accounts of this console, which alone say what somebody may do.
"""

from __future__ import annotations

import secrets
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.settings import OidcSettings

_KEPT_SECONDS: Final = 600
_ALGORITHMS: Final = [f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)] + ["EdDSA", "Ed25519"]
"""Signatures by a key pair only: no shared secret, no `none`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one begun sign-in must come back with; it lies in the browser, in a cookie of ten minutes."""

    state: str
    nonce: str
    verifier: str


@dataclass(slots=True)
class Provider:
    """One identity provider, its addresses and keys kept for ten minutes."""

    told: OidcSettings
    _kept: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)

    def begin(self, return_to: str) -> tuple[str, Asked]:
        """Where to send the browser, and what it must bring back. RetryLater 943 when the provider is away."""
        asked = Asked(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48)
        )
        client = self._client(return_to)
        address, _ = client.create_authorization_url(
            self._known()["authorization_endpoint"], state=asked.state, nonce=asked.nonce, code_verifier=asked.verifier
        )
        return str(address), asked

    def who(self, address: str, asked: Asked, return_to: str) -> str:
        """The claim that names the person; RetryLater 943, NeedsPerson 944 for an answer that is not to be trusted."""
        try:
            told = self._client(return_to, state=asked.state).fetch_token(
                self._known()["token_endpoint"], authorization_response=address, code_verifier=asked.verifier
            )
        except httpx.HTTPError:
            raise self._away() from None
        except Exception:  # authlib and oauth errors of many kinds; their texts may hold the code
            raise _untrusted("The provider did not confirm the sign-in.") from None
        return self._subject(str(told.get("id_token", "")), asked)

    def _subject(self, token: str, asked: Asked) -> str:
        known = self._known()
        keys = KeySet.import_key_set(dict(self._fetched(known["jwks_uri"])))  # type: ignore[arg-type]
        registry = jwt.JWTClaimsRegistry(
            leeway=60, iss={"essential": True, "value": known["issuer"]}, exp={"essential": True},
            aud={"essential": True, "value": self.told.client_id}, nonce={"essential": True, "value": asked.nonce},
        )  # fmt: skip
        try:
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError):
            raise _untrusted("The provider's ID token is not to be trusted.") from None
        subject = claims.get(self.told.claim)
        if not isinstance(subject, str) or not subject:
            raise _untrusted(f"The ID token has no claim {self.told.claim!r}.")
        return subject

    def _client(self, return_to: str, **more: Any) -> Any:
        """The library's client; imported when somebody signs in this way, as it is slow and says so loudly."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            client_id=self.told.client_id, client_secret=self.told.client_secret.get_secret_value(),
            scope="openid profile", redirect_uri=return_to, code_challenge_method="S256", timeout=10, **more,
        )  # fmt: skip

    def _known(self) -> Mapping[str, Any]:
        found = self._fetched(f"{self.told.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer", "").rstrip("/") != self.told.issuer.rstrip("/"):
            raise _untrusted("The provider names another issuer than the settings.")
        return found

    def _fetched(self, address: str) -> Mapping[str, Any]:
        kept = self._kept.get(address)
        if kept is None or time.monotonic() - kept[0] > _KEPT_SECONDS:
            try:
                answer = httpx.get(address, timeout=10).raise_for_status()
                kept = (time.monotonic(), answer.json())
            except (httpx.HTTPError, ValueError):
                raise self._away() from None
            self._kept[address] = kept
        return kept[1]

    def _away(self) -> RetryLater:
        return RetryLater(943, "The identity provider does not answer.", where=self.told.issuer,
                          next_step="Sign in with id and password, if you have one here, or try again.")  # fmt: skip


def _untrusted(what: str) -> NeedsPerson:
    return NeedsPerson(944, what, where="console.oidc", next_step="Try again; if it stays so, tell an administrator.")
