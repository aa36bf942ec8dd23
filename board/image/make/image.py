"""All steps of the image in their order, and the comparison of two builds."""
import json
import shutil

import boot
import bundle
import disk
import sbom
import system
from common import MIB, ROOT, epoch, remove_tree, run, say, sha256


def version_of(when):
    """The project's version and the sources' state."""
    number = next(line for line in (ROOT / "meson.build").read_text().splitlines() if "version:" in line)
    number = number.split("'")[1]
    try:
        return f"{number}+{run('git', '-C', ROOT, 'rev-parse', '--short=10', 'HEAD').strip()}"
    except Exception:
        return f"{number}+{when}"


def make(out, key=None, cert=None, keep=False):
    when = epoch()
    version = version_of(when)
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    keys = bundle.keys(out, key, cert)
    root = work / "root"
    facts = system.make(root, out / "programs", when, version, keys.cert, keep)
    say("root, hash tree, boot loader")
    sbom.write(root, out / "banken.spdx.json", when, version)
    shutil.copy(out / "banken.spdx.json", root / "usr/share/banken/banken.spdx.json")
    boot.stamp(root, when)
    early = boot.early_root(root, work, when)
    (root / "usr/lib/banken/vmlinuz").rename(work / "vmlinuz")
    image = boot.squash(root, work / "root.img", when, "-comp", "zstd", "-Xcompression-level", "9", "-b", "256K")
    verity = boot.verified(image)
    slot = boot.boot_image(work / "vmlinuz", early, verity, version, work, when)
    efi, choice = boot.boot_loader(work, when)
    whole = disk.make(out / "banken.img", {
        "banken-efi": efi, "banken-env": choice, "banken-boot-a": slot, "banken-root-a": image,
        "banken-boot-b": slot, "banken-root-b": image})
    update = bundle.make(out / "banken.raucb", {"boot": slot, "rootfs": image}, version, keys, work)
    facts.update({"version": version, "root": image.stat().st_size, "boot": slot.stat().st_size,
                  "disk": whole.stat().st_size, "used": whole.stat().st_blocks * 512,
                  "bundle": update.stat().st_size, "packages": sbom.count(root)})
    (out / "image.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def report(facts, seconds):
    yield f"Banken {facts['version']}: {facts['packages']} Debian packages, kernel {facts['kernel']}"
    yield (f"kernel modules {facts['modules-before'] / MIB:.0f} -> {facts['modules-after'] / MIB:.0f} MiB, "
           f"root {facts['root'] / MIB:.0f} MiB, kernel and early root {facts['boot'] / MIB:.0f} MiB")
    yield (f"banken.img {facts['disk'] / MIB:.0f} MiB ({facts['used'] / MIB:.0f} MiB of it filled), "
           f"banken.raucb {facts['bundle'] / MIB:.0f} MiB, built in {seconds:.0f} s")


def same_again(out, first):
    """Builds once more in another folder, programs too; 0 when all bytes are the same."""
    other = out.with_name(out.name + "-again")
    say(f"the second time, in {other.name}")
    make(other, out / "key.pem", out / "cert.pem")
    same = sha256(out / "banken.img") == sha256(other / "banken.img")
    if same:
        say("both images have the same bytes")
        remove_tree(other)
        return 0
    for name in first_difference(out / "work", other / "work"):
        say(name)
    return 1


def first_difference(one, two):
    """The first file of the roots that differs, else which of the images does."""
    for part in ("root", "early", "boot"):
        names = sorted({p.relative_to(top / part).as_posix() for top in (one, two) for p in (top / part).rglob("*")})
        for name in names:
            a, b = one / part / name, two / part / name
            if kind(a) != kind(b):
                yield f"differs: {part}/{name}"
                return
    for name in ("root.img", "early.img", "boot.img", "esp.img", "env.img"):
        if sha256(one / name) != sha256(two / name):
            yield f"the files are the same, but not {name} that holds them"
            return
    yield "only banken.img itself differs"


def kind(path):
    """What of a file counts."""
    if path.is_symlink():
        return "link", str(path.readlink())
    if not path.exists():
        return ("nothing",)
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid, sha256(path) if path.is_file() else ""
