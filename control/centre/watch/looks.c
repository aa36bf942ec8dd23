#include "control/centre/watch/looks.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "control/centre/watch/rate.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	LOOK_EVERY_S = 60,
	FIRST_LOOK_S = 20,
	CERTIFICATE_DAYS = 21, /* peers renew by themselves long before */
	LICENCE_DAYS = 30,
	CLOCK_MS = 10000,
	DISK_FREE_PART = 10, /* less than a tenth free */
	DISK_DAYS = 7,	     /* full within */
	WEEKS = 8,
	HOURS = WEEKS * 7 * 24 + 2,
	PEERS_MOST = 4096,
	STUCK_MIN = 10,
	REPORT_LATE_MIN = 60,
	LICENCES_MOST = 256,
	CUSTOMERS_MOST = 1000,
};

struct looks {
	struct looks_setup setup;
	struct loop_timer timer;
	uint64_t rates_at; /* when they were judged last, wall clock */
	json_t *kept;	   /* what the store held when it was `measured`, wall clock */
	uint64_t measured;
};

/* --- words --- */

__attribute__((format(printf, 3, 4))) static void put(char *to, size_t cap, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(to, cap, fmt, args);
	va_end(args);
}

#define TITLE(e, l, en, ja, ...)                                                                   \
	put((e)->title[l], sizeof((e)->title[l]), in_language((enum report_language)(l), en, ja),  \
	    __VA_ARGS__)
#define TEXT(e, l, en, ja, ...)                                                                    \
	put((e)->text[l], sizeof((e)->text[l]), in_language((enum report_language)(l), en, ja),    \
	    __VA_ARGS__)

static struct emergency *begin(enum emergency_kind kind, const char *subject)
{
	struct emergency *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->kind = kind;
	snprintf(e->key, sizeof(e->key), "%s:%.100s", emergency_kind_words[kind], subject);
	return e;
}

/* The emergency goes. */
static int hold(struct store *s, struct emergency *e, uint64_t now, struct errmsg *err)
{
	int rc = e ? condition_holds(s, e, now, err) : ERR_NOMEM;

	free(e);
	return rc < 0 ? rc : ERR_OK;
}

static int end(struct store *s, enum emergency_kind kind, uint64_t now, int rc, struct errmsg *err)
{
	if (rc >= 0)
		rc = conditions_end(s, kind, now, now, err);
	return rc < 0 ? rc : ERR_OK;
}

/* --- certificates and clocks --- */

static struct emergency *about_certificate(const char *name, const char *site, int64_t until,
					   uint64_t now)
{
	struct emergency *e = begin(EMERGENCY_CERTIFICATE, name);
	int64_t left = until - (int64_t)(now / NS_PER_SEC);
	int days = (int)(left / 86400);

	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		if (left > 0)
			TITLE(e, l, "The certificate of %s ends in %d days",
			      "%sの証明書の期限まであと%d日です", name, days);
		else
			TITLE(e, l, "The certificate of %s has ended",
			      "%sの証明書の期限が切れました", name);
		TEXT(e, l,
		     "Certificates are renewed by themselves long before; this one of %s was not. "
		     "When it ends it cannot connect any more: nothing of it arrives and no order "
		     "reaches it. Look into its log for why the renewal fails, or enrol it anew: "
		     "banken keys.",
		     "証明書は期限前に自動更新されますが、%"
		     "sは更新されていません。期限が切れると接続"
		     "できなくなり、報告も指示も届きません。機器のログで更新に失敗した理由を確認す"
		     "る"
		     "か、再登録してください(banken keys)。",
		     name);
	}
	if (e)
		snprintf(e->site, sizeof(e->site), "%s", site);
	return e;
}

