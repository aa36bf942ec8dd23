"""Sentences of the console, in English and Japanese."""
SENTENCES = {
    "no-port": ("there is only one network port; a sensor needs a second one for the mirror",
                "ネットワークポートが1つしかありません。ミラー用にもう1つ必要です"),
    "silent": ("no port hears anything: plug the mirror cable in, and switch the mirror (SPAN) on at the switch",
               "どのポートにも通信が届いていません。ミラーのケーブルとスイッチのミラー(SPAN)設定を確認してください"),
    "no-foreign": ("ports hear broadcasts only: the cable is there, but the switch does not mirror to it yet",
                   "ブロードキャストだけが届いています。スイッチのミラー(SPAN)設定がまだ有効ではありません"),
    "several": ("{} hears most traffic between others; another port hears much too (mirror: chooses one by name)",
                "{} に最も多くの他者間通信が届いています。他のポートにも届いているため、必要なら mirror: で指定してください"),
    "found": ("{} hears traffic between others: it is the mirror port", "{} に他者間の通信が届いています。ミラーポートとして使います"),
    "remembered": ("{} is the mirror port, as before", "{} を前回と同じくミラーポートとして使います"),
    "no-such-port": ("there is no port {}", "ポート {} はありません"),
    "bound": ("{} goes to the dataplane by {}, {} worker(s), profile {}", "{} を {} で使用、ワーカー {}、プロファイル {}"),
    "title": ("Banken {} · slot {} · {}", "Banken {} ・ スロット {} ・ {}"),
    "not-set-up": ("This box is not set up. Press Enter to set it up here, or put in a USB stick labelled\n"
                   "BANKEN-CONF with a file box.conf and start again.",
                   "未設定です。Enter で設定を始めます。または box.conf を入れた USB メモリー\n"
                   "(ラベル BANKEN-CONF)を挿して再起動してください。"),
    "menu": ("Enter: menu", "Enter: メニュー"),
    "good": ("ok", "正常"), "wait": ("wait", "待機"), "bad": ("ACTION", "要対応"),
}


def say(key, language="en", *values):
    return SENTENCES[key][1 if language == "ja" else 0].format(*values)
