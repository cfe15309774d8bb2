"""The vault's answers, from a server on the loopback interface."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from tests.unit.fuzz.server import AnyBytes, any_bytes
from workers.adapters.vault.transit import Transit
from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import State
from workers.ops.doctor.vault_checks import check_vault

TOKEN = "a-valid-token"


class Vault(BaseHTTPRequestHandler):
    """Knows one token, and is sealed where the path says so."""

    def do_GET(self) -> None:
        valid = self.headers["X-Vault-Token"] == TOKEN
        status = 503 if self.path.startswith("/sealed") else 200 if valid else 403
        body = {"data": {"policies": ["default", "audit"]}} if status == 200 else {"errors": ["no"]}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Vault) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def settings(address: str | None, token: str = TOKEN) -> VaultSettings:
    return VaultSettings(addr=address, token=SecretStr(token))


def test_a_valid_token_is_in_order(address: str) -> None:
    (finding,) = check_vault(settings(address))
    assert finding.state is State.OK
    assert "default, audit" in finding.message


def test_a_refused_token_is_named_with_its_variable_and_not_shown(address: str) -> None:
    (finding,) = check_vault(settings(address, "expired"))
    assert finding.state is State.MISCONFIGURED
    assert "VAULT_TOKEN_FILE" in finding.message
    assert "expired" not in finding.message


@pytest.mark.parametrize("path", ["/sealed", None])
def test_a_sealed_vault_and_none_at_all_are_out_of_reach(address: str, path: str | None) -> None:
    (finding,) = check_vault(settings(f"{address}{path}" if path else "http://127.0.0.1:9"))
    assert finding.state is State.UNREACHABLE
    assert "VAULT_ADDR" in finding.message


def test_without_an_address_nothing_is_checked() -> None:
    assert check_vault(settings(None)) == []


def answered(server: AnyBytes, status: str, body: bytes) -> None:
    server.answer = (
        b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (
            status.encode(),
            len(body),
            body,
        )
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data": 7}', b'{"data": {"keys": []}}'])
def test_another_server_at_the_address_is_out_of_reach(body: bytes) -> None:
    with any_bytes() as server:
        answered(server, "200 OK", body)
        with pytest.raises(Unreachable, match="answers, but not as a vault does: set VAULT_ADDR"):
            Transit(settings(server.url)).public_keys("key")


def test_a_refusal_that_repeats_the_login_is_shown_without_it() -> None:
    account = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
    with any_bytes() as server:
        answered(server, "403 Forbidden", json.dumps({"errors": [f"{TOKEN} and {account}\nare denied"]}).encode())
        with pytest.raises(Misconfigured) as caught:
            Transit(settings(server.url)).sign("key", b"payload")
    assert "(*** and *** are denied)" in str(caught.value)
