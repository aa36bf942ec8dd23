#!/usr/bin/env python3
"""What FreeRADIUS's recv-coa runs in the lab: moves the port behind which a MAC is to a VLAN.

usage: move_port.py DB BRIDGE APPCTL FOLDER MAC VLAN; prints ok, no-session or prohibited. FOLDER/fault
may hold one word, for tests: lie (says ok, does nothing), prohibited. FOLDER/moves keeps what came."""
import pathlib
import subprocess
import sys
import time


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def main():
    db, bridge, ctl, folder, mac, vlan = sys.argv[1:7]
    folder, mac = pathlib.Path(folder), mac.lower().replace("-", ":")
    fault = (folder / "fault").read_text().strip() if (folder / "fault").exists() else ""
    with open(folder / "moves", "a") as f:
        print(f"{time.time():.6f} {mac} {vlan}", file=f)
    if fault == "prohibited":
        return fault
    number = next((line.split()[0] for line in run("ovs-appctl", "-t", ctl, "fdb/show", bridge).splitlines()
                   if mac in line), None)
    if not number or not vlan.isdigit():
        return "no-session"
    if fault != "lie":
        name = run("ovs-vsctl", "--timeout=4", f"--db={db}", "--bare", "--columns=name", "find", "Interface",
                   f"ofport={number}").strip()
        run("ovs-vsctl", "--timeout=4", f"--db={db}", "set", "Port", name, f"tag={vlan}")
    return "ok"


if __name__ == "__main__":
    print(main())
