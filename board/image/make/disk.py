"""The disk: seven partitions with fixed numbers, so that the same input gives the same bytes."""
import os

from common import MIB, Trouble, run

LINUX, EFI = "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
DISK = "42414E4B-454E-4D69-8C6F-000000000000"
# name, size in MiB, type. Room in a slot is for what later releases need.
PARTITIONS = (("banken-efi", 16, EFI), ("banken-env", 4, LINUX), ("banken-boot-a", 64, LINUX), ("banken-root-a", 384, LINUX),
              ("banken-boot-b", 64, LINUX), ("banken-root-b", 384, LINUX), ("banken-data", 64, LINUX))
SIZE = {name: mib for name, mib, _ in PARTITIONS}


def layout():
    """sfdisk's script."""
    lines = ["label: gpt", f"label-id: {DISK}", "first-lba: 2048"]
    begin = 1
    for number, (name, mib, kind) in enumerate(PARTITIONS, 1):
        lines.append(f"start={begin * 2048}, size={mib * 2048}, type={kind}, uuid={DISK[:-1]}{number}, name={name}")
        begin += mib
    return "\n".join(lines) + "\n"


def make(image, contents):
    """The image file; contents: name of a partition -> file that fills it."""
    total = sum(SIZE.values()) + 2
    image.unlink(missing_ok=True)
    with open(image, "wb") as file:
        file.truncate(total * MIB)
    run("sfdisk", "-q", "--no-tell-kernel", image, input=layout())
    begin = 1
    with open(image, "r+b") as disk:
        for name, mib, _ in PARTITIONS:
            if name in contents:
                place(disk, begin * MIB, contents[name], mib)
            begin += mib
    return image


def place(disk, offset, source, mib):
    size = os.stat(source).st_size
    if size > mib * MIB:
        raise Trouble(f"{source.name} takes {size / MIB:.0f} MiB, its partition has {mib}")
    disk.seek(offset)
    with open(source, "rb") as file:
        while piece := file.read(MIB):
            # Holes stay holes.
            if piece.strip(b"\0"):
                disk.write(piece)
            else:
                disk.seek(len(piece), os.SEEK_CUR)
