"""What starts the root: the early root, the slot's boot image, the boot loader."""
import os
import pathlib
import re
import shutil
import subprocess

from common import HERE, MIB, Trouble, fresh, run, sha256
from system import module_closure, module_names

# Their libraries come with them.
EARLY_PROGRAMS = ("usr/sbin/dmsetup", "usr/sbin/e2fsck", "usr/sbin/mke2fs", "usr/sbin/sfdisk", "usr/bin/kmod",
                  "usr/sbin/resizepart")
APPLETS = ("sh", "mount", "umount", "sleep", "cat", "find", "grep", "sed", "tr", "dd", "basename", "dirname", "reboot",
           "readlink", "mkdir", "chmod", "hexdump", "echo", "sync", "switch_root", "ls", "ln", "[")
GRUB_MODULES = ("part_gpt", "fat", "squash4", "gzio", "loadenv", "linux", "normal", "configfile", "regexp", "test",
                "echo", "sleep", "reboot", "halt", "serial", "terminal", "all_video", "efi_gop", "search", "true")
BLOCK = 4096


def stamp(folder, when):
    """One time for everything below a folder."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (when, when), follow_symlinks=False)


def find_program(root, name):
    """usr is merged; packages differ in what they call it."""
    for form in (name, name.removeprefix("usr/"), name.replace("sbin", "bin")):
        if (root / form).exists():
            return root / form
    raise Trouble(f"{name} is missing in the root folder")


def early_root(root, work, when):
    """The early root as a compressed archive."""
    folder = fresh(work / "early")
    for name in ("bin", "proc", "sys", "dev", "run", "sysroot", "etc"):
        (folder / name).mkdir()
    for link in ("sbin", "usr"):
        (folder / link).symlink_to("bin" if link == "sbin" else ".")
    shutil.copy(root / "usr/bin/busybox" if (root / "usr/bin/busybox").exists() else root / "bin/busybox",
                folder / "bin/busybox")
    for applet in APPLETS:
        (folder / "bin" / applet).symlink_to("busybox")
    needed = set()
    for name in EARLY_PROGRAMS:
        source = find_program(root, name)
        shutil.copy(source, folder / "bin" / source.name)
        inside = "/" + source.relative_to(root).as_posix()
        needed.update(re.findall(r"(/lib\S+) \(", run("chroot", root, "ldd", inside)))
    (folder / "bin/modprobe").symlink_to("kmod")
    for path in sorted(needed):
        to = folder / path.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path.lstrip("/"), to)
    shutil.copy(root / "etc/mke2fs.conf", folder / "etc/mke2fs.conf")
    shutil.copy(HERE / "early/init", folder / "init")
    (folder / "init").chmod(0o755)
    modules = next((root / "usr/lib/modules").iterdir())
    target = folder / "lib/modules" / modules.name
    wanted, _ = module_closure(module_names()[1], modules)
    for name in sorted(wanted):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules / name, target / name)
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copy(modules / name, target / name)
    run("depmod", "-b", folder, modules.name)
    return archive(folder, work / "early.img", when)


def archive(folder, image, when):
    """A cpio archive without anything that differs: sorted, one time, one owner, numbered anew."""
    stamp(folder, when)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))
    command = "cpio --quiet -o -H newc --reproducible -R 0:0 -0 | zstd -q -15 -T1 > \"$1\""
    done = subprocess.run(["sh", "-c", command, "sh", str(image)], cwd=folder, input="\0".join([".", *names]) + "\0",
                          text=True, capture_output=True)
    if done.returncode:
        raise Trouble(f"cpio: {done.stderr.strip()}")
    return image


def squash(folder, image, when, *options):
    image.unlink(missing_ok=True)
    # mksquashfs takes the time from the command line only when the environment does not set it too.
    env = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    run("mksquashfs", folder, image, "-noappend", "-quiet", "-no-progress", "-all-root" if "boot" in image.name else "-xattrs",
        "-all-time", when, "-mkfs-time", when, "-reproducible", *options, env=env)
    return image


def verified(image):
    """Appends the hash tree; returns what the kernel needs to open it: blocks:root hash:salt."""
    size = image.stat().st_size
    padded = (size + BLOCK - 1) // BLOCK * BLOCK
    with open(image, "r+b") as file:
        file.truncate(padded)
    salt = sha256(image)
    out = run("veritysetup", "format", "--no-superblock", f"--salt={salt}", f"--hash-offset={padded}",
              f"--data-blocks={padded // BLOCK}", image, image)
    root_hash = re.search(r"Root hash:\s+([0-9a-f]+)", out)[1]
    return f"{padded // BLOCK}:{root_hash}:{salt}"


def boot_image(kernel, early, verity, version, work, when):
    """What the boot loader reads of a slot: kernel, early root, and the hash of the root that belongs to it."""
    folder = fresh(work / "boot")
    shutil.copy(kernel, folder / "vmlinuz")
    shutil.copy(early, folder / "early.img")
    (folder / "slot.cfg").write_text(f'set verity="{verity}"\nset version="{version}"\n')
    # GRUB reads no zstd; kernel and early root are compressed already.
    return squash(folder, work / "boot.img", when, "-comp", "gzip", "-noD", "-noF", "-noI", "-noX")


def fat(image, mib, label, files, when):
    """A FAT file system with these files, the same bytes each time. files: place in it -> source."""
    image.unlink(missing_ok=True)
    with open(image, "wb") as file:
        file.truncate(mib * MIB)
    number = f"{sum(label.encode()) * 65537 & 0xffffffff:08x}"
    run("mkfs.vfat", "--invariant", "-i", number, "-n", label, image)
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(when), "MTOOLS_SKIP_CHECK": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    made = set()
    for place, source in sorted(files.items()):
        for parent in reversed(pathlib.PurePosixPath(place).parents):
            if str(parent) != "." and parent not in made:
                run("mmd", "-i", image, f"::{parent}", env=env)
                made.add(parent)
        os.utime(source, (when, when))
        run("mcopy", "-m", "-i", image, source, f"::{place}", env=env)
    return image


def boot_loader(work, when):
    """(EFI partition, partition of the boot loader's choice)"""
    efi, choice = work / "BOOTX64.EFI", work / "grubenv"
    run("grub-mkimage", "-O", "x86_64-efi", "-p", "/EFI/banken", "-o", efi, *GRUB_MODULES)
    choice.unlink(missing_ok=True)
    run("grub-editenv", choice, "create")
    run("grub-editenv", choice, "set", "ORDER=A B", "A_OK=1", "B_OK=1", "A_TRY=0", "B_TRY=0")
    extra = work / "boxenv"
    extra.unlink(missing_ok=True)
    run("grub-editenv", extra, "create")
    config = work / "grub.cfg"
    shutil.copy(HERE / "early/grub.cfg", config)
    return (fat(work / "esp.img", 16, "BANKEN-EFI", {"EFI/BOOT/BOOTX64.EFI": efi, "EFI/banken/grub.cfg": config}, when),
            fat(work / "env.img", 4, "BANKEN-ENV", {"grubenv": choice, "boxenv": extra}, when))
