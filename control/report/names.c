/* Names of what is found, in Japanese: they come as the detection and its class are called in
 * English. Rules of others keep the names that their authors gave them, classes their
 * classification.config. The portal's list (portal/src/parts/threats.ts) says the same. */
#include <stdio.h>
#include <string.h>

#include "control/report/report.h"
#include "dataplane/base/slice.h"

static const char *const threats[][2] = {
	{"BANKEN address claimed by two hosts", "2台のホストが同じアドレスを使用"},
	{"BANKEN another host told to shut down", "他のホストへのシャットダウン指示"},
	{"BANKEN burst of look-ups of domains that do not exist",
	 "存在しないドメインの大量問い合わせ"},
	{"BANKEN coin mining or coin network", "暗号資産の採掘・ネットワークへの接続"},
	{"BANKEN contact with a domain whose name is made up", "自動生成されたドメインへの接続"},
	{"BANKEN conversation that looks like random numbers", "乱数のような内容の通信"},
	{"BANKEN data carried in DNS names", "DNSの名前によるデータ送信"},
	{"BANKEN data carried in ICMP echoes", "ICMPによるデータ送信"},
	{"BANKEN data carried slowly in DNS names", "DNSの名前による低速のデータ送信"},
	{"BANKEN directory secrets replicated by a host that is no domain controller (DCSync)",
	 "ドメインコントローラー以外によるディレクトリの複製(DCSync)"},
	{"BANKEN domain's backup keys asked for", "ドメインのバックアップ鍵の要求"},
	{"BANKEN download that led to the next download", "連鎖するダウンロード"},
	{"BANKEN endpoint mapper read entry by entry", "RPCエンドポイントの列挙"},
	{"BANKEN event log cleared on another host", "他のホストのイベントログ消去"},
	{"BANKEN file sharing with strangers", "外部とのファイル共有"},
	{"BANKEN file type contradicts its name", "名前と異なる種類のファイル"},
	{"BANKEN guessing of account names", "アカウント名の推測"},
	{"BANKEN guessing of passwords", "パスワードの総当たり"},
	{"BANKEN host made to log in elsewhere (coerced authentication)", "認証の強要"},
	{"BANKEN host makes itself a domain controller (DCShadow)",
	 "ドメインコントローラーへのなりすまし(DCShadow)"},
	{"BANKEN mail server that nobody registered", "未登録のメールサーバー"},
	{"BANKEN many inside hosts called outside of the host's hours",
	 "時間外の多数の内部ホストへの接続"},
	{"BANKEN many short sessions of a login service", "ログインサービスへの多数の短い接続"},
	{"BANKEN new and rare destination of a host of few", "新しくまれな宛先への接続"},
	{"BANKEN one DNS question answered twice and differently",
	 "1つのDNS問い合わせへの異なる二重応答"},
	{"BANKEN one host answers for the names of others", "他のホストの名前への応答"},
	{"BANKEN one password tried on many accounts", "多数のアカウントへの同一パスワードの試行"},
	{"BANKEN password sent in the clear", "パスワードの平文送信"},
	{"BANKEN printer driver put on another host", "他のホストへのプリンタードライバー設置"},
	{"BANKEN program put on an administrative share", "管理共有へのプログラム設置"},
	{"BANKEN program started on another host by WMI", "WMIによる他のホストでのプログラム実行"},
	{"BANKEN protocol on a foreign port", "通常と異なるポートでのプロトコル使用"},
	{"BANKEN proxy asked to connect to a port that is not the web's",
	 "プロキシへのWeb以外のポートの接続要求"},
	{"BANKEN proxy that nobody registered", "未登録のプロキシ"},
	{"BANKEN registry changed on another host", "他のホストのレジストリ変更"},
	{"BANKEN registry hive saved on another host", "他のホストのレジストリ取得"},
	{"BANKEN regular calls home", "外部への定期的な通信"},
	{"BANKEN regular calls hours apart to a rare place",
	 "まれな宛先への数時間おきの定期的な通信"},
	{"BANKEN regular calls to one server", "1つのサーバーへの定期的な通信"},
	{"BANKEN remote control from outside", "外部からの遠隔操作"},
	{"BANKEN remote login on a port of another service",
	 "他のサービスのポートでの遠隔ログイン"},
	{"BANKEN remote management of another host (WinRM)", "他のホストの遠隔管理(WinRM)"},
	{"BANKEN resolver answers for names that do not exist", "存在しない名前へのDNS応答"},
	{"BANKEN router advertisements of a stranger", "未知の機器からのルーター広告"},
	{"BANKEN scan of many ports of one host", "1台のホストへのポートスキャン"},
	{"BANKEN scan of one service over many hosts", "多数のホストへの同一サービスのスキャン"},
	{"BANKEN scan with impossible TCP flags", "不正なTCPフラグによるスキャン"},
	{"BANKEN search of a web server for weak spots", "Webサーバーの弱点探索"},
	{"BANKEN second DHCP server in one network", "同一ネットワークの2台目のDHCPサーバー"},
	{"BANKEN service made or started on another host", "他のホストでのサービスの作成・起動"},
	{"BANKEN service tickets collected for cracking", "解読目的のサービスチケット収集"},
	{"BANKEN shares, sessions or accounts of another host listed",
	 "他のホストの共有・セッション・アカウントの列挙"},
	{"BANKEN slow scan of inside hosts", "内部ホストへの低速スキャン"},
	{"BANKEN spread of a service from host to host", "ホスト間でのサービスの拡散"},
	{"BANKEN sweep for hosts by ARP or neighbour discovery", "ARP・近隣探索によるホスト探索"},
	{"BANKEN sweep for hosts by ICMP", "ICMPによるホスト探索"},
	{"BANKEN sweep of a network", "ネットワークの探索"},
	{"BANKEN task scheduled on another host", "他のホストでのタスク登録"},
	{"BANKEN unknown protocol on a well-known port", "既知のポートでの未知のプロトコル"},
	{"BANKEN upload out of proportion", "過大なアップロード"},
	{"BANKEN upload outside of the host's hours", "時間外のアップロード"},
	{"BANKEN DNS tunnel", "DNSトンネル"},
	{"BANKEN many failed log-ins", "多数のログイン失敗"},
	{"Infected by a document, calls home", "文書による感染・外部との通信"},
	{"Passwords tried from outside, then a sweep", "外部からのパスワード試行と内部探索"},
	{"Data leaves by DNS", "DNSによるデータ流出"},
};

