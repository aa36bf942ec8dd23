"""The box itself: places, its state in /run/banken-box, commands."""
import json
import os
import pathlib
import subprocess
import tempfile

RUN = pathlib.Path("/run/banken-box")
KEPT = pathlib.Path("/data/box")
CONF = KEPT / "box.conf"
ETC = pathlib.Path("/etc/banken")
VERSION = pathlib.Path("/usr/lib/os-release")


def command(*words, **options):
    """(exit status, what it said; of one that failed all of it, what it complained of at the end)"""
    options.setdefault("timeout", 60)
    try:
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, errors="replace", **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, (done.stdout if done.returncode == 0 else f"{done.stdout}\n{done.stderr}").strip()


def why_refused(said):
    """RAUC's reason, which stands in the middle of its words. Pure."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["rauc said nothing"]
    return next((line.removeprefix("LastError:").strip() for line in lines if line.startswith("LastError:")), lines[-1])[:300]


def write(path, text, mode=0o644):
    """Whole or not at all, also when the power goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def note(topic, state, sentence):
    """What the console shows: topic is box, port, update ...; state good, wait or bad."""
    sentence = " ".join(sentence.split())
    write(RUN / "notes" / f"{topic}.json", json.dumps({"state": state, "text": sentence}))
    tell(f"{topic}: {sentence}")


def tell(sentence):
    """One line for the journal, and for a serial console that somebody records."""
    print(sentence, flush=True)
    try:
        with open("/dev/console", "w") as console:
            console.write(f"BOX {uptime():.1f} {sentence}\r\n")
    except OSError:
        pass


def notes():
    found = {}
    for path in sorted((RUN / "notes").glob("*.json")):
        try:
            found[path.stem] = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
    return found


def uptime():
    return float(pathlib.Path("/proc/uptime").read_text().split()[0])


def version():
    for line in VERSION.read_text().splitlines():
        if line.startswith("VERSION_ID="):
            return line.split("=", 1)[1].strip('"')
    return "unknown"


def slot():
    for word in pathlib.Path("/proc/cmdline").read_text().split():
        if word.startswith("rauc.slot="):
            return word.split("=")[1]
    return ""


def boot():
    """Another text at each start of the machine."""
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def status():
    """What banken status knows, None when it knows nothing."""
    code, out = command("/usr/bin/banken", "--json", "status", timeout=20)
    try:
        return json.loads(out)
    except ValueError:
        return None
