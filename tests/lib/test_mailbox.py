"""The mailbox: every mail that got its 250 is kept, whatever happens to the server next."""

import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from lib.mailbox import Envelope, MailboxError, known_port, listen, open_mailbox

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A mailbox server of its own process, as `make run` starts it, on a free port."""
    command = [sys.executable, "-m", "lib.mailbox", str(tmp_path), "0"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "takes mail on 127.0.0.1" in process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def mail(number: int, subject: str = "Hello") -> EmailMessage:
    """A mail with both parts, to customer `number`."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Shop <news@example.com>"
    message["To"] = f"customer{number}@example.com"
    message["Message-ID"] = f"<{number}@example.com>"
    message["X-Relata-Delivery"] = str(number)
    message.set_content(f"Number {number}\n.a line with a leading dot\n")
    message.add_alternative(f"<p>Number {number}</p>", subtype="html")
    return message


def test_a_mail_is_kept_and_taken_apart_for_reading(server: "subprocess.Popen[str]", tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", known_port(tmp_path, 0)) as client:
        client.send_message(mail(7, "Grüße 你好"))
    with open_mailbox(tmp_path) as mailbox:
        [entry] = mailbox.messages()
        assert (entry.subject, entry.recipient, entry.delivery) == ("Grüße 你好", "customer7@example.com", "7")
        read = mailbox.message(entry.id)
        assert read.subject == "Grüße 你好"
        assert read.text.splitlines() == ["Number 7", ".a line with a leading dot"]
        assert "<p>Number 7</p>" in read.html
        assert ("Message-ID", "<7@example.com>") in read.headers


def test_what_was_answered_with_250_survives_kill_9(server: "subprocess.Popen[str]", tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", known_port(tmp_path, 0)) as client:
        for number in range(50):
            client.send_message(mail(number))
        server.kill()
        server.wait()
    with open_mailbox(tmp_path) as mailbox:
        assert mailbox.count_by_delivery() == {str(number): 1 for number in range(50)}


def test_commands_may_be_sent_without_waiting_and_the_size_is_announced(
    server: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    with smtplib.SMTP("127.0.0.1", known_port(tmp_path, 0)) as client:
        client.ehlo()
        assert client.has_extn("pipelining")
        assert int(client.esmtp_features["size"]) >= 10_000_000
    with socket.create_connection(("127.0.0.1", known_port(tmp_path, 0))) as connection:
        one = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
        body = b"Subject: x\r\n\r\nx\r\n.\r\n"
        connection.sendall(b"EHLO me\r\n" + one + body + one + body + b"QUIT\r\n")
        answers = connection.makefile("rb").read()
    assert answers.count(b"250 Kept") == 2


def test_pages_go_back_from_the_newest_and_can_be_searched(tmp_path: Path) -> None:
    with open_mailbox(tmp_path) as mailbox:
        for number in range(10):
            content = mail(number, f"100% of {number}").as_bytes()
            mailbox.append([Envelope("news@example.com", [f"customer{number}@example.com"], content)])
        first = mailbox.messages(limit=4)
        second = mailbox.messages(before=first[-1].id, limit=4)
        assert [entry.delivery for entry in first + second] == ["9", "8", "7", "6", "5", "4", "3", "2"]
        assert [entry.delivery for entry in mailbox.messages(query="CUSTOMER3")] == ["3"]
        assert [entry.delivery for entry in mailbox.messages(query="100% of 5")] == ["5"]
        assert mailbox.messages(query="100_") == []


def test_each_recipient_has_a_line_and_duplicates_can_be_counted(tmp_path: Path) -> None:
    with open_mailbox(tmp_path) as mailbox:
        both = Envelope("news@example.com", ["a@example.com", "b@example.com"], mail(1).as_bytes())
        mailbox.append([both])
        assert (mailbox.count(), mailbox.count_by_delivery()) == (2, {"1": 2})


def test_a_cleared_mailbox_is_empty_and_never_gives_an_id_twice(tmp_path: Path) -> None:
    with open_mailbox(tmp_path) as mailbox:
        mailbox.append([Envelope("news@example.com", ["a@example.com"], mail(1).as_bytes())])
        assert mailbox.clear() == 1
        assert mailbox.count() == 0
        with pytest.raises(KeyError):
            mailbox.message(1)
        mailbox.append([Envelope("news@example.com", ["a@example.com"], mail(2).as_bytes())])
        assert mailbox.messages()[0].id == 2
        assert mailbox.message(2).text.startswith("Number 2")


def test_it_never_listens_to_other_machines() -> None:
    with pytest.raises(MailboxError, match="not a loopback address"):
        listen("0.0.0.0", 0)  # noqa: S104 - refused


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with listen("127.0.0.1", 0) as taken:
        number = taken.getsockname()[1]
        with listen("127.0.0.1", number) as other:
            assert other.getsockname()[1] != number
