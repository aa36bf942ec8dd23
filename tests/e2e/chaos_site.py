"""The site of the chaos suite: the lab with two infected machines, and what is known of them.

`client` is in a scope of mode monitor: it calls home for ever, its calls are numbered, and each call that
was answered while the sensor could see must arrive at the centre exactly once. `victim` is in a scope of
mode automatic: it is cut, released by a person, cut again. The programs' state lies on small disks of
their own (tmpfs), their clock can be set (libfaketime), and whoever ends is started again, as the service
manager would."""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "board/lab"), str(ROOT / "tests")]

import fake_clock  # noqa: E402
import main as lab_main  # noqa: E402
import programs as programs_module  # noqa: E402
import site_net  # noqa: E402
from net import LabError, run  # noqa: E402
from story import rules  # noqa: E402

DISK_MB = {"control": 128, "mitigator": 64, "enforcer": 32, "centre": 96}
VICTIM_MAC = "02:51:c7:13:00:66"
ENDED = ("released", "expired", "refused", "exception", "outside-policy", "failed")
# How a program may die by our hands; anything else is a fault of its own.
OURS = (-signal.SIGKILL, -signal.SIGTERM, 0)


class Group:
    """A control group for one program's memory; version 1 or 2, whichever this machine has."""
    TOP = pathlib.Path("/sys/fs/cgroup/memory")
    OLD = (TOP / "memory.limit_in_bytes").exists()

    def __init__(self, name):
        self.top = self.TOP if self.OLD else pathlib.Path("/sys/fs/cgroup")
        self.path = self.top / f"banken-chaos-{os.getpid()}-{name}"
        self.path.mkdir()

    @classmethod
    def is_there(cls):
        control = pathlib.Path("/sys/fs/cgroup/cgroup.subtree_control")
        return cls.OLD or (control.exists() and "memory" in control.read_text().split())

    def __enter__(self):
        """What is started now is in it."""
        own = [line.split(":", 2)[2] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
               if line.split(":")[1] == ("memory" if self.OLD else "")]
        self.before = self.top / (own[0].lstrip("/") if own else "")
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def __exit__(self, *_):
        (self.before / "cgroup.procs").write_text(str(os.getpid()))

    def used(self):
        return int((self.path / ("memory.usage_in_bytes" if self.OLD else "memory.current")).read_text())

    def limit(self, size):
        """Bytes, -1: none. Who wants more is ended by the kernel."""
        text = "max" if size < 0 and not self.OLD else str(size)
        try:
            (self.path / ("memory.limit_in_bytes" if self.OLD else "memory.max")).write_text(text)
        except OSError:
            pass  # busy: it has more than that already

    def close(self):
        for _ in range(50):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.1)