static struct emergency *about_clock(const struct peer_look *p)
{
	struct emergency *e = begin(EMERGENCY_CLOCK, p->name);
	char off[48];

	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		report_duration((enum report_language)l,
				(uint64_t)llabs(p->clock_offset_ms) * NS_PER_MS, off);
		TITLE(e, l, "The clock of %s is off by %s", "%sの時計が%sずれています", p->name,
		      off);
		TEXT(e, l,
		     "The clock of %s is %s %s the centre's. Times in its reports are wrong by as "
		     "much, orders may be refused as expired, and what belongs together is not "
		     "put together. Look at its time service (NTP), then at the centre's.",
		     "%sの時計はセンターより%s%"
		     "s。報告の時刻がその分ずれ、指示が期限切れとして拒否さ"
		     "れることや、関連する事象が結び付かないことがあります。機器の時刻同期(NTP)"
		     "を確認"
		     "し、次にセンターの時刻を確認してください。",
		     p->name, off,
		     p->clock_offset_ms > 0
			     ? in_language((enum report_language)l, "ahead of", "進んでいます")
			     : in_language((enum report_language)l, "behind", "遅れています"));
	}
	if (e)
		snprintf(e->site, sizeof(e->site), "%s", p->site);
	return e;
}

int look_at_peers(struct store *s, const struct peer_look *peers, size_t n, int64_t own_until,
		  uint64_t now, struct errmsg *err)
{
	int64_t soon = (int64_t)(now / NS_PER_SEC) + CERTIFICATE_DAYS * 86400;
	int rc = ERR_OK;

	if (own_until && own_until < soon)
		rc = hold(s, about_certificate("banken-centre", "", own_until, now), now, err);
	for (size_t i = 0; i < n && rc >= 0; i++) {
		if (peers[i].until && peers[i].until < soon)
			rc = hold(s,
				  about_certificate(peers[i].name, peers[i].site, peers[i].until,
						    now),
				  now, err);
		if (rc >= 0 && llabs(peers[i].clock_offset_ms) > CLOCK_MS)
			rc = hold(s, about_clock(&peers[i]), now, err);
	}
	rc = end(s, EMERGENCY_CERTIFICATE, now, rc, err);
	return end(s, EMERGENCY_CLOCK, now, rc, err);
}

/* --- too many, too few --- */

static struct emergency *about_rate(const struct customer_name *c, const struct rate *r)
{
	char subject[100];
	struct emergency *e;
	unsigned long long now = r->now, median = r->median, most = r->most, least = r->least;

	snprintf(subject, sizeof(subject), "%s:%s", r->verdict == RATE_MANY ? "many" : "few",
		 c->id);
	e = begin(EMERGENCY_RATE, subject);
	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		const char *name =
			c->name[0] ? c->name
				   : in_language((enum report_language)l, "sites of no customer",
						 "顧客未設定の拠点");

		if (r->verdict == RATE_MANY) {
			TITLE(e, l, "Far more incidents than usual: %s",
			      "インシデントが通常より大幅に増えています: %s", name);
			TEXT(e, l,
			     "%llu incidents were opened in the last hour; in this hour of the "
			     "week it was %llu in the median of the last weeks, %llu at most. "
			     "Either something spreads, or a new rule or a changed network makes "
			     "noise. Look at the newest incidents first; if a rule is wrong, make "
			     "an exception.",
			     "直近1時間のインシデントは%llu件です。過去数週間の同じ曜日・時間帯では"
			     "中央値%llu件、最大%"
			     "llu件でした。感染の拡大か、新しいルールやネットワー"
			     "ク変更による誤検知が考えられます。最新のインシデントを確認し、ルール"
			     "が"
			     "原因なら例外を設定してください。",
			     now, median, most);
		} else {
			TITLE(e, l, "Far fewer alerts than usual: %s",
			      "アラートが通常より大幅に減っています: %s", name);
			TEXT(e, l,
			     "%llu alerts came in the last 24 hours; on this day of the week it "
			     "was %llu in the median of the last weeks, %llu at least. Silence is "
			     "no proof of peace: look whether sensors still get traffic, whether "
			     "rules were switched off or an exception is too wide, and whether "
			     "spools are full.",
			     "直近24時間のアラートは%llu件です。過去数週間の同じ曜日では中央値%llu"
			     "件、最小%"
			     "llu件でした。静かなことは安全の証明ではありません。センサーに"
			     "トラフィックが届いているか、ルールの無効化や広すぎる例外がないか、送"
			     "信"
			     "待ちが溜まっていないか確認してください。",
			     now, median, least);
		}
	}
	if (e)
		snprintf(e->customer, sizeof(e->customer), "%s", c->id);
	return e;
}

