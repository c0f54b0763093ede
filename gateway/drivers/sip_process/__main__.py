"""``python -m gateway.drivers.sip_process --socket-fd N``: started by the gateway (or systemd), ends
with its socket.

Started by root it becomes somebody else before it reads anything: what a packet could do to sofia's parser
can then only do what that user may. All imports stand above, because that user need not be permitted to read
our files; ports from 1024 up need no privilege.
"""

import argparse
import asyncio
import logging
import os
import pwd
import signal
import socket
import sys

from gateway.drivers.sip_process.process import SipProcess

UNPRIVILEGED = "nobody"


async def serve(socket_fd: int) -> None:
    """Until the gateway closes its end."""
    process = SipProcess(socket.socket(fileno=socket_fd))
    try:
        await process.ended.wait()
    finally:
        process.close()


def give_up_root(user: str) -> None:
    """Become ``user`` for good: groups, group, user, real and saved. KeyError when there is none, OSError."""
    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)


def main() -> None:
    """Command line of the process."""
    parser = argparse.ArgumentParser(description="The SIP process of a Cityline gateway (started by it)")
    parser.add_argument("--socket-fd", type=int, required=True, help="connected SOCK_SEQPACKET socket")
    parser.add_argument("--user", default=UNPRIVILEGED, help="whom root becomes")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="sip: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the gateway's; we end with it
    if os.geteuid() == 0:
        try:
            give_up_root(arguments.user)
        except (KeyError, OSError) as error:
            sys.exit(f"sip: cannot become {arguments.user}: {error}")
    asyncio.run(serve(arguments.socket_fd))


if __name__ == "__main__":
    main()
