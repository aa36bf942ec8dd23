"""What all steps of the image's build share: sentences, commands, places."""
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
MIB = 1 << 20


class Trouble(Exception):
    """A sentence for the person who builds."""


def say(text):
    print(text, flush=True)


def run(*command, **options):
    """Output of a command that has to succeed."""
    words = [str(c) for c in command]
    options.setdefault("env", {**os.environ, "LC_ALL": "C.UTF-8"})
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", **options)
    except FileNotFoundError:
        raise Trouble(f"{words[0]} is not installed; board/image/packages.txt names its package") from None
    if done.returncode:
        raise Trouble(f"{' '.join(words[:4])} ...: {(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout


def words_of(path):
    """First words of the lines of a list with reasons."""
    lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
    return digest.hexdigest()


def unmount_below(folder):
    """What an unpacking that was killed has left mounted there: /proc, /sys, /dev of this machine."""
    points = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    for point in sorted((p for p in points if p.startswith(f"{folder.resolve()}/")), reverse=True):
        subprocess.run(["umount", "-l", point], capture_output=True)
    points = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    if any(p.startswith(f"{folder.resolve()}/") for p in points):
        raise Trouble(f"something is still mounted below {folder}; unmount it first")


def fresh(folder):
    """An empty folder."""
    if folder.exists():
        unmount_below(folder)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def remove_tree(folder):
    unmount_below(folder)
    shutil.rmtree(folder, ignore_errors=True)


def need_root():
    if os.geteuid() != 0:
        raise Trouble("building the image needs root: a system is unpacked with its owners")


def install_packages():
    """What packages.txt names and this machine lacks."""
    missing = []
    for name, *_ in words_of(HERE / "packages.txt"):
        done = subprocess.run(["dpkg-query", "-W", "-f=${Status}", name], capture_output=True, text=True)
        if "ok installed" not in done.stdout:
            missing.append(name)
    if not missing:
        return
    say(f"installing {len(missing)} Debian packages: {' '.join(missing)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-q", "update"], capture_output=True, env=env)
    run("apt-get", "-q", "-y", "install", "--no-install-recommends", *missing, env=env)


def epoch():
    """The time that all files of the image bear: that of the last change of the sources."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    try:
        return int(run("git", "-C", ROOT, "log", "-1", "--format=%ct"))
    except (Trouble, ValueError):
        raise Trouble("the sources are no git checkout: set SOURCE_DATE_EPOCH to their date") from None


def main(work):
    """Runs a program's main function; a trouble is one sentence and exit status 1."""
    # An end from outside goes through the same cleaning up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(work())
    except Trouble as trouble:
        print(f"{pathlib.Path(sys.argv[0]).name}: {trouble}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
