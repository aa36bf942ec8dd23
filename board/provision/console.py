"""The screen and the serial line: the box in words; behind the password set-up, update, reset, a shell."""
import getpass
import pathlib
import select
import subprocess
import sys
import time

import admin
import box
import health
import led
import words

EVERY = 10
CHOICES = {"en": ("s set-up   u update from a stick   r factory reset   b start again   o off   x shell   Enter back"),
           "ja": ("s 設定   u USBから更新   r 初期化   b 再起動   o 電源断   x シェル   Enter 戻る")}
STICKS = ("/dev/disk/by-label/BANKEN-UPD", "/dev/disk/by-label/BANKEN-CONF")


def show(found, state):
    language = health.language(found)
    text = "\n" + words.say("title", language, box.version(), box.slot(), time.strftime("%Y-%m-%d %H:%M:%S %Z")) + "\n"
    text += "\n".join(state) + "\n"
    if (box.RUN / "data-lost").exists():
        text += f"[{words.say('bad', language):^6}] {words.say('data-lost', language)}\n"
    text += words.say("menu" if found else "not-set-up", language) + "\n"
    return text


def allowed(found):
    kept = found["password-hash"] if found else ""
    if not kept:
        return True
    for _ in range(3):
        if admin.matches(getpass.getpass(words.say("password", found["language"])), kept):
            return True
        time.sleep(3)
    return False


def update_from_stick(language):
    place = box.RUN / "stick"
    place.mkdir(exist_ok=True)
    device = next((s for s in STICKS if pathlib.Path(s).exists()), "")
    code, said = box.command("mount", "-o", "ro,nosuid,nodev,noexec", device, place) if device else (1, "")
    if code:
        print(words.say("no-stick", language, said))
        return
    bundles = sorted(place.glob("*.raucb"))
    if bundles:
        admin.update([str(bundles[-1])])
    else:
        print(words.say("no-bundle", language))
    box.command("umount", place)


def menu(found):
    if not allowed(found):
        return
    if not found:
        admin.setup([])
        return
    language = found["language"]
    print(CHOICES[language])
    choice = admin.typed("> ").strip().lower()
    if choice == "s":
        admin.setup([])
    elif choice == "u":
        update_from_stick(language)
    elif choice == "r" and admin.typed(words.say("really", language)).strip() == "yes":
        admin.reset(["--yes"])
    elif choice in ("b", "o"):
        box.command("systemctl", "reboot" if choice == "b" else "poweroff")
    elif choice == "x" and found["password-hash"]:
        subprocess.run(["/bin/bash", "-i"], check=False)
    elif choice == "x":
        print(words.say("no-shell", language))


def run():
    before, shown = [], ()
    while True:
        found, known = health.set_up(), admin.findings()
        state = admin.lines(health.language(found), known)
        if state != before:
            print(show(found, state), flush=True)
            before = state
        lamp = (led.worst([s for s, _, _ in known]), led.found())
        if lamp != shown:
            led.show(*lamp)
            shown = lamp
        ready, _, _ = select.select([sys.stdin], [], [], EVERY)
        if ready:
            if not sys.stdin.readline():
                return 0
            try:
                menu(found)
            except (EOFError, KeyboardInterrupt):
                pass
            before = []
