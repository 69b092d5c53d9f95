"""Say, for every field of every model, what it holds about a person; inventory, masks and erasure are fed from it.

A model carries an inner class `Privacy` with one `Declaration` per field. `manage.py check` fails on an undeclared
field.
Category keys follow the fideslang taxonomy (ethyca/fideslang, CC BY 4.0), so that the inventory can be read by others.
"""

from dataclasses import dataclass

ERASURES = ("keep", "blank", "delete", "shred", "unlink")


@dataclass(frozen=True)
class Declaration:
    """What one field holds. `erase` says what erasure does to it; `mask` what a masked role sees of it."""

    category: str
    """A fideslang data category, `system.operations` where the field says nothing about a person."""
    purposes: tuple[str, ...] = ("service",)
    """Purposes the field may be used for."""
    retention: str = "P3Y"
    """How long it is kept after the person's last activity, as an ISO 8601 duration; empty for the life of the row."""
    erase: str = "keep"
    """keep (not personal), blank (set to null or empty), delete (the row goes), shred (its key goes), unlink (the
    pseudonym stays, the person does not)."""
    mask: str = ""
    """Empty when anyone signed in may see it; otherwise the mask used for roles that may not."""
    seal: str = ""
    """The sealed class (contact, identity) the field is a part of; empty when it is not sealed."""

    @property
    def personal(self) -> bool:
        """True when the field says something about an identifiable person."""
        return not self.category.startswith("system.")


def operations() -> Declaration:
    """A field about our own workings, not about a person."""
    return Declaration("system.operations", retention="", erase="keep")


def pseudonym() -> Declaration:
    """A random or sequential id that stands for a person."""
    return Declaration("user.unique_id.pseudonymous", purposes=("service", "analytics"), erase="unlink")


def attribute(category: str = "user.demographic") -> Declaration:
    """A coarse attribute of a person: a band, a region, a language."""
    return Declaration(category, purposes=("service", "profiling"), erase="blank")


def behaviour(purpose: str = "profiling") -> Declaration:
    """What a person did, or what was worked out from it."""
    return Declaration("user.behavior", purposes=("service", purpose), erase="unlink")


def derived(purpose: str = "profiling") -> Declaration:
    """What was worked out about a person; it goes with the person."""
    return Declaration("user.behavior.derived", purposes=(purpose,), retention="P1Y", erase="delete")


def sealed(seal: str) -> Declaration:
    """Ciphertext of direct identifiers: unreadable once the person's key is destroyed."""
    return Declaration("user.contact", purposes=("service", "email_marketing"), erase="shred", mask="hidden", seal=seal)


def blind_index() -> Declaration:
    """A keyed hash that finds a person by an identifier without storing it."""
    return Declaration("user.unique_id", purposes=("service",), erase="blank", mask="hidden")


def staff(category: str = "user.account") -> Declaration:
    """About a person who signs in to the application."""
    return Declaration(category, purposes=("service",), retention="", erase="keep")
