"""Of whom an SMTP reply speaks: the recipient, the sender, this letter, or the server.

A reply is read in this order: where in the dialogue it came, words that name the sender, the enhanced code (RFC 3463,
RFC 7372 and the registry they began), then words of servers that send no code or a wrong one. What nobody here knows
speaks of this one recipient and strikes nobody off: a wrong "does not exist" loses a customer for good.
"""

import re
from enum import StrEnum

from campaigns.sending.transports.base import About

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
LONGEST = 1_000
"""Characters of a reply that are looked at."""


class ReplyStep(StrEnum):
    """Where in the dialogue a reply came."""

    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"


BY_CODE: dict[str, About] = {
    # RFC 3463 and the IANA registry of enhanced codes: the address of the recipient.
    "1.1": About.ADDRESS,  # bad mailbox
    "1.2": About.ADDRESS,  # bad system: its domain takes no mail
    "1.3": About.ADDRESS,  # bad syntax
    "1.6": About.ADDRESS,  # moved, no forwarding address
    "1.10": About.ADDRESS,  # null MX (RFC 7505)
    # The address of the sender. Taken for the recipient's, one glitch of our DNS would strike off everybody.
    "1.7": About.SENDER,
    "1.8": About.SENDER,
    "2.1": About.RECIPIENT,  # disabled; it may come back
    "2.2": About.FULL,
    # The server or its network, though servers say so of one recipient's host too: many at once, and it is the server.
    "3.0": About.POLICY,
    "3.1": About.POLICY,  # its disk is full
    "3.2": About.POLICY,  # takes no mail for now
    "4.3": About.POLICY,  # its directory is away
    "4.5": About.POLICY,  # congestion
    # 5.7.x is policy. These say that whoever sends is not let through, whatever the letter.
    "7.0": About.POLICY,
    "7.3": About.SENDER,
    "7.4": About.SENDER,
    "7.8": About.SERVER,  # our password is wrong (RFC 4954)
    "7.9": About.SERVER,
    "7.11": About.SERVER,
    "7.13": About.SERVER,  # our account is disabled (RFC 5248)
    "7.14": About.SERVER,
    "7.20": About.SENDER,  # DKIM (RFC 7372)
    "7.21": About.SENDER,
    "7.22": About.SENDER,
    "7.23": About.SENDER,  # SPF (RFC 7372)
    "7.24": About.SENDER,
    "7.25": About.SENDER,  # reverse DNS (RFC 7372)
    "7.26": About.SENDER,  # neither SPF nor DKIM (RFC 7372, Gmail)
    "7.27": About.SENDER,  # the sender's domain takes no mail (RFC 7505)
    "7.28": About.SENDER,  # flooding
    "7.29": About.SENDER,
    "7.57": About.SERVER,  # Exchange: client was not authenticated
    "7.60": About.SENDER,  # Exchange: may not send as this sender
    "7.501": About.SENDER,  # Exchange Online: spam abuse from this sender
    "7.502": About.SENDER,
    "7.503": About.SENDER,
    "7.508": About.SENDER,
    "7.509": About.SENDER,  # DMARC
    "7.511": About.SENDER,
    "7.515": About.SENDER,  # Outlook.com: does not meet the level of authentication asked for
    "7.708": About.SENDER,
    "7.750": About.SENDER,
}
"""Subject and detail of an enhanced code → of whom it speaks."""
BY_SUBJECT = {"1": About.RECIPIENT, "3": About.RECIPIENT, "7": About.POLICY}
SIGN_IN = {530, 534, 535, 538}
"""Replies of a server that wants another password, at whatever step (RFC 4954)."""

