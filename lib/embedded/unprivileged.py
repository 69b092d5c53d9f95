"""Run a server as its owner wants it run: bound to its keeper's life, and never with the user id 0.

PostgreSQL refuses to run as root. This file is run as a script between the keeper and a server:

    python -I -S unprivileged.py MODE UID PARENT SIGNAL COMMAND...

MODE says how the user id changes:
- `same`: it does not.
- `namespace`: a user namespace in which we are called UID. Files stay ours, so the project may lie in a directory
  nobody else can enter.
- `account`: become UID, and keep only the right to pass file permissions (an ambient capability), for machines
  whose containers forbid namespaces.

SIGNAL is sent to the server when PARENT dies. Only the standard library is used: -I -S hide everything else.
"""

import ctypes
import os
import signal
import struct
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522
CANNOT = 125

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library; raises OSError when it returns other than 0."""
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_namespace(uid: int) -> None:
    """Enter a user namespace that calls the present user `uid`. Raises OSError where the machine forbids it."""
    outside_user, outside_group = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside_user} 1")
    Path("/proc/self/gid_map").write_text(f"{uid} {outside_group} 1")


def become(uid: int) -> None:
    """Become `uid`, keeping CAP_DAC_OVERRIDE and no other capability. Raises OSError where that is not allowed."""
    call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    kept = 1 << CAP_DAC_OVERRIDE
    header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
    # Two 32-bit halves of effective, permitted, inheritable.
    call("capset", header, struct.pack("=6I", kept, kept, kept, 0, 0, 0))
    call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(arguments: list[str]) -> int:
    """Change the user id, tie ourselves to the parent, and become the command. Returns only on failure."""
    mode, uid, parent, farewell, *command = arguments
    # A shell starts its background jobs deaf to some of these, and that would be inherited.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    try:
        if mode == "namespace":
            enter_namespace(int(uid))
        elif mode == "account":
            become(int(uid))
        # Last, because a change of user clears it.
        call("prctl", PR_SET_PDEATHSIG, int(farewell), 0, 0, 0)
        if os.getppid() != int(parent):
            return 0
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{mode}: {error}\n")
    return CANNOT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
