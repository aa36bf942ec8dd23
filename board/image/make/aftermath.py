"""What a power cut left on the disk, looked at without starting it: the slot that the boot loader will take, whether
that slot is whole, whether the data partition can be had."""
import hashlib
import json
import subprocess

from common import MIB, Trouble, run

DATA_MENDED = 2  # e2fsck: what is above is beyond repair


def partitions(raw):
    """name -> (offset, bytes)"""
    table = json.loads(run("sfdisk", "-J", raw))["partitiontable"]
    return {p["name"]: (p["start"] * 512, p["size"] * 512) for p in table["partitions"]}


def environment(raw, offset):
    """The boot loader's variables."""
    text = subprocess.run(["mtype", "-i", f"{raw}@@{offset}", "::grubenv"], capture_output=True, check=False)
    if text.returncode or not text.stdout.startswith(b"# GRUB Environment Block\n"):
        raise Trouble(f"the boot loader's variables cannot be read: {text.stderr.decode(errors='replace').strip()}")
    rows = text.stdout.decode(errors="replace").splitlines()
    return dict(row.split("=", 1) for row in rows if "=" in row and not row.startswith("#"))


def chosen(env):
    """The slot that early/grub.cfg takes. Pure."""
    value = {"ORDER": "A B", "A_OK": "1", "B_OK": "1", "A_TRY": "0", "B_TRY": "0", **env}
    order = value["ORDER"].split()
    return next((s for s in order if value[f"{s}_OK"] == "1" and value[f"{s}_TRY"] != "2"), order[0] if order else "A")


def part_hash(raw, offset, size):
    digest, left = hashlib.sha256(), size
    with open(raw, "rb") as disk:
        disk.seek(offset)
        while left > 0 and (piece := disk.read(min(MIB, left))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def release_in(raw, places, slot, releases):
    """Which release a slot holds whole, "" when it holds none."""
    for name, parts in releases.items():
        if all(part_hash(raw, places[f"banken-{part}-{slot.lower()}"][0], size) == digest
               for part, (size, digest) in parts.items()):
            return name
    return ""


def data_state(raw, place, work):
    """The sentence about the data partition; Trouble when it is lost."""
    data = work / "data.img"
    offset, size = place
    run("dd", f"if={raw}", f"of={data}", "bs=1M", f"skip={offset // MIB}", f"count={(size + MIB - 1) // MIB}", "conv=sparse")
    done = subprocess.run(["e2fsck", "-p", data], capture_output=True, text=True)
    if done.returncode > DATA_MENDED:
        done = subprocess.run(["e2fsck", "-y", data], capture_output=True, text=True)
    kept = subprocess.run(["debugfs", "-R", "stat /box/box.conf", data], capture_output=True, text=True).stdout
    data.unlink()
    if done.returncode > DATA_MENDED or "Type: regular" not in kept:
        raise Trouble(f"the data partition is lost: {done.stdout[-300:]}")
    return "clean" if done.returncode == 0 else "mended"


def look(disk, work, releases):
    """(slot that starts, the release in it, what the other slot holds, the data partition). Trouble when none would."""
    raw = work / "disk.raw"
    run("qemu-img", "convert", "-O", "raw", "-S", "64k", disk, raw)
    try:
        places = partitions(raw)
        slot = chosen(environment(raw, places["banken-env"][0]))
        release = release_in(raw, places, slot, releases)
        if not release:
            raise Trouble(f"slot {slot} will be started, but it holds no whole release")
        other = "B" if slot == "A" else "A"
        return slot, release, release_in(raw, places, other, releases) or "half a release", \
            data_state(raw, places["banken-data"], work)
    finally:
        raw.unlink(missing_ok=True)
