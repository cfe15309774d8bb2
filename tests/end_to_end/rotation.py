"""A secure stack that makes its authority, certificates and passwords new, while workers run."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import HOME
from tests.end_to_end.secure_scene import USER, SecureScene
from workers.dev.stack.lifecycle import down, up
from workers.dev.stack.state import load_state
from workers.dev.stack.tls.certificates import Certificate, replace_file

REGISTRY_PASSWORD = "SCHEMA_REGISTRY_PASSWORD"
CHANGED = {"kafka": USER, "apicurio": "password"}
"""The passwords that change, by server. Neo4j's has a chaos scenario."""


def reads_files(scene: SecureScene, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the worker's settings with the registry's password from a file."""
    file = _registry_password(scene)
    replace_file(file, environment[REGISTRY_PASSWORD])
    without = {name: value for name, value in environment.items() if name != REGISTRY_PASSWORD}
    return {**without, f"{REGISTRY_PASSWORD}_FILE": str(file)}


def rotate(scene: SecureScene) -> None:
    """Restart all servers with certificates of another authority, and with other passwords.

    Servers trust the new authority only, and clients find no file of the old one. Files that clients read are
    replaced, and never missing: Kubernetes does the same with a Secret.
    """
    down(scene.stack, home=HOME)
    state = load_state(HOME, scene.stack)
    for server, name in CHANGED.items():
        state.servers[server].secrets[name] = secrets.token_hex()
    state.save()
    replace_file(_registry_password(scene), state.servers["apicurio"].secrets["password"])
    Certificate.authority("the next one").write(scene.tls.authority, scene.tls.authority.with_suffix(".key"))
    _certify(scene)
    started = up(scene.stack, ("vault",), environment={}, home=HOME, secure=True)
    scene.environment = {**scene.environment, **started.environment}


def _certify(scene: SecureScene) -> None:
    """Give the worker's user its next certificate; servers and other users get theirs when the stack starts."""
    mine, authority = scene.tls.user_folder(USER), scene.tls.authority
    scene.tls.signer().sign(USER).write(mine / "tls.crt", mine / "tls.key")
    for old in (*mine.parent.glob("*/tls.crt"), *authority.parent.glob("*/tls.crt")):
        if old.parent != mine:
            old.unlink()


def _registry_password(scene: SecureScene) -> Path:
    return scene.folder / "registry-password"
