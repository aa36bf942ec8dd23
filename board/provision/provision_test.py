#!/usr/bin/env python3
"""Tests of the set-up's pure parts: the file, the wizard, the choice of the mirror port, profiles, health."""
import pathlib
import random
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import admin  # noqa: E402
import binding  # noqa: E402
import generate  # noqa: E402
import health  # noqa: E402
import led  # noqa: E402
import ports  # noqa: E402
import profile  # noqa: E402
import settings  # noqa: E402
import unattended  # noqa: E402
import wizard  # noqa: E402
import words  # noqa: E402

GOOD = """# a site
name: osaka-1
language: ja
address: 192.0.2.10/24
gateway: 192.0.2.1
dns: 192.0.2.53, 192.0.2.54
timezone: Asia/Tokyo
centre: centre.example:7444
home-networks: 10.0.0.0/8 192.168.0.0/16
dataplane.stream.midstream: yes
control.log-level: debug
"""


class File(unittest.TestCase):
    def test_good(self):
        found = settings.parse(GOOD)
        self.assertEqual((found["name"], found["mirror"], found["ntp"]), ("osaka-1", "auto", ""))
        self.assertEqual(settings.parse(settings.write(found)), found)

    def test_wrong(self):
        for line, part in (("name: Osaka 1", "letters"), ("address: 192.0.2.10", "dhcp"), ("address: 192.0.2.10/40", "dhcp"),
                           ("nmae: x", "no key"), ("name", "key: value"), ("centre: centre.example", "host:port"),
                           ("centre: a:b:7444", "host:port"), ("centre: x:70000", "host:port"), ("dns: 1.2.3", "IP"),
                           ("name: a\nname: b", "twice"), ("gateway: 192.0.2.1", "DHCP"), ("mirror: ../../x", "PCI"),
                           ("address: 192.0.2.10/24\ngateway: 198.51.100.1", "not in the network"),
                           ("address: 192.0.2.10/24\nmirror: eth0\nmanagement: eth0", "management port"),
                           ("timezone: ../../etc/shadow", "time zone"), ("ntp: $(reboot)", "time servers"),
                           ("password-hash: hello", "password"), ("name: a\x1b[2J", "letters"), ("enterprise.x: 1", "no key")):
            with self.subTest(line), self.assertRaises(settings.Wrong) as raised:
                settings.parse(line)
            self.assertIn(part, str(raised.exception))

    def test_every_mistake_is_named(self):
        with self.assertRaises(settings.Wrong) as raised:
            settings.parse("name: A B\naddress: x\nwhat: y\n")
        self.assertEqual(len(str(raised.exception).splitlines()), 3)

    def test_hostile(self):
        """Whatever is in the file: settings or Wrong, nothing else, and what is taken is written back the same."""
        chance = random.Random(8)
        pieces = [*settings.KEYS, ":", " ", "\n", "#", "\"", "x", "1", "/", ".", "dhcp", "\x00", "\udc80", "dataplane.a", "é"]
        for _ in range(3000):
            text = "".join(chance.choice(pieces) for _ in range(chance.randrange(40)))
            try:
                found = settings.parse(text)
            except settings.Wrong:
                continue
            self.assertEqual(settings.parse(settings.write(found))["name"], found["name"])

    def test_too_large(self):
        with self.assertRaises(settings.Wrong):
            settings.parse("#" * (settings.MAX_BYTES + 1))
        with self.assertRaises(settings.Wrong):
            settings.parse("\n#\ndataplane.a: b" * 300)

    def test_no_code_and_no_keys_without_need(self):
        self.assertEqual(unattended.user_data("#cloud-config\nname: x\n"), "")
        self.assertEqual(unattended.user_data("#banken\nname: x\n"), "name: x\n")


