import getpass

import pytest

from workers.core.errors import Misconfigured
from workers.ops.dead_letters.journal import who_does_it


def test_a_user_without_a_name_as_in_a_container_must_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nameless)
    with pytest.raises(Misconfigured, match="--as NAME"):
        who_does_it(None, "repaired")
    assert who_does_it("ada", " repaired ")[1:3] == ("ada", "repaired")
