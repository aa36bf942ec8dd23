"""What the administrator does by hand."""
import getpass
import hashlib
import hmac
import pathlib
import secrets
import sys

import apply
import box
import health
import ports
import settings
import wizard
import words

COST = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 32}


def hashed(password, salt=None):
    salt = salt or secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, **COST).hex()}"


def matches(password, kept):
    _, salt, _ = kept.split("$")
    return hmac.compare_digest(hashed(password, bytes.fromhex(salt)), kept)


def password(_):
    one = getpass.getpass("Password: ")
    if len(one) < 10 or getpass.getpass("Once more: ") != one:
        print("banken-box: at least 10 characters, twice the same", file=sys.stderr)
        return 1
    print(hashed(one))
    return 0


def status(_):
    for line in lines():
        print(line)
    return 1 if any(n["state"] == "bad" for n in box.notes().values()) else 0


def findings():
    """(state, topic, sentence) of all that is known: what is wrong first."""
    order = {"bad": 0, "wait": 1, "good": 2}
    found = sorted(box.notes().items(), key=lambda n: (order.get(n[1]["state"], 0), n[0]))
    problems = health.find(box.status(), "problems") if (box.RUN / "port.json").exists() else None
    return ([("bad", "sensor", p) for p in problems or () if isinstance(p, str)] +
            [(n["state"], topic, n["text"]) for topic, n in found])


def lines(language="en", found=None):
    """The box in words."""
    return [f"[{words.say(state, language):^6}] {topic}: {text}"
            for state, topic, text in (findings() if found is None else found)]


def check(arguments):
    try:
        settings.parse(pathlib.Path(arguments[0]).read_text(errors="replace"))
    except (settings.Wrong, OSError, IndexError) as wrong:
        print(f"banken-box: {wrong if arguments else 'check FILE'}", file=sys.stderr)
        return 1
    print("valid")
    return 0


def typed(question):
    """A line from whoever sits there. input() itself would ask on standard error, which is the journal's."""
    print(question, end="", flush=True)
    return input()


def ask(question, default):
    shown = f" [{default}]" if default else ""
    answer = typed(f"{question}{shown}: ")
    return answer if answer.strip() else default


def setup(_):
    try:
        start = apply.load()
    except settings.Wrong:
        start = None
    print(words.say("hint", health.language(start)))
    found = wizard.run(ask, print, start)
    if not found:
        return 1
    try:
        settings.parse(settings.write(found))
    except settings.Wrong as wrong:
        print(wrong)
        return 1
    box.write(box.CONF, settings.write(found), 0o600)
    print(words.say("kept", found["language"]))
    box.command("systemctl", "reboot")
    return 0


def hear(_):
    every = ports.every()
    seen = ports.watch([p for p in every if p.carrier], 10, enough=1 << 30)
    for port in every:
        heard = seen.get(port.iface)
        print(f"{port.iface:12} {port.pci or '-':13} {port.driver:12} " +
              (f"{heard.frames} frames, {heard.foreign} for others, {heard.hosts} senders" if heard else "no cable"))
    return 0


def update(arguments):
    if len(arguments) != 1:
        print("usage: banken-box update FILE|URL", file=sys.stderr)
        return 2
    language = health.language(health.set_up())
    box.note("update", "wait", words.say("update-begun", language))
    code, said = box.command("rauc", "install", arguments[0], timeout=1800)
    if code:
        box.note("update", "bad", words.say("update-refused", language, box.why_refused(said)))
        return 1
    box.note("update", "good", words.say("update-there", language))
    return 0


def reset(arguments):
    if arguments != ["--yes"]:
        print("banken-box: everything on the data partition will be lost: banken-box reset --yes", file=sys.stderr)
        return 2
    box.write(box.KEPT / "factory-reset", "asked for by the administrator\n")
    box.command("sync")
    box.command("systemctl", "reboot")
    return 0
