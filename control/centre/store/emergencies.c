#include "control/centre/store/emergencies.h"

#include <string.h>

#include "control/centre/store/private.h"
#include "control/wire/local.h"
#include "dataplane/base/slice.h"

const struct emergency_rules emergency_rules_default = {
	.repeat = 15 * NS_PER_MIN,
	.escalate = 30 * NS_PER_MIN,
	.waves = 8,
	.brake_most = 5,
	.brake_time = 10 * NS_PER_MIN,
};

const char *const emergency_kind_words[EMERGENCY_KINDS] = {
	"incident", "cut",  "silent", "test", "mirror", "rate",	     "certificate",
	"licence",  "disk", "report", "mail", "clock",	"self-test", "backup",
};
static const char *const recipient_kinds[] = {"mail", "syslog", "webhook"};

static void keep(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}

/* --- emergencies --- */

int emergency_raise(struct store *s, const struct emergency *e, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT OR IGNORE INTO emergencies(key, kind, customer, site, host, title_en, "
		"title_ja, text_en, text_ja, opened, acknowledged, by) VALUES(?1,?2,CASE WHEN ?10 "
		"<> '' THEN ?10 ELSE (SELECT coalesce(max(customer),'') FROM sites WHERE site=?3) "
		"END,?3,?4,?5,?6,?7,?8,?9,0,'')",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, e->key);
	bind_text(st, 2, emergency_kind_words[e->kind]);
	bind_text(st, 3, e->site);
	bind_text(st, 4, e->host);
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		bind_text(st, 5 + l, e->title[l]);
		bind_text(st, 7 + l, e->text[l]);
	}
	bind_number(st, 9, e->opened);
	bind_text(st, 10, e->customer);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) > 0;
}

static void describe_silent(struct emergency *e, const char *name, const char *role, uint64_t since,
			    uint64_t now)
{
	static const char *const roles[][REPORT_LANGUAGES] = {{"Sensor", "センサー"},
							      {"Mitigator", "ミティゲーター"}};
	bool is_mitigator = strcmp(role, "mitigator") == 0;

	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		char ago[48];

		report_duration((enum report_language)l, now - since, ago);
		snprintf(e->title[l], sizeof(e->title[l]),
			 in_language((enum report_language)l, "%s %s has not been heard of",
				     "%s %sとの接続が切れています"),
			 roles[is_mitigator][l], name);
		snprintf(
			e->text[l], sizeof(e->text[l]),
			in_language(
				(enum report_language)l,
				"%s %s went %s ago and has not come back. What it would see is "
				"not seen now. Look whether the box has power and whether its "
				"way to the centre is open.",
				"%s %sとの接続が%s前に切れ、戻っていません。この間の通信は監視され"
				"ていません。機器の電源と、センターまでの経路を確認してください。"),
			roles[is_mitigator][l], name, ago);
	}
}

enum { SILENT_MOST = 100 };

int emergency_raise_silent(struct store *s, uint64_t after, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT name, role, site, last_seen FROM peers WHERE up = 0 AND last_seen < ?1 AND "
		"NOT EXISTS (SELECT 1 FROM emergencies e WHERE e.key = 'silent:' || name || ':' || "
		"last_seen) LIMIT 100",
		err);
	struct emergency *found = calloc(SILENT_MOST, sizeof(*found));
	unsigned n = 0;
	int rc = st && found ? ERR_OK : ERR_NOMEM;

	if (st && found)
		bind_number(st, 1, now > after ? now - after : 0);
	while (rc == ERR_OK && n < SILENT_MOST && db_step(st)) {
		struct emergency *e = &found[n++];
		uint64_t since = (uint64_t)column_int64(st, 3);

		e->kind = EMERGENCY_SILENT;
		e->opened = now;
		snprintf(e->key, sizeof(e->key), "silent:%s:%lld", column_text(st, 0),
			 (long long)since);
		keep(e->site, sizeof(e->site), column_text(st, 2));
		describe_silent(e, column_text(st, 0), column_text(st, 1), since, now);
	}
	if (st)
		store_done(s, st, NULL);
	rc = rc == ERR_OK && n ? store_begin(s, err) : rc;
	for (unsigned i = 0; i < n && rc >= 0; i++)
		rc = emergency_raise(s, &found[i], err);
	if (n && rc >= 0)
		rc = store_commit(s, err);
	free(found);
	return rc;
}