/* The last hour beside the same hours of the week, an hour before and after too, as long as the
 * customer was there. */
static struct rate judge_hour(const unsigned *hours, uint64_t age)
{
	uint64_t past[WEEKS * 3];
	size_t n = 0;

	for (unsigned w = 1; w <= WEEKS && (w * 7 + 1) * NS_PER_DAY < age; w++) {
		for (unsigned h = w * 7 * 24 - 1; h <= w * 7 * 24 + 1; h++)
			past[n++] = hours[h];
	}
	return rate_judge(hours[0], past, n);
}

/* Weeks in which the customer was not there say nothing. */
static int judge_day(struct store *s, const char *customer, uint64_t now, uint64_t begun,
		     struct rate *ret, struct errmsg *err)
{
	uint64_t to = now - now % (15 * NS_PER_MIN), past[WEEKS], count, last;
	size_t n = 0;
	int rc = alerts_between(s, customer, to - NS_PER_DAY, to, &last, err);

	for (unsigned w = 1; w <= WEEKS && rc == ERR_OK; w++) {
		uint64_t end_of = to - w * 7 * NS_PER_DAY;

		if (end_of < begun + NS_PER_DAY)
			break;
		rc = alerts_between(s, customer, end_of - NS_PER_DAY, end_of, &count, err);
		past[n++] = count;
	}
	*ret = rate_judge(last, past, n);
	return rc;
}

static int look_at_customer(struct store *s, const struct customer_name *c, uint64_t now,
			    struct errmsg *err)
{
	uint64_t begun = first_alert(s, c->id);
	struct rate r;
	unsigned *hours;
	int rc = ERR_OK;

	/* Two weeks of past at least. */
	if (!begun || begun + 15 * NS_PER_DAY > now)
		return ERR_OK;
	hours = calloc(HOURS, sizeof(*hours));
	if (!hours)
		return ERR_NOMEM;
	rc = incidents_by_hour(s, c->id, now, hours, HOURS, err);
	r = judge_hour(hours, now - begun);
	free(hours);
	if (rc == ERR_OK && r.verdict == RATE_MANY)
		rc = hold(s, about_rate(c, &r), now, err);
	if (rc >= 0)
		rc = judge_day(s, c->id, now, begun, &r, err);
	if (rc >= 0 && r.verdict == RATE_FEW)
		rc = hold(s, about_rate(c, &r), now, err);
	return rc;
}

int look_at_rates(struct store *s, uint64_t now, struct errmsg *err)
{
	struct customer_name *list = calloc(CUSTOMERS_MOST, sizeof(*list));
	int n = list ? customers_all(s, list, CUSTOMERS_MOST, err) : ERR_NOMEM, rc = n;

	for (int i = 0; i < n && rc >= 0; i++)
		rc = look_at_customer(s, &list[i], now, err);
	free(list);
	return end(s, EMERGENCY_RATE, now, rc, err);
}

/* --- licences --- */

static struct emergency *about_licence(const struct licence *c, const struct zone *zone,
				       uint64_t now)
{
	struct emergency *e = begin(EMERGENCY_LICENCE, c->customer);
	char date[ZONE_TEXT];

	zone_day_text(zone, c->until, date);
	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		if (c->until > now)
			TITLE(e, l, "The licence of %s ends on %s",
			      "%sのライセンスは%sに終了します", c->name, date);
		else
			TITLE(e, l, "The licence of %s ended on %s",
			      "%sのライセンスは%sに終了しました", c->name, date);
		TEXT(e, l,
		     "Detection, quarantine, reports and these messages go on as before: a licence "
		     "that is over warns and never blinds. Renew it with the vendor; the new date "
		     "is noted with banken watch licence --customer %s --until DATE.",
		     "検知・遮断・レポート・通知はこれまでどおり継続します("
		     "ライセンス切れで監視が止ま"
		     "ることはありません)。更新手続きを行い、新しい期限を登録してください(banken "
		     "watch "
		     "licence --customer %s --until 日付)。",
		     c->customer);
	}
	if (e)
		snprintf(e->customer, sizeof(e->customer), "%s", c->customer);
	return e;
}

