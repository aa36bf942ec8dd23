"""Set-up by a file: a USB stick labelled BANKEN-CONF, or a cloud's data disk (NoCloud, label cidata)."""
import pathlib
import shutil

import box
import settings

# A FAT label has 11 characters at most.
LABELS = ("BANKEN-CONF", "BANKEN-CONFIG", "CIDATA", "cidata")
PLACE = box.RUN / "stick"
KEYS = ("ca.crt", "own.crt", "own.key")
ROLES = {"sensor": "banken-control", "mitigator": "banken-mitigator"}
KEY_MAX = 64 << 10


def user_data(text):
    """box.conf inside a NoCloud user-data file: what follows "#banken" at its beginning."""
    head, _, rest = text.partition("\n")
    return rest if head.strip() in ("#banken", "#banken-box") else ""


def mounted(label):
    device = pathlib.Path("/dev/disk/by-label") / label
    if not device.exists():
        return False
    PLACE.mkdir(parents=True, exist_ok=True)
    for kind in ("vfat", "iso9660", "ext4"):
        if box.command("mount", "-t", kind, "-o", "ro,nosuid,nodev,noexec", device, PLACE)[0] == 0:
            return True
    return False


def find():
    """(text of box.conf, note) of the first medium that has one; ("", "") when there is none."""
    for label in LABELS:
        if not mounted(label):
            continue
        try:
            for name in ("box.conf", "user-data"):
                path = PLACE / name
                if path.is_file() and path.stat().st_size <= settings.MAX_BYTES:
                    text = path.read_text(errors="replace")
                    text = user_data(text) if name == "user-data" else text
                    if text:
                        take_extras()
                        return text, f"{name} of {label}"
        finally:
            box.command("umount", PLACE)
    return "", ""


def take_extras():
    """Keys issued by hand, rules, an owner's update key: copied when the stick has them."""
    for role in ROLES:
        source = PLACE / "keys" / role
        if all((source / k).is_file() and (source / k).stat().st_size < KEY_MAX for k in KEYS):
            target = box.ETC / "keys" / role
            target.mkdir(parents=True, exist_ok=True)
            for key in KEYS:
                box.write(target / key, (source / key).read_text(), 0o600)
                shutil.chown(target / key, ROLES[role], "banken")
            shutil.chown(target, ROLES[role], "banken")
            target.chmod(0o700)
    rules = PLACE / "local.rules"
    if rules.is_file():
        box.write(box.ETC / "banken.rules", rules.read_text(errors="replace"))
    policy = PLACE / "policy.yaml"
    if policy.is_file() and policy.stat().st_size < settings.MAX_BYTES:
        box.write(box.ETC / "policy.yaml", policy.read_text(errors="replace"))
    for path in sorted((PLACE / "update-keys").glob("*.pem")) if (PLACE / "update-keys").is_dir() else ():
        if path.stat().st_size < KEY_MAX:
            box.write(box.KEPT / "update-keys" / path.name, path.read_text())
