"""Power cuts: an update to another release is begun from one snapshot, the machine is killed at a random moment, the
disk must hold a whole release where the boot loader will look for one, and the data; some are really started too."""
import json
import random
import shutil
import socket
import time

import aftermath
from cables import stick
from common import Trouble, run, say
from machine import FIRMWARE, Machine, overlay
from trial import BOOT_SECONDS, step
from updating import slot_hashes, variant

SNAPSHOT = "before"


class Simple(Machine):
    """The same box without cables: what is tried is its disk. It can be saved and gone on with."""

    def command(self, console, resume=None):
        words = super().command(console)
        at = words.index("-monitor")
        words[at + 1] = f"unix:{self.folder}/monitor,server,nowait"
        drive = f"if=pflash,format=raw,file={self.store}"
        words[words.index(drive)] = f"if=pflash,format=qcow2,file={self.variables()}"
        if self.resume:
            words += ["-loadvm", SNAPSHOT]
        return words

    resume = False

    def variables(self):
        """The firmware's memory in a form that a snapshot can hold."""
        path = self.folder / "firmware.qcow2"
        if not path.exists():
            run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", FIRMWARE / "OVMF_VARS_4M.fd", path)
        return path

    def save(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(300)
        s.connect(str(self.folder / "monitor"))
        s.sendall(f"savevm {SNAPSHOT}\n".encode())
        said = b""
        # Twice: the greeting's prompt and the one after the command.
        while said.count(b"(qemu)") < 2:
            said += s.recv(4096)
        s.close()
        if b"Error" in said:
            raise Trouble(f"qemu cannot save the machine: {said.decode(errors='replace')[-300:]}")


def prepared(out, folder):
    """The stick with the update; the folder holds the machine, saved a moment before it. Another release than the one
    in both slots: a slot that is half written would not be seen if it got the bytes that it has."""
    update = stick(folder / "update.img", folder, "name: box-1\n", {"update.raucb": variant(out, folder, "P", lambda r: None)},
                   mib=256)
    machine = Simple(folder, overlay(out / "banken.img", folder / "disk.qcow2"), None, update)
    try:
        machine.start()
        step(machine, "first start", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
        time.sleep(5)
        machine.save()
    finally:
        machine.close()
    return update


def copy(folder, one):
    """A trial's own disk and firmware: nothing of one cut reaches the next."""
    place = folder / f"cut-{one}"
    place.mkdir()
    for name in ("disk.qcow2", "firmware.qcow2"):
        shutil.copy(folder / name, place / name)
    return place


def begin(place, update):
    machine = Simple(place, place / "disk.qcow2", None, update)
    machine.resume = True
    machine.start()
    time.sleep(1)
    machine.say("\n")
    machine.wait("x shell", 300)
    machine.say("u\n")
    return machine


def length(folder, update):
    """Seconds that the whole update takes here."""
    machine = begin(copy(folder, 0), update)
    try:
        start, _ = machine.wait(r"update: an update is being installed", 300)
        end, _ = machine.wait(r"update: the update is installed", 900, r"update: the update was refused.*")
        return end - start
    finally:
        machine.close()


def killed(place, update, seconds, chance):
    """The moment at which the power went, in seconds of the update."""
    machine = begin(place, update)
    try:
        machine.wait(r"update: an update is being installed", 300)
        moment = chance.random() * seconds * 1.1
        time.sleep(moment)
    finally:
        machine.power_cut()
    return moment


def started(place):
    """Power comes back: the sentence of the health check."""
    again = Simple(place, place / "disk.qcow2", None, None)
    try:
        again.start()
        at, found = again.wait(r"BOX [\d.]+ update: (slot [AB], \S+: healthy)", BOOT_SECONDS)
        return f"; {found.group(1)}, {at:.0f} s after power came back"
    finally:
        again.close()


def cut(folder, one, update, seconds, chance, releases, start):
    """One power cut; the sentence about what it left."""
    place = copy(folder, one)
    try:
        moment = killed(place, update, seconds, chance)
        slot, release, other, data = aftermath.look(place / "disk.qcow2", place, releases)
        text = (f"cut {one}: after {moment:.1f} s of {seconds:.1f}; slot {slot} starts with {release}, the other holds {other}, "
                f"data {data}")
        return text + (started(place) if start else "")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def powercut(out, folder, count, seed, starts):
    chance = random.Random(seed)
    update = prepared(out, folder)
    releases = {"the old release": slot_hashes(out / "work/boot.img", out / "work/root.img"),
                "the new release": json.loads((folder / "P.json").read_text())}
    seconds = length(folder, update)
    say(f"an update takes {seconds:.0f} s here; {count} power cuts, {starts} of them started, seed {seed}")
    for one in range(1, count + 1):
        say(cut(folder, one, update, seconds, chance, releases, one <= starts))
