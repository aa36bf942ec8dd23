/* PostgreSQL behind db.h. The connection finds the server that may be written, of those that
 * `where` names, and comes back by itself after it broke: what was under way fails, with a
 * sentence. A statement ends after STATEMENT_S in the server, and the wait for it a little later
 * here, so that a server that is gone never holds the thread up for long. A COMMIT has no end in
 * the server: cut short it would stand there without its copy on a standby. */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/centre/store/db.h"
#include "control/centre/store/dialect.h"
#include "control/wire/utf8.h"

enum {
	STATEMENT_S = 20,
	WAIT_S = STATEMENT_S + 5,
	CONNECT_S = 2,
	PAUSE_S = 2, /* between two tries to connect */
	PARAMETERS = 64,
	/* catalogue numbers of types */
	TYPE_BOOL = 16,
	TYPE_BYTES = 17,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_FLOAT8 = 701,
	TYPE_NUMERIC = 1700,
};

struct postgres_db {
	struct db db;
	PGconn *conn;
	char *where;
	unsigned generation; /* counts connections: statements are prepared anew */
	unsigned names;
	int64_t tried;		   /* s, monotonic */
	bool in_transaction, lost; /* lost: in the middle of one */
	void (*greet)(void *ctx, struct db *db);
	void *greet_ctx;
	char sentence[400];
};

struct parameter {
	char *value;
	int len;
	Oid type;
	int format;
};

struct postgres_stmt {
	struct db_stmt st;
	char *sql, *turned;
	char name[16];
	bool kept;
	unsigned generation; /* of the connection that it is prepared on; 0: none */
	Oid types[PARAMETERS];
	struct parameter values[PARAMETERS];
	int n;
	bool ran;
	PGresult *result;
	int row;
	uint8_t *bytes; /* of the last column_bytes */
};

static struct postgres_db *of(struct db *db)
{
	return (struct postgres_db *)db;
}

static struct postgres_stmt *stmt_of(struct db_stmt *st)
{
	return (struct postgres_stmt *)st;
}

static int64_t monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void say(struct postgres_db *p, const char *text)
{
	snprintf(p->sentence, sizeof(p->sentence), "the state database: %s", text);
	p->sentence[strcspn(p->sentence, "\n")] = 0;
}

static int error(struct db *db, const char *what, struct errmsg *err)
{
	return errmsg_set(err, ERR_IO, "%s: %s", what, of(db)->sentence);
}

/* --- the connection --- */

static void drop(struct postgres_db *p)
{
	PQfinish(p->conn);
	p->conn = NULL;
	p->lost = p->in_transaction;
}

static void ignore_notice(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r;
}

static int run(struct postgres_db *p, const char *sql);

static bool connect_now(struct postgres_db *p)
{
	char seconds[8], limit[64];
	const char *const keys[] = {"application_name",
				    "tcp_user_timeout",
				    "connect_timeout",
				    "dbname",
				    "client_encoding",
				    "target_session_attrs",
				    NULL};
	const char *const values[] = {"banken-centre", "8000",	     seconds, p->where,
				      "UTF8",	       "read-write", NULL};

	snprintf(seconds, sizeof(seconds), "%d", CONNECT_S);
	snprintf(limit, sizeof(limit), "SET statement_timeout='%ds'", STATEMENT_S);
	p->tried = monotonic_s();
	p->conn = PQconnectdbParams(keys, values, 1);
	if (!p->conn || PQstatus(p->conn) != CONNECTION_OK) {
		say(p, p->conn ? PQerrorMessage(p->conn) : "no memory");
		PQfinish(p->conn);
		p->conn = NULL;
		return false;
	}
	PQsetNoticeReceiver(p->conn, ignore_notice, NULL);
	PQsetnonblocking(p->conn, 0);
	p->generation++;
	if (run(p, limit) != ERR_OK)
		return false;
	if (p->greet)
		p->greet(p->greet_ctx, &p->db);
	return p->conn != NULL;
}