int look_at_licences(struct store *s, const struct zone *zone, uint64_t now, struct errmsg *err)
{
	struct licence *list = calloc(LICENCES_MOST, sizeof(*list));
	int n = list ? licences_ending(s, now + LICENCE_DAYS * NS_PER_DAY, list, LICENCES_MOST, err)
		     : ERR_NOMEM,
	    rc = n;

	for (int i = 0; i < n && rc >= 0; i++)
		rc = hold(s, about_licence(&list[i], zone, now), now, err);
	free(list);
	return end(s, EMERGENCY_LICENCE, now, rc, err);
}

/* --- the disk --- */

static double days_to_full(struct store *s, uint64_t size)
{
	struct disk_day past[14];
	uint64_t days[14], used[14];
	struct errmsg err;
	int n = disk_days(s, past, 14, &err);

	for (int i = 0; i < n; i++) {
		days[i] = past[i].day;
		used[i] = past[i].used;
	}
	return n > 0 ? rate_days_to_full(days, used, (size_t)n, size) : -1;
}

static struct emergency *about_disk(uint64_t used, uint64_t size, double days)
{
	struct emergency *e = begin(EMERGENCY_DISK, "centre");
	double free_gb = (double)(size - used) / 1e9, all_gb = (double)size / 1e9;

	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		if (days >= 0)
			TITLE(e, l, "The centre's disk is full in %.0f days",
			      "センターのディスクは約%.0f日で満杯になります", days);
		else
			TITLE(e, l, "The centre's disk has %.0f %% left",
			      "センターのディスクの空きは%.0f%%です",
			      100.0 * (double)(size - used) / (double)size);
		TEXT(e, l,
		     "%.1f of %.1f GB are free. When it is full the oldest records go, alerts "
		     "last; "
		     "nothing that was acknowledged before is lost otherwise. Keep records for "
		     "fewer days (retention-days), move old reports away, or give it more room.",
		     "空き容量は%.1fGB(全体%.1fGB)です。満杯になると古い記録から削除されます("
		     "アラートは"
		     "最後)。保存日数(retention-days)"
		     "を短くする、古いレポートを移動する、または容量を増"
		     "やしてください。",
		     free_gb, all_gb);
	}
	return e;
}

int look_at_disk(struct store *s, uint64_t used, uint64_t size, uint64_t now, struct errmsg *err)
{
	struct disk_day today = {now / NS_PER_DAY, used, size};
	int rc = disk_note(s, &today, err);
	double days = rc == ERR_OK ? days_to_full(s, size) : -1;
	bool is_soon = days >= 0 && days < DISK_DAYS;

	if (rc == ERR_OK && size && (is_soon || (size - used) * DISK_FREE_PART < size))
		rc = hold(s, about_disk(used, size, is_soon ? days : -1), now, err);
	return end(s, EMERGENCY_DISK, now, rc, err);
}

/* --- what the store holds, and its back-ups --- */

enum { STORE_DAYS = 30 };

/* The size today is noted, whatever else is known. */
json_t *look_at_store(struct store *s, uint64_t retention_days, uint64_t room, uint64_t now,
		      struct errmsg *err)
{
	struct kept_day today = {.day = now / NS_PER_DAY}, past[STORE_DAYS];
	uint64_t days[STORE_DAYS], bytes[STORE_DAYS], oldest, held;
	double a_day, then;
	int n;

