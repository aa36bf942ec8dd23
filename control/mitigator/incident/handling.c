/* What to do, in order: a table of advice, each with the condition under which it is given. */
#include <string.h>

#include "control/mitigator/incident/story_private.h"
#include "dataplane/base/slice.h"

/* ---- conditions: the step that the advice speaks of, or NULL ---- */

typedef const struct chain_step *condition(const struct telling *t);

static const struct chain_step *any_step(const struct telling *t)
{
	return t->i->steps_n ? t->i->steps[0] : NULL;
}

static const struct chain_step *of_stage(const struct telling *t, enum stage stage, bool attacks)
{
	for (unsigned k = 0; k < t->i->steps_n; k++) {
		if (t->i->steps[k]->stage == stage && t->i->steps[k]->attacks == attacks)
			return t->i->steps[k];
	}
	return NULL;
}

static const struct chain_step *of_technique(const struct telling *t, const char *const *names)
{
	for (unsigned k = 0; k < t->i->steps_n; k++) {
		for (const char *const *n = names; *n; n++) {
			if (strncmp(t->i->steps[k]->technique, *n, strlen(*n)) == 0)
				return t->i->steps[k];
		}
	}
	return NULL;
}

#define TECHNIQUES(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool is_cut(const struct telling *t)
{
	static const char *const states[] = {"requested", "sent", "acked", "verified", "quiet"};

	for (size_t i = 0; t->setup->cut_state && i < ARRAY_SIZE(states); i++) {
		if (strcmp(t->setup->cut_state, states[i]) == 0)
			return true;
	}
	return false;
}

/* Only looked at or tried from outside: it need not be cut. */
static bool only_tried(const struct telling *t)
{
	for (unsigned k = 0; k < t->i->steps_n; k++) {
		const struct chain_step *x = t->i->steps[k];

		if (x->stage != STAGE_RECONNAISSANCE &&
		    !(x->stage == STAGE_EXPLOITATION && !x->attacks))
			return false;
	}
	return true;
}

static const struct chain_step *cut_already(const struct telling *t)
{
	return is_cut(t) ? any_step(t) : NULL;
}

static bool is_protected(const struct telling *t)
{
	return t->setup->protected_as && t->setup->protected_as[0];
}

static bool should_be_cut(const struct telling *t)
{
	return !is_cut(t) && !only_tried(t) && t->i->level >= LEVEL_WARNING;
}

static const struct chain_step *not_cut(const struct telling *t)
{
	return should_be_cut(t) && !is_protected(t) ? any_step(t) : NULL;
}

/* Whoever orders the cut of a protected host is refused: that is no advice. */
static const struct chain_step *never_cut(const struct telling *t)
{
	return should_be_cut(t) && is_protected(t) ? any_step(t) : NULL;
}

static const struct chain_step *watch_it(const struct telling *t)
{
	return !is_cut(t) && !only_tried(t) && t->i->level < LEVEL_WARNING ? any_step(t) : NULL;
}

static const struct chain_step *from_inside(const struct telling *t)
{
	return t->infection ? any_step(t) : NULL;
}

static const struct chain_step *looked_at(const struct telling *t)
{
	return of_stage(t, STAGE_RECONNAISSANCE, false);
}

static const struct chain_step *guessed(const struct telling *t)
{
	const struct chain_step *x = of_technique(t, TECHNIQUES("T1110"));

	return x && !x->attacks ? x : NULL;
}

static const struct chain_step *exploited(const struct telling *t)
{
	const struct chain_step *x = of_stage(t, STAGE_EXPLOITATION, false);

	return x && x != guessed(t) ? x : NULL;
}

static const struct chain_step *file_hash(const struct telling *t)
{
	for (unsigned k = 0; k < t->i->steps_n; k++) {
		if (t->i->steps[k]->sha256[0])
			return t->i->steps[k];
	}
	if (t->sha256[0])
		return t->entry;
	return t->before.sha256[0] ? &t->before : NULL;
}

static const struct chain_step *delivered(const struct telling *t)
{
	return file_hash(t) ? NULL : of_stage(t, STAGE_DELIVERY, false);
}

