"""What the image has to show: from power-on to an alert in the centre; updates; power cuts."""
import os
import time

from cables import Centre, Traffic, stick
from common import Trouble, say
from machine import BOX, HERE, Machine, overlay

SID = 9000008
RULES = f'alert http any any -> any any (msg:"trial"; http.uri; content:"/banken-trial"; sid:{SID}; rev:1;)\n'
BOOT_SECONDS = int(os.environ.get("BANKEN_BOOT_SECONDS", "600"))
BAD = r"cannot be opened|is damaged|data partition cannot be read"


def config(folder, centre):
    """The stick of this trial: set-up with an enrolment code of the centre, one rule."""
    rules = folder / "local.rules"
    rules.write_text(RULES)
    return stick(folder / "stick.img", folder,
                 f"name: sensor-1\naddress: {BOX}/24\ncentre: {HERE}:7444\nenrolment-code: {centre.code('sensor-1')}\n"
                 "home-networks: 192.168.0.0/16\ntimezone: Asia/Tokyo\nmirror: auto\n", {"local.rules": rules})


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
        centre.linked(120)
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
