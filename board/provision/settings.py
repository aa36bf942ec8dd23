"""box.conf: the one file that sets a box up, from the wizard, a USB stick or a cloud's data disk.

A line is "key: value"; # begins a comment. Keys that begin with a program's name and a dot go into that
program's configuration as they are. Pure: nothing here touches the machine.
"""
import ipaddress
import re

PROGRAMS = ("dataplane", "control", "mitigator")
NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")
ZONE = re.compile(r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$")
PCI = re.compile(r"^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")
IFACE = re.compile(r"^[A-Za-z0-9_.-]{1,15}$")
CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_:.+/=-]{3,511}$")
# The mitigator's ports on this box: for sensors and enforcers, and its pages.
MITIGATOR_HERE, MITIGATOR_PORTS = "127.0.0.1:7443", (7443, 8443)
MAX_BYTES, MAX_LINES = 64 << 10, 400


def is_address(text):
    if text == "dhcp":
        return True
    try:
        return "/" in text and bool(ipaddress.ip_interface(text))
    except ValueError:
        return False


def is_ip(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_peer(text):
    """host:port, with [] round an IPv6 address."""
    host, colon, port = text.rpartition(":")
    inside = host[1:-1] if host.startswith("[") and host.endswith("]") else ""
    good = is_ip(inside) if inside else bool(HOST.match(host)) and ":" not in host
    return bool(colon) and good and port.isdigit() and 0 < int(port) < 65536


def is_mitigator(text):
    """A peer, or this box itself, as at a small site."""
    return text == "here" or is_peer(text)


def is_network(text):
    try:
        return bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def each(check):
    return lambda text: all(check(part) for part in text.replace(",", " ").split())


def one_of(*words):
    return lambda text: text in words


def is_port(text):
    return text == "auto" or bool(PCI.match(text)) or bool(IFACE.match(text))


# key: (default, what is valid, sentence that says so in English, in Japanese)
KEYS = {
    "name": ("banken", NAME.match, "letters a-z, digits and -, at most 63", "英小文字・数字・ハイフン、63文字まで"),
    "language": ("en", one_of("en", "ja"), "en or ja", "en または ja"),
    "management": ("auto", is_port, "auto, an interface or a PCI address", "auto、インターフェース名、PCIアドレス"),
    "address": ("dhcp", is_address, "dhcp, or an address with its prefix such as 192.0.2.10/24",
                "dhcp または 192.0.2.10/24 の形のアドレス"),
    "gateway": ("", is_ip, "an IP address", "IPアドレス"),
    "dns": ("", each(is_ip), "IP addresses", "IPアドレス(複数可)"),
    "ntp": ("", each(HOST.match), "names or addresses of time servers", "時刻サーバーの名前またはアドレス"),
    "timezone": ("UTC", ZONE.match, "a time zone such as Asia/Tokyo", "Asia/Tokyo の形のタイムゾーン"),
    "centre": ("", is_peer, "host:port", "ホスト:ポート"),
    "mitigator": ("", is_mitigator, "host:port, or here where this box is it", "ホスト:ポート、またはこの装置自身なら here"),
    "mitigator-code": ("", CODE.match, "the mitigator's own code that the centre shows", "監視センターが表示する遮断サーバー用登録コード"),
    "enrolment-code": ("", CODE.match, "the code that the centre shows", "監視センターが表示する登録コード"),
    "mirror": ("auto", is_port, "auto, an interface or a PCI address", "auto、インターフェース名、PCIアドレス"),
    "binding": ("auto", one_of("auto", "vfio", "uio", "af_xdp", "af_packet"), "auto, vfio, uio, af_xdp or af_packet",
                "auto、vfio、uio、af_xdp、af_packet のいずれか"),
    "profile": ("auto", NAME.match, "auto or the name of a profile", "auto またはプロファイル名"),
    "restart-window": ("", re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$").match,
                       "hours such as 02:00-04:30, in which a release from the centre may start the box",
                       "02:00-04:30 の形の時間帯(センターからの更新で再起動してよい時間)"),
    "home-networks": ("", each(is_network), "networks such as 192.168.0.0/16", "192.168.0.0/16 の形のネットワーク"),
    "password-hash": ("", re.compile(r"^scrypt\$[0-9a-f]{32}\$[0-9a-f]{64}$").match,
                      "as 'banken-box password' prints it", "banken-box password の出力"),
}


class Wrong(Exception):
    """All sentences about a file, one a line."""


def mitigator_peer(found):
    """Where this box's control finds its mitigator, "" when there is none."""
    return MITIGATOR_HERE if found["mitigator"] == "here" else found["mitigator"]


def parse(text):
    """Settings of a file; Wrong with every mistake named by its line."""
    if len(text) > MAX_BYTES:
        raise Wrong(f"the file has more than {MAX_BYTES >> 10} KiB")
    found, extra, wrong = {}, [], []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        line = line.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        key, colon, value = (part.strip() for part in line.partition(":"))
        value = value.strip('"')
        if number > MAX_LINES:
            wrong.append(f"more than {MAX_LINES} lines")
            break
        if not colon:
            wrong.append(f"line {number}: \"key: value\" is expected")
        elif key.split(".")[0] in PROGRAMS and "." in key:
            extra.append((key, value))
        elif key not in KEYS:
            wrong.append(f"line {number}: there is no key \"{key[:40]}\"; there are {', '.join(KEYS)}")
        elif key in found:
            wrong.append(f"line {number}: {key} stands there twice")
        else:
            problem = check(key, value)
            found[key] = value
            if problem:
                wrong.append(f"line {number}: {key}: {problem}")
    wrong += together(found) if not wrong else []
    if wrong:
        raise Wrong("\n".join(wrong))
    return complete(found, extra)


def check(key, value, language="en"):
    """A sentence, or "" when the value is valid. An empty value means the default."""
    _, valid, english, japanese = KEYS[key]
    if not value or (value.isprintable() and valid(value)):
        return ""
    return f"{japanese}で入力してください" if language == "ja" else f"{english} is expected"


def together(found):
    """What single values do not show."""
    address, gateway = found.get("address", "dhcp"), found.get("gateway")
    if address in ("", "dhcp"):
        return ["gateway: with address: dhcp it comes from the DHCP server; leave it out"] if gateway else []
    if gateway and ipaddress.ip_address(gateway) not in ipaddress.ip_interface(address).network:
        return [f"gateway: {gateway} is not in the network of {address}"]
    if found.get("mirror") not in (None, "", "auto") and found.get("mirror") == found.get("management"):
        return ["mirror: it cannot be the management port"]
    return []


def complete(found, extra=()):
    settings = {key: found.get(key) or default for key, (default, *_) in KEYS.items()}
    settings["extra"] = list(extra)
    return settings


def write(settings):
    """The file's text; parse() gives the same settings back."""
    lines = ["# Set-up of this box: banken-box setup, or edit and start again."]
    lines += [f"{key}: {settings[key]}" for key in KEYS if settings.get(key)]
    lines += [f"{key}: {value}" for key, value in settings.get("extra", ())]
    return "\n".join(lines) + "\n"
