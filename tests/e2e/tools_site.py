"""A small site in namespaces for behaviour_tools: hosts on one bridge that shows every frame to the sensor,
places outside, and real servers that start when a case first wants them."""
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ.get("BANKEN_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("BANKEN_BUILD", ROOT / "build"))
DATAPLANE = BUILD / "dataplane/worker/banken-dataplane"
sys.path.insert(0, str(ROOT / "board" / "lab"))
from net import Net, run  # noqa: E402

# host -> addresses; the first is its own, all have the same MAC
BAD, PC, LAN, DC, GATE = "10.77.0.66", "10.77.0.30", "10.77.0.20", "10.77.0.10", "10.77.0.1"
OUT = "198.51.100.10"
MANY = [f"10.77.0.{i}" for i in range(100, 140)]
HOSTS = {"bad": [BAD], "pc": [PC], "lan": [LAN] + MANY, "dc": [DC], "gate": [GATE],
         "out": [f"198.51.100.{i}" for i in range(10, 50)]}
SIX = {"bad": "fd77::66", "pc": "fd77::30", "lan": "fd77::20", "dc": "fd77::10", "gate": "fd77::1"}
MACS = {name: f"02:77:00:00:00:{i:02x}" for i, name in enumerate(HOSTS, 1)}


class Missing(Exception):
    """A program that this machine has not."""


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for p in programs:
        if not (os.path.exists(p) if "/" in p else shutil.which(p, path=path)):
            raise Missing(f"needs {p}")


class Site:
    def __init__(self):
        self.net = n = Net()
        self.folder = n.folder
        self.servers, self.passing = {}, []
        n.space("switch")
        # A bridge that forgets at once is a hub: the sensor's port gets each frame once.
        n.inside("switch", "ip", "link", "add", "hub", "type", "bridge", "ageing_time", "0")
        n.inside("switch", "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=False)
        n.inside("switch", "ip", "link", "set", "hub", "up")
        for name, addresses in HOSTS.items():
            if name != "out":
                self.plug(name, addresses)
        self.outside()
        n.space("sensor")
        n.pair("sensor", "mirror0", "switch", "sw-mirror0")
        n.inside("switch", "ip", "link", "set", "sw-mirror0", "master", "hub")
        time.sleep(1.5)  # IPv6 makes sure of its addresses

    def plug(self, name, addresses):
        n = self.net
        n.space(name)
        n.pair(name, "eth0", "switch", f"sw-{name}")
        n.inside("switch", "ip", "link", "set", f"sw-{name}", "master", "hub")
        self.dress(name, addresses)
        if name != "gate":
            n.inside(name, "ip", "route", "add", "default", "via", GATE)

    def outside(self):
        """Behind the gateway, which the mirror port does not show."""
        n = self.net
        n.space("out")
        n.pair("out", "eth0", "gate", "eth1")
        self.dress("out", HOSTS["out"])
        n.inside("gate", "ip", "addr", "add", "198.51.100.1/24", "dev", "eth1")
        n.inside("gate", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        n.inside("out", "ip", "route", "add", "default", "via", "198.51.100.1")

    def dress(self, name, addresses):
        n = self.net
        n.inside(name, "ip", "link", "set", "eth0", "address", MACS[name])
        n.inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", check=False)
        batch = "".join(f"addr add {a}/24 dev eth0\n" for a in addresses)
        if name in SIX:
            batch += f"addr add {SIX[name]}/64 dev eth0 nodad\n"
        (self.folder / "batch").write_text(batch)
        n.inside(name, "ip", "-batch", str(self.folder / "batch"))

    # --- what runs in it ---
    def do(self, host, *words, seconds=60, data=None, check=False):
        """Runs a program in a host to its end, or until its time is over."""
        need(str(words[0]))
        log = open(self.folder / "tools.log", "ab")
        log.write(("\n$ " + " ".join(map(str, words)) + "\n").encode())
        log.flush()
        child = subprocess.Popen(["ip", "netns", "exec", f"{self.net.tag}-{host}", *map(str, words)],
                                 stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self.folder,
                                 start_new_session=True)
        try:
            child.communicate(data, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end(child)
        log.close()
        if check and child.returncode:
            raise SystemExit(f"{words}: exit {child.returncode}")

    def python(self, host, text, *arguments, seconds=60):
        self.do(host, sys.executable, "-c", text, *arguments, seconds=seconds)

    def begin(self, host, *words):
        """A program that runs for as long as the case."""
        need(str(words[0]))
        child = self.net.start(host, words, self.folder / "servers.log")
        self.passing.append(child)
        return child

    def end(self, child):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(child.pid, sign)
                child.wait(3)
                return
            except ProcessLookupError:
                child.wait()
                return
            except subprocess.TimeoutExpired:
                continue

    def listens(self, host, port, kind="-t"):
        return self.net.inside(host, "ss", "-Hln" + kind[1:], f"sport = :{port}").strip()

    def serve(self, host, name, port, words, udp=False, seconds=20):
        """A server of the site: once started it stays."""
        if (host, name) in self.servers:
            return
        need(str(words[0]))
        self.servers[host, name] = self.net.start(host, words, self.folder / "servers.log")
        self.net.wait(lambda: self.listens(host, port, "-u" if udp else "-t"), f"{name} in {host}", seconds)

    def file(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    # --- what the sensor makes of it ---
    def watch(self, name, act):
        """[(id, client, server, severity, sentences)] of the hits while `act` went on."""
        capture = self.folder / f"{name}.pcap"
        need("tcpdump")
        dump = self.net.start("sensor", ["tcpdump", "-i", "mirror0", "-w", capture, "-B", "32768", "-U", "-s", "0",
                                         "--immediate-mode"], self.folder / f"{name}.log")
        log = self.folder / f"{name}.log"
        self.net.wait(lambda: "listening on" in log.read_text(), "tcpdump")
        try:
            act(self)
            time.sleep(0.6)
        finally:
            for child in self.passing:
                self.end(child)
            self.passing = []
            os.killpg(dump.pid, signal.SIGINT)
            dump.wait(10)
        return hits(capture, self.folder / "out")


def hits(capture, out, *more):
    out.mkdir(exist_ok=True)
    run_ = subprocess.run([DATAPLANE, "-r", capture, "-S", "/dev/null", "-l", out, "-k", "none",
                           "--set", "eve.types=alert", *more], capture_output=True, text=True)
    if run_.returncode:
        raise SystemExit(f"{capture}: {run_.stderr.strip()}")
    found = []
    for line in open(out / "eve.json"):
        event = json.loads(line)
        alert = event["alert"]
        if alert["gid"] == 2:
            found.append((alert["signature_id"], event.get("src_ip"), event.get("dest_ip"), alert["severity"],
                          alert["metadata"]["reason"]))
    return found


def same(a, b):
    try:
        return ipaddress.ip_address(a) == ipaddress.ip_address(b)
    except ValueError:
        return a == b
