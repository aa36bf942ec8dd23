"""The box as somebody meets it who sits in front of it: the questions on the serial line, three ports of which one
hears foreign traffic, the menu, a shell; then what runs inside: units, watchdog, factory reset."""
import os
import time

import units
from cables import Sender, Traffic
from common import Trouble, say
from machine import BOX, HERE, Machine, overlay
from trial import step

OTHER = "other0"
PASSWORD = "correct horse 7"
# What is asked, what is answered; the first answer of some is wrong, and what is then said.
ANSWERS = (
    (r"Language .*\[en\]", "", None),
    (r"Name of this box", "Not Valid!", r"letters a-z, digits and -"),
    (r"Name of this box", "desk-1", None),
    (r"Management port", "", None),
    (r"Its address", "banana", r"dhcp, or an address with its prefix"),
    (r"Its address", f"{BOX}/24", None),
    (r"Gateway", "<", None),
    (r"Its address .*10\.99\.0\.2/24", "", None),
    (r"Gateway", "198.51.100.1", r"198\.51\.100\.1 is not in the network"),
    (r"Gateway", HERE, None),
    (r"Name servers", "", None),
    (r"Time servers", "", None),
    (r"Time zone", "Asia/Tokyo", None),
    (r"Monitoring centre", "", None),
    (r"Mitigator", "", None),
    (r"Your networks", "192.168.0.0/16", None),
    (r"Mirror port", "", None),
)


class Chatter(Sender):
    """Broadcasts, as every port of a switch hears them."""

    def run(self):
        frame = bytes((255,)) * 6 + bytes((2, 0, 0, 0, 9, 1)) + b"\x08\x06" + bytes(46)
        while self.going:
            self.socket.send(frame)
            self.listen()
            time.sleep(0.1)


def questions(machine):
    """The wizard, typed as a person would: after each question's line the answer of the next."""
    machine.say("\n")
    time.sleep(5)
    for question, answer, complaint in ANSWERS:
        time.sleep(3)  # a question is a line only with its answer; one that comes before it is a line of its own
        machine.forget()
        machine.say(answer + "\n")
        machine.wait(question, 60)
        if complaint:
            machine.wait(complaint, 60)
    machine.wait(r"The box applies it by starting again", 60)


def answers(network):
    """The box is a neighbour on its management port: it tells its MAC."""
    network.run("bash", "-c", f"echo > /dev/udp/{BOX}/9")
    end = time.time() + 20
    while "lladdr" not in (found := network.run("ip", "neigh", "show", BOX)):
        if time.time() > end:
            raise Trouble(f"{BOX} is no neighbour on the management cable: {found}")
        time.sleep(0.5)


def shell(machine):
    """From the menu to a shell; a wrong password is not let in."""
    machine.forget()
    machine.say("\n")
    time.sleep(3)
    machine.say("wrong\n")
    time.sleep(8)
    machine.say(PASSWORD + "\n")
    machine.wait(r"x shell", 60)
    machine.say("x\n")
    time.sleep(3)


def told_password():
    """The line of box.conf, hashed as banken-box does it."""
    import sys
    from common import ROOT
    sys.path.insert(0, str(ROOT / "board/provision"))
    import admin
    return admin.hashed(PASSWORD)


def story(out, network, folder, nic):
    network.tap(OTHER)
    # The kernel's drivers of two kinds of NICs; the mirror port is the third.
    machine = Machine(folder, overlay(out / "banken.img", folder / "disk.qcow2"), network, None, ["e1000e", "vmxnet3", "e1000e"])
    machine.taps = ("mgmt0", OTHER, "mirror0")
    traffic, chatter, quiet = Traffic(network), Chatter(network, OTHER), Chatter(network, "mgmt0")
    try:
        chatter.start()
        machine.start()
        step(machine, "boot loader", r"Banken .*, (slot .)")
        step(machine, "not set up", r"(This box is not set up)")
        time.sleep(10)
        for port, ear in (("mirror", traffic), ("management", quiet), ("third", chatter)):
            ear.listen()
            if ear.heard:
                raise Trouble(f"the box sent {ear.heard} frames on its {port} port before it was set up")
        say("           nothing was sent on any port before the set-up")
        traffic.start()
        questions(machine)
        say(f"{time.time() - machine.begin:7.1f} s  the questions are answered, wrong answers were told")
        machine.forget()
        step(machine, "set up", rf"BOX [\d.]+ (box: desk-1: management on .*{BOX}/24)")
        step(machine, "mirror port", r"BOX [\d.]+ (port: .* hears .*)")
        step(machine, "NIC", r"BOX [\d.]+ (binding: .*)")
        step(machine, "health", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
        if traffic.heard or chatter.heard:
            raise Trouble(f"{traffic.heard} frames were sent on the mirror port, {chatter.heard} on the one that is not used")
        say("           the port with foreign traffic was taken, not the one with broadcasts; neither was sent on")
        answers(network)
        machine.forget()
        machine.say("\n")
        machine.wait(r"x shell", 60)
        machine.say("x\n")
        machine.wait(r"a shell needs a password", 60)
        machine.forget()
        machine.say("\n")
        machine.wait(r"x shell", 60)
        machine.say("r\n")
        time.sleep(2)
        machine.say("yes\n")
        step(machine, "factory reset", r"(data partition is made \(factory reset.*)")
        step(machine, "not set up again", r"(This box is not set up)")
    finally:
        for part in (traffic, chatter, quiet, machine):
            if part.__class__ is not Chatter or part.is_alive():
                part.close()


def inside(out, network, folder, nic):
    """A box with a password, set up by a file: what systemd says of the units, restarts, watchdog."""
    from cables import stick
    conf = (f"name: sensor-1\naddress: {BOX}/24\nhome-networks: 192.168.0.0/16\ntimezone: UTC\nmirror: auto\n"
            f"password-hash: {told_password()}\n")
    machine = Machine(folder, overlay(out / "banken.img", folder / "disk.qcow2"), network,
                      stick(folder / "stick.img", folder, conf), nic)
    traffic = Traffic(network)
    try:
        traffic.start()
        machine.start()
        step(machine, "health", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
        shell(machine)
        units.look(machine)
        if os.environ.get("BANKEN_WATCHDOG", "1") == "1":
            machine.forget()
            machine.say("kill -SEGV 1\n")
            begin = time.time()
            step(machine, "the watchdog starts a box again whose systemd hangs", r"Banken .*, (slot .)")
            say(f"           {time.time() - begin:.0f} s after it hung")
            step(machine, "health", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
    finally:
        traffic.close()
        machine.close()
