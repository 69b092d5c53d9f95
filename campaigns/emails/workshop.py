"""The one door to compiling: every mail is compiled and proof-read in a process of its own, with limits.

What is compiled was typed by somebody and goes through code of others that we have not written: a regular expression
that never ends, or a compiler that runs out of stack, ends that process and nothing else, and is told as a problem of
the mail.
"""

from functools import lru_cache

from campaigns.emails.compile import Compiled
from campaigns.emails.compiler import unpack
from campaigns.emails.liquid import LONGEST_TEMPLATE
from campaigns.emails.problems import CompileError, Problem, error
from campaigns.emails.proof import Proof, Text
from lib.apart import Apart, Limits, NotDone, Why

COMPILER = Apart("campaigns.emails.compiler:answer", Limits(cpu_seconds=2, wall_seconds=4, megabytes=384))
TOLD = {Why.TIME: "slow", Why.MEMORY: "memory", Why.CRASH: "crash", Why.BUSY: "busy"}


def proof_read(text: Text) -> Proof:
    """Compile a text and return everything that is wrong with it."""
    if max(len(text.subject), len(text.preheader), len(text.mjml)) > LONGEST_TEMPLATE:
        return Proof([error("too_long")])
    try:
        return _proofs(text.subject, text.preheader, text.mjml, text.language)
    except NotDone as failure:
        return Proof([error(TOLD[failure.why])])


# A text always has the same proof. That one could not be had is not kept.
@lru_cache(maxsize=32)
def _proofs(subject: str, preheader: str, mjml: str, language: str) -> Proof:
    job = {"subject": subject, "preheader": preheader, "mjml": mjml, "language": language}
    return unpack(COMPILER.ask(job))


def problems(text: Text) -> list[Problem]:
    """Return what is wrong with a text, errors first; an empty list means that it can be sent."""
    return proof_read(text).problems


def compiled(text: Text) -> Compiled:
    """Compile a text to be looked at.

    Raises CompileError when it cannot become a mail.
    """
    proof = proof_read(text)
    if proof.compiled is None:
        raise CompileError(proof.errors)
    return proof.compiled


def must_compile(text: Text) -> Compiled:
    """Compile a text to be sent.

    Raises CompileError when it has any error.
    """
    proof = proof_read(text)
    if proof.errors or proof.compiled is None:
        raise CompileError(proof.errors)
    return proof.compiled
