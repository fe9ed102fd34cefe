"""OpenID Connect providers: the authorization code flow with PKCE, seen from the client. Sources: OpenID Connect Core 1.0, RFC 9700."""

from services.identity.gateways.oidc.http import Patience as ProviderPatience
from services.identity.gateways.oidc.knowledge import Freshness
from services.identity.gateways.oidc.provider import Answer, Asked, Provider, Redirect

__all__ = ["Answer", "Asked", "Freshness", "Provider", "ProviderPatience", "Redirect"]