int emergency_acknowledge(struct store *s, int64_t id, const char *customer, const char *by,
			  uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"UPDATE emergencies SET acknowledged=?1, by=?2 WHERE id=?3 "
					"AND (?4='' OR customer=?4) AND acknowledged=0",
					err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	bind_text(st, 2, by);
	bind_number(st, 3, (uint64_t)id);
	bind_text(st, 4, customer);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	if (store_changes(s) > 0)
		return ERR_OK;
	return errmsg_set(err, ERR_NOTFOUND,
			  "there is no emergency %lld that waits for an acknowledgement",
			  (long long)id);
}

static json_t *messages_of(struct store *s, int64_t id)
{
	struct db_stmt *st = store_kept(s,
					"SELECT r.address, d.wave, d.due, d.sent, d.tries, d.error "
					"FROM deliveries d LEFT JOIN recipients r ON r.id = "
					"d.recipient WHERE d.emergency=?1 ORDER BY d.id",
					NULL);
	json_t *list = json_array();

	if (!st)
		return list;
	bind_number(st, 1, (uint64_t)id);
	while (db_step(st))
		json_array_append_new(
			list, json_pack("{ss si sI sI si ss}", "to", column_text(st, 0), "wave",
					column_int(st, 1), "due", (json_int_t)column_int64(st, 2),
					"sent", (json_int_t)column_int64(st, 3), "tries",
					column_int(st, 4), "error", column_text(st, 5)));
	store_done(s, st, NULL);
	return list;
}

json_t *emergency_list(struct store *s, const char *customer, unsigned most)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT id, kind, customer, site, host, title_en, title_ja, text_en, "
		"text_ja, opened, acknowledged, by FROM emergencies WHERE customer <> "
		"'(self-test)' AND (?1='' OR customer=?1) ORDER BY acknowledged <> 0, opened DESC, "
		"id DESC LIMIT ?2",
		NULL);
	json_t *list = json_array();

	if (!st)
		return list;
	bind_text(st, 1, customer);
	bind_number(st, 2, most);
	while (db_step(st)) {
		int64_t id = column_int64(st, 0);

		json_array_append_new(
			list,
			json_pack("{sI so so so so so so so so sI sI so so}", "id", (json_int_t)id,
				  "kind", local_text(column_text(st, 1)), "customer",
				  local_text(column_text(st, 2)), "site",
				  local_text(column_text(st, 3)), "host",
				  local_text(column_text(st, 4)), "title",
				  local_text(column_text(st, 5)), "title_ja",
				  local_text(column_text(st, 6)), "text",
				  local_text(column_text(st, 7)), "text_ja",
				  local_text(column_text(st, 8)), "opened",
				  (json_int_t)column_int64(st, 9), "acknowledged",
				  (json_int_t)column_int64(st, 10), "by",
				  local_text(column_text(st, 11)), "messages", messages_of(s, id)));
	}
	db_end(st);
	return list;
}

/* --- recipients --- */

/* "22:00-07:00" */
static bool read_quiet(const char *text, struct recipient *ret)
{
	unsigned h1, m1, h2, m2;
	int end = 0;

	if (!text || !text[0])
		return true;
	if (sscanf(text, "%2u:%2u-%2u:%2u%n", &h1, &m1, &h2, &m2, &end) != 4 || text[end] ||
	    h1 > 23 || h2 > 23 || m1 > 59 || m2 > 59)
		return false;
	ret->quiet_from = h1 * 60 + m1;
	ret->quiet_to = h2 * 60 + m2;
	return true;
}