class Site(lab_main.Lab):
    def __init__(self, seed):
        super().__init__(argparse.Namespace(
            seed=seed, once=True, found_by="rule", keep=False, mode="automatic", method=None, capture=None, rules=None,
            build=os.environ.get("BANKEN_BUILD", str(ROOT / "build"))))
        self.blind = []       # (from, to): the sensor could not see
        self.died = []        # what ended in a way that nobody caused
        self.restarts = collections.Counter()
        self.expected_end = set()  # programs that may end by themselves just now
        self.killed_by_kernel = set()  # programs that the kernel may end just now: no memory
        self.mounts = []
        self.groups = {}      # of programs' memory
        self.victim = self.cast.lan.rsplit(".", 1)[0] + ".250"

    # --- set-up ---
    def up(self):
        self.net = site_net.build(self.cast)
        prefix = self.cast.lan.split("/")[1]
        self.net.plug("victim", f"{self.victim}/{prefix}", VICTIM_MAC)
        self.net.inside("victim", "ip", "route", "add", "default", "via", self.cast.gateway)
        self.page = self.net.uplink("management", "page0")
        self.programs = programs_module.Programs(self.net, self.cast, self.opts.build)
        self.programs.keys()
        for name, size in DISK_MB.items():
            self.mount(name, size)
        self.programs.configure(rules(self.cast), [self.cast.gateway, *site_net.MANAGEMENT.values()])
        self.write_policy()
        self.cache()
        for name in ("centre", "mitigator", "enforcer", "dataplane", "control"):
            self.start(name)
        for name in self.programs.process:
            self.net.wait(lambda: self.programs.ready(name), f"banken-{name}")

    def cache(self):
        """The dataplane keeps its compiled rules."""
        folder = self.programs.folder("state-dataplane", 0o750, programs_module.USERS["dataplane"])
        with open(self.net.folder / "dataplane.yaml", "a") as f:
            f.write(f"rules.cache: {folder}\n")

    def mount(self, name, size):
        folder = self.programs.folder(f"state-{name}", 0o750, programs_module.USERS[name])
        run("mount", "-t", "tmpfs", "-o", f"size={size}m", "banken-chaos", folder)
        self.mounts.append(folder)
        self.programs.folder(f"state-{name}", 0o750, programs_module.USERS[name])

    def write_policy(self):
        protected = [self.cast.gateway, *site_net.MANAGEMENT.values()]
        self.programs.config("policy", f"""name: chaos
levels: [{{severity: high, level: danger}}, {{severity: medium, level: warning}}, {{severity: low, level: caution}}]
scopes:
  - {{name: watched, networks: [{self.cast.client}/32, {self.cast.colleague}/32], mode: monitor}}
  - {{name: cut, networks: ["{self.cast.lan}"], mode: automatic, cut-at: danger}}
fuse-share: 100
fuse-hosts: 1000
protected:
""" + "".join(f"  - {{address: \"{a}\", role: gateway}}\n" for a in protected))

    def clock_file(self, name):
        return self.net.folder / f"clock-{name}"

    def start(self, name):
        log = self.programs.log(name)
        if log.exists():
            log.rename(log.with_suffix(f".{time.time_ns()}.log"))
        if name != "dataplane":
            (self.programs.run_folder / f"banken-{name}.sock").unlink(missing_ok=True)
        env = {}
        if name != "dataplane" and fake_clock.is_there():
            if not self.clock_file(name).exists():
                self.clock_file(name).write_text("+0\n")
            fake_clock.sweep()
            env = {"LD_PRELOAD": str(fake_clock.LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.clock_file(name)),
                   "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
        if Group.is_there() and name not in self.groups:
            self.groups[name] = Group(name)
        with self.groups.get(name) or contextlib.nullcontext():
            self.programs.process[name] = self.net.start(programs_module.Programs.PLACE[name], self.programs.words(name),
                                                         log, env)

    def parts(self):
        self.net.start("colleague", [sys.executable, lab_main.HERE / "story.py", "colleague", self.cast.gateway,
                                     self.cast.good_name, self.cast.good, self.cast.files], self.net.folder / "colleague.story")
        self.client = self.net.start("client", [sys.executable, lab_main.HERE / "story.py", "client", self.cast.gateway,
                                                self.cast.bad_name, self.cast.bad, self.cast.path, "rule"],
                                     self.net.folder / "client.story")
        self.net.start("victim", [sys.executable, lab_main.HERE / "story.py", "client", self.cast.gateway,
                                  self.cast.bad_name, self.cast.bad, self.cast.path, "rule"],
                       self.net.folder / "victim.story")

    def down(self, keep):
        super().down(keep)
        for group in self.groups.values():
            group.close()
        for folder in self.mounts:
            subprocess.run(["umount", "-l", folder], capture_output=True)
        if not keep and self.net:
            subprocess.run(["rm", "-rf", self.net.folder], capture_output=True)

    # --- programs ---
    def pid(self, name):
        """`ip netns exec` becomes the program itself."""
        return self.programs.process[name].pid

    def kill(self, name, how=signal.SIGKILL):
        process = self.programs.process[name]
        now = time.time()
        try:
            os.killpg(process.pid, how) if how == signal.SIGKILL else os.kill(process.pid, how)
        except ProcessLookupError:
            pass
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            self.died.append(f"banken-{name} did not end on signal {how}")
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.restarts[name] += 1
        if name == "dataplane":
            self.blind.append([now - 1.5, float("inf")])

    def revive(self, name, seconds=25):
        """Starts it and waits until it serves; again when it ends meanwhile, as a service manager does."""
        end = time.monotonic() + seconds
        self.start(name)
        while time.monotonic() < end:
            if self.programs.process[name].poll() is not None:
                self.note_end(name)
                time.sleep(0.5)
                self.start(name)
            if self.is_ready(name):
                for window in self.blind if name == "dataplane" else ():
                    window[1] = min(window[1], time.time() + 1.5)
                return True
            time.sleep(0.05)
        self.died.append(f"banken-{name} did not come back within {seconds} s: {self.last_line(name)}")
        return False

    def is_ready(self, name):
        if name == "dataplane":
            return "listening" in self.programs.log(name).read_text(errors="replace")
        return (self.programs.run_folder / f"banken-{name}.sock").exists()

    def last_line(self, name):
        lines = self.programs.log(name).read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "no word"

    def note_end(self, name):
        status = self.programs.process[name].returncode
        allowed = (status == 2 and name in self.expected_end) or \
            (status == -signal.SIGKILL and name in self.killed_by_kernel)
        if not allowed:
            self.died.append(f"banken-{name} ended with {status}: {self.last_line(name)}")

    def look(self):
        """Who ended unasked is told, and started again."""
        for name, process in list(self.programs.process.items()):
            if process.poll() is None:
                continue
            self.note_end(name)
            self.restarts[name] += 1
            if name == "dataplane":
                self.blind.append([time.time() - 3, float("inf")])
            self.revive(name)

    def ask(self, name, **words):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.programs.run_folder / f"banken-{name}.sock"))
                s.sendall(json.dumps(words).encode() + b"\n")
                data = b""
                while not data.endswith(b"\n"):
                    part = s.recv(65536)
                    if not part:
                        return {}
                    data += part
            return json.loads(data)
        except (OSError, ValueError):
            return {}

    # --- the switch ---
    def switch_process(self):
        for child in self.net.children:
            if child.poll() is None and any("ovs-vswitchd" in str(w) for w in child.args):
                return child
        return None

    def kill_switch(self):
        child = self.switch_process()
        self.blind.append([time.time() - 1.5, float("inf")])
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return child

    def revive_switch(self):
        env = {"OVS_RUNDIR": str(self.net.ovs), "OVS_LOGDIR": str(self.net.ovs), "OVS_DBDIR": str(self.net.ovs)}
        (self.net.ovs / "vswitchd.ctl").unlink(missing_ok=True)
        self.net.start("switch", ["ovs-vswitchd", self.net.db, f"--unixctl={self.net.ovs}/vswitchd.ctl"],
                       self.net.ovs / "vswitchd.log", env)
        self.net.wait(lambda: (self.net.ovs / "vswitchd.ctl").exists(), "the switch")
        self.blind[-1][1] = time.time() + 2.5

    # --- what is known ---
    def flows(self):
        """Cookies of drop flows of hosts on the switch."""
        out = run("ovs-ofctl", "dump-flows", f"unix:{self.net.ovs}/br0.mgmt", check=False)
        return collections.Counter(re.findall(r"cookie=(0xba4e[0-9a-f]+).*?dl_src=([0-9a-f:]+) actions=drop", out))

    def cuts(self):
        answer = self.programs.ask("quarantine", "list") or {}
        return [q for q in answer.get("quarantines", []) if q.get("mac") == VICTIM_MAC]

    def open_cuts(self):
        return [q for q in self.cuts() if q["state"] not in ENDED]

    def waiting(self):
        """Messages that control and mitigator still hold for others; None: no answer."""
        status = self.ask("control", do="status").get("spool")
        if status is None:
            return None
        return sum(lane.get("records", 0) for lane in status.values() if isinstance(lane, dict))

    def calls(self):
        rows = lab_main.story_log(self.net.folder / "client.story")
        return {int(r["n"]): float(r["at"]) for r in rows if r["did"] == "home"}

    def at_centre(self):
        """How often each numbered call of the client stands in the centre's store."""
        seen = collections.Counter()
        path = self.net.folder / "state-centre/centre.db"
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        try:
            rows = db.execute("SELECT eve FROM alerts WHERE sid = 9000002").fetchall()
        finally:
            db.close()
        for (eve,) in rows:
            record = json.loads(eve)
            found = re.search(r"[?&]n=(\d+)", record.get("http", {}).get("url", ""))
            if found and record.get("src_ip") == self.cast.client:
                seen[int(found.group(1))] += 1
        return seen

    def events(self, number):
        answer = self.programs.ask("events", "--most", "100000") or {}
        return [e for e in answer.get("events", []) if e.get("number") == number and e.get("ip") == self.victim]
