"""Updates as a site sees them: a good one stays, a broken one goes back."""
import json
import shutil

import boot
import bundle
from common import fresh, run, say, sha256
from cables import stick
from machine import Machine, overlay
from trial import step


def variant(out, work, name, change):
    """An update bundle of a release that differs: change(root) makes it another one. Beside it lies NAME.json with
    the hashes of the two images that a slot then holds."""
    root = fresh(work / f"root-{name}")
    root.rmdir()
    run("cp", "-a", out / "work/root", root)
    release = root / "usr/lib/os-release"
    release.write_text(release.read_text().replace('VERSION_ID="', f'VERSION_ID="{name}-'))
    change(root)
    image = boot.squash(root, work / f"{name}.root.img", 1_700_000_000, "-comp", "zstd", "-Xcompression-level", "1")
    shutil.rmtree(root)
    verity = boot.verified(image)
    slot = boot.boot_image(out / "work/vmlinuz", out / "work/early.img", verity, name, work, 1_700_000_000)
    path = bundle.make(work / f"{name}.raucb", {"boot": slot, "rootfs": image}, name, bundle.keys(out), work)
    (work / f"{name}.json").write_text(json.dumps(slot_hashes(slot, image)))
    image.unlink()
    return path


def slot_hashes(slot, image):
    """part of a slot -> [bytes, SHA-256]"""
    return {"boot": [slot.stat().st_size, sha256(slot)], "root": [image.stat().st_size, sha256(image)]}


def breaks(root):
    """A release whose packet path does not start: the self-test and the health check must see it."""
    program = root / "usr/bin/banken-dataplane"
    program.unlink()
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    program.chmod(0o755)


def start(folder, disk, update, conf=""):
    """One power-on with the stick that holds an update."""
    medium = stick(folder / "stick.img", folder, conf, {"update.raucb": update}, mib=256)
    return Machine(folder, disk, None, medium).start()


def install(machine):
    machine.say("\n")
    machine.wait("x shell", 60)
    machine.say("u\n")
    step(machine, "installing", r"update: an update is being installed")
    at, _ = machine.wait(r"update: the update is installed", 1200, r"update: the update was refused.*")
    say(f"{at:7.1f} s  installed into the other slot")


def story(out, folder):
    """A, then B by an update; then a broken C, from which the box comes back to B by itself."""
    good = variant(out, folder, "B", lambda root: None)
    broken = variant(out, folder, "C", breaks)
    disk = overlay(out / "banken.img", folder / "disk.qcow2")
    machine = start(folder, disk, good, "name: box-1\n")
    try:
        step(machine, "release A", r"BOX [\d.]+ (update: slot A, \S+: healthy.*)")
        install(machine)
        # Off and on, with the next update's stick.
        machine.close()
        machine = start(folder, disk, broken)
        step(machine, "release B", r"BOX [\d.]+ (update: slot B, \S+: healthy.*)")
        install(machine)
        machine.close()
        machine = start(folder, disk, broken)
        step(machine, "release C, broken", r"BOX [\d.]+ (update: slot A.* is not healthy .*going back)")
        step(machine, "by itself", r"BOX [\d.]+ (update: slot B, \S+: healthy.*)")
    finally:
        machine.close()
