#include "control/report/steps.h"

#include <string.h>

static const char *const cut_steps[2][7] = {
	{"Leave the machine cut off and switched on; do not let its user work around the cut.",
	 "Ask its user what was opened or installed shortly before the first sign.",
	 "Scan it with up-to-date malware protection, or reinstall it where the scan finds "
	 "anything.",
	 "Change the passwords that were used on it, from another machine.",
	 "Release it when it is clean: on the portal, page Quarantine (or banken quarantine "
	 "release and its address).",
	 NULL},
	{"端末は遮断したまま電源を切らずに置き、利用者が遮断を回避しないようにしてください。",
	 "最初の兆候の直前に開いたファイルや導入したソフトウェアを利用者に確認してください。",
	 "最新のウイルス対策ソフトで検査し、検知があれば再インストールしてください。",
	 "その端末で使ったパスワードを別の端末から変更してください。",
	 "安全を確認したら、ポータルの「隔離」の画面で(またはbanken quarantine "
	 "releaseにアドレスを指定して)遮断を解除してください。",
	 NULL},
};

static const char *const open_steps[2][7] = {
	{"The machine is NOT cut off. Decide: cut it by hand (on the portal, page Hosts, or "
	 "banken quarantine add and its address), or note why not.",
	 "If it may not be cut (gateway, server), have the person in charge look at it now.",
	 "Scan it with up-to-date malware protection and check what it has been talking to.",
	 "Change the passwords that were used on it, from another machine.", NULL},
	{"この端末は遮断されていません。ポータルの「ホスト」の画面で(またはbanken quarantine "
	 "addにアドレスを指定して)遮断するか、遮断しない理由を記録してください。",
	 "遮断できない機器(ゲートウェイ、サーバー)の場合は、担当者が直ちに確認してください。",
	 "最新のウイルス対策ソフトで検査し、通信先を確認してください。",
	 "その端末で使ったパスワードを別の端末から変更してください。", NULL},
};

static const char *const released_steps[2][3] = {
	{"It was released; watch it for a week, and look into it again when it shows up here.",
	 NULL},
	{"遮断は解除済みです。一週間は経過を観察し、再び検知された場合は改めて調査してください。",
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
