"""The programs' environment variables name the stack of this test run."""

from collections.abc import Iterator

import pytest

from workers.dev.stack.running import RunningStack


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack(stack: RunningStack) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        yield
