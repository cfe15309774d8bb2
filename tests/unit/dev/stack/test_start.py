from workers.dev.stack.start import new_password


def test_no_password_looks_like_an_option_of_a_tool() -> None:
    assert all(new_password().isalnum() for _ in range(1_000))
    assert new_password() != new_password()
