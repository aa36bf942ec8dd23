"""What the quarantine tests share: the lab's site with programs, traffic, and questions to it."""
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(os.environ.get("BANKEN_ROOT", HERE.parents[1]))
BUILD = pathlib.Path(os.environ.get("BANKEN_BUILD", ROOT / "build"))
sys.path.insert(0, str(ROOT / "board/lab"))

import programs as lab_programs  # noqa: E402
import site_net  # noqa: E402
from net import LabError  # noqa: E402
from story import Cast  # noqa: E402

PORT = 5000
RULES = ('alert tcp any any -> any any (msg:"SMOKE evil marker"; flow:established,to_server; '
         'content:"banken smoke evil"; classtype:command-and-control; sid:9100001; rev:1;)\n')


def skip(why):
    print(why)
    sys.exit(77)


def needs(*programs):
    if os.geteuid() != 0:
        skip("needs root: network namespaces, a switch, a firewall")
    for name in programs:
        if not shutil.which(name):
            skip(f"{name} is not installed")
    for path in lab_programs.BINARIES.values():
        if not (BUILD / path).exists():
            skip(f"{BUILD / path} is not built")


class Failed(Exception):
    pass


def strain():
    """How much longer than alone work takes here just now: 1 on a machine that has nothing else to do."""
    cpu, clock = time.process_time(), time.perf_counter()
    while time.process_time() - cpu < 0.05:
        pass
    return max(1.0, (time.perf_counter() - clock) / 0.05)


def patience(seconds):
    """How long what should take `seconds` is waited for before it counts as lost: what waits is not measured."""
    return max(60, seconds)


class Site:
    """The lab's site with the programs named, and what was measured."""

    def __init__(self, seed, policy, drivers, programs, peers):
        self.cast = Cast.from_seed(seed)
        self.logs = {}
        self.net = site_net.build(self.cast)
        try:
            self.programs = lab_programs.Programs(self.net, self.cast, BUILD)
            self.programs.keys()
            self.programs.configure(RULES, [self.cast.gateway])
            self.write_policy(policy)
            self.write_drivers(drivers)
            for name in programs:
                self.programs.start(name)
            for name in programs:
                self.net.wait(lambda: self.programs.ready(name), f"banken-{name}")
            for name in peers:
                self.net.start(name, [sys.executable, HERE / "traffic.py", "server", PORT],
                               self.net.folder / f"{name}.server")
                self.net.wait(lambda: f":{PORT} " in self.net.inside(name, "ss", "-lnt"),
                              f"the server of {name}")
        except BaseException:
            self.close()
            raise

    def write_policy(self, text):
        self.programs.config("policy", text)

    def write_drivers(self, text):
        path = self.net.folder / "mitigator.yaml"
        old = path.read_text()
        path.write_text(old[:old.index("drivers:")] + "drivers:\n" + text)

    def close(self):
        self.net.close(keep_folder=bool(os.environ.get("BANKEN_KEEP")))
        if hasattr(self, "programs"):
            self.programs.close()

    # --- traffic ---
    def traffic(self, key, where, part, address):
        path = self.net.folder / f"{key}.traffic"
        child = self.net.start(where, [sys.executable, HERE / "traffic.py", part, address, PORT], path)
        self.logs[key] = path
        return child

    def rows(self, key):
        for line in self.logs[key].read_text().splitlines():
            at, word = line.split()
            yield float(at), word

    def last_ok(self, key, before=1e18):
        return max((at for at, word in self.rows(key) if word == "ok" and at < before), default=0)

    def first_ok(self, key, after):
        return min((at for at, word in self.rows(key) if word == "ok" and at > after), default=0)

    def oks(self, key, begin, end):
        return sum(word == "ok" and begin < at < end for at, word in self.rows(key))

    def longest_gap(self, key, begin, end):
        times = [begin] + [at for at, word in self.rows(key) if word == "ok" and begin < at < end] + [end]
        return max(b - a for a, b in zip(times, times[1:]))

    def flowing(self, *keys):
        """Waits until each of these has had some exchanges: for a second, as a busy machine has seconds."""
        end = time.time() + patience(60)
        while not all(sum(word == "ok" for _, word in self.rows(k)) > 5 for k in keys):
            if time.time() > end:
                raise Failed(f"no traffic comes about: {[k for k in keys if not self.last_ok(k)]}")
            time.sleep(0.05)

    # --- the mitigator ---
    def ask(self, *words):
        return self.programs.ask(*words) or {}

    def cut(self, address=None):
        """The newest cut of the client."""
        address = address or self.cast.client
        for q in self.ask("quarantine", "list").get("quarantines", []):
            if q["ip"] == address:
                return q
        return {}

    def wait_cut(self, test, what, seconds=15):
        end = time.time() + patience(seconds)
        while time.time() < end:
            q = self.cut()
            if q and test(q):
                return q
            time.sleep(0.03)
        raise Failed(f"{what} did not come within {seconds} s: {self.cut().get('state')}, "
                     f"{self.cut().get('note')}")

    def wait_state(self, *states, seconds=15):
        return self.wait_cut(lambda q: q["state"] in states, f"state {' or '.join(states)}", seconds)

    def evil(self, address):
        """The client does what a rule forbids; when it did, by its own clock."""
        key = f"evil{time.time():.3f}"
        self.traffic(key, "client", "evil", address)
        self.net.wait(lambda: any(self.rows(key)), "the client's bad deed")
        return next(self.rows(key))[0]

    def order(self, verb, *more):
        begin = time.time()
        if not self.ask("quarantine", verb, self.cast.client, "--reason", "smoke test", *more).get("ok"):
            raise Failed(f"banken quarantine {verb} was refused")
        return begin

    def history(self):
        """States the newest cut went through."""
        request = {"do": "history", "command_id": self.cut()["command_id"]}
        return [c["to"] for c in local(self.programs.run_folder / "banken-mitigator.sock",
                                       request)["history"]]

    def changes(self, address=None):
        """Why the newest cut went from state to state."""
        request = {"do": "history", "command_id": self.cut(address)["command_id"]}
        answer = local(self.programs.run_folder / "banken-mitigator.sock", request)
        return [c.get("reason", "") for c in answer["history"]]

    def kill(self, name, pause=0.5):
        process = self.programs.process.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(pause)

    def restart(self, name):
        (self.programs.run_folder / f"banken-{name}.sock").unlink(missing_ok=True)
        log = self.programs.log(name)
        log.rename(log.with_suffix(f".{time.time():.0f}.log"))
        self.programs.start(name)
        self.net.wait(lambda: self.programs.ready(name), f"banken-{name} after kill -9")