class Wizard(unittest.TestCase):
    def ask(self, answers):
        asked, told = [], []

        def ask(question, default):
            asked.append(question)
            answer = answers.pop(0) if answers else wizard.STOP
            return default if answer == "" else answer
        return wizard.run(ask, told.append), asked, told

    def test_all_defaults(self):
        found, asked, told = self.ask([""] * 20)
        self.assertEqual(found["address"], "dhcp")
        self.assertEqual(told, [])
        self.assertNotIn("Gateway (empty = none)", asked)
        self.assertEqual(settings.parse(settings.write(found)), found)

    def test_wrong_answer_is_asked_again(self):
        found, asked, told = self.ask(["ja", "Bad Name", "good-name"] + [""] * 20)
        self.assertEqual(found["name"], "good-name")
        self.assertEqual(len(told), 1)
        self.assertIn("英小文字", told[0])
        self.assertIn("この装置の名前", asked)

    def test_back_and_stop(self):
        found, asked, _ = self.ask(["en", "one", "<", "two"] + [""] * 20)
        self.assertEqual(found["name"], "two")
        self.assertIsNone(self.ask(["en", "q"])[0])
        self.assertIsNone(self.ask(["<", "<", "q"])[0])

    def test_gateway_outside(self):
        found, _, told = self.ask(["en", "box", "auto", "192.0.2.9/24", "203.0.113.1", "192.0.2.1"] + [""] * 20)
        self.assertEqual(found["gateway"], "192.0.2.1")
        self.assertEqual(len(told), 1)

    def test_file_and_wizard_know_the_same_keys(self):
        asked = {key for key, *_ in wizard.QUESTIONS}
        self.assertLessEqual(asked, set(settings.KEYS))
        self.assertEqual(set(settings.KEYS) - asked, {"binding", "profile", "restart-window", "password-hash"})


class Ports(unittest.TestCase):
    def test_judge(self):
        seen = ports.Seen
        for table, want in (({}, ("", "no-port")),
                            ({"a": seen(0, 0, 0)}, ("", "silent")),
                            ({"a": seen(900, 3, 9)}, ("", "no-foreign")),
                            ({"a": seen(900, 100, 9)}, ("", "no-foreign")),
                            ({"a": seen(10, 8, 2)}, ("a", "found")),
                            ({"a": seen(900, 3, 9), "b": seen(400, 300, 20)}, ("b", "found")),
                            ({"a": seen(400, 200, 9), "b": seen(400, 300, 20)}, ("b", "several")),
                            ({"a": seen(10, 10, 1), "b": seen(0, 0, 0)}, ("a", "found"))):
            with self.subTest(table):
                self.assertEqual(ports.judge(table), want)

    def test_management(self):
        def port(n, carrier):
            return ports.Port(f"eth{n}", f"0000:00:0{n}.0", "", "igc", carrier)
        every = [port(1, False), port(2, True), port(3, True)]
        self.assertEqual(ports.management(every).iface, "eth2")
        self.assertEqual(ports.management(every, "0000:00:03.0").iface, "eth3")
        self.assertIsNone(ports.management(every, "eth9"))
        self.assertIsNone(ports.management([]))

    def test_ways(self):
        order = ["vfio", "uio", "af_xdp", "af_packet"]
        self.assertEqual(binding.ways("igc", "0000:01:00.0", True, "auto", order)[0], "vfio")
        self.assertEqual(binding.ways("igc", "0000:01:00.0", False, "auto", order)[0], "uio")
        self.assertEqual(binding.ways("r8169", "0000:01:00.0", True, "auto", order)[0], "af_xdp")
        self.assertEqual(binding.ways("mlx5_core", "0000:01:00.0", True, "auto", ["beside", "vfio"]), ["beside"])
        self.assertEqual(binding.ways("cdc_ether", "", False, "auto", ["vfio"]), ["af_packet"])
        self.assertEqual(binding.ways("igc", "0000:01:00.0", True, "af_packet", order), ["af_packet"])


