#!/usr/bin/env python3
"""The systemd units are right (systemd-analyze verify), tight (systemd-analyze security), and alike.

    units.py ROOT

Checked with every drop-in of board/units/dropins laid over its unit as well. Exit 77 where there is no
systemd-analyze.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
UNITS = ROOT / "board/units"
# Exposure by systemd's own measure, 0 to 10: below 3 it says OK.
MOST = 3.0
# Drop-ins open what their driver cannot do without; the reason is their first line.
MOST_WITH = {"dataplane-af_xdp": 5.0, "dataplane-uio": 5.0, "mitigator-switch": 3.5, "keys-by-credential": MOST}
PROGRAM = re.compile(r"(/usr/bin/banken-[a-z]+|/usr/bin/banken|/usr/lib/banken/[a-z]+)\b")
# What each program's service must have, whatever else.
MUST = ("Type=notify", "WatchdogSec=", "Restart=always", "NoNewPrivileges=yes", "ProtectSystem=strict",
        "PrivateTmp=yes", "RestrictAddressFamilies=", "CapabilityBoundingSet=", "MemoryDenyWriteExecute=",
        "SystemCallFilter=@system-service")


def staged(folder):
    """The units beside programs that exist, so that verify finds what they start."""
    for path in UNITS.iterdir():
        if path.suffix not in (".service", ".target"):
            continue
        text = path.read_text()
        for name in set(PROGRAM.findall(text)):
            stand_in = folder / "bin" / pathlib.Path(name).name
            stand_in.parent.mkdir(exist_ok=True)
            stand_in.write_text("#!/bin/sh\n")
            stand_in.chmod(0o755)
        text = PROGRAM.sub(lambda m: str(folder / "bin" / pathlib.Path(m[1]).name), text)
        (folder / path.name).write_text(text)


def verify(folder, unit):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(folder / unit)],
                          capture_output=True, text=True)
    # Of the machine's own units nothing is said here.
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "banken" in line or str(folder) in line]
    return [f"{unit}: {line}" for line in lines]


def exposure(folder, unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(folder / unit)],
                          capture_output=True, text=True)
    found = re.search(r"Overall exposure level.*?: ([\d.]+)", done.stdout)
    return float(found[1]) if found else None


def with_dropin(dropin):
    """Problems of a unit with one drop-in over it, and how exposed it is."""
    text = dropin.read_text()
    target = re.search(r"/etc/systemd/system/(banken-[a-z]+\.service)\.d/", text)
    if not target:
        return [f"{dropin.name}: its first line does not say where it goes"], None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        staged(folder)
        place = folder / f"{target[1]}.d"
        place.mkdir()
        (place / "x.conf").write_text(PROGRAM.sub(lambda m: str(folder / "bin" / pathlib.Path(m[1]).name), text))
        # security --offline reads no drop-ins of a path: what they say is put behind the unit's own.
        merged = (folder / target[1]).read_text().replace("[Install]", "") + text
        merged = merged.replace("WantedBy=multi-user.target", "")
        problems = verify(folder, target[1])
        (folder / target[1]).write_text(merged)
        return problems, exposure(folder, target[1])


def lacks(path):
    text = path.read_text()
    missing = [m for m in MUST if not re.search(rf"^{re.escape(m)}", text, re.M)]
    problems = [f"{path.name}: {m} is missing" for m in missing]
    # Each program makes its own filter: the unit's must let it.
    if not re.search(r"^SystemCallFilter=.*\bseccomp\b", text, re.M):
        problems.append(f"{path.name}: the call seccomp is not allowed, so the program's own list is refused")
    return problems


def main():
    if not shutil.which("systemd-analyze"):
        print("there is no systemd-analyze")
        return 77
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        staged(folder)
        for unit in sorted(p.name for p in UNITS.glob("*.service")):
            if "@" not in unit:
                problems += lacks(UNITS / unit)
            shown = unit.replace("@.", "@eth1.")
            if shown != unit:
                (folder / shown).write_text((folder / unit).read_text())
            problems += verify(folder, shown)
            level = exposure(folder, shown)
            print(f"{unit}: exposure {level}")
            if level is None or level >= MOST:
                problems.append(f"{unit}: exposure {level}, {MOST} is the most")
    for dropin in sorted((UNITS / "dropins").glob("*.conf")):
        more, level = with_dropin(dropin)
        problems += more
        print(f"{dropin.name}: exposure {level}")
        if level is None or level >= MOST_WITH.get(dropin.stem, MOST):
            problems.append(f"{dropin.name}: exposure {level}, {MOST_WITH.get(dropin.stem, MOST)} is the most")
    print(*problems, sep="\n")
    return 1 if problems else 0


sys.exit(main())
