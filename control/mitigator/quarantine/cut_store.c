#include "control/mitigator/quarantine/cut_store.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/slice.h"

enum kind { TEXT, U64, U32, BOOL, STATE, MAC, IPS, LADDER, METHOD, NUMBERS };

/* One column each; a new member of struct cut that must survive is one line here. */
struct field {
	const char *name;
	enum kind kind;
	size_t offset, size;
};

#define FIELD(kind, member)                                                                        \
	{                                                                                          \
#member, kind, offsetof(struct cut, member), sizeof(((struct cut *)0)->member)     \
	}
#define NAMED(column, kind, member)                                                                \
	{                                                                                          \
		column, kind, offsetof(struct cut, member), sizeof(((struct cut *)0)->member)      \
	}

static const struct field fields[] = {
	FIELD(U64, id),
	FIELD(STATE, state),
	FIELD(TEXT, host_id),
	NAMED("mac", MAC, target.mac),
	NAMED("ips", IPS, target),
	NAMED("vlan", U32, target.vlan),
	NAMED("switch_name", TEXT, target.switch_name),
	NAMED("switch_port", TEXT, target.switch_port),
	FIELD(BOOL, whole_port),
	FIELD(U32, causes),
	NAMED("end_threat", U64, ends[CAUSE_THREAT]),
	NAMED("end_policy", U64, ends[CAUSE_POLICY]),
	NAMED("end_block", U64, ends[CAUSE_BLOCK]),
	NAMED("end_manual", U64, ends[CAUSE_MANUAL]),
	NAMED("end_vendor", U64, ends[CAUSE_VENDOR]),
	NAMED("end_program", U64, ends[CAUSE_PROGRAM]),
	FIELD(U64, review),
	FIELD(U32, held_for),
	FIELD(BOOL, approved),
	FIELD(BOOL, counted),
	FIELD(U64, fused),
	FIELD(TEXT, threat_id),
	FIELD(TEXT, threat_name),
	FIELD(TEXT, alert_id),
	FIELD(TEXT, incident_id),
	FIELD(TEXT, category),
	FIELD(TEXT, url),
	FIELD(TEXT, mode),
	FIELD(TEXT, scope),
	FIELD(TEXT, first_yes),
	FIELD(TEXT, actor),
	FIELD(TEXT, reason),
	FIELD(TEXT, note),
	FIELD(U32, severity),
	FIELD(U32, number),
	FIELD(METHOD, method),
	NAMED("ladder", LADDER, ladder),
	NAMED("ordered", NUMBERS, numbers),
	FIELD(U64, opened),
	FIELD(U64, changed),
	FIELD(U64, detected),
	FIELD(U64, reported),
	FIELD(U64, sent),
	FIELD(U64, acked),
	FIELD(U64, verified),
	FIELD(U64, closed),
	FIELD(U64, drops),
};

enum { SQL_MAX = 4096, LIST_TEXT = 1024 };

struct cut_store {
	sqlite3 *db;
	const struct cut_method *methods;
	unsigned methods_n;
	sqlite3_stmt *save, *note;
};

static int db_error(const struct cut_store *s, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "the database of cuts: %s", sqlite3_errmsg(s->db));
}

/* "a, b, c" with what `each` gives in place of the name when it is set. */
static void columns(char *sql, size_t cap, const char *mark)
{
	size_t len = strlen(sql);

	for (size_t i = 0; i < ARRAY_SIZE(fields) && len < cap; i++)
		len += (size_t)snprintf(sql + len, cap - len, "%s%s", i ? "," : "",
					mark ? mark : fields[i].name);
}

static int create(struct cut_store *s, struct errmsg *e)
{
	char sql[SQL_MAX] = "CREATE TABLE IF NOT EXISTS cut(";
	size_t len = strlen(sql);

	columns(sql, sizeof(sql), NULL);
	len = strlen(sql);
	snprintf(sql + len, sizeof(sql) - len,
		 ", PRIMARY KEY(id)) WITHOUT ROWID;"
		 "CREATE INDEX IF NOT EXISTS cut_host ON cut(host_id, opened);"
		 "CREATE INDEX IF NOT EXISTS cut_opened ON cut(opened);"
		 "CREATE TABLE IF NOT EXISTS cut_change(cut INTEGER, n INTEGER, time INTEGER,"
		 " came TEXT, went TEXT, event TEXT, actor TEXT, reason TEXT, method TEXT,"
		 " PRIMARY KEY(cut, n)) WITHOUT ROWID;"
		 "CREATE TABLE IF NOT EXISTS cut_next(id INTEGER);"
		 "INSERT INTO cut_next SELECT 1 WHERE NOT EXISTS(SELECT * FROM cut_next);");
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(s, e);
}