/* No space, no line end, nothing that could end a header or an address. */
bool recipient_is_address(enum recipient_kind kind, const char *text)
{
	size_t len = strlen(text);

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("<>\"'\\,;", *c))
			return false;
	}
	if (len == 0 || len > 250)
		return false;
	if (kind == RECIPIENT_MAIL)
		return strchr(text, '@') && text[0] != '@' && text[len - 1] != '@' &&
		       text[0] != '-';
	if (kind == RECIPIENT_SYSLOG)
		return strncmp(text, "tls://", 6) == 0 || strncmp(text, "tcp://", 6) == 0;
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

int recipient_read(const json_t *from, struct recipient *ret, struct errmsg *err)
{
	const char *kind = json_string_value(json_object_get(from, "kind"));
	const char *address = json_string_value(json_object_get(from, "address"));
	const char *customer = json_string_value(json_object_get(from, "customer"));
	const char *language = json_string_value(json_object_get(from, "language"));
	const json_t *tier = json_object_get(from, "tier");
	size_t k = 0;

	memset(ret, 0, sizeof(*ret));
	while (k < ARRAY_SIZE(recipient_kinds) && kind && strcmp(recipient_kinds[k], kind) != 0)
		k++;
	if (!kind || k == ARRAY_SIZE(recipient_kinds))
		return errmsg_set(err, ERR_INVALID, "\"kind\" is mail, syslog or webhook");
	ret->kind = (enum recipient_kind)k;
	if (!address || !recipient_is_address(ret->kind, address))
		return errmsg_set(
			err, ERR_INVALID,
			"\"%.100s\" is no address for %s; write name@host, tls://HOST:6514 "
			"or https://HOST/PATH",
			address ? address : "", kind);
	keep(ret->address, sizeof(ret->address), address);
	keep(ret->customer, sizeof(ret->customer), customer);
	ret->language = language && strcmp(language, "en") == 0 ? REPORT_ENGLISH : REPORT_JAPANESE;
	ret->tier = tier ? (unsigned)json_integer_value(tier) : 1;
	if (ret->tier < 1 || ret->tier > 9)
		return errmsg_set(err, ERR_INVALID, "\"tier\" is 1 (at once) to 9");
	if (!read_quiet(json_string_value(json_object_get(from, "quiet")), ret))
		return errmsg_set(err, ERR_INVALID,
				  "\"quiet\" is written as 22:00-07:00, local time");
	return ERR_OK;
}

/* A number that was somebody's is nobody else's later: messages are kept by it. */
int recipient_put(struct store *s, const struct recipient *r, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO recipients(id, customer, kind, address, language, tier, quiet_from, "
		"quiet_to) VALUES((SELECT coalesce(max(x.n),0)+1 FROM (SELECT max(id) AS n FROM "
		"recipients UNION ALL SELECT max(recipient) AS n FROM deliveries) x),"
		"?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(customer, kind, address) DO "
		"UPDATE SET language=?4, tier=?5, quiet_from=?6, quiet_to=?7",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, r->customer);
	bind_text(st, 2, recipient_kinds[r->kind]);
	bind_text(st, 3, r->address);
	bind_text(st, 4, r->language == REPORT_JAPANESE ? "ja" : "en");
	bind_number(st, 5, r->tier);
	bind_number(st, 6, r->quiet_from);
	bind_number(st, 7, r->quiet_to);
	return store_done(s, st, err);
}

int recipient_remove(struct store *s, int64_t id, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, "DELETE FROM recipients WHERE id=?1", err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, (uint64_t)id);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s)
		       ? ERR_OK
		       : errmsg_set(err, ERR_NOTFOUND, "there is no recipient %lld", (long long)id);
}

#define RECIPIENT                                                                                  \
	"r.id, r.customer, r.kind, r.address, r.language, r.tier, r.quiet_from, r.quiet_to"

static struct recipient read_recipient(struct db_stmt *st)
{
	struct recipient r = {
		.id = column_int64(st, 0),
		.language =
			strcmp(column_text(st, 4), "ja") == 0 ? REPORT_JAPANESE : REPORT_ENGLISH,
		.tier = (unsigned)column_int(st, 5),
		.quiet_from = (unsigned)column_int(st, 6),
		.quiet_to = (unsigned)column_int(st, 7),
	};

