import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from workers.config.tls.context import ClientCertificate, ClientContext, PemFile, TlsVersion
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured
from workers.dev.stack.tls.certificates import Certificate

STEPS = 20
NAME = "127.0.0.1"


@pytest.fixture
def authority() -> Certificate:
    return Certificate.authority("the authority")


def authority_file(path: Path, authority: Certificate) -> PemFile:
    path.write_text(authority.certificate_pem)
    return PemFile("SOME_CAFILE", path)


def shown(folder: Path, certificate: Certificate) -> ClientCertificate:
    certificate.write(folder / "tls.crt", folder / "tls.key")
    return ClientCertificate(PemFile("SOME_CERTFILE", folder / "tls.crt"), PemFile("SOME_KEYFILE", folder / "tls.key"))


def server_context(folder: Path, certificate: Certificate, trusted: Certificate | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.write(folder / "server.crt", folder / "server.key")
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    if trusted is not None:
        context.load_verify_locations(cadata=trusted.certificate_pem)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """Connect both in memory; return the server's side. Raises what either side raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=NAME)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    sides = [ours, theirs]
    for _ in range(STEPS):
        for side in tuple(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)
        if not sides:
            return theirs
    raise AssertionError("the handshake does not end")


def test_a_client_speaks_nothing_below_tls_1_3(tmp_path: Path, authority: Certificate) -> None:
    server = server_context(tmp_path, authority.sign("server"))
    client = ClientContext(TlsVersion.TLS_1_3, authority_file(tmp_path / "ca.pem", authority))

    assert shake_hands(client, server).version() == "TLSv1.3"
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(client, server)


def test_tls_1_2_is_spoken_where_it_was_asked_for_with_a_strong_suite(tmp_path: Path, authority: Certificate) -> None:
    server = server_context(tmp_path, authority.sign("server"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    client = ClientContext(TlsVersion.TLS_1_2, authority_file(tmp_path / "ca.pem", authority))

    suite = shake_hands(client, server).cipher()
    assert suite is not None
    assert suite[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    server.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError):
        shake_hands(client, server)


def test_a_new_authority_is_trusted_from_the_next_connection(tmp_path: Path, authority: Certificate) -> None:
    client = ClientContext(TlsVersion.TLS_1_3, authority_file(tmp_path / "ca.pem", authority))
    new = Certificate.authority("another authority")
    server = server_context(tmp_path, new.sign("server"))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server)

    (tmp_path / "ca.pem").write_text(new.certificate_pem)

    shake_hands(client, server)


def subject_seen_by(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    seen = shake_hands(client, server).getpeercert(binary_form=True)
    assert seen is not None
    return x509.load_der_x509_certificate(seen).subject.rfc4514_string()


def test_a_new_certificate_is_shown_from_the_next_connection(tmp_path: Path, authority: Certificate) -> None:
    server = server_context(tmp_path, authority.sign("server"), trusted=authority)
    ours = shown(tmp_path, authority.sign("first"))
    client = ClientContext(TlsVersion.TLS_1_3, authority_file(tmp_path / "ca.pem", authority), ours)
    assert subject_seen_by(server, client) == "CN=first"

    shown(tmp_path, authority.sign("second"))

    assert subject_seen_by(server, client) == "CN=second"


def test_a_client_survives_the_moment_between_certificate_and_key(tmp_path: Path, authority: Certificate) -> None:
    server = server_context(tmp_path, authority.sign("server"), trusted=authority)
    ours = shown(tmp_path, authority.sign("first"))
    client = ClientContext(TlsVersion.TLS_1_3, authority_file(tmp_path / "ca.pem", authority), ours)
    second = authority.sign("second")

    (tmp_path / "tls.crt").write_text(second.certificate_pem)
    client.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=NAME)
    (tmp_path / "tls.key").write_text(second.key_pem)

    assert subject_seen_by(server, client) == "CN=second"


def test_files_that_cannot_be_used_are_named_with_the_fix(tmp_path: Path, authority: Certificate) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(Misconfigured, match=rf"SOME_CAFILE={tmp_path}/ca.pem has no certificate .*; name a PEM file"):
        ClientContext(TlsVersion.TLS_1_3, PemFile("SOME_CAFILE", tmp_path / "ca.pem"))

    ours = shown(tmp_path, authority.sign("one"))
    (tmp_path / "tls.key").write_text(authority.sign("another").key_pem)
    with pytest.raises(Misconfigured, match=r"SOME_CERTFILE=.* and SOME_KEYFILE=.* \(key values mismatch\); name PEM"):
        ClientContext(TlsVersion.TLS_1_3, None, ours)


Wrong = Callable[[Certificate], Certificate]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (lambda authority: authority.sign("old", days=-1), "its certificate has expired; renew it"),
        (
            lambda _: Certificate.authority("foreign").sign("server"),
            (
                "its certificate is of an authority that this client does not know; "
                "name the authority that signed it in SOME_CAFILE"
            ),
        ),
        (
            lambda authority: authority.sign("other", (x509.DNSName("elsewhere"),)),
            "its certificate is for another name; write a name that is in it in SOME_URL, or have it made for this one",
        ),
    ],
)
def test_a_server_that_cannot_be_trusted_has_a_cause_and_a_fix(
    tmp_path: Path, authority: Certificate, wrong: Wrong, fault: str
) -> None:
    client = ClientContext(TlsVersion.TLS_1_3, authority_file(tmp_path / "ca.pem", authority))
    with pytest.raises(ssl.SSLError) as raised:
        shake_hands(client, server_context(tmp_path, wrong(authority)))

    assert tls_fault(raised.value, "SOME_URL", "SOME_CAFILE") == fault
    assert tls_fault(RuntimeError("around it"), "SOME_URL", "SOME_CAFILE") is None


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("Disconnected: ssl/tls alert certificate required: SSL alert number 116", "it asks for a certificate"),
        ("SSL handshake failed: ssl/tls alert handshake failure: SSL alert number 40", "it does not speak TLS 1.3"),
        ("certificate verify failed: broker certificate could not be verified", "its certificate is of an authority"),
    ],
)
def test_the_words_of_librdkafka_have_the_same_causes(said: str, cause: str) -> None:
    assert (tls_fault(said, "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SSL_CAFILE") or "").startswith(cause)


def test_what_is_no_fault_of_tls_has_no_cause() -> None:
    assert tls_fault("Connect to ipv4#127.0.0.1:9092 failed: Connection refused", "URL", "CAFILE") is None
