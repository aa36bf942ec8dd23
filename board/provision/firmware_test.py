#!/usr/bin/env python3
"""Releases from the centre: every state a start, a power cut or another order can find; files that are not what they say."""
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import box  # noqa: E402
import firmware  # noqa: E402

SHA, T, U = "ab" * 32, "1" * 32, "2" * 32
WANTED = {"ticket": T, "sha256": SHA, "version": "0.2", "size": 9, "back": False}


def kept(state, **more):
    return {"ticket": T, "sha256": SHA, "version": "0.2", "state": state, "text": "", "from": "A", "to": "B", "boot": "one",
            **more}


class Decide(unittest.TestCase):
    CASES = (
        ("nothing is wanted", None, kept("installed"), "A", "one", "nothing"),
        ("a first order", WANTED, {}, "A", "one", "install"),
        ("another order while one is answered", {**WANTED, "ticket": U}, kept("refused"), "A", "one", "install"),
        ("another order before the start", {**WANTED, "ticket": U}, kept("installed"), "A", "one", "install"),
        ("the power was cut while it was written", WANTED, kept("installing"), "A", "two", "install"),
        ("written, not started yet", WANTED, kept("installed"), "A", "one", "start"),
        ("started with it: the health check judges", WANTED, kept("installed"), "B", "two", "wait"),
        ("came back to the old one", WANTED, kept("installed"), "A", "three", "fell-back"),
        ("answered", WANTED, kept("good"), "B", "two", "nothing"),
        ("refused", WANTED, kept("refused"), "A", "two", "nothing"),
        ("the release that runs, ordered once more", {**WANTED, "ticket": U}, kept("good"), "B", "two", "known"),
        ("the same release, but the other slot runs", {**WANTED, "ticket": U}, kept("good"), "A", "two", "install"),
        ("another file", {**WANTED, "ticket": U, "sha256": "cd" * 32}, kept("good"), "B", "two", "install"),
        ("back to what was before", {**WANTED, "ticket": U, "size": 0, "back": True}, kept("good"), "B", "two", "install"),
    )

    def test_each(self):
        for name, wanted, was, slot, boot, expected in self.CASES:
            with self.subTest(name):
                self.assertEqual(firmware.decide(wanted, was, slot, boot), expected)

    def test_odd_wishes(self):
        self.assertEqual(firmware.understood(json.dumps(WANTED)), WANTED)
        for change in ({"sha256": "../../etc/passwd"}, {"sha256": SHA + "/"}, {"ticket": ""}, {"size": -1}, {"size": 0},
                       {"size": 1 << 40}, {"back": 1}, {"version": 3}, {"sha256": None}):
            self.assertIsNone(firmware.understood(json.dumps({**WANTED, **change})), change)
        for text in ("", "[]", "{", "7", '"x"', "{}"):
            self.assertIsNone(firmware.understood(text), text)
        self.assertEqual(firmware.understood(json.dumps({**WANTED, "version": "a\n\x1b[2Jb"}))["version"], "a??[2Jb")

    def test_window(self):
        for window, minute, seconds in (("", 5, 0), ("02:00-04:00", 120, 0), ("02:00-04:00", 239, 0),
                                        ("02:00-04:00", 240, 22 * 3600), ("23:00-01:00", 30, 0), ("23:00-01:00", 60, 22 * 3600),
                                        ("02:00-04:00", 119, 60), ("03:00-03:00", 7, 0)):
            self.assertEqual(firmware.seconds_until(window, minute), seconds, (window, minute))