	keep(r.customer, sizeof(r.customer), column_text(st, 1));
	keep(r.address, sizeof(r.address), column_text(st, 3));
	for (size_t i = 0; i < ARRAY_SIZE(recipient_kinds); i++) {
		if (strcmp(recipient_kinds[i], column_text(st, 2)) == 0)
			r.kind = (enum recipient_kind)i;
	}
	return r;
}

json_t *recipient_list(struct store *s, const char *customer)
{
	struct db_stmt *st = store_prepare(s,
					   "SELECT " RECIPIENT " FROM recipients r WHERE ?1='' OR "
					   "customer=?1 ORDER BY customer, tier, address",
					   NULL);
	json_t *list = json_array();

	if (!st)
		return list;
	bind_text(st, 1, customer);
	while (db_step(st)) {
		struct recipient r = read_recipient(st);

		json_array_append_new(
			list,
			json_pack("{sI ss ss ss ss si si si}", "id", (json_int_t)r.id, "customer",
				  r.customer, "kind", recipient_kinds[r.kind], "address", r.address,
				  "language", r.language == REPORT_JAPANESE ? "ja" : "en", "tier",
				  (int)r.tier, "quiet_from", (int)r.quiet_from, "quiet_to",
				  (int)r.quiet_to));
	}
	db_end(st);
	return list;
}

/* --- what is due --- */

/* One wave of one emergency, to every recipient whose tier has been reached. A message to a
 * recipient in his quiet hours is due when they end, unless they are all quiet. */
struct wave {
	int64_t emergency;
	char customer[64];
	unsigned number, tier;
	uint64_t due;
};

static bool is_quiet(const struct emergency_rules *rules, const struct recipient *r, uint64_t at)
{
	struct tm tm;
	unsigned minute;

	if (r->quiet_from == r->quiet_to)
		return false;
	zone_local(&rules->zone, at, &tm);
	minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
	if (r->quiet_from < r->quiet_to)
		return minute >= r->quiet_from && minute < r->quiet_to;
	return minute >= r->quiet_from || minute < r->quiet_to;
}

/* Minute by minute, so that days with a time change are right. */
static uint64_t quiet_end(const struct emergency_rules *rules, const struct recipient *r,
			  uint64_t at)
{
	for (unsigned i = 0; i < 25 * 60 && is_quiet(rules, r, at); i++)
		at += NS_PER_MIN - at % NS_PER_MIN;
	return at;
}

static int lay_down(struct store *s, const struct wave *w, const struct recipient *r, uint64_t due,
		    struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "INSERT OR IGNORE INTO deliveries(emergency, recipient, wave, "
			   "due, tries, sent, flying, error) VALUES(?1,?2,?3,?4,0,0,0,'')",
			   err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, (uint64_t)w->emergency);
	bind_number(st, 2, (uint64_t)r->id);
	bind_number(st, 3, w->number);
	bind_number(st, 4, due);
	return store_done(s, st, err);
}

enum { RECIPIENTS_MOST = 64 };

static int plan_wave(struct store *s, const struct emergency_rules *rules, const struct wave *w,
		     struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "SELECT " RECIPIENT " FROM recipients r WHERE r.tier <= ?1 AND "
			   "(r.customer = ?2 OR (r.customer = '' AND ?2 <> '(self-test)')) ORDER "
			   "BY r.tier, r.id LIMIT 64",
			   err);
	struct recipient to[RECIPIENTS_MOST];
	unsigned n = 0, awake = 0;
	int rc = ERR_OK;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, w->tier);
	bind_text(st, 2, w->customer);
	while (n < RECIPIENTS_MOST && db_step(st)) {
		to[n] = read_recipient(st);
		awake += !is_quiet(rules, &to[n++], w->due);
	}
	store_done(s, st, NULL);
	for (unsigned i = 0; i < n && rc == ERR_OK; i++)
		rc = lay_down(s, w, &to[i], awake ? quiet_end(rules, &to[i], w->due) : w->due, err);
	return rc;
}

