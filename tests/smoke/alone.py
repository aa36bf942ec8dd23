"""A mitigator (and a centre) on loopback without a lab: keys, settings, an operator's program as its driver."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(os.environ.get("BANKEN_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("BANKEN_BUILD", ROOT / "build"))
BANKEN = BUILD / "control/cli/banken"
PROGRAMS = {"mitigator": BUILD / "control/mitigator/banken-mitigator", "centre": BUILD / "control/centre/banken-centre"}

# The operator's program: says what the file DIR/answer says, notes what it was asked.
OPERATOR = '''#!/usr/bin/env python3
import json, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
order = json.load(sys.stdin)
answers = json.loads((folder / "answers.json").read_text())
key = order.get("task") or "cut"
verb = order["verb"]
if verb != "list":
    with open(folder / "orders.log", "a") as log:
        log.write(json.dumps({k: order.get(k) for k in ("verb", "task", "cut", "command_id", "ips", "before", "signed")}) + "\\n")
said = answers.get(f"{key}.{verb}", answers.get(verb, {"ok": True, "text": "done"}))
time.sleep(said.pop("sleep", 0))
if verb == "list":
    held = {}
    for line in (folder / "orders.log").read_text().splitlines() if (folder / "orders.log").exists() else []:
        o = json.loads(line)
        if o["cut"] and o["verb"] == "apply":
            held[o["cut"]] = 1
        elif o["cut"]:
            held.pop(o["cut"], None)
    n = int(time.time() * 10) if answers.get("drops") else 0
    said = {"ok": True, "held": [{"cut": c, "drops": n} for c in held]}
print(json.dumps(said))
'''


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Alone:
    def __init__(self, policy, centre=False, settings=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"banken-alone-{os.getpid()}-"))
        self.process = {}
        self.ports = {name: free_port() for name in ("mitigator", "centre", "external", "page")}
        (self.folder / "answers.json").write_text("{}")
        program = self.folder / "operator"
        program.write_text(OPERATOR)
        program.chmod(0o755)
        self.run(BANKEN, "keys", "init", self.folder / "ca", "--site", "Tokyo")
        for name in ("mitigator", "centre", "sensor"):
            self.run(BANKEN, "keys", "issue", self.folder / "ca", "--role", name, "--name", f"{name}-1", "--out",
                     self.folder / f"keys-{name}")
        for name in ("run", "state-mitigator", "state-centre", "reports"):
            (self.folder / name).mkdir()
        (self.folder / "policy.yaml").write_text(policy)
        f = self.folder
        common = "run-folder: {0}/run\nstate-folder: {0}/state-{1}\nkeys-folder: {0}/keys-{1}\n"
        dial = f"centre:\n  address: 127.0.0.1:{self.ports['centre']}\n" if centre else ""
        (f / "mitigator.yaml").write_text(
            common.format(f, "mitigator") + dial + settings +
            f"listen: 127.0.0.1:{self.ports['mitigator']}\npolicy: {f}/policy.yaml\nkill-switch: {f}/stop\n"
            f"mandate: {f}/mandate.yaml\n"
            f"external:\n  listen: 127.0.0.1:{self.ports['external']}\n  token: secret\n"
            f"drivers:\n  - {{type: command, program: {f}/operator, arguments: [{f}], timeout-ms: 5000}}\n")
        (f / "centre.yaml").write_text(common.format(f, "centre") +
                                       f"listen: 127.0.0.1:{self.ports['centre']}\npages: {{listen: \"127.0.0.1:{self.ports['page']}\", folder: \"\"}}\n"
                                       f"report-folder: {f}/reports\n")
        self.names = ["centre", "mitigator"] if centre else ["mitigator"]
        for name in self.names:
            self.start(name)

    @staticmethod
    def run(*words):
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Failed(f"{words[1]} {words[2]}: {done.stderr.strip()}")
        return done.stdout

    def start(self, name):
        (self.folder / f"run/banken-{name}.sock").unlink(missing_ok=True)
        log = open(self.folder / f"{name}.log", "ab")
        self.process[name] = subprocess.Popen([PROGRAMS[name], "-c", self.folder / f"{name}.yaml"], stdout=log, stderr=log,
                                              start_new_session=True)
        self.wait(lambda: self.ask("status", program=name), f"banken-{name}")

    def kill(self, name="mitigator"):
        os.killpg(self.process[name].pid, signal.SIGKILL)
        self.process[name].wait()

    def restart(self, name="mitigator"):
        self.kill(name)
        self.start(name)

    def ask(self, do, /, program="mitigator", **more):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(15)
                s.connect(str(self.folder / f"run/banken-{program}.sock"))
                s.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
                data = b""
                while not data.endswith(b"\n"):
                    piece = s.recv(1 << 20)
                    if not piece:
                        return None
                    data += piece
            return json.loads(data)
        except OSError:
            return None

    def wait(self, test, what, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            got = test()
            if got:
                return got
            time.sleep(0.02)
        raise Failed(f"{what} did not come within {seconds} s")

    def answers(self, **said):
        path = self.folder / "answers.new"
        path.write_text(json.dumps({k.replace("_", "."): v for k, v in said.items()}))
        path.rename(self.folder / "answers.json")

    def orders(self, verb=None):
        path = self.folder / "orders.log"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [r for r in rows if verb is None or r["verb"] == verb]

    def detect(self, ip, **more):
        """Another product reports a host."""
        body = json.dumps({"vendor": "Acme", "source": "AV", "name": "Trojan.Evil", "rule": "evil", "severity": "critical",
                           "ip": ip, "id": f"{ip}-{time.time_ns()}", **more}).encode()
        head = (f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.ports["external"]), timeout=10) as s:
            s.sendall(head + body)
            answer = s.recv(4096)
        if b" 20" not in answer.split(b"\r\n")[0]:
            raise Failed(f"the report is refused: {answer[:200]}")

    def cuts(self, ip):
        return [q for q in (self.ask("quarantines") or {}).get("quarantines", []) if q["ip"] == ip]

    def wait_state(self, ip, *states, seconds=20):
        def look():
            now = self.cuts(ip)
            return now and now[0]["state"] in states and now[0]
        try:
            return self.wait(look, "", seconds)
        except Failed:
            now = self.cuts(ip)
            raise Failed(f"{ip} is {now[0]['state'] if now else 'not cut'} ({now and now[0]['note']}), not "
                         f"{' or '.join(states)}") from None

    def log(self, name="mitigator"):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self):
        for process in self.process.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
        if not os.environ.get("BANKEN_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def main(test, checks):
    for path in (BANKEN, *PROGRAMS.values()):
        if not path.exists():
            print(f"{path} is not built")
            sys.exit(77)
    try:
        test(checks)
    except (Failed, subprocess.TimeoutExpired) as e:
        checks(False, str(e))
    sys.exit(1 if checks.bad else 0)


class Checks:
    def __init__(self):
        self.bad = 0

    def __call__(self, right, text):
        self.bad += not right
        print(f"  {'ok  ' if right else 'FAIL'}  {text}", flush=True)
