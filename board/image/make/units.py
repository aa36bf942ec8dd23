"""The units inside the running box: what systemd-analyze says of each, that each comes back after kill -9, and what
rights the processes really have, how the lamp blinks. Asked by a shell on the serial line."""
import json
import re
import sys

from common import ROOT, Trouble, say

sys.path.insert(0, str(ROOT / "board/provision"))
import led  # noqa: E402

PROGRAMS = ("banken-dataplane", "banken-control", "banken-mitigator")
# The most that systemd-analyze security may say; board/units/README.md has the reasons.
EXPOSURE = {"banken-dataplane": 2.6, "banken-control": 2.0, "banken-mitigator": 2.0, "banken-firmware": 9.0}
# One line of Python on the box: restarts of every program, and the rights of each of its processes.
LOOK = r'''
import json, os, pathlib, signal, subprocess, time
def show(unit, *keys):
    out = subprocess.run(["systemctl", "show", "-p", ",".join(keys), unit], capture_output=True, text=True).stdout
    return dict(l.split("=", 1) for l in out.splitlines())
def status(pid):
    return dict(l.split(":", 1) for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
def rights(unit):
    group = show(unit, "ControlGroup")["ControlGroup"]
    found = []
    for pid in pathlib.Path(f"/sys/fs/cgroup{group}/cgroup.procs").read_text().split():
        s = status(pid)
        keys = ("Name", "Uid", "CapEff", "CapPrm", "CapBnd", "CapAmb", "Seccomp", "NoNewPrivs")
        found.append({k: s[k].split()[0] for k in keys})
    return found
def killed(unit):
    before = show(unit, "MainPID", "NRestarts")
    if before["MainPID"] == "0": return None
    os.kill(int(before["MainPID"]), signal.SIGKILL)
    begin = time.time()
    while time.time() - begin < 180:
        now = show(unit, "MainPID", "NRestarts", "ActiveState", "SubState")
        if now["ActiveState"] == "active" and now["SubState"] == "running" and now["MainPID"] not in ("0", before["MainPID"]):
            return round(time.time() - begin, 1)
        time.sleep(0.5)
    return -1
result = {}
for unit in UNITS:
    one = {"rights": rights(unit + ".service")} if show(unit + ".service", "MainPID").get("MainPID", "0") != "0" else {}
    words = ["systemd-analyze", "security", "--no-pager", unit + ".service"]
    words = subprocess.run(words, capture_output=True, text=True).stdout
    one["exposure"] = (words.strip().splitlines() or [""])[-1]
    one["back"] = killed(unit + ".service") if one.get("rights") else None
    result[unit] = one
failed = subprocess.run(["systemctl", "--failed", "--no-legend", "--plain"], capture_output=True, text=True).stdout
result["failed"] = [l.split()[0] for l in failed.splitlines()]
def lamp(folder):
    trigger = (folder / "trigger").read_text().split("[")[1].split("]")[0]
    on = folder / "delay_on"
    return [trigger, int(on.read_text()) if on.exists() else 0]
result["lamps"] = {p.name: lamp(p) for p in pathlib.Path("/sys/class/leds").iterdir()}
print("UNITS" + "=" + json.dumps(result))
'''


def look(machine):
    """Trouble when a unit is less than it should be."""
    names = [*PROGRAMS, "banken-firmware"]
    script = LOOK.strip().replace("in UNITS:", f"in {names!r}:", 1)
    machine.forget()
    # The serial line takes short lines: the script goes over it in pieces.
    machine.say("stty -echo; cat >/run/look.py <<'END'\n")
    for line in script.splitlines():
        machine.say(line + "\n")
    machine.say("END\npython3 /run/look.py; stty echo\n")
    _, found = machine.wait(r"UNITS=(\{.*\})", 600)
    judge(json.loads(found.group(1)))


def judge_lamp(lamps):
    """The box has no keys, so somebody must act."""
    name = led.choose(lamps)
    say(f"           lamp {name or 'none'}: {lamps.get(name)}")
    return [] if lamps.get(name) == ["timer", led.PATTERNS["bad"][0]] else [f"the lamp does not call for help: {lamps}"]


def judge(result):
    wrong = [f"systemd says that {name} failed" for name in result.pop("failed")] + judge_lamp(result.pop("lamps"))
    for unit, one in result.items():
        exposure = re.search(r"level for \S+: ([\d.]+)", one["exposure"])
        figure = float(exposure[1]) if exposure else 99.0
        rights = ", ".join(f"{p['Name']} caps {p['CapEff'].lstrip('0') or '0'} seccomp {p['Seccomp']}"
                           for p in one.get("rights", ()))
        say(f"           {unit}: exposure {figure}" + (f", again {one['back']} s after kill -9; {rights}" if rights else ""))
        if figure > EXPOSURE[unit]:
            wrong.append(f"{unit} is exposed by {figure}, more than {EXPOSURE[unit]}")
        if one["back"] == -1:
            wrong.append(f"{unit} did not come back after kill -9")
        for p in one.get("rights", ()):
            if int(p["CapEff"], 16) or int(p["CapPrm"], 16):
                wrong.append(f"{unit}: {p['Name']} has capabilities {p['CapPrm']} left")
            if p["Seccomp"] != "2" or p["NoNewPrivs"] != "1":
                wrong.append(f"{unit}: {p['Name']} has no list of system calls")
    if wrong:
        raise Trouble("; ".join(wrong))