# Postfix says all of these at RCPT (smtpd_delay_reject); "User unknown" among them is said of the sender too.
SENDERS = (
    "sender address rejected",
    "sender rejected",
    "sender denied",
    "sender domain",
    "domain of sender",
    "sender verify failed",  # Exim
    "sender is unconfirmed",
    "sender email address rejected",
    "unverified sender",
    "mail from address must be same as authorization user",  # NetEase, QQ
    "not owned by user",
    "not allowed to send as",
    "sendasdenied",  # Exchange
    "client host rejected",
    "helo command rejected",
    "client was not authenticated",
    "relay access denied",
    "relaying denied",
    "relay not permitted",
    "unable to relay",
    "authentication required",
    "must be authenticated",
    "spf check fail",
    "dmarc",
)
# QQ and NetEase answer 550 to senders who are merely too fast; taken at its word, half of China would be struck off.
TOO_FAST = re.compile(
    r"frequency limited|HL:I[FC]C|MI:DMC|DT:SPM|temporarily flooded|too many connections", re.IGNORECASE
)
# A greylist turns every first try away, and takes the second.
GREYLIST = ("greylist", "graylist", "greylisted", "postgrey", "first time", "灰名单")
FULL = (
    "mailbox full",
    "mailbox is full",
    "over quota",
    "overquota",
    "exceeded storage allocation",
    "quota exceeded",
    "insufficient disk quota",
    "邮箱已满",
    "空间不足",
    "casella piena",
    "boite pleine",
)
# Words with which servers say that nobody has this address; each seen with a bare 550 or with a code of another class.
UNKNOWN = (
    "user unknown",  # Sendmail, Postfix "in local recipient table", many
    "unknown user",  # Exim, docomo
    "no such user",  # Gmail "here", Yandex with 5.7.1
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no such account",
    "unrouteable address",  # Exim
    "recipient unknown",
    "unknown recipient",
    "recipient not found",
    "recipnotfound",  # Exchange, RESOLVER.ADR.RecipNotFound
    "recipientnotfound",
    "recipient does not exist",
    "recipient is not exist",  # Alibaba
    "recipient not exist",
    "user not found",  # NetEase, Mail.ru
    "user does not exist",
    "user doesn't exist",
    "user not exist",
    "user not known",
    "user is unknown",
    "non-existent user",
    "nonexistent user",
    "not a known user",
    "not a valid user",
    "not our customer",  # Comcast
    "mailbox not found",  # QQ
    "mailbox does not exist",
    "mailbox unknown",
    "unknown mailbox",
    "unknown address",
    "unknown local",  # Exim, local part
    "address unknown",
    "address does not exist",
    "account does not exist",
    "email account that you tried to reach does not exist",
    "no mailbox here by that name",  # qmail
    "no mailbox by that name",
    "no account by that name",
    "doesn't have a yahoo",  # "This user doesn't have a yahoo.com account"
    "invalid mailbox",  # Mail.ru
    "invalid user",
    "there is no one at this address",
    "recipient address rejected: access denied",  # Exchange Online for addresses not in its directory, 5.4.1
    # What people's own servers say.
    "destinataire invalide",  # Orange, OFR204_416
    "utilisateur inconnu",
    "destinataire inconnu",
    "empfaenger unbekannt",
    "empfänger unbekannt",
    "unbekannter empf",
    "benutzer unbekannt",
    "unbekannter benutzer",
    "usuario desconocido",
    "no existe ese usuario",
    "no existe dicha persona",
    "usuario inexistente",
    "usuário inexistente",
    "destinatario inesistente",
    "utente sconosciuto",
    "utente non trovato",
    "casella inesistente",
    "nieznany uzytkownik",
    "nieznany użytkownik",
    "onbekende gebruiker",
    "пользователь не найден",
    "нет такого пользователя",
    "用户不存在",
    "无此用户",
    "邮箱不存在",
    "收件人不存在",
    "ユーザーが存在しません",
)


def about(step: ReplyStep, code: int, text: str) -> About:
    """Return of whom a refusal speaks that came at a step of the dialogue."""
    words = text[:LONGEST].lower()
    if code == 421 or code in SIGN_IN:
        return About.SERVER
    if any(one in words for one in SENDERS):
        return About.SENDER
    if step == ReplyStep.MAIL:
        found = ENHANCED.search(words)
        return About.SENDER if code // 100 == 5 or (found and found[2] in {"1", "7"}) else About.SERVER
    if any(one in words for one in GREYLIST):
        return About.RECIPIENT
    if TOO_FAST.search(words):
        return About.POLICY
    return _by_code(step, code, words)


def too_fast(text: str) -> bool:
    """Say whether a reply only asks for patience, whatever its code."""
    return TOO_FAST.search(text[:LONGEST]) is not None


def _by_code(step: ReplyStep, code: int, words: str) -> About:
    # The same words after the dot speak of the letter.
    unknown = code in {550, 551, 553} and step == ReplyStep.RCPT and any(one in words for one in UNKNOWN)
    found = ENHANCED.search(words)
    if found is None:
        if unknown:
            return About.ADDRESS
        return About.FULL if code == 552 or any(one in words for one in FULL) else _bare(step, code)
    # Yandex says 5.7.1 and Exchange Online 5.4.1 to addresses that do not exist.
    if unknown and found[2] in {"0", "1", "4", "5", "7"} and BY_CODE.get(f"{found[2]}.{found[3]}") != About.SENDER:
        return About.ADDRESS
    detail = BY_CODE.get(f"{found[2]}.{found[3]}")
    return detail or BY_SUBJECT.get(found[2], About.RECIPIENT)


def _bare(step: ReplyStep, code: int) -> About:
    # 554 after the dot, without a word more, is how filters refuse a letter.
    return About.POLICY if step == ReplyStep.DATA and code in {550, 554} else About.RECIPIENT