	if (kept_measure(s, &today.bytes, &oldest, err) != ERR_OK ||
	    kept_note(s, &today, err) != ERR_OK || (n = kept_days(s, past, STORE_DAYS, err)) < 0)
		return NULL;
	for (int i = 0; i < n; i++) {
		days[i] = past[i].day;
		bytes[i] = past[i].bytes;
	}
	held = oldest && oldest < now ? (now - oldest) / NS_PER_DAY : 0;
	a_day = rate_of_growth(days, bytes, (size_t)n);
	then = (double)today.bytes;
	if (a_day > 0 && held < retention_days)
		then += a_day * (double)(retention_days - held);
	return json_pack("{sI sI sI sI sI sI sb}", "bytes", (json_int_t)today.bytes, "oldest",
			 (json_int_t)oldest, "held_days", (json_int_t)held, "retention_days",
			 (json_int_t)retention_days, "bytes_a_day", (json_int_t)a_day, "bytes_then",
			 (json_int_t)then, "full",
			 (int)(room && then > (double)today.bytes + (double)room));
}

static struct emergency *about_backup(uint64_t days, bool never)
{
	struct emergency *e = begin(EMERGENCY_BACKUP, "centre");
	unsigned long long n = days;

	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		if (never)
			TITLE(e, l, "The centre's store was never backed up, for %llu days now",
			      "センターのデータは%llu日間、一度もバックアップされていません", n);
		else
			TITLE(e, l, "The centre's last back-up is %llu days old",
			      "センターの最後のバックアップから%llu日が経過しました", n);
		TEXT(e, l,
		     "Should the machine break, what came in these %llu days is lost. Make one: "
		     "banken-store backup; beyond one machine by its own means, then banken-store "
		     "backed-up. Look why the timer did not.",
		     "故障すると、この%llu日間のデータは失われます。banken-store "
		     "backupで作成してください(クラスター構成では独自の方法で取得した後、banken-"
		     "store backed-upを実行)。定期実行の設定も確認してください。",
		     n);
	}
	return e;
}

int look_at_backups(struct store *s, uint64_t days, uint64_t now, struct errmsg *err)
{
	struct kept_day first[STORE_DAYS];
	struct kept_backup last;
	int rc = kept_backup_last(s, &last, err), n = 0;
	uint64_t since = last.time;

	if (rc == 0) {
		n = kept_days(s, first, STORE_DAYS, err);
		since = n > 0 ? first[0].day * NS_PER_DAY : now;
		rc = n < 0 ? n : ERR_OK;
	}
	if (rc >= 0 && days && now > since && now - since > days * NS_PER_DAY)
		rc = hold(s, about_backup((now - since) / NS_PER_DAY, !last.time), now, err);
	return end(s, EMERGENCY_BACKUP, now, rc < 0 ? rc : ERR_OK, err);
}

/* --- mirror ports --- */

static struct emergency *about_mirror(const struct mute_sensor *m, uint64_t now)
{
	struct emergency *e = begin(EMERGENCY_MIRROR, m->name);
	char ago[48];

	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		report_duration((enum report_language)l, now - m->since, ago);
		TITLE(e, l, "Sensor %s gets no traffic any more",
		      "センサー%sにトラフィックが届いていません", m->name);
		TEXT(e, l,
		     "The last frame reached the mirror port of %s %s ago; the sensor itself runs. "
		     "Nothing of the network is seen. Look at the cable of the mirror port, and "
		     "at the switch, whether its mirror session is still set up.",
		     "%sのミラーポートに最後のフレームが届いてから%"
		     "sが経過しました。センサー自体は動作"
		     "していますが、ネットワークは監視されていません。ミラーポートのケーブルと、ス"
		     "イッチ"
		     "のミラー設定を確認してください。",
		     m->name, ago);
	}
	if (e)
		snprintf(e->site, sizeof(e->site), "%s", m->site);
	return e;
}

enum { MUTE_MOST = 100 };