static bool ready(struct postgres_db *p)
{
	if (p->lost) /* until the rollback */
		return false;
	if (p->conn && PQstatus(p->conn) == CONNECTION_OK)
		return true;
	if (p->conn)
		drop(p);
	if (p->lost || (p->tried && monotonic_s() - p->tried < PAUSE_S && p->sentence[0]))
		return false;
	return connect_now(p);
}

/* The next result of what was sent; NULL behind the last, or with the connection dropped. */
static PGresult *next_result(struct postgres_db *p, int64_t until)
{
	struct pollfd fd = {PQsocket(p->conn), POLLIN, 0};

	while (PQisBusy(p->conn)) {
		int64_t left = until - monotonic_s();
		int n = left > 0 ? poll(&fd, 1, (int)(left * 1000)) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			say(p, "it did not answer in time");
			drop(p);
			return NULL;
		}
		if (!PQconsumeInput(p->conn)) {
			say(p, PQerrorMessage(p->conn));
			drop(p);
			return NULL;
		}
	}
	return PQgetResult(p->conn);
}

/* Shut down, started again, or no longer the one that may be written: another is looked for. */
static bool is_end(const char *state)
{
	return !state || strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 ||
	       strcmp(state, "25006") == 0;
}

/* The last result of what was sent; NULL with a sentence. */
static PGresult *finish(struct postgres_db *p, int sent)
{
	int64_t until = monotonic_s() + WAIT_S;
	PGresult *r, *last = NULL;

	if (!sent) {
		say(p, PQerrorMessage(p->conn));
		drop(p);
		return NULL;
	}
	while ((r = next_result(p, until))) {
		PQclear(last);
		last = r;
		if (PQresultStatus(r) == PGRES_COPY_IN)
			return last;
	}
	if (!p->conn) {
		PQclear(last);
		return NULL;
	}
	if (last &&
	    (PQresultStatus(last) == PGRES_COMMAND_OK || PQresultStatus(last) == PGRES_TUPLES_OK))
		return last;
	say(p, last ? PQresultErrorMessage(last) : PQerrorMessage(p->conn));
	if (!last || is_end(PQresultErrorField(last, PG_DIAG_SQLSTATE)) ||
	    PQstatus(p->conn) != CONNECTION_OK)
		drop(p);
	PQclear(last);
	return NULL;
}

static int64_t count_of(PGresult *r)
{
	return strtoll(PQcmdTuples(r), NULL, 10);
}

static int run(struct postgres_db *p, const char *sql)
{
	PGresult *r = finish(p, PQsendQuery(p->conn, sql));

	if (!r)
		return ERR_IO;
	p->db.changes = count_of(r);
	PQclear(r);
	return ERR_OK;
}

static void close_db(struct db *db)
{
	PQfinish(of(db)->conn);
	free(of(db)->where);
	free(db);
}

static int begin(struct postgres_db *p)
{
	int rc = ready(p) ? run(p, "BEGIN") : ERR_IO;

	/* A connection that broke while nothing was under way is found out here. */
	if (rc != ERR_OK && !p->conn && !p->lost && ready(p))
		rc = run(p, "BEGIN");
	p->in_transaction = rc == ERR_OK;
	return rc;
}

static int commit(struct postgres_db *p)
{
	int rc = ready(p) ? run(p, "SET LOCAL statement_timeout=0") : ERR_IO;

	rc = rc == ERR_OK ? run(p, "COMMIT") : rc;
	p->in_transaction = rc != ERR_OK;
	return rc;
}

static void rollback(struct postgres_db *p)
{
	if (p->conn && p->in_transaction)
		run(p, "ROLLBACK");
	p->in_transaction = p->lost = false;
}