/* A column that an older release's table lacks. */
static void add_missing(struct cut_store *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		char sql[160];

		snprintf(sql, sizeof(sql), "SELECT %s FROM cut LIMIT 0", fields[i].name);
		if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
			continue;
		snprintf(sql, sizeof(sql), "ALTER TABLE cut ADD COLUMN %s", fields[i].name);
		sqlite3_exec(s->db, sql, NULL, NULL, NULL);
	}
}

static int prepare(struct cut_store *s, struct errmsg *e)
{
	char sql[SQL_MAX] = "INSERT OR REPLACE INTO cut(";
	static const char note[] =
		"INSERT INTO cut_change VALUES(?1, (SELECT 1+coalesce(max(n),0) FROM cut_change"
		" WHERE cut=?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

	columns(sql, sizeof(sql), NULL);
	strncat(sql, ") VALUES(", sizeof(sql) - strlen(sql) - 1);
	columns(sql, sizeof(sql), "?");
	strncat(sql, ")", sizeof(sql) - strlen(sql) - 1);
	if (sqlite3_prepare_v2(s->db, sql, -1, &s->save, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, note, -1, &s->note, NULL) != SQLITE_OK)
		return db_error(s, e);
	return 0;
}

struct cut_store *cut_store_new(sqlite3 *db, const struct cut_method *methods, unsigned methods_n,
				struct errmsg *e)
{
	struct cut_store *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	s->db = db;
	s->methods = methods;
	s->methods_n = methods_n;
	if (create(s, e) == 0) {
		add_missing(s);
		if (prepare(s, e) == 0)
			return s;
	}
	cut_store_free(s);
	return NULL;
}

void cut_store_free(struct cut_store *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->save);
	sqlite3_finalize(s->note);
	free(s);
}

int cut_store_next(struct cut_store *s, uint64_t *ret, struct errmsg *e)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(s->db, "UPDATE cut_next SET id=id+1 RETURNING id-1", -1, &st,
			       NULL) != SQLITE_OK)
		return db_error(s, e);
	*ret = sqlite3_step(st) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return *ret ? 0 : db_error(s, e);
}

int cut_store_skip(struct cut_store *s, uint64_t id, struct errmsg *e)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "UPDATE cut_next SET id=max(id, %llu)",
		 (unsigned long long)id + 1);
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(s, e);
}

/* ---- one member to and from its column ---- */

static const char *method_name(const struct cut_store *s, unsigned i)
{
	return i < s->methods_n ? s->methods[i].name : "";
}

static int method_index(const struct cut_store *s, const char *name, size_t len)
{
	for (unsigned i = 0; i < s->methods_n; i++) {
		if (strlen(s->methods[i].name) == len && memcmp(s->methods[i].name, name, len) == 0)
			return (int)i;
	}
	return -1; /* no longer configured */
}

static void append(char *text, const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, LIST_TEXT - len, "%s%s", len ? " " : "", word);
}

static void list_text(const struct cut_store *s, const struct cut *c, enum kind kind, char *ret)
{
	char word[IP_ADDR_TEXT + 32];

	ret[0] = 0;
	for (unsigned i = 0; kind == IPS && i < c->target.ips_n; i++)
		append(ret, ip_addr_text(&c->target.ips[i], word, false));
	for (unsigned i = 0; kind == LADDER && i < c->ladder_n; i++)
		append(ret, method_name(s, c->ladder[i]));
	for (unsigned i = 0; kind == NUMBERS && i < s->methods_n; i++) {
		if (!(c->ordered & 1u << i))
			continue;
		snprintf(word, sizeof(word), "%s=%u", method_name(s, i), c->numbers[i]);
		append(ret, word);
	}
}