int look_at_mirrors(struct store *s, uint64_t after, uint64_t now, struct errmsg *err)
{
	struct mute_sensor *list = calloc(MUTE_MOST, sizeof(*list));
	int n = list ? mirrors_gone(s, after, now, list, MUTE_MOST, err) : ERR_NOMEM, rc = n;

	for (int i = 0; i < n && rc >= 0; i++)
		rc = hold(s, about_mirror(&list[i], now), now, err);
	free(list);
	return end(s, EMERGENCY_MIRROR, now, rc, err);
}

/* --- reports and messages that do not get on --- */

static struct emergency *about_queue(enum emergency_kind kind, const struct stuck *q,
				     const struct zone *zone)
{
	struct emergency *e = begin(kind, "queue");
	char since[ZONE_TEXT];

	zone_text(zone, q->since, since);
	for (int l = 0; e && l < REPORT_LANGUAGES; l++) {
		if (kind == EMERGENCY_REPORT) {
			TITLE(e, l, "%u final reports were not made",
			      "作成されていない確定レポートが%u件あります", q->n);
			TEXT(e, l,
			     "The oldest, %s, was due at %s. %s. It is tried again by itself; look "
			     "at the disk of the report folder and whether weasyprint is "
			     "installed.",
			     "最も古いもの(%s)の予定時刻は%sです。%"
			     "s。自動的に再試行されます。レポート"
			     "フォルダーのディスクと、weasyprintの導入状況を確認してください。",
			     q->what, since, q->error);
		} else {
			TITLE(e, l, "%u messages do not reach their recipients",
			      "届けられないメッセージが%u件あります", q->n);
			TEXT(e, l,
			     "The oldest, to %s, waits since %s: %s. All are tried again by "
			     "themselves. Look at the mail server and at the address; whoever can "
			     "be reached another way reads this there.",
			     "最も古いもの(宛先 %s)は%sから待機しています: "
			     "%s。自動的に再試行されます。"
			     "メールサーバーと宛先を確認してください。",
			     q->what, since, q->error);
		}
	}
	return e;
}

int look_at_queues(struct store *s, const struct zone *zone, uint64_t now, struct errmsg *err)
{
	struct stuck q;
	int rc = reports_stuck(s, now - REPORT_LATE_MIN * NS_PER_MIN, &q, err);

	if (rc == ERR_OK && q.n)
		rc = hold(s, about_queue(EMERGENCY_REPORT, &q, zone), now, err);
	rc = end(s, EMERGENCY_REPORT, now, rc, err);
	if (rc == ERR_OK)
		rc = messages_stuck(s, now - STUCK_MIN * NS_PER_MIN, &q, err);
	if (rc == ERR_OK && q.n)
		rc = hold(s, about_queue(EMERGENCY_MAIL, &q, zone), now, err);
	return end(s, EMERGENCY_MAIL, now, rc, err);
}

/* --- the loop --- */

static int connected(struct looks *l, uint64_t now, struct errmsg *err)
{
	struct link_status *st = calloc(PEERS_MOST, sizeof(*st));
	struct peer_look *peers = calloc(PEERS_MOST, sizeof(*peers));
	size_t n = 0;
	int rc = ERR_NOMEM;

	while (st && peers && n < PEERS_MOST &&
	       link_server_peer(l->setup.server, (unsigned)n, &st[n])) {
		peers[n] = (struct peer_look){st[n].peer.name, st[n].peer.site, st[n].peer.until,
					      st[n].clock_offset_ms};
		n++;
	}
	if (st && peers)
		rc = look_at_peers(l->setup.store, peers, n, tls_keys_expiry(l->setup.keys), now,
				   err);
	free(st);
	free(peers);
	return rc;
}

static bool disk_of(const char *folder, uint64_t *used, uint64_t *size)
{
	struct statvfs v;

	if (statvfs(folder, &v) != 0 || v.f_blocks == 0)
		return false;
	/* What only root may use counts as used. */
	*size = (uint64_t)v.f_blocks * v.f_frsize;
	*used = *size - (uint64_t)v.f_bavail * v.f_frsize;
	return true;
}

