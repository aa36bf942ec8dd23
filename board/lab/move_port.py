#!/usr/bin/env python3
"""What FreeRADIUS's recv-coa runs in the lab: moves the port behind which a MAC is to a VLAN, or takes its link
down for a moment when VLAN is Cisco's subscriber:command=bounce-host-port.

usage: move_port.py DB BRIDGE APPCTL FOLDER MAC VLAN; prints ok, no-session or prohibited. FOLDER/fault
may hold one word, for tests: lie (says ok, does nothing), prohibited. FOLDER/moves keeps what came."""
import pathlib
import subprocess
import sys
import time


BOUNCE, DOWN = "subscriber:command=bounce-host-port", 0.5


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def bounce(name):
    """In a process of its own: who asked waits for the answer, which the switch gives first."""
    subprocess.Popen(["sh", "-c", f"sleep 0.1; ip link set {name} down; sleep {DOWN}; ip link set {name} up"],
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def main():
    db, bridge, ctl, folder, mac, vlan = sys.argv[1:7]
    folder, mac = pathlib.Path(folder), mac.lower().replace("-", ":")
    vlan = vlan.replace("\\", "")  # FreeRADIUS escapes what a shell would read
    fault = (folder / "fault").read_text().strip() if (folder / "fault").exists() else ""
    with open(folder / "moves", "a") as f:
        print(f"{time.time():.6f} {mac} {vlan}", file=f)
    if fault == "prohibited":
        return fault
    number = next((line.split()[0] for line in run("ovs-appctl", "-t", ctl, "fdb/show", bridge).splitlines()
                   if mac in line), None)
    if not number or not (vlan.isdigit() or vlan == BOUNCE):
        return "no-session"
    if fault != "lie":
        name = run("ovs-vsctl", "--timeout=4", f"--db={db}", "--bare", "--columns=name", "find", "Interface",
                   f"ofport={number}").strip()
        if vlan == BOUNCE:
            bounce(name)
        else:
            run("ovs-vsctl", "--timeout=4", f"--db={db}", "set", "Port", name, f"tag={vlan}")
    return "ok"


if __name__ == "__main__":
    print(main())
