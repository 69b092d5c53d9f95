"""The embedded Redis: a broker and a wake-up call, on a socket only we can open, nothing kept on disk."""

import signal
import socket
import subprocess

from lib.embedded.identity import ourselves
from lib.embedded.places import Places, redis_binary


def start(where: Places) -> subprocess.Popen[bytes]:
    """Start the server as a child of this process; it ends when this process dies. Raises ServicesError."""
    options = {
        "port": "0",
        "unixsocket": str(where.redis_socket),
        "unixsocketperm": "700",
        "protected-mode": "yes",
        "databases": "64",
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "dir": str(where.run),
        "logfile": str(where.log / "redis.log"),
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    with (where.log / "redis.log").open("ab") as log:
        return subprocess.Popen(
            ourselves().command(str(redis_binary()), *arguments, ends_with=signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def answers(where: Places) -> bool:
    """Whether the server takes commands."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(where.redis_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
