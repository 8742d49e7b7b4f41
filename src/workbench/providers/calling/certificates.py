"""Which certificates are trusted: those that come with the HTTP library, or those that the environment names."""

from __future__ import annotations

import os
import ssl

from workbench.core.errors import ProvidersError

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trusted_certificates() -> ssl.SSLContext:
    """A context that trusts them; takes some 30 ms. Raises ProvidersError when they cannot be read."""
    import httpx

    try:
        return httpx.create_ssl_context()
    except OSError as problem:
        named = ", ".join(f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name))
        raise ProvidersError(
            "The trusted certificates cannot be read",
            detail=f"{named or 'those of the HTTP library'}: {problem.strerror or type(problem).__name__}",
            hint=f"Correct {' and '.join(VARIABLES)}, or unset them",
            where="certificates",
        ) from None
