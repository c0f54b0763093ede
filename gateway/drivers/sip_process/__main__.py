"""``python -m gateway.drivers.sip_process --socket-fd N``: started by the gateway (or systemd), ends
with its socket.
"""

import argparse
import asyncio
import logging
import signal
import socket

from gateway.drivers.sip_process.process import SipProcess


async def serve(socket_fd: int) -> None:
    """Until the gateway closes its end."""
    process = SipProcess(socket.socket(fileno=socket_fd))
    try:
        await process.ended.wait()
    finally:
        process.close()


def main() -> None:
    """Command line of the process."""
    parser = argparse.ArgumentParser(description="The SIP process of a Cityline gateway (started by it)")
    parser.add_argument("--socket-fd", type=int, required=True, help="connected SOCK_SEQPACKET socket")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="sip: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the gateway's; we end with it
    asyncio.run(serve(arguments.socket_fd))


if __name__ == "__main__":
    main()
