"""A banken-centre of a test's own, with a real mail server beside it."""
import email
import email.policy
import json
import os
import pathlib
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BANKEN_BUILD", ROOT / "build"))
BANKEN = BUILD / "control/cli/banken"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, test, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if test():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


class Mailbox:
    """What a mail server received: (time, recipients, message). `wait`: seconds that it takes to accept one."""

    def __init__(self, port=None):
        self.port, self.mails, self.server, self.wait, self.folder = port or free_port(), [], None, 0, None

    async def handle_DATA(self, server, session, envelope):
        import asyncio
        now = time.time()
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((now, envelope.rcpt_tos, message))
        if self.folder:
            name = f"{time.time_ns()}.{len(self.mails)}.lab"
            (self.folder / "tmp" / name).write_bytes(envelope.content)
            (self.folder / "tmp" / name).rename(self.folder / "new" / name)
        if self.wait:
            await asyncio.sleep(self.wait)
        return "250 kept"

    def start(self):
        from aiosmtpd.controller import Controller
        self.server = Controller(self, hostname="127.0.0.1", port=self.port, data_size_limit=64 << 20)
        self.server.start()

    def stop(self):
        self.server.stop()

    def to(self, address):
        return [m for _, rcpt, m in self.mails if address in rcpt]


class Centre:
    def __init__(self, folder, mail_port, **keys):
        self.folder, self.keys = folder, keys
        self.process, self.log = None, None
        own = folder / "keys"
        self.run(BANKEN, "keys", "init", folder / "ca", "--site", "test")
        self.run(BANKEN, "keys", "issue", folder / "ca", "--role", "centre", "--name", "centre-1", "--out", own)
        (folder / "run").mkdir()
        self.port, self.page = free_port(), free_port()
        settings = {"run-folder": folder / "run", "state-folder": folder / "state", "keys-folder": own,
                    "report-folder": folder / "reports", "listen": f"127.0.0.1:{self.port}",
                    "pages": f"{{listen: \"127.0.0.1:{self.page}\", folder: \"\"}}", "mail-server": f"smtp://127.0.0.1:{mail_port}",
                    "mail-from": "banken@centre.example", **{k.replace("_", "-"): v for k, v in keys.items()}}
        (folder / "centre.yaml").write_text("".join(f"{k}: {v}\n" for k, v in settings.items()))

    @staticmethod
    def run(*words):
        subprocess.run([str(w) for w in words], check=True, capture_output=True)

    def start(self, *before):
        self.log = open(self.folder / "centre.log", "ab")
        self.process = subprocess.Popen([*before, BUILD / "control/centre/banken-centre", "-c",
                                         self.folder / "centre.yaml"], stdout=self.log, stderr=self.log)
        until("banken-centre", lambda: self.ask("status") is not None)

    def kill(self):
        self.process.kill()
        self.process.wait()
        (self.folder / "run/banken-centre.sock").unlink(missing_ok=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def ask(self, do, **more):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(str(self.folder / "run/banken-centre.sock"))
                s.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
                answer = b""
                while not answer.endswith(b"\n"):
                    data = s.recv(65536)
                    if not data:
                        return None
                    answer += data
                return json.loads(answer)
        except OSError:
            return None

    def must(self, do, **more):
        answer = self.ask(do, **more)
        assert answer and answer.get("ok"), (do, answer)
        return answer

    def banken(self, *words):
        done = subprocess.run([BANKEN, "--run-folder", self.folder / "run", *words], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def text_of_log(self):
        path = self.folder / "centre.log"
        return path.read_text()[-4000:] if path.exists() else ""