class Files(unittest.TestCase):
    """copy() and the life of an order, in a folder; what RAUC and systemd would do is told by a function."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        top = pathlib.Path(self.folder.name)
        self.before = {n: getattr(firmware, n) for n in ("WANTED", "FILES", "KEPT", "SHOWN", "COPY")}
        self.own = {n: getattr(box, n) for n in ("slot", "boot", "note", "command")}
        firmware.WANTED, firmware.FILES = top / "wanted", top / "files"
        firmware.KEPT, firmware.SHOWN, firmware.COPY = top / "kept.json", top / "shown.json", top / "copy"
        firmware.FILES.mkdir()
        self.at = {"slot": "A", "boot": "one", "rauc": (0, ""), "said": []}
        box.slot, box.boot = lambda: self.at["slot"], lambda: self.at["boot"]
        box.note = lambda topic, state, text: self.at["said"].append(text)
        box.command = self.command
        self.bytes = b"a release"
        self.wanted = {**WANTED, "sha256": hashlib.sha256(self.bytes).hexdigest()}
        (firmware.FILES / self.wanted["sha256"]).write_bytes(self.bytes)
        self.wish(self.wanted)

    def tearDown(self):
        for name, value in self.before.items():
            setattr(firmware, name, value)
        for name, value in self.own.items():
            setattr(box, name, value)
        self.folder.cleanup()

    def command(self, *words, **_):
        self.at["said"].append(" ".join(str(w) for w in words))
        if words[:2] == ("rauc", "install"):
            self.assertEqual(pathlib.Path(words[2]).read_bytes(), self.bytes)
            return self.at["rauc"]
        return 0, ""

    def wish(self, wanted):
        firmware.WANTED.write_text(json.dumps(wanted))

    def answer(self):
        return json.loads(firmware.SHOWN.read_text())

    def test_good(self):
        self.assertEqual(firmware.run(), 0)
        self.assertIn("systemctl reboot", self.at["said"])
        self.assertFalse(firmware.COPY.exists())
        firmware.judged(True)
        self.assertEqual(self.answer()["state"], "installed", "judged before the machine has started")
        self.at.update(slot="B", boot="two")
        firmware.run()
        self.assertEqual(self.answer()["state"], "installed")
        firmware.judged(True)
        self.assertEqual(self.answer(), {"ticket": T, "state": "good", "text": ""})

    def test_falls_back(self):
        firmware.run()
        self.at.update(slot="B", boot="two")
        firmware.judged(False, "banken-dataplane does not run")
        self.at.update(slot="A", boot="three")
        firmware.run()
        answer = self.answer()
        self.assertEqual(answer["state"], "refused")
        self.assertIn("banken-dataplane does not run; the box went back to slot A", answer["text"])

    def test_never_came_up(self):
        firmware.run()
        self.at.update(slot="A", boot="two")
        firmware.run()
        self.assertIn("did not start", self.answer()["text"])

    def test_refused_by_rauc(self):
        self.at["rauc"] = (1, "  0% Installing\nLastError: signature verification failed\nInstalling `x` failed")
        firmware.run()
        self.assertEqual((self.answer()["state"], self.answer()["text"]), ("refused", "signature verification failed"))
        self.assertNotIn("systemctl reboot", self.at["said"])

    def test_wrong_files(self):
        path = firmware.FILES / self.wanted["sha256"]
        for name, make in (("other bytes", lambda: path.write_bytes(b"A release")), ("shorter", lambda: path.write_bytes(b"a")),
                           ("gone", lambda: None), ("a pipe", lambda: os.mkfifo(path)),
                           ("a link", lambda: path.symlink_to("/etc/passwd")), ("a folder", path.mkdir)):
            with self.subTest(name):
                path.unlink(missing_ok=True)
                make()
                self.wish({**self.wanted, "ticket": hashlib.md5(name.encode()).hexdigest()})
                firmware.run()
                self.assertEqual(self.answer()["state"], "refused")
                self.assertNotIn("rauc install", " ".join(self.at["said"]))
                self.assertFalse(firmware.COPY.exists())

    def test_wish_that_is_a_link(self):
        secret = pathlib.Path(self.folder.name) / "secret"
        firmware.WANTED.rename(secret)
        firmware.WANTED.symlink_to(secret)
        firmware.run()
        self.assertFalse(firmware.SHOWN.exists())


if __name__ == "__main__":
    unittest.main()