static const struct chain_step *ask_user(const struct telling *t)
{
	if (only_tried(t) || t->infection || (t->entry && t->entry->stage == STAGE_EXPLOITATION))
		return NULL;
	return t->entry ? t->entry : any_step(t);
}

static const struct chain_step *calls_home(const struct telling *t)
{
	return of_stage(t, STAGE_C2, false);
}

static const struct chain_step *domain_lost(const struct telling *t)
{
	return of_technique(t, TECHNIQUES("T1003.006", "T1207", "T1558.001"));
}

static const struct chain_step *names_tried(const struct telling *t)
{
	const struct chain_step *x = of_technique(t, TECHNIQUES("T1110", "T1558", "T1087"));

	return x && x->attacks ? x : NULL;
}

static const struct chain_step *coerced(const struct telling *t)
{
	return of_technique(t, TECHNIQUES("T1187"));
}

static const struct chain_step *spread(const struct telling *t)
{
	const struct chain_step *x = of_stage(t, STAGE_LATERAL, true);

	return x && x != names_tried(t) ? x : NULL;
}

/* Nothing but looking around: that may be somebody's work. */
static const struct chain_step *only_scans(const struct telling *t)
{
	for (unsigned k = 0; k < t->i->steps_n; k++) {
		if (t->i->steps[k]->stage != STAGE_DISCOVERY)
			return NULL;
	}
	return of_stage(t, STAGE_DISCOVERY, true);
}

static const struct chain_step *scans(const struct telling *t)
{
	return only_scans(t) ? NULL : of_stage(t, STAGE_DISCOVERY, true);
}

static const struct chain_step *data_left(const struct telling *t)
{
	return of_stage(t, STAGE_EXFILTRATION, false);
}

static const struct chain_step *encrypts(const struct telling *t)
{
	return of_technique(t, TECHNIQUES("T1486", "T1485", "T1490"));
}

static const struct chain_step *mines(const struct telling *t)
{
	return of_technique(t, TECHNIQUES("T1496"));
}

static const struct chain_step *between(const struct telling *t)
{
	return of_technique(t, TECHNIQUES("T1557", "T1040"));
}

static const struct chain_step *readable_password(const struct telling *t)
{
	return of_technique(t, TECHNIQUES("T1552"));
}

static const struct chain_step *clean_up(const struct telling *t)
{
	return only_tried(t) ? NULL : any_step(t);
}

static const struct chain_step *change_passwords(const struct telling *t)
{
	const struct chain_step *x = calls_home(t);

	if (!x)
		x = of_stage(t, STAGE_COLLECTION, false);
	return x ? x : data_left(t);
}

/* ---- the table ---- */

