#include "control/report/text.h"

#include <string.h>

static const char *const texts[TEXT_COUNT][2] = {
	[TEXT_TITLE] = {"Daily report", "日次レポート"},
	[TEXT_SO_FAR] = {"so far today", "本日の途中経過"},
	[TEXT_PERIOD] = {"Period", "対象期間"},
	[TEXT_SUMMARY] = {"%llu alerts; %zu hosts concerned, %zu to be acted on.",
			  "アラート%llu件、対象ホスト%zu台、うち対応が必要なホスト%zu台です。"},
	[TEXT_QUIET_DAY] = {"Nothing was detected. Nothing needs to be done.",
			    "脅威は検出されませんでした。対応は不要です。"},
	[TEXT_THREATS] = {"Threats detected", "検出した脅威"},
	[TEXT_HOSTS] = {"Hosts that need action", "対応が必要なホスト"},
	[TEXT_ROOT_CAUSE] = {"How it came in", "侵入経路の調査結果"},
	[TEXT_HANDLING] = {"Recommended handling, in order", "推奨する対応(実施順)"},
	[TEXT_BLIND] = {"What this report could not see", "このレポートで確認できなかった範囲"},
	[TEXT_NO_BLIND] = {"Every frame that reached the sensors was inspected.",
			   "センサーに届いたフレームはすべて検査しました。"},
	[TEXT_BY_HOUR] = {"Alerts by hour", "時間帯別アラート件数"},
	[TEXT_THREAT] = {"Threat", "脅威"},
	[TEXT_CATEGORY] = {"Category", "分類"},
	[TEXT_SEVERITY] = {"Severity", "深刻度"},
	[TEXT_TECHNIQUE] = {"ATT&CK", "ATT&CK"},
	[TEXT_HITS] = {"Hits", "件数"},
	[TEXT_HOST_COUNT] = {"Hosts", "ホスト数"},
	[TEXT_FIRST] = {"First", "初回"},
	[TEXT_LAST] = {"Last", "最終"},
	[TEXT_HOST] = {"Host", "ホスト"},
	[TEXT_LEVEL] = {"Level", "判定"},
	[TEXT_ALERTS] = {"Alerts", "アラート"},
	[TEXT_CUT] = {"Network", "ネットワーク"},
	[TEXT_CUT_AT] = {"Cut at", "遮断時刻"},
	[TEXT_VERIFIED_AT] = {"Verified at", "遮断確認時刻"},
	[TEXT_RELEASED_AT] = {"Released at", "解除時刻"},
	[TEXT_NONE] = {"none", "なし"},
	[TEXT_UNKNOWN_CAUSE] = {"Not found yet.", "まだ特定できていません。"},
	[TEXT_ALL_SITES] = {"all sites", "全拠点"},
	[TEXT_FIRST_SIGN] = {"First sign at %s: %s (with %s).",
			     "最初の兆候: %s「%s」(通信先 %s)。"},
	[TEXT_FIRST_SIGN_FILE] = {"First sign at %s: %s, the file %s from %s.",
				  "最初の兆候: %s「%s」、ファイル「%s」、取得元 %s。"},
	[TEXT_FIRST_SIGN_WHY] = {"First sign at %s: %s. %s", "最初の兆候: %s「%s」。%s"},
	[TEXT_TRAFFIC] = {"%llu frames inspected, %llu lost.", "検査フレーム数%llu、損失%llu。"},
};

static const char *const words[][3] = {
	{"danger", "Danger", "危険"},
	{"warning", "Warning", "警告"},
	{"caution", "Caution", "注意"},
	{"safe", "Safe", "安全"},
	{"high", "high", "高"},
	{"medium", "medium", "中"},
	{"low", "low", "低"},
	{"info", "information", "情報"},
	{"requested", "cut requested", "遮断要求済み"},
	{"held", "waits for a person's approval", "承認待ち"},
	{"sent", "cut ordered", "遮断指示済み"},
	{"acked", "cut, not verified yet", "遮断済み(確認中)"},
	{"verified", "cut and verified", "遮断済み(確認済み)"},
	{"still-seen", "still talks: the cut has no effect", "遮断後も通信あり(要対応)"},
	{"quiet", "cut, unproven: the host is silent", "遮断済み(通信がなく未確認)"},
	{"failed", "the cut failed", "遮断失敗"},
	{"expired", "the cut has ended", "遮断期限終了"},
	{"releasing", "being released", "解除処理中"},
	{"released", "released", "解除済み"},
	{"refused", "the cut was refused", "遮断拒否"},
	{"outside-policy", "outside policy criteria", "ポリシー対象外"},
	{"exception", "exception", "例外"},
};

const char *report_text(enum report_language language, enum report_text text)
{
	return texts[text][language];
}

const char *report_word(enum report_language language, const char *word)
{
	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], word) == 0)
			return words[i][1 + language];
	}
	return word && word[0] ? word : "-";
}

/* --- standard handling, for incidents for which correlation has nothing more specific --- */

static const char *const cut_steps[2][7] = {
	{"Leave the machine cut off and switched on; do not let its user work around the cut.",
	 "Ask its user what was opened or installed shortly before the first sign.",
	 "Scan it with up-to-date malware protection, or reinstall it where the scan finds "
	 "anything.",
	 "Change the passwords that were used on it, from another machine.",
	 "Release it when it is clean: banken quarantine release and its address.", NULL},
	{"端末は遮断したまま電源を切らずに置き、利用者が遮断を回避しないようにしてください。",
	 "最初の兆候の直前に開いたファイルや導入したソフトウェアを利用者に確認してください。",
	 "最新のウイルス対策ソフトで検査し、検出があれば再インストールしてください。",
	 "その端末で使ったパスワードを別の端末から変更してください。",
	 "安全を確認したら、banken quarantine release とアドレスを指定して遮断を解除してください。",
	 NULL},
};

static const char *const open_steps[2][7] = {
	{"The machine is NOT cut off. Decide: cut it by hand (banken quarantine add and its "
	 "address), or say "
	 "why not.",
	 "If it may not be cut (gateway, server), have the person in charge look at it now.",
	 "Scan it with up-to-date malware protection and check what it has been talking to.",
	 "Change the passwords that were used on it, from another machine.", NULL},
	{"この端末は遮断されていません。手動で遮断する(banken quarantine add "
	 "とアドレス)か、遮断しない理由を決めてください。",
	 "遮断できない機器(ゲートウェイ、サーバー)の場合は、担当者が直ちに確認してください。",
	 "最新のウイルス対策ソフトで検査し、通信先を確認してください。",
	 "その端末で使ったパスワードを別の端末から変更してください。", NULL},
};

static const char *const released_steps[2][3] = {
	{"It was released; watch it for a week, and look into it again when it shows up here.",
	 NULL},
	{"遮断は解除済みです。一週間は経過を観察し、再び検出された場合は改めて調査してください。",
	 NULL},
};

const char *const *report_steps(enum report_language language, const char *cut_state)
{
	static const char *const cut[] = {"sent", "acked", "verified", "quiet"};

	for (size_t i = 0; cut_state && i < sizeof(cut) / sizeof(cut[0]); i++) {
		if (strcmp(cut_state, cut[i]) == 0)
			return cut_steps[language];
	}
	if (cut_state && strcmp(cut_state, "released") == 0)
		return released_steps[language];
	return open_steps[language];
}
