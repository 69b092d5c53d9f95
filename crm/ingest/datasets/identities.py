"""Invented people for data sets that name nobody: the same id always gives the same person.

All live at example.com, which is reserved (RFC 2606), so no mail to them can reach anybody.
"""

import hashlib

from crm.ingest.person import IncomingPerson

_GIVEN = (
    "Alma Bram Cleo Dario Edda Falk Greta Hugo Ines Jasper Kaia Levin Mira Nils Odette Pavel Runa Silas Thea Ugo "
    "Vera Wim Yara Zeno Anouk Boris Clara Dimitri Elin Fabio Gwen Henrik Iris Joris Karin Lars"
)
_FAMILY = (
    "Ashdown Birkwood Calder Dunmore Elmsley Fernhill Garrick Hollowell Ivory "
    "Juniper Kestrel Larkspur Millbrook Northcote Oakham Pinewood Quillon Rushmere "
    "Saltmarsh Thornbury Underhill Vexley Windrow Yarrow Zellwood Brightmere"
)
# Han characters with their sound, so that the address can be written.
_SURNAMES = (
    "林:lin 周:zhou 吴:wu 徐:xu 孙:sun 朱:zhu 高:gao 何:he 郭:guo 罗:luo 梁:liang 宋:song 唐:tang 许:xu 冯:feng 沈:shen"
)
_SYLLABLES = (
    "安:an 晨:chen 枫:feng 禾:he 嘉:jia 澜:lan 宁:ning 清:qing 若:ruo 书:shu 桐:tong 微:wei 溪:xi 雅:ya 云:yun 舟:zhou"
)
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()
SURNAMES = [word.split(":") for word in _SURNAMES.split()]
SYLLABLES = [word.split(":") for word in _SYLLABLES.split()]
NOTHING = 0.08
"""Share of people who allow nothing."""
NO_ADDRESS = 0.05
CHINESE = 0.25
# Purposes that are given or refused together, with the share of the others who give them. E-mail first: without it
# the tracking of e-mails is not asked.
SHARES = (
    (("email_marketing",), 0.80),
    (("profiling",), 0.85),
    (("recommendation", "model_training"), 0.80),
    (("open_tracking",), 0.55),
    (("click_tracking",), 0.70),
)


class _Dice:
    """Numbers that depend on a name and nothing else."""

    def __init__(self, name: str) -> None:
        self._bytes = hashlib.blake2b(name.encode(), digest_size=64, key=b"relata invented people").digest()
        self._place = 0

    def share(self) -> float:
        """Return the next number, 0 up to 1."""
        self._place += 4
        return int.from_bytes(self._bytes[self._place - 4 : self._place]) / 2**32

    def one_of(self, choices: list[str]) -> str:
        """Return one of the choices."""
        return choices[int(self.share() * len(choices))]


def invent(dataset: str, number: str, prefix: str) -> IncomingPerson:
    """Return an invented person for one id of a data set: names, address, language and consents.

    `prefix` goes before the id to make the customer's `external_id` and a unique address.
    """
    dice = _Dice(f"{dataset}:{number}")
    chinese = dice.share() < CHINESE
    if chinese:
        surname = SURNAMES[int(dice.share() * len(SURNAMES))]
        first = SYLLABLES[int(dice.share() * len(SYLLABLES))]
        second = SYLLABLES[int(dice.share() * len(SYLLABLES))]
        names = {"first_name": first[0] + second[0], "last_name": surname[0]}
        local = f"{first[1]}{second[1]}.{surname[1]}"
    else:
        names = {"first_name": dice.one_of(GIVEN), "last_name": dice.one_of(FAMILY)}
        dice.share()
        local = f"{names['first_name']}.{names['last_name']}".lower()
    nothing, no_address = dice.share() < NOTHING, dice.share() < NO_ADDRESS
    consents = {key: True for keys, share in SHARES if dice.share() < share for key in keys}
    return IncomingPerson(
        external_id=f"{prefix}{number}",
        email="" if no_address else f"{local}.{prefix}{number}@example.com",
        identity=names,
        language="zh-hans" if chinese else "en",
        consents={} if nothing else consents,
    )