def rights(pid):
    """User and effective capabilities of a process and its children."""
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        fields[name] = value.split()
    return fields["Name"][0], int(fields["Uid"][1]), int(fields["CapEff"][0], 16)


def family(pid):
    """The process and all below it."""
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [pid] + [p for child in out.stdout.split() for p in family(int(child))]


def local(path, request):
    """One question to a program's local socket."""
    import json
    import socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(10)
        s.connect(str(path))
        s.sendall(json.dumps(request).encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            more = s.recv(65536)
            if not more:
                break
            data += more
    return json.loads(data)


class Checks:
    """Counts what holds; prints each with its figure. Limits are those of a machine that does nothing else; where it
    does, they grow with the time that work takes there."""

    def __init__(self):
        self.bad, self.strain = 0, strain()

    def within(self, seconds):
        """The limit that stands for `seconds` now: by the machine's strain at the beginning or now."""
        self.strain = max(self.strain, strain())
        if self.strain > 1.5:
            print(f"        this machine is busy: {self.strain:.1f} times as long for everything", flush=True)
            return seconds * self.strain
        return seconds

    def __call__(self, right, text):
        self.bad += not right
        print(f"  {'ok  ' if right else 'FAIL'}  {text}", flush=True)

    def median(self, name, values, most):
        value, limit = statistics.median(values), self.within(most)
        self(value < limit, f"{name}: median of {len(values)}: {value:.3f} s "
             f"(from {min(values):.3f} to {max(values):.3f}), under {most} s")


def run(test, check):
    """Ends with the status that the harness wants."""
    try:
        test(check)
    except (Failed, LabError, subprocess.TimeoutExpired) as e:
        check(False, str(e))
    sys.exit(1 if check.bad else 0)