static char *columns_but_key(void *ctx, const char *table)
{
	static const char sql[] =
		"SELECT coalesce(string_agg(format('%1$I=excluded.%1$I', attname), ','), '') FROM "
		"pg_attribute WHERE attrelid=$1::regclass AND attnum > 0 AND NOT attisdropped AND "
		"attnum <> ALL (SELECT unnest(conkey) FROM pg_constraint WHERE "
		"conrelid=$1::regclass AND contype='p')";
	struct postgres_db *p = ctx;
	PGresult *r;
	char *list;

	if (!p->conn)
		return NULL;
	r = finish(p, PQsendQueryParams(p->conn, sql, 1, NULL, &table, NULL, NULL, 0));
	list = r && PQntuples(r) == 1 ? strdup(PQgetvalue(r, 0, 0)) : NULL;
	PQclear(r);
	return list;
}

static int exec(struct db *db, const char *sql, struct errmsg *err)
{
	struct postgres_db *p = of(db);
	char *turned;
	int rc;

	if (strncmp(sql, "BEGIN", 5) == 0)
		rc = begin(p);
	else if (strcmp(sql, "COMMIT") == 0)
		rc = commit(p);
	else if (strcmp(sql, "ROLLBACK") == 0) {
		rollback(p);
		return ERR_OK;
	} else {
		turned = ready(p) ? dialect_postgres(sql, columns_but_key, p) : NULL;
		rc = turned ? run(p, turned) : ERR_IO;
		free(turned);
	}
	return rc == ERR_OK ? rc : error(db, "store", err);
}

/* --- statements --- */

static struct db_stmt *prepare(struct db *db, const char *sql, bool kept, struct errmsg *err)
{
	struct postgres_stmt *s = calloc(1, sizeof(*s));

	if (!s || !(s->sql = strdup(sql))) {
		free(s);
		errmsg_set(err, ERR_NOMEM, "store: no memory");
		return NULL;
	}
	s->st.db = db;
	s->kept = kept;
	return &s->st;
}

static void forget_values(struct postgres_stmt *s)
{
	for (int i = 0; i < s->n; i++)
		free(s->values[i].value);
	memset(s->values, 0, sizeof(s->values));
	s->n = 0;
}

static void reset(struct db_stmt *st)
{
	struct postgres_stmt *s = stmt_of(st);

	PQclear(s->result);
	PQfreemem(s->bytes);
	s->result = NULL;
	s->bytes = NULL;
	s->row = 0;
	s->ran = st->failed = false;
	forget_values(s);
}

static void free_stmt(struct db_stmt *st)
{
	struct postgres_stmt *s = stmt_of(st);
	struct postgres_db *p = of(st->db);
	char text[40];

	reset(st);
	if (s->kept && s->generation && s->generation == p->generation && p->conn &&
	    !p->in_transaction) {
		snprintf(text, sizeof(text), "DEALLOCATE %s", s->name);
		run(p, text);
	}
	free(s->sql);
	free(s->turned);
	free(s);
}

static bool types_differ(struct postgres_stmt *s)
{
	for (int i = 0; i < s->n; i++) {
		if (s->types[i] != s->values[i].type)
			return true;
	}
	return false;
}

/* Types are those of the values: then the server need not guess. */
static bool prepared(struct postgres_db *p, struct postgres_stmt *s)
{
	PGresult *r;

	if (s->generation == p->generation && !types_differ(s))
		return true;
	for (int i = 0; i < s->n; i++)
		s->types[i] = s->values[i].type;
	snprintf(s->name, sizeof(s->name), "b%u", ++p->names);
	r = finish(p, PQsendPrepare(p->conn, s->name, s->turned, s->n, s->types));
	s->generation = r ? p->generation : 0;
	PQclear(r);
	return s->generation != 0;
}

