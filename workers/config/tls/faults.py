"""Why a TLS connection failed, with the fix: from the errors of ``ssl``, or from the words of librdkafka."""

import ssl
from collections.abc import Iterator

AUTHORITY = "name the authority that signed it in {cafile}"
NAME = "write a name that is in it in {address}, or have it made for this one"
PORT = "correct {address}"
CLIENT = "show it a certificate of an authority that it trusts"
CAUSES = (
    # What OpenSSL says, in any order of its words; what it means; what to do about it.
    ("has expired", "its certificate has expired", "renew it"),
    ("not yet valid", "its certificate is not valid yet", "compare the clocks"),
    ("mismatch", "its certificate is for another name", NAME),
    ("not valid for", "its certificate is for another name", NAME),
    ("does not match", "its certificate is for another name", NAME),
    ("certificate required", "it asks for a certificate of this client", CLIENT),
    ("alert unknown ca", "it does not know the authority of this client's certificate", CLIENT),
    ("alert certificate expired", "this client's certificate has expired", "renew it"),
    ("alert bad certificate", "it does not accept this client's certificate", CLIENT),
    ("alert certificate unknown", "it does not accept this client's certificate", CLIENT),
    ("protocol version", "it does not speak TLS 1.3", "let it, or set TLS_MIN_VERSION=1.2"),
    ("handshake failure", "it does not speak TLS 1.3 with our suites", "let it, or set TLS_MIN_VERSION=1.2"),
    ("wrong version number", "it does not speak TLS on this port", PORT),
    ("record layer failure", "it does not speak TLS on this port", PORT),
    ("self-signed", "its certificate is of an authority that this client does not know", AUTHORITY),
    ("self signed", "its certificate is of an authority that this client does not know", AUTHORITY),
    ("local issuer", "its certificate is of an authority that this client does not know", AUTHORITY),
    ("certificate verify failed", "its certificate is of an authority that this client does not know", AUTHORITY),
    ("could not be verified", "its certificate is of an authority that this client does not know", AUTHORITY),
)


def tls_fault(error: BaseException | str, address: str, cafile: str) -> str | None:
    """Return cause and fix of a failed TLS connection; ``None`` for what failed otherwise.

    ``error`` is what a client has raised or said; ``address`` and ``cafile`` are the variables of its settings.
    """
    said = error if isinstance(error, str) else _said(error)
    if said is None:
        return None
    lower = " ".join(said.lower().replace("_", " ").split())
    for sign, cause, fix in CAUSES:
        if sign in lower:
            return f"{cause}; {fix.format(address=address, cafile=cafile)}"
    return None if isinstance(error, str) else f"TLS failed: {' '.join(said.split())}"


def _said(error: BaseException) -> str | None:
    return next((str(each) for each in _chain(error) if isinstance(each, ssl.SSLError | ssl.CertificateError)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _chain(each)
        error = error.__cause__ or error.__context__
