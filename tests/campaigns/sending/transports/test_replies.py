"""Of whom a reply speaks decides whether a customer is lost, a campaign is burned, or neither."""

import pytest

from campaigns.sending.transports.base import About
from campaigns.sending.transports.replies import ReplyStep, about

MAIL, RCPT, DATA = ReplyStep

CASES: list[tuple[ReplyStep, int, str, About]] = [
    # The address does not exist, said with a code.
    (RCPT, 550, "5.1.1 User unknown", About.ADDRESS),
    (RCPT, 550, "5.1.2 Host unknown", About.ADDRESS),
    (RCPT, 501, "5.1.3 Bad address syntax", About.ADDRESS),
    (RCPT, 551, "5.1.6 Moved", About.ADDRESS),
    (RCPT, 556, "5.1.10 Recipient address has a null MX", About.ADDRESS),
    (DATA, 550, "5.1.1 unknown after all", About.ADDRESS),
    # Without one, in the words of many servers.
    (RCPT, 550, "No such user here", About.ADDRESS),
    (RCPT, 550, "Unrouteable address", About.ADDRESS),
    (RCPT, 550, "Mailbox not found. http://service.mail.qq.com/cgi-bin/help", About.ADDRESS),
    (RCPT, 550, "User not found: reader@163.com", About.ADDRESS),
    (RCPT, 553, "sorry, no mailbox here by that name", About.ADDRESS),
    (RCPT, 550, "Adresse d au moins un destinataire invalide. OFR204_416", About.ADDRESS),
    (RCPT, 550, "Benutzer unbekannt", About.ADDRESS),
    (RCPT, 550, "用户不存在", About.ADDRESS),
    (RCPT, 550, "5.7.1 No such user!", About.ADDRESS),
    (RCPT, 550, "5.4.1 Recipient address rejected: Access denied. AS(201806281)", About.ADDRESS),
    (RCPT, 550, "5.5.1 Recipient not found", About.ADDRESS),
    # The same words of somebody else, or elsewhere, strike nobody off.
    (RCPT, 550, "5.1.0 <news@shop.example>: Sender address rejected: User unknown in table", About.SENDER),
    (MAIL, 550, "No such user here", About.SENDER),
    (DATA, 550, "No such user here", About.POLICY),
    (RCPT, 550, "5.1.0 Address rejected", About.RECIPIENT),
    (RCPT, 550, "Requested action not taken: mailbox unavailable", About.RECIPIENT),
    (RCPT, 550, "5.2.1 disabled", About.RECIPIENT),
    # The sender, at whatever step.
    (RCPT, 550, "5.1.8 <news@shop.example>: Sender address rejected: Domain not found", About.SENDER),
    (RCPT, 450, "4.1.8 <news@shop.example>: Sender address rejected: Domain not found", About.SENDER),
    (RCPT, 550, "5.1.7 bad sender mailbox", About.SENDER),
    (MAIL, 550, "5.7.1 not welcome", About.SENDER),
    (MAIL, 553, "5.7.1 not owned by user", About.SENDER),
    (MAIL, 450, "4.7.1 later", About.SENDER),
    (MAIL, 552, "no", About.SENDER),
    (DATA, 550, "5.7.26 This mail has been blocked because the sender is unauthenticated", About.SENDER),
    (DATA, 550, "5.7.515 Access denied, sending domain does not meet the required level", About.SENDER),
    (DATA, 550, "5.7.23 SPF", About.SENDER),
    (RCPT, 554, "5.7.1 <reader@example.com>: Relay access denied", About.SENDER),
    # The server.
    (RCPT, 421, "4.7.0 Try again later", About.SERVER),
    (MAIL, 452, "4.3.1 Insufficient system storage", About.SERVER),
    (MAIL, 530, "5.7.0 Authentication Required", About.SERVER),
    (DATA, 535, "5.7.8 bad password", About.SERVER),
    # This letter, or our standing.
    (DATA, 554, "5.7.1 Message rejected as spam", About.POLICY),
    (DATA, 554, "Message rejected", About.POLICY),
    (RCPT, 451, "4.7.1 Too much mail from you", About.POLICY),
    (RCPT, 550, "Domain frequency limited", About.POLICY),
    (RCPT, 451, "4.3.0 Temporary lookup failure", About.POLICY),
    # This one recipient.
    (RCPT, 451, "4.7.1 Greylisted, try again later", About.RECIPIENT),
    (RCPT, 450, "4.2.1 busy", About.RECIPIENT),
    (RCPT, 552, "5.2.2 over quota", About.FULL),
    (RCPT, 452, "4.2.2 over quota", About.FULL),
    (RCPT, 552, "Mailbox full", About.FULL),
    (RCPT, 550, "what nobody has ever heard", About.RECIPIENT),
]  # fmt: skip


@pytest.mark.parametrize(("step", "code", "text", "whom"), CASES, ids=[f"{case[1]} {case[2][:40]}" for case in CASES])
def test_a_reply_speaks_of(step: ReplyStep, code: int, text: str, whom: About) -> None:
    assert about(step, code, text) == whom


def test_a_reply_without_end_is_read_in_no_time() -> None:
    assert about(RCPT, 550, "no such " * 500_000) == About.RECIPIENT