static PGresult *execute(struct postgres_db *p, struct postgres_stmt *s)
{
	const char *values[PARAMETERS];
	int lengths[PARAMETERS], formats[PARAMETERS];
	Oid types[PARAMETERS];

	for (int i = 0; i < s->n; i++) {
		/* A value that was not given: what the column's is, elsewhere text. */
		if (!s->values[i].type && strncmp(s->sql, "INSERT", 6) != 0)
			s->values[i].type = TYPE_TEXT;
		values[i] = s->values[i].value;
		lengths[i] = s->values[i].len;
		formats[i] = s->values[i].format;
		types[i] = s->values[i].type;
	}
	if (!s->turned)
		s->turned = dialect_postgres(s->sql, columns_but_key, p);
	if (!s->turned)
		return NULL;
	if (!s->kept)
		return finish(p, PQsendQueryParams(p->conn, s->turned, s->n, types, values, lengths,
						   formats, 0));
	if (!prepared(p, s))
		return NULL;
	return finish(p, PQsendQueryPrepared(p->conn, s->name, s->n, values, lengths, formats, 0));
}

static bool run_stmt(struct postgres_stmt *s)
{
	struct postgres_db *p = of(s->st.db);

	s->ran = true;
	if (ready(p))
		s->result = execute(p, s);
	/* Nothing was under way: a question may be asked again on a new connection. */
	if (!s->result && !p->conn && !p->lost && strncmp(s->sql, "SELECT", 6) == 0 && ready(p))
		s->result = execute(p, s);
	s->st.failed = !s->result;
	if (!s->result)
		return false;
	p->db.changes = PQresultStatus(s->result) == PGRES_COMMAND_OK || PQnfields(s->result) == 0
				? count_of(s->result)
				: PQntuples(s->result);
	return true;
}

static bool step(struct db_stmt *st)
{
	struct postgres_stmt *s = stmt_of(st);

	if (!s->ran) {
		if (!run_stmt(s))
			return false;
		s->row = -1;
	}
	if (!s->result || s->row >= PQntuples(s->result))
		return false;
	return ++s->row < PQntuples(s->result);
}

static struct parameter *place(struct db_stmt *st, int at, Oid type)
{
	struct postgres_stmt *s = stmt_of(st);
	struct parameter *v;

	if (at < 1 || at > PARAMETERS)
		abort(); /* our own mistake */
	if (s->n < at)
		s->n = at;
	v = &s->values[at - 1];
	free(v->value);
	*v = (struct parameter){.type = type};
	return v;
}

/* What is no UTF-8, or a zero byte, the server would refuse, and all that came with it. */
static void text_in(struct db_stmt *st, int at, struct slice text)
{
	struct parameter *v = place(st, at, TYPE_TEXT);

	v->value = malloc(3 * text.len + 1);
	if (!v->value)
		return;
	v->value[utf8_mend((const char *)text.data, text.len, v->value)] = 0;
}

static void int64_in(struct db_stmt *st, int at, int64_t value)
{
	struct parameter *v = place(st, at, TYPE_INT8);

	if (asprintf(&v->value, "%lld", (long long)value) < 0)
		v->value = NULL;
}

static void real_in(struct db_stmt *st, int at, double value)
{
	struct parameter *v = place(st, at, TYPE_FLOAT8);

	if (asprintf(&v->value, "%.17g", value) < 0)
		v->value = NULL;
}

/* Its type is what the server makes of it. */
static void null_in(struct db_stmt *st, int at)
{
	(void)place(st, at, 0);
}

static void bytes_in(struct db_stmt *st, int at, struct slice bytes)
{
	struct parameter *v = place(st, at, TYPE_BYTES);

	v->format = 1;
	v->value = malloc(bytes.len + 1);
	if (!v->value)
		return;
	if (bytes.len)
		memcpy(v->value, bytes.data, bytes.len);
	v->len = (int)bytes.len;
}

/* --- columns --- */

static int columns(struct db_stmt *st)
{
	return stmt_of(st)->result ? PQnfields(stmt_of(st)->result) : 0;
}

static const char *name(struct db_stmt *st, int at)
{
	return PQfname(stmt_of(st)->result, at);
}

static bool is_null(struct db_stmt *st, int at)
{
	return PQgetisnull(stmt_of(st)->result, stmt_of(st)->row, at);
}

