"""What happens inside the process that compiles mails: a text in, its proof out, both as plain JSON."""

from dataclasses import asdict
from typing import Any

from campaigns.emails.compile import Compiled
from campaigns.emails.problems import Problem, Severity, error
from campaigns.emails.proof import Draft, Proof, proof_read
from campaigns.emails.render import RenderedMail


def answer(job: dict[str, str]) -> dict[str, Any]:
    """Proof-read the text in a job (the fields of Draft)."""
    try:
        proof = proof_read(Draft(**job))
    except RecursionError:
        proof = Proof([error("deep")])
    return pack(proof)


def pack(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON can carry it."""
    compiled = proof.compiled
    return {
        "problems": [[problem.severity, problem.code, problem.detail] for problem in proof.problems],
        "compiled": compiled and {**asdict(compiled), "links": list(compiled.links), "uses": sorted(compiled.uses)},
        "example": proof.example and asdict(proof.example),
    }


def unpack(packed: dict[str, Any]) -> Proof:
    """Return the proof again."""
    compiled, example = packed["compiled"], packed["example"]
    if compiled:
        fixed = {"links": tuple(compiled["links"]), "uses": frozenset(compiled["uses"])}
        compiled = Compiled(**{**compiled, **fixed})
    return Proof(
        [Problem(Severity(severity), code, detail) for severity, code, detail in packed["problems"]],
        compiled,
        RenderedMail(**example) if example else None,
    )
