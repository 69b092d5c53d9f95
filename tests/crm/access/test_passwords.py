"""Passwords are hashed by Argon2id, at the cost we say."""

from django.contrib.auth.hashers import check_password, make_password


def test_a_password_is_hashed_by_argon2id_at_the_cost_of_a_small_server() -> None:
    kept = make_password("a long invented password")
    assert kept.startswith("argon2$argon2id$")
    assert "m=19456,t=2,p=1" in kept
    assert check_password("a long invented password", kept)
    assert not check_password("another password", kept)
