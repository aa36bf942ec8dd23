"""A banken-centre of its own below a folder, with a certificate authority that issues load's keys."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(os.environ.get("BANKEN_ROOT", pathlib.Path(__file__).resolve().parents[3]))
BUILD = pathlib.Path(os.environ.get("BANKEN_BUILD", ROOT / "build"))
BANKEN, CENTRE, SENSORS = (BUILD / p for p in ("control/cli/banken", "control/centre/banken-centre",
                                               "tests/load/load_sensors"))


class Centre:
    def __init__(self, folder, *settings):
        self.folder, self.settings, self.process = pathlib.Path(folder), settings, None
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        ca = self.folder / "ca"
        for command in (("init", ca, "--site", "load"),
                        ("issue", ca, "--role", "centre", "--name", "centre-1", "--out", self.folder / "keys")):
            subprocess.run([BANKEN, "keys", *map(str, command)], check=True, capture_output=True)
        for name in ("state", "run", "reports"):
            (self.folder / name).mkdir()

    def start(self):
        settings = (f"listen=127.0.0.1:{self.port}", f"state-folder={self.folder}/state", f"run-folder={self.folder}/run",
                    f"keys-folder={self.folder}/keys", f"report-folder={self.folder}/reports", "pages.listen=127.0.0.1:0",
                    *self.settings)
        self.log = open(self.folder / "centre.log", "ab")
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", CENTRE, *(x for s in settings for x in ("--set", s))],
                                        stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.time() + 60
        while time.time() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                ask(self, "status")
                return self
            except (OSError, ValueError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError("banken-centre does not listen: " + (self.folder / "centre.log").read_text()[-2000:])

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, sensors, seconds, rate=0, run=1):
        """Simulated sensors; a process whose last line of output is JSON."""
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", SENSORS, self.folder, f"127.0.0.1:{self.port}", str(sensors),
                                 str(seconds), str(rate), str(run)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait(30)


def ask(centre, what, timeout=30, **more):
    """One request to the centre's local socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        s.connect(str(centre.folder / "run/banken-centre.sock"))
        s.sendall(json.dumps({"do": what, **more}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = s.recv(1 << 20)
            if not piece:
                break
            answer += piece
    return json.loads(answer)
