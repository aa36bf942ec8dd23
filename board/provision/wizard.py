"""The questions of the first set-up. Pure: asks through a function, knows nothing of the machine."""
import settings

# key, question in English, in Japanese
QUESTIONS = (
    ("language", "Language / 言語 (en, ja)", "Language / 言語 (en, ja)"),
    ("name", "Name of this box", "この装置の名前"),
    ("management", "Management port (auto = the first with a cable)", "管理用ポート(auto = ケーブルのある最初のポート)"),
    ("address", "Its address (dhcp, or 192.0.2.10/24)", "そのアドレス(dhcp または 192.0.2.10/24)"),
    ("gateway", "Gateway (empty = none)", "ゲートウェイ(空 = なし)"),
    ("dns", "Name servers (empty = none, or from DHCP)", "DNSサーバー(空 = なし、または DHCP から)"),
    ("ntp", "Time servers (empty = from DHCP, or Debian's pool)", "時刻サーバー(空 = DHCP から、または Debian の既定)"),
    ("timezone", "Time zone", "タイムゾーン"),
    ("centre", "Monitoring centre (host:port, empty = none)", "監視センター(ホスト:ポート、空 = なし)"),
    ("enrolment-code", "Enrolment code from the centre (empty = later)", "センターの登録コード(空 = 後で)"),
    ("mitigator", "Mitigator (host:port, here = this box, empty = none)", "遮断サーバー(ホスト:ポート、here = この装置、空 = なし)"),
    ("mitigator-code", "Its enrolment code from the centre (empty = later)", "その登録コード(空 = 後で)"),
    ("home-networks", "Your networks (empty = private addresses)", "内部ネットワーク(空 = プライベートアドレス)"),
    ("mirror", "Mirror port (auto = watch which port hears others' traffic)",
     "ミラーポート(auto = 他者間の通信が届くポートを自動で選ぶ)"),
)
BACK, STOP = "<", "q"


def skipped(key, found):
    """Questions that an earlier answer makes pointless."""
    if key == "mitigator-code":
        return found.get("mitigator") != "here" or not found.get("centre")
    return (key == "gateway" and found.get("address") == "dhcp") or (key == "enrolment-code" and not found.get("centre"))


def valid(key, value, found):
    """A sentence, or ""."""
    language = found.get("language", "en")
    problem = settings.check(key, value, language)
    if problem:
        return problem
    wrong = settings.together({**found, key: value})
    return wrong[0] if wrong else ""


def run(ask, tell, start=None):
    """Asks until all is valid; the settings, or None when the person gave up.

    ask(question, default) -> answer; "<" goes one question back, "q" gives up. tell(sentence)."""
    found = {k: (start or {}).get(k) or settings.KEYS[k][0] for k, *_ in QUESTIONS}
    at = 0
    while at < len(QUESTIONS):
        key, english, japanese = QUESTIONS[at]
        if skipped(key, found):
            found[key] = ""
            at += 1
            continue
        answer = ask(japanese if found["language"] == "ja" else english, found[key]).strip()
        if answer == STOP:
            return None
        if answer == BACK:
            at = before(at, found)
            continue
        if answer == "-":
            answer = ""
        problem = valid(key, answer, found)
        if problem:
            tell(problem)
            continue
        found[key] = answer or settings.KEYS[key][0]
        at += 1
    whole = settings.complete(found, (start or {}).get("extra", ()))
    whole["password-hash"] = (start or {}).get("password-hash", "")
    return whole


def before(at, found):
    at -= 1
    while at > 0 and skipped(QUESTIONS[at][0], found):
        at -= 1
    return max(at, 0)
