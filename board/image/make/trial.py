"""What the image has to show: from power-on to an alert in the centre; updates; power cuts."""
import os
import time

from cables import Centre, Traffic, stick
from common import Trouble, say
from machine import BOX, HERE, Machine, overlay

SID = 9000008
RULES = f'alert http any any -> any any (msg:"trial"; http.uri; content:"/banken-trial"; sid:{SID}; rev:1;)\n'
KEYS = ("ca.crt", "own.crt", "own.key")
BOOT_SECONDS = int(os.environ.get("BANKEN_BOOT_SECONDS", "600"))
BAD = r"cannot be opened|is damaged|Kernel panic|data partition cannot be read"


def box_conf():
    return (f"name: sensor-1\naddress: {BOX}/24\ncentre: {HERE}:7444\nhome-networks: 192.168.0.0/16\n"
            "timezone: Asia/Tokyo\nmirror: auto\n")


def config(folder, centre):
    """The stick of this trial: set-up, keys that the centre's CA issued, one rule."""
    rules = folder / "local.rules"
    rules.write_text(RULES)
    keys = centre.issue("sensor", "sensor-1")
    files = {f"keys/sensor/{k}": keys / k for k in KEYS}
    return stick(folder / "stick.img", folder, box_conf(), {**files, "local.rules": rules})


def step(machine, text, pattern, seconds=BOOT_SECONDS):
    at, found = machine.wait(pattern, seconds, BAD)
    say(f"{at:7.1f} s  {text}" + (f": {found.group(1)}" if found.groups() else ""))
    return at


def selftest(out, network, folder, nic):
    """From power-on to an alert in the centre's store; Trouble when a step fails."""
    centre, machine, traffic = Centre(network, folder, out / "programs"), None, None
    try:
        centre.start()
        machine = Machine(folder, overlay(out / "banken.img", folder / "disk.qcow2"), network, config(folder, centre), nic)
        traffic = Traffic(network)
        traffic.start()
        machine.start()
        step(machine, "boot loader", r"Banken .*, (slot .)")
        step(machine, "verified root, data partition made", r"data partition is made")
        step(machine, "set up", r"BOX [\d.]+ (file: .*)")
        step(machine, "management", r"BOX [\d.]+ (box: .*)")
        step(machine, "mirror port", r"BOX [\d.]+ (port: .* hears .*)")
        step(machine, "NIC", r"BOX [\d.]+ (binding: .* vfio.*)")
        step(machine, "health", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
        centre.linked("sensor-1", 120)
        say(f"{time.time() - machine.begin:7.1f} s  the centre has its link")
        traffic.attack()
        begin = machine.begin
        sent = time.time()
        centre.alert(SID, 60)
        say(f"{time.time() - begin:7.1f} s  alert {SID} is in the centre, {time.time() - sent:.1f} s after its packet")
        if traffic.heard:
            raise Trouble(f"the box sent {traffic.heard} frames on its mirror port")
        say(f"           {traffic.sent} frames sent into the mirror port, none came out of it")
    finally:
        for part in (traffic, machine, centre):
            if part:
                part.close()
