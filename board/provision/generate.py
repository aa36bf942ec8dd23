"""From the settings to the files of the system and the programs. Pure: text in, text out."""
import json

import settings as rules

HEAD = "# Written by banken-box from /data/box/box.conf at each start.\n"


def nested(pairs):
    """dotted keys as a tree"""
    tree = {}
    for key, value in pairs:
        at = tree
        *parents, last = key.split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
            if not isinstance(at, dict):
                raise ValueError(f"{key}: {parent} is a value already")
        at[last] = value
    return tree


def yaml(tree, depth=0):
    """A tree of words, numbers and lists as YAML; strings are quoted as JSON, which YAML understands."""
    text = ""
    for key, value in tree.items():
        space = "  " * depth
        if isinstance(value, dict):
            text += f"{space}{key}:\n{yaml(value, depth + 1)}"
        else:
            text += f"{space}{key}: {scalar(value)}\n"
    return text


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or isinstance(value, list):
        return json.dumps(value)
    if value in ("yes", "no", "true", "false") or value.lstrip("-").isdigit():
        return value
    return json.dumps(value)


def program(name, base, settings):
    """A program's configuration: ours, and over it the lines of the set-up that begin with its name."""
    own = dict(base)
    for key, value in settings["extra"]:
        if key.startswith(name + "."):
            own[key[len(name) + 1:]] = value
    return HEAD + yaml(nested(own.items()))


def networks(settings):
    return settings["home-networks"].replace(",", " ").split()


def dataplane(settings, plan):
    base = {"run-folder": "/run/banken", "worker.count": plan.workers, "worker.first-core": plan.first_core,
            "worker.memory-mb": plan.worker_mb, "eal.memory-mb": plan.buffers_mb,
            "evidence.enabled": "yes", "evidence.dir": "/var/lib/banken/dataplane/evidence"}
    if networks(settings):
        base["vars.HOME_NET"] = f"[{','.join(networks(settings))}]"
    return program("dataplane", base, settings)


def control(settings, version):
    base = {"run-folder": "/run/banken", "state-folder": "/var/lib/banken/control",
            "keys-folder": "/etc/banken/keys/sensor", "group": "banken", "version": version,
            "firmware.answer": "/run/banken-box/firmware.json"}
    if settings["centre"]:
        base["centre.address"] = settings["centre"]
    if settings["mitigator"]:
        base["mitigator.address"] = rules.mitigator_peer(settings)
    if settings["enrolment-code"]:
        base["enrolment-code"] = settings["enrolment-code"]
    if networks(settings):
        base["networks"] = networks(settings)
    return program("control", base, settings)


def mitigator(settings, policy=""):
    """policy: path of the site's own, "" while there is none: then everything is watched and nothing stopped."""
    port, pages = rules.MITIGATOR_PORTS
    everywhere = "[::]" if ":" in settings["address"] else "0.0.0.0"
    base = {"listen": f"*:{port}", "pages.listen": f"{everywhere}:{pages}", "run-folder": "/run/banken", "group": "banken",
            "state-folder": "/var/lib/banken/mitigator", "keys-folder": "/etc/banken/keys/mitigator",
            "kill-switch": "/etc/banken/stop", "time-zone": settings["timezone"]}
    if policy:
        base["policy"] = policy
    if settings["centre"]:
        base["centre.address"] = settings["centre"]
    if settings["mitigator-code"]:
        base["enrolment-code"] = settings["mitigator-code"]
    return program("mitigator", base, settings)


def open_ports(settings):
    """What of the management side is open to others."""
    if settings["mitigator"] != "here":
        return ""
    return f"add element inet box open {{ {', '.join(map(str, rules.MITIGATOR_PORTS))} }}\n"


def dataplane_env(device, packs=()):
    """What the unit starts the dataplane with; packs: rule files of the image. Installed bundles come by themselves."""
    rules = " ".join(f"-S {path}" for path in (*packs, "/etc/banken/banken.rules"))
    return f"BANKEN_PORTS=-p {device}\nBANKEN_RULES={rules}\n"


def network(settings, port):
    """systemd-networkd's file of the management port."""
    lines = ["[Match]", f"MACAddress={port.mac}", "Type=ether", "", "[Network]", "LLDP=no", "EmitLLDP=no"]
    v6 = ":" in settings["address"]
    lines += [f"LinkLocalAddressing={'ipv6' if v6 else 'no'}", "IPv6AcceptRA=no"]
    if settings["address"] == "dhcp":
        lines += ["DHCP=ipv4"]
    else:
        lines += [f"Address={settings['address']}"]
        lines += [f"Gateway={settings['gateway']}"] if settings["gateway"] else []
    lines += [f"DNS={d}" for d in settings["dns"].replace(",", " ").split()]
    if settings["address"] == "dhcp":
        lines += ["", "[DHCPv4]", f"Hostname={settings['name']}", "ClientIdentifier=mac",
                  f"UseNTP={'no' if settings['ntp'] else 'yes'}"]
    return "\n".join(lines) + "\n"


def quiet_network():
    """All other ports: nothing is sent."""
    return ("[Match]\nType=ether\n\n[Link]\nActivationPolicy=manual\nARP=no\nMulticast=no\nRequiredForOnline=no\n\n"
            "[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\nLLDP=no\nEmitLLDP=no\n")


def time_servers(settings):
    servers = " ".join(settings["ntp"].replace(",", " ").split())
    return f"[Time]\nNTP={servers}\n" if servers else ""


def kernel_words(plan):
    """What the kernel is told at the next start so that workers have their cores for themselves."""
    if not plan.isolated:
        return ""
    return f"isolcpus=domain,managed_irq,{plan.isolated} nohz_full={plan.isolated} rcu_nocbs={plan.isolated}"
