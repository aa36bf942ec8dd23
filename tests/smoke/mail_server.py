"""A real mail server for tests, in a namespace of its own: python3 mail_server.py ADDRESS PORT [MAILDIR].

A line for each mail that was taken: time, recipient, subject. With a MAILDIR each is kept there too."""
import email
import email.policy
import pathlib
import sys
import time

from aiosmtpd.controller import Controller


class Handler:
    def __init__(self, folder):
        self.folder, self.n = folder, 0

    async def handle_DATA(self, server, session, envelope):
        now = time.time()
        self.n += 1
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if self.folder:
            name = f"{time.time_ns()}.{self.n}.lab"
            (self.folder / "tmp" / name).write_bytes(envelope.content)
            (self.folder / "tmp" / name).rename(self.folder / "new" / name)
        for address in envelope.rcpt_tos:
            sys.stdout.write(f"{now:.6f} {address} {message['Subject']}\n")
        sys.stdout.flush()
        return "250 kept"


def main(address, port, folder=None):
    place = pathlib.Path(folder) if folder else None
    for name in ("tmp", "new", "cur") if place else ():
        (place / name).mkdir(parents=True, exist_ok=True)
    Controller(Handler(place), hostname=address, port=int(port)).start()
    while True:
        time.sleep(3600)


main(*sys.argv[1:])
