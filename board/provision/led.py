"""The box's lamp, where it has one: on when all is well, slow blinking while something is awaited, fast when somebody
must act. Of several lamps the one made for it is taken, else the keyboard's Scroll Lock, which nobody needs here."""
import pathlib

import box

LAMPS = pathlib.Path("/sys/class/leds")
WANTED = ("status", "sys", "apu:green:1", "apu2:green:led1", "front:green", ":green:", "scrolllock")
# Milliseconds on and off; None: steady.
PATTERNS = {"good": None, "wait": (200, 1800), "bad": (150, 150)}


def choose(names):
    """The lamp's name, "" when there is none. Pure."""
    for word in WANTED:
        for name in sorted(names):
            if word in name.lower():
                return name
    return ""


def worst(states):
    """What the lamp shows of all that is known. Pure."""
    return next((s for s in ("bad", "wait") if s in states), "good")


def write(path, value):
    try:
        path.write_text(str(value))
    except OSError:
        pass  # it goes with the keyboard


def found():
    """The lamp that is there now; a keyboard's comes late and may go."""
    return choose([p.name for p in LAMPS.iterdir()]) if LAMPS.is_dir() else ""


def show(state, lamp):
    """Tells the kernel how to blink. Called again with the same state it would begin its rhythm anew: the caller asks
    once a change."""
    pattern = PATTERNS[state]
    if not lamp:
        return
    if pattern:
        box.command("modprobe", "-q", "ledtrig_timer")  # the kernel does not fetch it by itself
    write(LAMPS / lamp / "trigger", "timer" if pattern else "none")
    for name, value in zip(("delay_on", "delay_off"), pattern or ()):
        write(LAMPS / lamp / name, value)
    if not pattern:
        write(LAMPS / lamp / "brightness", 255)