class Profiles(unittest.TestCase):
    def setUp(self):
        self.every = profile.load(HERE.parent / "profiles")

    def test_each_driver_has_one(self):
        for driver, name in (("igc", "small"), ("igb", "small"), ("i40e", "10g"), ("ice", "100g"), ("mlx5_core", "100g"),
                             ("virtio_net", "virtual"), ("unknown", "virtual")):
            self.assertEqual(profile.choose(self.every, driver)["name"], name)
        self.assertIsNone(profile.choose(self.every, "igc", "none-such"))

    def test_every_plan_fits(self):
        for chosen in self.every:
            for cores in (1, 2, 4, 8, 16, 64):
                for memory in (512, 1024, 2048, 8192, 65536, 262144):
                    plan = profile.plan(chosen, cores, memory, "vfio")
                    with self.subTest((chosen["name"], cores, memory)):
                        self.assertGreaterEqual(plan.workers, 1)
                        self.assertLessEqual(plan.first_core + plan.workers, max(cores, 1))
                        self.assertLessEqual(plan.huge_pages * 2, memory // 2)
                        self.assertGreaterEqual(plan.buffers_mb, 32)
                        self.assertLessEqual(plan.worker_mb * plan.workers + plan.buffers_mb, max(memory, 1024))
                        if plan.isolated:
                            self.assertFalse(plan.isolated.startswith("0-"))

    def test_mistakes(self):
        for text in ("what: 1", "order: 1\norder: 2", "for: x"):
            with self.assertRaises(ValueError):
                profile.parse(text, "x")


class Files(unittest.TestCase):
    def setUp(self):
        self.found = settings.parse(GOOD)
        self.plan = profile.plan(profile.load(HERE.parent / "profiles")[0], 4, 8192, "vfio")

    def test_programs(self):
        text = generate.dataplane(self.found, self.plan)
        self.assertIn("worker:\n  count: 3\n  first-core: 1\n", text)
        self.assertIn("midstream: yes", text)
        self.assertIn('HOME_NET: "[10.0.0.0/8,192.168.0.0/16]"', text)
        text = generate.control(self.found, "1.0")
        self.assertIn('address: "centre.example:7444"', text)
        self.assertIn('log-level: "debug"', text)
        self.assertNotIn("dataplane", text)

    def test_a_value_is_never_more_than_a_value(self):
        self.found["extra"] = [("control.eve.folder", 'x"\nuser: root')]
        text = generate.control(self.found, "1")
        self.assertNotIn("\nuser: root", text)

    def test_network(self):
        port = ports.Port("eth0", "0000:00:01.0", "02:00:00:00:00:01", "igc", True)
        text = generate.network(self.found, port)
        self.assertIn("Address=192.0.2.10/24\nGateway=192.0.2.1", text)
        self.assertIn("DNS=192.0.2.54", text)
        self.assertIn("LinkLocalAddressing=no", text)
        self.assertIn("DHCP=ipv4", generate.network(settings.complete({}), port))

    def test_programs_take_it(self):
        """The built programs read what is written for them, and say the same of it."""
        import os
        import subprocess
        build = pathlib.Path(os.environ.get("BANKEN_BUILD", HERE.parents[1] / "build"))
        self.found.update({"mitigator": "here", "mitigator-code": "7ZK4M-0QW2E-9RT5Y-3XBNM-8HJ6K"})
        for program, text, says in (
                ("control/sensor/banken-control", generate.control(self.found, "1.0"),
                 ('address: "127.0.0.1:7443"', 'answer: "/run/banken-box/firmware.json"')),
                ("control/mitigator/banken-mitigator", generate.mitigator(self.found, "/etc/banken/policy.yaml"),
                 ('listen: "0.0.0.0:8443"', 'policy: "/etc/banken/policy.yaml"', 'address: "centre.example:7444"',
                  'time-zone: "Asia/Tokyo"', 'enrolment-code: "7ZK4M'))):
            if not (build / program).exists():
                self.skipTest(f"{program} is not built")
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(text)
                file.flush()
                done = subprocess.run([build / program, "-c", file.name, "--print-config"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            for line in says:
                self.assertIn(line, done.stdout)

    def test_mitigator_here(self):
        for value, peer, opened in (("here", "127.0.0.1:7443", True), ("192.0.2.7:7443", "192.0.2.7:7443", False),
                                    ("", "", False)):
            self.found["mitigator"] = value
            self.assertEqual(settings.mitigator_peer(self.found), peer)
            self.assertEqual("7443, 8443" in generate.open_ports(self.found), opened)
        self.assertIn("[::]:8443", generate.mitigator({**self.found, "address": "2001:db8::1/64"}))
        with self.assertRaises(settings.Wrong):
            settings.parse("mitigator: there\n")

    def test_words(self):
        for key in words.SENTENCES:
            english, japanese = words.SENTENCES[key]
            self.assertEqual(english.count("{}"), japanese.count("{}"), key)


class Health(unittest.TestCase):
    WELL = {"set_up": True, "port_found": True, "port_lost": False, "services": {"banken-control": (True, 0)},
            "dataplane": {"rx_packets": 0}, "links": {"centre": True}, "reachable": {}}

    def test_judge(self):
        self.assertEqual(health.judge(self.WELL), [])
        self.assertEqual(health.judge({**self.WELL, "set_up": False, "services": {"x": (False, 9)}}), [])
        for change, part in (({"services": {"banken-control": (False, 0)}}, "does not run"),
                             ({"services": {"banken-dataplane": (True, 5)}}, "5 times"),
                             ({"dataplane": None}, "hears nothing"), ({"port_lost": True}, "mirror port"),
                             ({"links": {"centre": False}, "reachable": {"centre": True}}, "no link")):
            with self.subTest(part):
                self.assertIn(part, health.judge({**self.WELL, **change})[0])
        offline = {**self.WELL, "links": {"centre": False}, "reachable": {"centre": False}}
        self.assertEqual(health.judge(offline), [])

    def test_box_without_keys(self):
        """It has no banken-control to ask, which is told on the console and is no fault of a release."""
        alone = {**self.WELL, "services": {"banken-dataplane": (True, 0)}, "dataplane": None, "links": {}}
        self.assertEqual(health.judge(alone), [])

    def test_lamp(self):
        for names, want in (((), ""), (("input0::capslock", "input0::scrolllock"), "input0::scrolllock"),
                            (("apu2:green:led2", "apu2:green:led1", "input3::scrolllock"), "apu2:green:led1"),
                            (("mmc0::", "nct6775:Status", "x:green:lan"), "nct6775:Status")):
            self.assertEqual(led.choose(names), want)
        self.assertEqual([led.worst(s) for s in ([], ["good", "wait"], ["wait", "bad"])], ["good", "wait", "bad"])

    def test_password(self):
        kept = admin.hashed("correct horse")
        self.assertTrue(admin.matches("correct horse", kept))
        self.assertFalse(admin.matches("correct hors", kept))
        self.assertEqual(settings.check("password-hash", kept), "")

    def test_self_test_capture(self):
        """With the built program, where there is one: the self-test's alert fires once."""
        import json
        import os
        import subprocess
        program = pathlib.Path(os.environ.get("BANKEN_BUILD", HERE.parents[1] / "build")) / \
            "dataplane/worker/banken-dataplane"
        if not program.exists():
            self.skipTest(f"{program} is not built")
        with tempfile.TemporaryDirectory() as name:
            place = pathlib.Path(name)
            (place / "a.pcap").write_bytes(health.self_test_capture())
            (place / "a.rules").write_text(health.RULE)
            subprocess.run([program, "-r", place / "a.pcap", "-S", place / "a.rules", "-k", "all", "-l", place], check=True,
                           capture_output=True)
            lines = [json.loads(line) for line in (place / "eve.json").read_text().splitlines()]
            self.assertEqual([r["alert"]["signature_id"] for r in lines if "alert" in r], [health.SID])


if __name__ == "__main__":
    unittest.main(verbosity=1)