static const char *const classes[][2] = {
	{"Not Suspicious Traffic", "不審でない通信"},
	{"Unknown Traffic", "不明な通信"},
	{"Potentially Bad Traffic", "不正の疑いのある通信"},
	{"Attempted Information Leak", "情報収集の試み"},
	{"Information Leak", "情報の漏えい"},
	{"Large Scale Information Leak", "大規模な情報の漏えい"},
	{"Attempted Denial of Service", "サービス妨害の試み"},
	{"Denial of Service", "サービス妨害"},
	{"Attempted User Privilege Gain", "利用者権限取得の試み"},
	{"Unsuccessful User Privilege Gain", "利用者権限取得の失敗"},
	{"Successful User Privilege Gain", "利用者権限の取得"},
	{"Attempted Administrator Privilege Gain", "管理者権限取得の試み"},
	{"Successful Administrator Privilege Gain", "管理者権限の取得"},
	{"Decode of an RPC Query", "RPC要求の検知"},
	{"Executable code was detected", "実行コードの検知"},
	{"A suspicious string was detected", "不審な文字列の検知"},
	{"A suspicious filename was detected", "不審なファイル名の検知"},
	{"An attempted login using a suspicious username was detected",
	 "不審なアカウント名によるログインの試み"},
	{"A system call was detected", "システムコールの検知"},
	{"A TCP connection was detected", "TCP接続の検知"},
	{"A Network Trojan was detected", "トロイの木馬の検知"},
	{"A client was using an unusual port", "通常と異なるポートの使用"},
	{"Detection of a Network Scan", "ネットワークスキャンの検知"},
	{"Detection of a Denial of Service Attack", "サービス妨害攻撃の検知"},
	{"Detection of a non-standard protocol or event", "標準外のプロトコル・事象の検知"},
	{"Generic Protocol Command Decode", "プロトコルの異常"},
	{"access to a potentially vulnerable web application",
	 "弱点の疑いのあるWebアプリケーションへの接続"},
	{"Web Application Attack", "Webアプリケーションへの攻撃"},
	{"Misc activity", "その他の活動"},
	{"Misc Attack", "その他の攻撃"},
	{"Generic ICMP event", "ICMPの事象"},
	{"Inappropriate Content was Detected", "不適切な内容の検知"},
	{"Potential Corporate Privacy Violation", "社内規定違反の疑い"},
	{"Attempt to login by a default username and password",
	 "初期設定のアカウントとパスワードによるログインの試み"},
	{"Targeted Malicious Activity was Detected", "標的型の不正活動の検知"},
	{"Exploit Kit Activity Detected", "攻撃キットの活動の検知"},
	{"Device Retrieving External IP Address Detected", "外部IPアドレスの確認の検知"},
	{"Domain Observed Used for C2 Detected", "遠隔操作に使われるドメインの検知"},
	{"Possibly Unwanted Program Detected", "望ましくないプログラムの疑い"},
	{"Successful Credential Theft Detected", "認証情報の窃取の検知"},
	{"Possible Social Engineering Attempted", "人を欺く手口の疑い"},
	{"Crypto Currency Mining Activity Detected", "暗号資産採掘の検知"},
	{"Malware Command and Control Activity Detected", "マルウェアの遠隔操作通信の検知"},
	{"Command and control", "遠隔操作"},
};