static void told(const struct looks *l, int rc, const struct errmsg *err)
{
	if (rc < 0)
		log_error(l->setup.log, "looking after the watchers: %s", err->text);
}

/* Once an hour: beyond one machine other servers are asked. */
static void measure(struct looks *l, uint64_t now, struct errmsg *err)
{
	uint64_t used = 0, size = 0;
	json_t *o;

	if (l->kept && now - l->measured < NS_PER_HOUR)
		return;
	/* Beyond one machine the disks are other machines'. */
	if (l->setup.is_far || !disk_of(l->setup.folder, &used, &size))
		size = used = 0;
	o = look_at_store(l->setup.store, l->setup.retention_days, size - used, now, err);
	l->measured = now;
	if (!o) {
		told(l, ERR_IO, err);
		return;
	}
	json_decref(l->kept);
	l->kept = o;
}

static json_t *backup_status(struct looks *l)
{
	uint64_t now = loop_wall(l->setup.loop);
	struct kept_backup last;
	struct errmsg err;

	if (kept_backup_last(l->setup.store, &last, &err) != 1)
		return json_null();
	return json_pack("{sI sI sI so}", "time", (json_int_t)last.time, "age_s",
			 (json_int_t)(now > last.time ? (now - last.time) / NS_PER_SEC : 0),
			 "bytes", (json_int_t)last.bytes, "place",
			 json_string(last.place) ?: json_null());
}

void looks_look(struct looks *l)
{
	uint64_t now = loop_wall(l->setup.loop), used, size;
	struct store *s = l->setup.store;
	struct errmsg err = {""};

	told(l, connected(l, now, &err), &err);
	told(l, look_at_licences(s, &l->setup.zone, now, &err), &err);
	told(l, look_at_queues(s, &l->setup.zone, now, &err), &err);
	if (disk_of(l->setup.folder, &used, &size))
		told(l, look_at_disk(s, used, size, now, &err), &err);
	measure(l, now, &err);
	told(l, look_at_backups(s, l->setup.backup_days, now, &err), &err);
	if (l->setup.silent_after)
		told(l, look_at_mirrors(s, l->setup.silent_after, now, &err), &err);
	told(l, conditions_end_silent(s, now, &err), &err);
	if (now - l->rates_at >= 15 * NS_PER_MIN) {
		l->rates_at = now;
		told(l, look_at_rates(s, now, &err), &err);
	}
}

static void look(void *ctx)
{
	struct looks *l = ctx;

	looks_look(l);
	loop_timer_set(l->setup.loop, &l->timer, LOOK_EVERY_S * NS_PER_SEC);
}

struct looks *looks_new(const struct looks_setup *setup, struct errmsg *err)
{
	struct looks *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->setup = *setup;
	if (conditions_open(setup->store, err) != ERR_OK ||
	    kept_open(setup->store, err) != ERR_OK) {
		free(l);
		return NULL;
	}
	l->timer = (struct loop_timer){.fn = look, .ctx = l};
	loop_timer_set(setup->loop, &l->timer, FIRST_LOOK_S * NS_PER_SEC);
	return l;
}

void looks_delete(struct looks *l)
{
	if (!l)
		return;
	loop_timer_stop(l->setup.loop, &l->timer);
	json_decref(l->kept);
	free(l);
}

json_t *looks_status(struct looks *l, const char *customer)
{
	uint64_t used = 0, size = 0;
	double days = -1;
	json_t *disk = json_null();

	if (!customer[0] && disk_of(l->setup.folder, &used, &size)) {
		days = days_to_full(l->setup.store, size);
		disk = json_pack("{sI sI so}", "size", (json_int_t)size, "used", (json_int_t)used,
				 "full_in_days",
				 days >= 0 ? json_integer((json_int_t)days) : json_null());
	}
	return json_pack("{so so so so}", "conditions", conditions_list(l->setup.store, customer),
			 "disk", disk, "store",
			 !customer[0] && l->kept ? json_deep_copy(l->kept) : json_null(), "backup",
			 customer[0] ? json_null() : backup_status(l));
}