static void bind(const struct cut_store *s, sqlite3_stmt *st, int n, const struct field *f,
		 const struct cut *c)
{
	const void *at = (const char *)c + f->offset;
	char text[LIST_TEXT];

	switch (f->kind) {
	case U64:
		sqlite3_bind_int64(st, n, (sqlite3_int64) * (const uint64_t *)at);
		break;
	case U32:
		sqlite3_bind_int64(st, n, *(const uint32_t *)at);
		break;
	case BOOL:
		sqlite3_bind_int(st, n, *(const bool *)at);
		break;
	case TEXT:
		sqlite3_bind_text(st, n, at, -1, SQLITE_STATIC);
		break;
	case STATE:
		sqlite3_bind_text(st, n, cut_state_text(*(const enum cut_state *)at), -1,
				  SQLITE_STATIC);
		break;
	case MAC:
		mac_addr_text(at, text);
		sqlite3_bind_text(st, n, text, -1, SQLITE_TRANSIENT);
		break;
	case METHOD:
		sqlite3_bind_text(st, n, method_name(s, *(const uint8_t *)at), -1, SQLITE_STATIC);
		break;
	case IPS:
	case LADDER:
	case NUMBERS:
		list_text(s, c, f->kind, text);
		sqlite3_bind_text(st, n, text, -1, SQLITE_TRANSIENT);
		break;
	}
}

static void read_word(const struct cut_store *s, enum kind kind, const char *word, size_t len,
		      struct cut *c)
{
	const char *equals = memchr(word, '=', len);
	size_t name = equals ? (size_t)(equals - word) : len;
	char text[IP_ADDR_TEXT] = "";
	struct ip_addr ip;
	int m;

	if (kind == IPS) {
		if (len < sizeof(text))
			memcpy(text, word, len);
		if (ip_addr_parse(text, &ip) == 0)
			target_add_ip(&c->target, &ip);
		return;
	}
	m = method_index(s, word, name);
	if (m >= 0 && kind == LADDER && c->ladder_n < CUT_METHODS) {
		c->ladder[c->ladder_n++] = (uint8_t)m;
	} else if (m >= 0 && kind == NUMBERS && equals) {
		c->ordered |= 1u << m;
		c->numbers[m] = (uint32_t)strtoul(equals + 1, NULL, 10);
	}
}

static void read_list(const struct cut_store *s, enum kind kind, const char *text, struct cut *c)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		read_word(s, kind, text, len, c);
		text += len + strspn(text + len, " ");
	}
}

static void read_column(const struct cut_store *s, sqlite3_stmt *st, int n, const struct field *f,
			struct cut *c)
{
	const char *text = (const char *)sqlite3_column_text(st, n);
	void *at = (char *)c + f->offset;
	int m;

	text = text ? text : "";
	switch (f->kind) {
	case U64:
		*(uint64_t *)at = (uint64_t)sqlite3_column_int64(st, n);
		break;
	case U32:
		*(uint32_t *)at = (uint32_t)sqlite3_column_int64(st, n);
		break;
	case BOOL:
		*(bool *)at = sqlite3_column_int(st, n) != 0;
		break;
	case TEXT:
		snprintf(at, f->size, "%s", text);
		break;
	case STATE:
		if (cut_state_parse(text, at) < 0)
			*(enum cut_state *)at = CUT_FAILED;
		break;
	case MAC:
		mac_addr_parse(text, at);
		break;
	case METHOD:
		m = method_index(s, text, strlen(text));
		*(uint8_t *)at = m < 0 ? 0 : (uint8_t)m;
		break;
	case IPS:
	case LADDER:
	case NUMBERS:
		read_list(s, f->kind, text, c);
		break;
	}
}

/* ---- whole cuts ---- */

static int finish(struct cut_store *s, sqlite3_stmt *st, struct errmsg *e)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? 0 : db_error(s, e);
}

int cut_store_save(struct cut_store *s, const struct cut *c, struct errmsg *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		bind(s, s->save, (int)i + 1, &fields[i], c);
	return finish(s, s->save, e);
}

int cut_store_note(struct cut_store *s, uint64_t cut, const struct cut_change *ch, struct errmsg *e)
{
	const char *const texts[] = {cut_state_text(ch->from),
				     cut_state_text(ch->to),
				     cut_event_text(ch->event),
				     ch->actor,
				     ch->reason,
				     ch->method};

	sqlite3_bind_int64(s->note, 1, (sqlite3_int64)cut);
	sqlite3_bind_int64(s->note, 2, (sqlite3_int64)ch->time);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		sqlite3_bind_text(s->note, (int)i + 3, texts[i], -1, SQLITE_STATIC);
	return finish(s, s->note, e);
}

static void read_row(const struct cut_store *s, sqlite3_stmt *st, struct cut *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		read_column(s, st, (int)i, &fields[i], ret);
}

