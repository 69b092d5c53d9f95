"""Argon2id at a cost a small server can pay on every login."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class SmallArgon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane (the OWASP password storage cheat sheet's second choice).

    Django's defaults take 100 MiB and eight lanes for each attempt, which is a way to exhaust a small machine's memory.
    """

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1