static const struct {
	condition *when;
	const char *text[STORY_LANGUAGES];
} advice[] = {
	{only_scans,
	 {"If {host} is a scanner of yours, make an exception for rule {rule} and source {address} "
	  "with its reason; otherwise find the program that scans ({what}, {victims}).",
	  "{host} が自社の検査装置であれば、ルール {rule}・送信元 {address} "
	  "の例外を理由とともに登録"
	  "してください。そうでなければ、探索しているプログラムを特定してください({what}、"
	  "{victims})。"}},
	{cut_already,
	 {"Leave {host} cut off and switched on: its memory is evidence. Do not let its user work "
	  "around the cut.",
	  "{host} "
	  "は遮断したまま電源を切らないでください(メモリは証拠です)。利用者が遮断を回避しない"
	  "ようにしてください。"}},
	{not_cut,
	 {"Cut {host} off now: banken quarantine add {address} --reason \"{incident}\". Leave it "
	  "switched on: its memory is evidence. If it may not be cut, have the person in charge "
	  "look "
	  "at it now.",
	  "{host} を直ちに遮断してください: banken quarantine add {address} --reason "
	  "\"{incident}\"。電源は切らないでください(メモリは証拠です)。遮断できない機器の場合は、"
	  "担当者が直ちに確認してください。"}},
	{never_cut,
	 {"{host} is protected as {role} and is not cut off. Have the person in charge of it look "
	  "at "
	  "it now: take it out of service by hand if it can be spared, else let it talk only to "
	  "what it serves. Leave it switched on: its memory is evidence.",
	  "{host} "
	  "は保護対象({role})のため遮断されません。担当者が直ちに確認し、停止できる場合は手動で"
	  "切り離し、できない場合は業務に必要な通信だけに制限してください。電源は切らないでください"
	  "(メモリは証拠です)。"}},
	{watch_it,
	 {"{host} need not be cut yet: check whether \"{what}\" is known and wanted, and watch it; "
	  "further steps raise its level.",
	  "{host} の遮断はまだ不要です。「{what}」が業務上の動作かどうかを確認し、経過を観察して"
	  "ください。兆候が重なると判定が上がります。"}},
	{from_inside,
	 {"Deal with {origin} first: {host} was attacked from there, and will be again as long as "
	  "it is in the network.",
	  "先に {origin} に対処してください。{host} はそこから攻撃されており、残っている限り再び"
	  "攻撃されます。"}},
	{encrypts,
	 {"Disconnect backups and file servers that {host} can reach before anything else; do not "
	  "restore until it is clean everywhere.",
	  "まず {host} から到達できるバックアップとファイルサーバーを切り離してください。すべての"
	  "駆除が終わるまで復元しないでください。"}},
	{domain_lost,
	 {"Treat the domain as taken over: {host} copied or changed its directory by \"{what}\" at "
	  "{time}. Change the passwords of the account used, of all administrators, and that of "
	  "krbtgt twice; look for new members of administrative groups.",
	  "ドメインが侵害されたものとして扱ってください。{host} が {time} に「{what}」により"
	  "ディレクトリを複製または変更しました。使用されたアカウントと全管理者のパスワード、krbtgt"
	  " "
	  "のパスワード(2回)を変更し、管理者グループへの追加を確認してください。"}},
	{looked_at,
	 {"{ip} looked at {host} from outside: check which of the ports it found must be "
	  "reachable, and block {ip} at the firewall if it has no business there.",
	  "外部の {ip} が {host} を調べています。公開が必要なポートを確認し、業務に関係がなければ "
	  "{ip} をファイアウォールで遮断してください。"}},
	{guessed,
	 {"Passwords of {host} were guessed from {peer} since {time}: look in its log for logins "
	  "that succeeded from there, change the passwords of those accounts, and let only known "
	  "addresses reach port {port}.",
	  "{time} から {peer} が {host} のパスワードを推測しています。ログで {peer} "
	  "からのログイン成功を確認し、該当アカウントのパスワードを変更し、ポート {port} "
	  "への接続元を限定してください。"}},
	{exploited,
	 {"Block {ip} at the firewall; close port {port} of {host} to it or install the update "
	  "that closes what \"{what}\" names, and look for new processes, tasks and accounts since "
	  "{time}.",
	  "{ip} をファイアウォールで遮断し、{host} のポート {port} を閉じるか「{what}」に該当する"
	  "更新を適用し、{time} 以降の新しいプロセス、タスク、アカウントを確認してください。"}},
	{file_hash,
	 {"Do not open the file \"{file}\"; find out who else received it: banken search {sha256}. "
	  "Delete every copy; send one to the antivirus vendor if it was not recognised.",
	  "ファイル「{file}」は開かないでください。ほかに受信した端末を確認し(banken search "
	  "{sha256})、すべて削除してください。ウイルス対策ソフトが検知しない場合はベンダーに検体を"
	  "送付してください。"}},
	{delivered,
	 {"Block {source} at the proxy or firewall and find out who else fetched from it: banken "
	  "search {seek}.",
	  "{source} "
	  "をプロキシまたはファイアウォールで遮断し、ほかに取得した端末を確認してください: "
	  "banken search {seek}"}},
	{ask_user,
	 {"Ask the user of {host} what was opened, installed or plugged in shortly before {time}.",
	  "{host} の利用者に、{time} の直前に開いたファイル、導入したソフトウェア、接続した機器を"
	  "確認してください。"}},
	{calls_home,
	 {"Block {source} at the firewall and find out who else talks to it: banken search "
	  "{seek}.",
	  "{source} をファイアウォールで遮断し、ほかに通信している端末を確認してください: "
	  "banken search {seek}"}},
	{names_tried,
	 {"{host} tried accounts at {peer} since {time}: see there which ones let it in, change "
	  "their passwords, and lock the others for a while.",
	  "{host} が {time} から {peer} でアカウントを試行しています。認証に成功したものを確認して"
	  "パスワードを変更し、その他は一時的にロックしてください。"}},
	{coerced,
	 {"{peer} was made to log in elsewhere: switch off the service that was called (print "
	  "spooler, EFS) where it is not needed, and require signing for SMB and LDAP.",
	  "{peer} が他所へのログインを強要されました。不要なサービス(印刷スプーラー、EFS)を停止し、"
	  "SMB と LDAP の署名を必須にしてください。"}},
	{spread,
	 {"Examine what {host} reached by \"{what}\": {victims}. Look there for new services, "
	  "tasks, "
	  "programs and accounts since {time}; cut off what shows signs of its own.",
	  "{host} が「{what}」により到達した {victims} を調べてください。{time} "
	  "以降の新しいサービス、タスク、プログラム、アカウントを確認し、兆候のあるものを遮断して"
	  "ください。"}},
	{scans,
	 {"Find the program on {host} that looks around ({what}), and see what it found: "
	  "{victims}.",
	  "{host} で探索しているプログラム({what})を特定し、何が見つかったかを確認してください: "
	  "{victims}"}},
	{data_left,
	 {"Find out what {host} sent to {peer} since {time} and tell whoever is responsible for "
	  "the data; personal data has legal deadlines.",
	  "{host} が {time} から {peer} "
	  "へ送信したデータを特定し、データの責任者に報告してください。"
	  "個人情報には法定の報告期限があります。"}},
	{mines,
	 {"Look on {host} for a program that keeps the processor busy, remove it and what starts "
	  "it, and block {source}.",
	  "{host} でプロセッサーを占有しているプログラムとその起動設定を削除し、{source} を遮断して"
	  "ください。"}},
	{between,
	 {"Find the switch port of {host}: it answers for others. Switch on DHCP snooping and "
	  "dynamic ARP inspection, or switch off LLMNR and NetBIOS names, whichever was abused "
	  "({what}).",
	  "{host} "
	  "のスイッチポートを特定してください。他の機器になりすましています。悪用された仕組み"
	  "({what})に応じて、DHCP スヌーピングと動的 ARP 検査の有効化、または LLMNR・NetBIOS "
	  "名の無効化を行ってください。"}},
	{readable_password,
	 {"Change the password that went readable to {peer}, and move that service to an encrypted "
	  "form.",
	  "{peer} へ平文で送られたパスワードを変更し、そのサービスを暗号化方式に切り替えて"
	  "ください。"}},
	{clean_up,
	 {"Scan {host} with up-to-date malware protection; reinstall it where something is found "
	  "or "
	  "the steps above cannot be explained.",
	  "{host} "
	  "を最新のウイルス対策ソフトで検査し、検知があった場合や上記の動作を説明できない場合"
	  "は再インストールしてください。"}},
	{change_passwords,
	 {"Change the passwords that were used on {host}, from another machine.",
	  "{host} で使ったパスワードを別の端末から変更してください。"}},
	{cut_already,
	 {"When it is clean, release it: banken quarantine release {address} --reason \"...\".",
	  "安全を確認したら遮断を解除してください: banken quarantine release {address} --reason "
	  "\"...\""}},
};

void story_advise(struct telling *t)
{
	struct story *s = t->s;

	for (size_t k = 0; k < ARRAY_SIZE(advice) && s->handling_n < STORY_HANDLING; k++) {
		const struct chain_step *x = advice[k].when(t);

		if (!x)
			continue;
		for (unsigned l = 0; l < STORY_LANGUAGES; l++)
			s->handling[l][s->handling_n] = story_fill(t, advice[k].text[l], x);
		s->handling_n++;
	}
}