enum { PLAN_MOST = 256 }; /* emergencies at once; the next call goes on */

static int open_waves(struct store *s, const struct emergency_rules *rules, uint64_t now,
		      struct wave ret[PLAN_MOST], unsigned *n, struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "SELECT id, customer, opened, planned FROM emergencies WHERE "
			   "acknowledged=0 AND next <= ?1 ORDER BY next LIMIT 256",
			   err);

	*n = 0;
	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	while (*n < PLAN_MOST && db_step(st)) {
		struct wave *w = &ret[(*n)++];
		uint64_t opened = (uint64_t)column_int64(st, 2);
		uint64_t age = now > opened ? now - opened : 0;

		/* Waves that were missed are not made up for: the latest counts. */
		w->emergency = column_int64(st, 0);
		keep(w->customer, sizeof(w->customer), column_text(st, 1));
		w->number = (unsigned)(age / rules->repeat < rules->waves ? age / rules->repeat
									  : rules->waves);
		w->tier = 1 + (unsigned)(age / rules->escalate);
		w->due = now;
	}
	return store_done(s, st, err);
}

/* When there is something to do about it again. */
static int note_planned(struct store *s, const struct emergency_rules *rules, const struct wave *w,
			struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "UPDATE emergencies SET planned=?2, next=CASE WHEN ?2 >= ?3 "
			   "THEN 9223372036854775807 ELSE opened + (?2 + 1) * ?4 END "
			   "WHERE id=?1",
			   err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, (uint64_t)w->emergency);
	bind_number(st, 2, w->number);
	bind_number(st, 3, rules->waves);
	bind_number(st, 4, rules->repeat);
	return store_done(s, st, err);
}

int emergency_plan(struct store *s, const struct emergency_rules *rules, uint64_t now,
		   struct errmsg *err)
{
	struct wave waves[PLAN_MOST];
	unsigned n;
	int rc = open_waves(s, rules, now, waves, &n, err);

	if (rc != ERR_OK || n == 0 || rules->is_off)
		return rc;
	rc = store_begin(s, err);
	for (unsigned i = 0; i < n && rc == ERR_OK; i++) {
		rc = plan_wave(s, rules, &waves[i], err);
		rc = rc == ERR_OK ? note_planned(s, rules, &waves[i], err) : rc;
	}
	if (rc == ERR_OK)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

/* --- the next message --- */

/* Who has something due and nothing under way, and how many he had lately. */
static int next_recipient(struct store *s, const struct emergency_rules *rules, uint64_t now,
			  struct recipient *ret, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT " RECIPIENT " FROM recipients r WHERE EXISTS "
		"(SELECT 1 FROM deliveries d WHERE d.recipient = r.id AND d.sent = 0 AND d.due <= "
		"?1) AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.recipient = r.id AND "
		"d.flying = 1) AND (SELECT count(DISTINCT x.sent) FROM deliveries x WHERE "
		"x.recipient = r.id AND x.sent > ?2) < ?3 ORDER BY r.tier, r.id LIMIT 1",
		err);
	int found = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	bind_number(st, 2, now > rules->brake_time ? now - rules->brake_time : 0);
	bind_number(st, 3, rules->brake_most);
	if (db_step(st)) {
		*ret = read_recipient(st);
		found = 1;
	}
	return store_done(s, st, err) == ERR_OK ? found : ERR_IO;
}

static void read_emergency(struct db_stmt *st, struct emergency *e)
{
	memset(e, 0, sizeof(*e));
	e->id = column_int64(st, 2);
	keep(e->key, sizeof(e->key), column_text(st, 3));
	for (size_t i = 0; i < EMERGENCY_KINDS; i++) {
		if (strcmp(emergency_kind_words[i], column_text(st, 4)) == 0)
			e->kind = (enum emergency_kind)i;
	}
	keep(e->customer, sizeof(e->customer), column_text(st, 5));
	keep(e->site, sizeof(e->site), column_text(st, 6));
	keep(e->host, sizeof(e->host), column_text(st, 7));
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		keep(e->title[l], sizeof(e->title[l]), column_text(st, 8 + l));
		keep(e->text[l], sizeof(e->text[l]), column_text(st, 10 + l));
	}
	e->opened = (uint64_t)column_int64(st, 12);
}