static const char *found(const char *const list[][2], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i][0], name) == 0)
			return list[i][1];
	}
	return name;
}

const char *report_threat_name(enum report_language language, const char *name)
{
	return language == REPORT_JAPANESE && name ? found(threats, ARRAY_SIZE(threats), name)
						   : name;
}

const char *report_class_name(enum report_language language, const char *name)
{
	return language == REPORT_JAPANESE && name ? found(classes, ARRAY_SIZE(classes), name)
						   : name;
}

void report_cut_reason(enum report_language language, const char *reason, char *ret, size_t cap)
{
	const char *rule = strstr(reason, " (rule "),
		   *seen = rule ? strstr(rule, ", seen by ") : NULL;
	size_t len = strlen(reason);
	char name[200];

	snprintf(ret, cap, "%s", report_threat_name(language, reason));
	if (language != REPORT_JAPANESE || !seen || reason[len - 1] != ')' ||
	    (size_t)(rule - reason) >= sizeof(name))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(rule - reason), reason);
	rule += strlen(" (rule ");
	snprintf(ret, cap, "%s(ルール %.*s、観測 %.*s)", report_threat_name(language, name),
		 (int)(seen - rule), rule, (int)(reason + len - 1 - seen - strlen(", seen by ")),
		 seen + strlen(", seen by "));
}

const char *report_about(enum report_language language, const char *about, char ret[REPORT_ABOUT])
{
	static const char *const uses[][2] = {
		{"client", "クライアント"}, {"server", "サーバー"},
		{"printer", "プリンター"},  {"router", "ルーター"},
		{"phone", "電話"},	    {"gateway", "ゲートウェイ"},
		{"dns", "DNSサーバー"},	    {"dhcp", "DHCPサーバー"},
		{"switch", "スイッチ"},	    {"domain-controller", "ドメインコントローラー"},
	};
	size_t n = 0;

	ret[0] = 0;
	while (about && *about && n < REPORT_ABOUT) {
		size_t len = strcspn(about, ",");
		char word[200];

		snprintf(word, sizeof(word), "%.*s", (int)len, about);
		n += (size_t)snprintf(
			ret + n, REPORT_ABOUT - n, "%s%s", n ? ", " : "",
			language == REPORT_JAPANESE ? found(uses, ARRAY_SIZE(uses), word) : word);
		about += len;
		about += strspn(about, ", ");
	}
	return ret;
}
