"""Namespaces, links and a real switch with a mirror port."""
import atexit
import ipaddress
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time


class LabError(Exception):
    """One sentence for the person who started the lab."""


def run(*words, check=True, timeout=30):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=timeout)
    if check and done.returncode:
        why = (done.stderr or done.stdout).strip().splitlines()
        raise LabError(f"{' '.join(map(str, words))}: {why[-1] if why else done.returncode}")
    return done.stdout


class Net:
    """The site's network. `hosts`: name -> (address/prefix, MAC) on the switch."""

    def __init__(self):
        self.tag = f"bk{os.getpid() % 100000}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="banken-lab-"))
        self.folder.chmod(0o755)
        self.spaces = []
        self.children = []
        self.links = []
        self.closed = False
        atexit.register(self.close)

    # --- namespaces ---
    def space(self, name):
        full = f"{self.tag}-{name}"
        if full not in self.spaces:
            self.spaces.append(full)
            run("ip", "netns", "add", full)
            self.inside(name, "ip", "link", "set", "lo", "up")
            self.inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=False)
        return full

    def inside(self, name, *words, check=True, timeout=30):
        return run("ip", "netns", "exec", f"{self.tag}-{name}", *words, check=check, timeout=timeout)

    def start(self, name, words, log=None, env=None):
        """A process in a namespace (None = this machine's own)."""
        prefix = ["ip", "netns", "exec", f"{self.tag}-{name}"] if name else []
        out = open(log, "ab") if log else subprocess.DEVNULL
        child = subprocess.Popen(prefix + [str(w) for w in words], stdout=out, stderr=out,
                                 stdin=subprocess.DEVNULL, start_new_session=True,
                                 env=dict(os.environ, **(env or {})))
        if log:
            out.close()
        self.children.append(child)
        return child

    def pair(self, space_a, dev_a, space_b, dev_b):
        """A veth pair; checksums and segmentation as on a wire."""
        a, b = f"{self.tag}-{space_a}", f"{self.tag}-{space_b}"
        run("ip", "link", "add", dev_a, "netns", a, "type", "veth", "peer", "name", dev_b, "netns", b)
        for space, dev in ((space_a, dev_a), (space_b, dev_b)):
            self.inside(space, "ethtool", "-K", dev, "tx", "off", "tso", "off", "gso", "off", "gro",
                        "off", check=False)
            self.inside(space, "ip", "link", "set", dev, "up")

    def uplink(self, space, dev):
        """A way from this machine's own network into a namespace, for the page; its address there.

        Each lab has four addresses of its own, so that two can run at once."""
        first = ipaddress.ip_address("10.255.0.0") + os.getpid() % 16384 * 4
        host_address, address = f"{first + 1}/30", f"{first + 2}/30"
        host_dev = f"{self.tag}h"
        run("ip", "link", "add", host_dev, "type", "veth", "peer", "name", dev, "netns",
            f"{self.tag}-{space}")
        self.links.append(host_dev)
        run("ip", "addr", "add", host_address, "dev", host_dev)
        run("ip", "link", "set", host_dev, "up")
        self.inside(space, "ip", "addr", "add", address, "dev", dev)
        self.inside(space, "ip", "link", "set", dev, "up")
        return str(first + 2)

    # --- the switch ---
    def switch(self):
        self.space("switch")
        self.ovs = self.folder / "ovs"
        self.ovs.mkdir()
        self.db = f"unix:{self.ovs}/db.sock"
        run("ovsdb-tool", "create", self.ovs / "conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
        env = {"OVS_RUNDIR": str(self.ovs), "OVS_LOGDIR": str(self.ovs), "OVS_DBDIR": str(self.ovs)}
        self.start("switch", ["ovsdb-server", self.ovs / "conf.db", f"--remote=p{self.db}",
                              f"--unixctl={self.ovs}/ovsdb.ctl"], self.ovs / "ovsdb.log", env)
        self.wait(lambda: (self.ovs / "db.sock").exists(), "the switch's database")
        # The socket is there a moment before anybody listens.
        self.wait(lambda: run("ovs-vsctl", "--timeout=2", f"--db={self.db}", "--no-wait", "show", check=False),
                  "the switch's database")
        self.vsctl("--no-wait", "init")
        self.start("switch", ["ovs-vswitchd", self.db, f"--unixctl={self.ovs}/vswitchd.ctl"],
                   self.ovs / "vswitchd.log", env)
        self.wait(lambda: (self.ovs / "vswitchd.ctl").exists(), "the switch")
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                   "fail-mode=standalone")

    def vsctl(self, *words):
        return run("ovs-vsctl", "--timeout=10", f"--db={self.db}", *words)

    def plug(self, name, address=None, mac=None, dev="eth0"):
        """Plugs a namespace into the switch."""
        self.space(name)
        port = f"sw-{name}"[:15]
        self.pair(name, dev, "switch", port)
        if mac:
            self.inside(name, "ip", "link", "set", dev, "address", mac)
        if address:
            self.inside(name, "ip", "addr", "add", address, "dev", dev)
        self.vsctl("add-port", "br0", port)
        return port

    def mirror(self, name, dev):
        """A mirror port: a copy of all frames of the switch goes to `dev` in `name`."""
        self.space(name)
        self.pair(name, dev, "switch", "sw-mirror")
        self.vsctl("add-port", "br0", "sw-mirror", "--", "--id=@p", "get", "port", "sw-mirror",
                   "--", "--id=@m", "create", "mirror", "name=span", "select-all=true",
                   "output-port=@p", "--", "set", "bridge", "br0", "mirrors=@m")

    # --- end ---
    def wait(self, ready, what, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.02)
        raise LabError(f"{what} did not come up within {seconds} s; the logs are in {self.folder}")

    def close(self, keep_folder=False):
        """Everything goes; a second call (at the end of the program) does nothing."""
        if self.closed:
            return
        self.closed = True
        for child in reversed(self.children):
            if child.poll() is None:
                try:
                    os.killpg(child.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        end = time.monotonic() + 3
        for child in self.children:
            try:
                child.wait(max(0.05, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                child.wait()
        self.children = []
        for space in self.spaces:
            pids = run("ip", "netns", "pids", space, check=False).split()
            for pid in pids:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except (ProcessLookupError, ValueError):
                    pass
            run("ip", "netns", "del", space, check=False)
        self.spaces = []
        for link in self.links:
            run("ip", "link", "del", link, check=False)
        self.links = []
        if not keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
