"""The user of this process, whose name is kept with what is done."""

import getpass

from workers.core.errors import Misconfigured


def user_name(option: str) -> str:
    """Return the user's name. Raises ``Misconfigured`` where the system has none, as in a container: use ``option``."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise Misconfigured(f"this system has no name for the user: say who does it with {option} NAME") from None