int cut_store_each(struct cut_store *s, bool open_only, unsigned limit,
		   bool (*fn)(void *ctx, const struct cut *c), void *ctx, struct errmsg *e)
{
	char sql[SQL_MAX] = "SELECT ";
	struct cut *c = malloc(sizeof(*c));
	sqlite3_stmt *st;
	size_t len;

	columns(sql, sizeof(sql), NULL);
	len = strlen(sql);
	snprintf(sql + len, sizeof(sql) - len, " FROM cut%s ORDER BY id DESC LIMIT %u",
		 open_only ? " WHERE state NOT IN ('released','expired','exception',"
			     "'outside-policy','refused')"
			   : "",
		 limit);
	if (!c || sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK) {
		free(c);
		return db_error(s, e);
	}
	while (sqlite3_step(st) == SQLITE_ROW) {
		read_row(s, st, c);
		if (!fn(ctx, c))
			break;
	}
	free(c);
	sqlite3_finalize(st);
	return 0;
}

int cut_store_find(struct cut_store *s, uint64_t id, struct cut *ret, struct errmsg *e)
{
	char sql[SQL_MAX] = "SELECT ";
	sqlite3_stmt *st;
	int rc;

	columns(sql, sizeof(sql), NULL);
	strncat(sql, " FROM cut WHERE id=?", sizeof(sql) - strlen(sql) - 1);
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return db_error(s, e);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
	rc = sqlite3_step(st) == SQLITE_ROW ? 0 : ERR_NOTFOUND;
	if (rc == 0)
		read_row(s, st, ret);
	else
		errmsg_set(e, rc, "there is no cut %llu", (unsigned long long)id);
	sqlite3_finalize(st);
	return rc;
}

static enum cut_event event_parse(const char *word)
{
	for (enum cut_event ev = 0; ev < CUT_EVENT_COUNT; ev++) {
		if (strcmp(cut_event_text(ev), word) == 0)
			return ev;
	}
	return CUT_EVENT_COUNT;
}

int cut_store_history(struct cut_store *s, uint64_t cut,
		      bool (*fn)(void *ctx, const struct cut_change *ch), void *ctx,
		      struct errmsg *e)
{
	sqlite3_stmt *st;
	bool more = true;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT time, came, went, event, actor, reason, method FROM "
			       "cut_change WHERE cut=? ORDER BY n",
			       -1, &st, NULL) != SQLITE_OK)
		return db_error(s, e);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)cut);
	while (more && sqlite3_step(st) == SQLITE_ROW) {
		struct cut_change ch = {.time = (uint64_t)sqlite3_column_int64(st, 0)};

		cut_state_parse((const char *)sqlite3_column_text(st, 1), &ch.from);
		cut_state_parse((const char *)sqlite3_column_text(st, 2), &ch.to);
		ch.event = event_parse((const char *)sqlite3_column_text(st, 3));
		ch.actor = (const char *)sqlite3_column_text(st, 4);
		ch.reason = (const char *)sqlite3_column_text(st, 5);
		ch.method = (const char *)sqlite3_column_text(st, 6);
		more = fn(ctx, &ch);
	}
	sqlite3_finalize(st);
	return 0;
}

int cut_store_counted(struct cut_store *s, uint64_t since,
		      void (*fn)(void *ctx, const char *host_id, uint64_t fused), void *ctx,
		      struct errmsg *e)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT host_id, CASE WHEN fused>0 THEN fused ELSE opened END AS "
			       "since FROM cut WHERE (counted=1 OR fused>0) AND since>=?",
			       -1, &st, NULL) != SQLITE_OK)
		return db_error(s, e);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)since);
	while (sqlite3_step(st) == SQLITE_ROW)
		fn(ctx, (const char *)sqlite3_column_text(st, 0),
		   (uint64_t)sqlite3_column_int64(st, 1));
	sqlite3_finalize(st);
	return 0;
}

int cut_store_clock(struct cut_store *s, int64_t delta, struct errmsg *e)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "UPDATE cut SET fused=max(1, fused+%lld) WHERE fused>0",
		 (long long)delta);
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(s, e);
}

unsigned cut_store_repeats(struct cut_store *s, const char *host_id, uint64_t since)
{
	sqlite3_stmt *st;
	unsigned n = 0;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT count(*) FROM cut WHERE host_id=? AND opened>=? AND "
			       "sent>0",
			       -1, &st, NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_text(st, 1, host_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)since);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = (unsigned)sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return n;
}
