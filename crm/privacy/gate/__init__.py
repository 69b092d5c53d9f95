"""The gate: the only road from facts to learning, and the only road back.

`build` writes a release: files in which people have new pseudonyms, holding only people who allow the purpose.
`attach` turns pseudonyms back into customers, and asks for permission once more. `expire` destroys the pseudonym key.
"""

from crm.privacy.gate.attach import attach, excluded
from crm.privacy.gate.build import build, work
from crm.privacy.gate.lifecycle import expire, latest
from crm.privacy.gate.manifest import AlteredRelease, verify
from crm.privacy.gate.population import NoSuchRelease, needed
from crm.privacy.gate.pseudonyms import ExpiredRelease

__all__ = [
    "AlteredRelease",
    "ExpiredRelease",
    "NoSuchRelease",
    "attach",
    "build",
    "excluded",
    "expire",
    "latest",
    "needed",
    "verify",
    "work",
]
