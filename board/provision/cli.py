"""banken-box: the box's own command."""
import sys

USAGE = """usage: banken-box COMMAND

  status            what is right, what is wrong and what to do
  setup             asks for the set-up
  check FILE        says what is wrong with a box.conf
  password          asks for the administrator's password and prints its hash
  update FILE|URL   installs a signed update into the other slot; it starts with the next start
  reset --yes       factory reset: everything on the data partition is lost
  ports             watches all ports for ten seconds and says what they hear
  apply | port | health [--slot] | firmware | console      (services)
"""


def main():
    words = sys.argv[1:]
    name = words[0] if words else ""
    if name == "apply":
        import apply
        return apply.apply()
    if name == "port":
        import mirror
        return mirror.run()
    if name == "firmware":
        import firmware
        return firmware.run()
    if name == "health":
        import health
        return health.run("--slot" in words)
    if name == "console":
        import console
        return console.run()
    import admin
    commands = {"status": admin.status, "setup": admin.setup, "check": admin.check, "password": admin.password,
                "update": admin.update, "reset": admin.reset, "ports": admin.hear}
    if name not in commands:
        print(USAGE, end="", file=sys.stdout if name in ("-h", "--help") else sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    return commands[name](words[1:])