static const char *text_out(struct db_stmt *st, int at)
{
	return PQgetvalue(stmt_of(st)->result, stmt_of(st)->row, at);
}

static bool is_number(struct db_stmt *st, int at)
{
	Oid type = PQftype(stmt_of(st)->result, at);

	if (is_null(st, at))
		return false;
	return type == TYPE_INT8 || type == TYPE_INT4 || type == TYPE_INT2 || type == TYPE_BOOL ||
	       (type == TYPE_NUMERIC && !strchr(text_out(st, at), '.'));
}

static bool is_real(struct db_stmt *st, int at)
{
	return PQftype(stmt_of(st)->result, at) == TYPE_FLOAT8 && !is_null(st, at);
}

static bool is_bytes(struct db_stmt *st, int at)
{
	return PQftype(stmt_of(st)->result, at) == TYPE_BYTES && !is_null(st, at);
}

static int64_t int64_out(struct db_stmt *st, int at)
{
	const char *text = text_out(st, at);

	if (PQftype(stmt_of(st)->result, at) == TYPE_BOOL)
		return text[0] == 't';
	return strtoll(text, NULL, 10);
}

static double real_out(struct db_stmt *st, int at)
{
	return strtod(text_out(st, at), NULL);
}

static struct slice bytes_out(struct db_stmt *st, int at)
{
	struct postgres_stmt *s = stmt_of(st);
	size_t len = 0;

	if (PQftype(s->result, at) != TYPE_BYTES)
		return SLICE(text_out(st, at), strlen(text_out(st, at)));
	PQfreemem(s->bytes);
	s->bytes = PQunescapeBytea((const unsigned char *)text_out(st, at), &len);
	return SLICE(s->bytes, s->bytes ? len : 0);
}

static const struct db_ops ops = {
	.close = close_db,
	.exec = exec,
	.prepare = prepare,
	.free = free_stmt,
	.step = step,
	.reset = reset,
	.error = error,
	.bind_text = text_in,
	.bind_int64 = int64_in,
	.bind_real = real_in,
	.bind_bytes = bytes_in,
	.bind_null = null_in,
	.columns = columns,
	.name = name,
	.is_number = is_number,
	.is_real = is_real,
	.is_bytes = is_bytes,
	.is_null = is_null,
	.text = text_out,
	.bytes = bytes_out,
	.int64 = int64_out,
	.real = real_out,
};

struct db *db_postgres_open(const char *where, void (*greet)(void *ctx, struct db *db), void *ctx,
			    struct errmsg *err)
{
	struct postgres_db *p = calloc(1, sizeof(*p));

	if (!p || !(p->where = strdup(where))) {
		free(p);
		errmsg_set(err, ERR_NOMEM, "store: no memory");
		return NULL;
	}
	p->db.ops = &ops;
	p->greet = greet;
	p->greet_ctx = ctx;
	if (ready(p))
		return &p->db;
	error(&p->db, "store", err);
	close_db(&p->db);
	return NULL;
}

/* --- rows in one stream --- */

int db_postgres_copy(struct db *db, const char *sql, struct slice rows, struct errmsg *err)
{
	struct postgres_db *p = of(db);
	PGresult *r = ready(p) ? finish(p, PQsendQuery(p->conn, sql)) : NULL;
	bool fine = r && PQresultStatus(r) == PGRES_COPY_IN;

	PQclear(r);
	for (size_t at = 0; fine && at < rows.len;) {
		size_t n = rows.len - at < (1 << 20) ? rows.len - at : 1 << 20;

		fine = PQputCopyData(p->conn, (const char *)rows.data + at, (int)n) == 1;
		at += n;
	}
	fine = fine && PQputCopyEnd(p->conn, NULL) == 1;
	r = fine ? finish(p, 1) : NULL;
	fine = r != NULL;
	PQclear(r);
	return fine ? ERR_OK : error(db, "store", err);
}

bool db_is_postgres(const struct db *db)
{
	return db->ops == &ops;
}
