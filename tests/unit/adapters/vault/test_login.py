"""How the vault's login holds: a server on the loopback interface that gives out tokens, and counts."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from workers.adapters.vault.login import Session
from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured
from workers.testing import FakeClock

LEASE_SECONDS = 600
RIGHT = "right"


class Vault(ThreadingHTTPServer):
    """Gives a new token for each login, and renews it unless ``renews`` is false."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.renews = True

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append((path, body))
        auth = {"client_token": f"token-{len(self.requests)}", "lease_duration": LEASE_SECONDS, "renewable": True}
        if path.endswith("/login"):
            known = body.get("secret_id") == "right" or body.get("jwt") == "account"
            return (200, {"auth": auth}) if known else (400, {"errors": ["invalid role or secret ID"]})
        if path == "/v1/auth/token/renew-self":
            return (200, {"auth": auth}) if self.renews else (403, {"errors": ["permission denied"]})
        return 200, {"data": {"ttl": LEASE_SECONDS, "renewable": True, "policies": ["audit"]}}


class Handler(BaseHTTPRequestHandler):
    server: Vault

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        status, body = self.server.answer(self.path, json.loads(self.rfile.read(length) or b"{}"))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_GET = do_POST  # noqa: N815 - http.server calls it by this name

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def vault() -> Iterator[Vault]:
    with Vault() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def app_role(vault: Vault, clock: FakeClock, secret_id: str = RIGHT, auth_mount: str = "") -> Session:
    address, secret = f"http://127.0.0.1:{vault.server_port}", SecretStr(secret_id)
    return Session(VaultSettings(addr=address, role_id="audit", secret_id=secret, auth_mount=auth_mount), clock)


def test_an_app_role_logs_in_once_while_its_token_is_young(vault: Vault, clock: FakeClock) -> None:
    session = app_role(vault, clock)
    assert session.client().token == "token-1"
    clock.now = LEASE_SECONDS / 2 - 1
    session.client()
    assert vault.requests == [("/v1/auth/approle/login", {"role_id": "audit", "secret_id": "right"})]


def test_a_token_is_renewed_at_half_of_its_life(vault: Vault, clock: FakeClock) -> None:
    session = app_role(vault, clock)
    session.client()
    clock.now = LEASE_SECONDS / 2
    session.client()
    session.client()
    assert vault.paths[1:] == ["/v1/auth/token/renew-self"]


def test_a_token_that_is_not_renewed_any_more_is_replaced(vault: Vault, clock: FakeClock) -> None:
    session, vault.renews = app_role(vault, clock), False
    session.client()
    clock.now = LEASE_SECONDS
    assert session.client().token == "token-3"
    assert vault.paths[1:] == ["/v1/auth/token/renew-self", "/v1/auth/approle/login"]


def test_a_token_that_was_refused_is_forgotten(vault: Vault, clock: FakeClock) -> None:
    session = app_role(vault, clock)
    session.client()
    session.forget()
    assert session.client().token == "token-2"


def test_a_login_may_have_another_path(vault: Vault, clock: FakeClock) -> None:
    app_role(vault, clock, auth_mount="teams/approle").client()
    assert vault.paths == ["/v1/auth/teams/approle/login"]


def test_a_refused_app_role_is_named_with_its_variables_and_not_shown(vault: Vault, clock: FakeClock) -> None:
    with pytest.raises(Misconfigured, match="VAULT_SECRET_ID_FILE") as refused:
        app_role(vault, clock, "wrong-secret").client()
    assert "wrong-secret" not in str(refused.value)


def test_a_service_account_logs_in_with_its_file_as_it_is_now(vault: Vault, clock: FakeClock, tmp_path: Path) -> None:
    account = tmp_path / "token"
    account.write_text("account\n")
    settings = VaultSettings(addr=f"http://127.0.0.1:{vault.server_port}", kubernetes_role="audit")
    Session(settings, clock, account).client()
    assert vault.requests == [("/v1/auth/kubernetes/login", {"role": "audit", "jwt": "account"})]


def test_a_pod_without_a_service_account_is_no_outage(vault: Vault, clock: FakeClock, tmp_path: Path) -> None:
    settings = VaultSettings(addr=f"http://127.0.0.1:{vault.server_port}", kubernetes_role="audit")
    with pytest.raises(Misconfigured, match="VAULT_KUBERNETES_ROLE"):
        Session(settings, clock, tmp_path / "none").client()


def test_a_rotated_token_file_is_read_again(
    vault: Vault, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(file))
    session = Session(VaultSettings(addr=f"http://127.0.0.1:{vault.server_port}", token=SecretStr("first")), clock)
    assert session.client().token == "first"
    file.write_text("second")
    assert session.client().token == "second"


def test_two_logins_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="VAULT_TOKEN and VAULT_ROLE_ID are set"):
        VaultSettings(addr="http://vault:8200", token=SecretStr("t"), role_id="audit")
