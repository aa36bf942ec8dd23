"""The site: its network and everyday machines, without any program of ours."""
import pathlib
import sys

from net import LabError, Net
from story import Cast

HERE = pathlib.Path(__file__).resolve().parent
MANAGEMENT = {"management": "192.168.250.1", "sensor": "192.168.250.2", "gateway": "192.168.250.3"}


def gateway_and_outside(net, cast):
    """The gateway routes between the site and two web servers outside, and answers DNS."""
    net.space("outside")
    net.pair("gateway", "wan0", "outside", "wan0")
    net.inside("gateway", "ip", "addr", "add", "192.0.2.1/24", "dev", "wan0")
    net.inside("outside", "ip", "addr", "add", "192.0.2.2/24", "dev", "wan0")
    net.inside("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    net.inside("outside", "ip", "route", "add", cast.lan, "via", "192.0.2.1")
    for address in (cast.bad, cast.good):
        net.inside("outside", "ip", "addr", "add", f"{address}/32", "dev", "lo")
        net.inside("gateway", "ip", "route", "add", f"{address}/32", "via", "192.0.2.2")
        net.start("outside", [sys.executable, HERE / "story.py", "web", address],
                  net.folder / "outside.log")
    net.start("gateway", ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--pid-file=",
                          "--conf-file=/dev/null", "--user=root", f"--listen-address={cast.gateway}",
                          "--bind-interfaces", f"--address=/{cast.bad_name}/{cast.bad}",
                          f"--address=/{cast.good_name}/{cast.good}"], net.folder / "dns.log")


def management(net):
    """A network of its own for the programs, away from the switch."""
    net.space("management")
    net.inside("management", "ip", "link", "add", "brm", "type", "bridge")
    net.inside("management", "ip", "link", "set", "brm", "up")
    net.inside("management", "ip", "addr", "add", f"{MANAGEMENT['management']}/24", "dev", "brm")
    for name in ("sensor", "gateway"):
        net.pair(name, "mgmt0", "management", f"m-{name}")
        net.inside("management", "ip", "link", "set", f"m-{name}", "master", "brm")
        net.inside(name, "ip", "addr", "add", f"{MANAGEMENT[name]}/24", "dev", "mgmt0")


def build(cast):
    """A running site. Raises LabError with one sentence."""
    net = Net()
    try:
        net.switch()
        prefix = cast.lan.split("/")[1]
        for name, address in (("gateway", cast.gateway), ("client", cast.client),
                              ("colleague", cast.colleague), ("files", cast.files)):
            net.plug(name, f"{address}/{prefix}", cast.macs[name])
            if name != "gateway":
                net.inside(name, "ip", "route", "add", "default", "via", cast.gateway)
        net.plug("sensor", None, cast.macs["sensor"], dev="reset0")
        net.mirror("sensor", "mirror0")
        gateway_and_outside(net, cast)
        management(net)
        net.start("files", [sys.executable, HERE / "story.py", "web", cast.files],
                  net.folder / "files.log")
        for where, address, port, kind in (("gateway", cast.gateway, 53, "u"), ("files", cast.files, 80, "t"),
                                           ("outside", cast.good, 80, "t"), ("outside", cast.bad, 80, "t")):
            net.wait(lambda: f"{address}:{port} " in net.inside(where, "ss", f"-ln{kind}", check=False),
                     f"the server on {address} port {port}")
    except BaseException:
        net.close(keep_folder=True)
        raise
    return net