/* What waits for the recipient; what was acknowledged meanwhile does not go any more. */
static int gather(struct store *s, uint64_t now, struct emergency_message *m, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT d.id, d.wave, e.id, e.key, e.kind, e.customer, e.site, e.host, e.title_en, "
		"e.title_ja, e.text_en, e.text_ja, e.opened FROM deliveries d JOIN emergencies e "
		"ON "
		"e.id = d.emergency WHERE d.recipient = ?1 AND d.sent = 0 AND d.due <= ?2 ORDER BY "
		"d.wave > 0, e.opened, d.id",
		err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, (uint64_t)m->to.id);
	bind_number(st, 2, now);
	while (db_step(st)) {
		if (m->n == MESSAGE_MOST) {
			m->more++;
			continue;
		}
		m->delivery = m->n ? m->delivery : column_int64(st, 0);
		m->is_repeat = m->is_repeat || column_int(st, 1) > 0;
		read_emergency(st, &m->about[m->n++]);
	}
	return store_done(s, st, err);
}

static int forget_acknowledged(struct store *s, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "DELETE FROM deliveries WHERE sent = 0 AND due <= ?1 AND "
			   "emergency IN (SELECT id FROM emergencies WHERE acknowledged "
			   "> 0)",
			   err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, now);
	return store_done(s, st, err);
}

/* All that waits for the recipient, also what the message only counts. */
static int mark(struct store *s, uint64_t now, const struct emergency_message *m,
		struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "UPDATE deliveries SET flying=1 WHERE recipient=?1 AND sent=0 "
			   "AND due<=?2",
			   err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, (uint64_t)m->to.id);
	bind_number(st, 2, now);
	return store_done(s, st, err);
}

int emergency_next(struct store *s, const struct emergency_rules *rules, uint64_t now,
		   struct emergency_message *ret, struct errmsg *err)
{
	int rc, found;

	memset(ret, 0, sizeof(*ret));
	if (rules->is_off)
		return 0;
	rc = forget_acknowledged(s, now, err);
	found = rc == ERR_OK ? next_recipient(s, rules, now, &ret->to, err) : rc;
	if (found <= 0)
		return found;
	rc = store_begin(s, err);
	rc = rc == ERR_OK ? gather(s, now, ret, err) : rc;
	rc = rc == ERR_OK ? mark(s, now, ret, err) : rc;
	rc = rc == ERR_OK ? store_commit(s, err) : rc;
	if (rc != ERR_OK)
		store_rollback(s);
	return rc == ERR_OK ? ret->n > 0 : rc;
}

/* One message a recipient is under way, so what flies is what it was about. Tried again after 5 s,
 * 10, 20, ... 5 min. */
int emergency_sent(struct store *s, const struct emergency_message *m, const char *error,
		   uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"UPDATE deliveries SET flying=0, tries=tries+1, error=?2, sent=CASE WHEN ?2 = '' "
		"THEN ?3 ELSE 0 END, due=CASE WHEN ?2 = '' THEN due ELSE ?3 + CASE tries WHEN 0 "
		"THEN 5000000000 WHEN 1 THEN 10000000000 WHEN 2 THEN 20000000000 WHEN 3 THEN "
		"40000000000 WHEN 4 THEN 80000000000 WHEN 5 THEN 160000000000 ELSE 300000000000 "
		"END END WHERE recipient=?1 AND flying=1",
		err);

	if (!st)
		return ERR_IO;
	bind_number(st, 1, (uint64_t)m->to.id);
	bind_text(st, 2, error ? error : "");
	bind_number(st, 3, now);
	return store_done(s, st, err);
}

int emergency_recover(struct store *s, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, "UPDATE deliveries SET flying=0 WHERE flying=1", err);

	return st ? store_done(s, st, err) : ERR_IO;
}
