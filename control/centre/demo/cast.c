#include "control/centre/demo/cast.h"

#include "dataplane/base/slice.h"

const struct demo_customer demo_customers[] = {
	{"aoba", "青葉製作所"},
	{"minato", "Minato Trading"},
	{"kita", "北総合病院"},
};

#define SITE(name, customer, hosts, infections)                                                    \
	{                                                                                          \
		name, "sensor-" name, "mitigator-" name, customer, hosts, infections               \
	}

const struct demo_site demo_sites[] = {
	SITE("sendai-plant", 0, 60, 60),      SITE("sendai-office", 0, 40, 30),
	SITE("osaka-plant", 0, 50, 45),	      SITE("nagoya-store", 0, 20, 12),
	SITE("tokyo-head-office", 1, 80, 70), SITE("yokohama-port", 1, 30, 25),
	SITE("kobe-port", 1, 30, 20),	      SITE("fukuoka-branch", 1, 20, 15),
	SITE("main-hospital", 2, 90, 55),     SITE("east-clinic", 2, 20, 10),
	SITE("west-clinic", 2, 20, 10),	      SITE("nursing-school", 2, 40, 40),
};

const struct demo_threat demo_threats[] = {
	{1, 2100001, "Scan of web server from outside", "Attempted Information Leak",
	 SEVERITY_MEDIUM, "TA0043", "T1595", "", "", 30, 20, true},
	{1, 2100002, "Outdated TLS version offered", "Potential Corporate Privacy Violation",
	 SEVERITY_LOW, "", "", "", "", 40, -60, false},
	{1, 2100003, "Coin mining pool contacted", "Crypto Currency Mining Activity Detected",
	 SEVERITY_MEDIUM, "TA0040", "T1496", "", "", 2, 80, true},
	{1, 2100004, "Remote control software in use", "Misc activity", SEVERITY_LOW, "TA0011",
	 "T1219", "", "", 8, 40, false},
	{2, 2130, "BANKEN password sent in the clear", "Credential in the clear", SEVERITY_LOW,
	 "TA0006", "T1040", "A password was sent in the clear over FTP.",
	 "FTPでパスワードが平文で送信されました。", 6, -40, false},
	{2, 2200, "BANKEN regular calls home", "Malware Command and Control Activity Detected",
	 SEVERITY_HIGH, "TA0011", "T1071",
	 "It called the same address every 300 s (jitter 4 %), 214 to 220 bytes each time.",
	 "同じ宛先へ300秒ごと(ゆらぎ4%)に、毎回214〜220バイトを送信しています。", 0, 0, true},
	{2, 2300, "BANKEN DNS tunnel", "Malware Command and Control Activity Detected",
	 SEVERITY_HIGH, "TA0011", "T1071.004",
	 "612 names of one domain were asked for in 10 minutes, 52 characters each on average.",
	 "1つのドメインの名前を10分間に612個、平均52文字で問い合わせています。", 0, 0, true},
	{2, 2010, "BANKEN sweep of a network", "Detection of a Network Scan", SEVERITY_MEDIUM,
	 "TA0007", "T1046", "It tried port 445 of 188 hosts in 60 s; 171 did not answer.",
	 "60秒間に188台の445番ポートへ接続を試み、171台は応答しませんでした。", 0, 0, true},
	{2, 2110, "BANKEN many failed log-ins", "Attempted User Privilege Gain", SEVERITY_HIGH,
	 "TA0006", "T1110", "241 failed RDP log-ins in 10 minutes.",
	 "10分間にRDPのログイン失敗が241回ありました。", 0, 0, true},
	{1, 2100010, "Malicious document downloaded", "A Network Trojan was detected",
	 SEVERITY_HIGH, "TA0001", "T1566", "", "", 1, 0, false},
	{2, 2400, "BANKEN upload out of proportion", "Potential Corporate Privacy Violation",
	 SEVERITY_HIGH, "TA0010", "T1048",
	 "It sent 4.1 GB outside between 02:00 and 03:10; its usual is 12 MB.",
	 "2時から3時10分に4.1GBを外部へ送信しました。通常は12MBです。", 0, 0, true},
};

const size_t demo_threat_count = ARRAY_SIZE(demo_threats);

const struct demo_story demo_stories[] = {
	{"Infected by a document, calls home",
	 {9, 5, 7},
	 24,
	 false,
	 {"a document invoice.docm from 203.0.113.40 was opened; the program it fetched calls "
	  "home.",
	  "203.0.113.40から取得した文書「invoice."
	  "docm」を開き、取得したプログラムが外部と通信しています。"},
	 {{"Leave it cut off and switched on.", "Reinstall it; the document's program is on it.",
	   "Change the passwords that were used on it, from another machine."},
	  {"遮断したまま電源を切らずに置いてください。",
	   "文書から取得したプログラムが残っているため、再インストールしてください。",
	   "その端末で使ったパスワードを別の端末から変更してください。"}}},
	{"Passwords tried from outside, then a sweep",
	 {8, 7, 5},
	 30,
	 true,
	 {"RDP was open to the Internet; a password was guessed, then other hosts were tried.",
	  "インターネットに公開されたRDPでパスワードを破られ、他の端末への接続が試みられました。"},
	 {{"Close RDP to the Internet at the firewall.", "Look at what that account did since.",
	   "Reset the account's password and check its group."},
	  {"ファイアウォールでインターネットからのRDPを閉じてください。",
	   "そのアカウントの操作履歴を確認してください。",
	   "アカウントのパスワードを再設定し、権限を確認してください。"}}},
	{"Data leaves by DNS",
	 {6, 6, 10},
	 18,
	 true,
	 {"names of one domain carry data outside; how it came in was not seen.",
	  "1つのドメインの問い合わせにデータを載せて外部へ送信しています。侵入経路は確認できません"
	  "でした。"},
	 {{"Leave it cut off.", "Block the domain at the DNS server.",
	   "Find out which files its user could read."},
	  {"遮断したままにしてください。", "DNSサーバーでそのドメインを止めてください。",
	   "利用者が参照できたファイルを確認してください。"}}},
};

const size_t demo_story_count = ARRAY_SIZE(demo_stories);

const char *const demo_advisory[REPORT_LANGUAGES] = {
	"Most of this month's infections began with a document from mail. Switch off macros for "
	"documents from the Internet by group policy; it costs nothing.\n"
	"Two sites have RDP open to the Internet. Close it, or put it behind the VPN.",
	"今月の感染の多くはメールの文書から始まっています。グループポリシーでインターネットから取得"
	"した"
	"文書のマクロを無効にすることをお勧めします。費用はかかりません。\n"
	"2つの拠点でRDPがインターネットに公開されています。閉じるか、VPN経由に変更してください。",
};

const char *demo_host_name(unsigned number)
{
	static const char *const names[] = {
		"pc-sales-01",	   "pc-sales-02",  "pc-sales-03",  "pc-account-01",
		"pc-account-02",   "pc-design-01", "pc-design-02", "nurse-station-1",
		"nurse-station-2", "reception",	   "warehouse-1",  "warehouse-2",
		"line-3-panel",	   "meeting-room", "director",	   "printer-2f"};

	return number < ARRAY_SIZE(names) ? names[number] : "";
}
