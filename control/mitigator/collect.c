/* Samples on a person's instruction (E4): the order goes signed to the sensors, each decides by its
 * own list what may leave; what comes back is sealed for a key that is not here, and is kept in
 * STATE/samples/ID.sealed. Who ordered, what was refused and what arrived is in the audit. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/send.h"
#include "control/wire/artefact.h"
#include "control/wire/file.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum {
	ORDER_LIFE_S = 600,
	TYPES_MAX = 64,
	TYPE_MAX = 16,
	SEALED_MAX = (64 << 20) + 4096, /* the most that a sensor may be set to, sealed */
	LISTED = 200,
	PATH = 600,
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS sample(number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" sha256 TEXT, types TEXT, actor TEXT, reason TEXT, time INTEGER, state TEXT, text TEXT,"
	" sensor TEXT, file_type TEXT, name TEXT, size INTEGER, sealed_to TEXT)";

int collect_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	return 0;
}

/* ---- its rows ---- */

struct sample_row {
	sqlite3_int64 number, size;
	char sha256[ARTEFACT_HASH], state[16], sensor[WIRE_NAME_MAX];
};

/* Texts for ?1.., a number for the last one. */
static int change(struct mitigator *m, const char *sql, const char *const *texts,
		  sqlite3_int64 number)
{
	sqlite3_stmt *s;
	int rc, i = 0;

	if (sqlite3_prepare_v2(m->db, sql, -1, &s, NULL) != SQLITE_OK) {
		log_error(&m->log, "samples: %s", sqlite3_errmsg(m->db));
		return ERR_IO;
	}
	for (; texts[i]; i++)
		sqlite3_bind_text(s, i + 1, texts[i], -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(s, i + 1, number);
	rc = sqlite3_step(s);
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : ERR_IO;
}

static bool row_of(struct mitigator *m, sqlite3_int64 number, struct sample_row *ret)
{
	sqlite3_stmt *s;
	bool found;

	if (sqlite3_prepare_v2(m->db, "SELECT sha256,state,sensor,size FROM sample WHERE number=?",
			       -1, &s, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_int64(s, 1, number);
	found = sqlite3_step(s) == SQLITE_ROW;
	*ret = (struct sample_row){.number = number};
	if (found) {
		snprintf(ret->sha256, sizeof(ret->sha256), "%s", text_column(s, 0));
		snprintf(ret->state, sizeof(ret->state), "%s", text_column(s, 1));
		snprintf(ret->sensor, sizeof(ret->sensor), "%s", text_column(s, 2));
		ret->size = sqlite3_column_int64(s, 3);
	}
	sqlite3_finalize(s);
	return found;
}

/* "mitigator-1-s12" */
static void id_of(const struct mitigator *m, sqlite3_int64 number, char ret[96])
{
	snprintf(ret, 96, "%.63s-s%lld", m->name, (long long)number);
}

static bool of_id(struct mitigator *m, const char *id, struct sample_row *ret)
{
	size_t n = strlen(m->name);
	sqlite3_int64 number;
	char *end;

	if (strncmp(id, m->name, n) != 0 || strncmp(id + n, "-s", 2) != 0 || !isdigit(id[n + 2]))
		return false;
	number = strtoll(id + n + 2, &end, 10);
	return *end == '\0' && row_of(m, number, ret);
}

static void path_of(const struct mitigator *m, sqlite3_int64 number, char ret[PATH])
{
	char id[96];

	id_of(m, number, id);
	snprintf(ret, PATH, "%.400s/samples/%s.sealed", m->settings.state_folder, id);
}

/* ---- the order ---- */

/* Signed to each sensor that is here, or to `only`; with o NULL they are only counted. */
static int order_sensors(struct mitigator *m, const struct collect_order *o, const char *only,
			 struct errmsg *e)
{
	struct link_status s;
	unsigned found = 0;

	for (unsigned i = 0; i < MITIGATOR_SENSORS && link_server_peer(m->server, i, &s); i++) {
		if (s.peer.role != ROLE_SENSOR || (only[0] && strcmp(only, s.peer.name) != 0))
			continue;
		found++;
		if (o) {
			struct message msg = {.kind = MESSAGE_COLLECT, .collect = *o};

			if (send_signed(m, s.peer.name, &msg, e) < 0)
				return ERR_IO;
		}
	}
	if (found)
		return 0;
	return only[0] ? errmsg_set(e, ERR_NOTFOUND, "no sensor \"%.60s\" is connected", only)
		       : errmsg_set(e, ERR_NOTFOUND, "no sensor is connected");
}

/* Words with blanks into a list that points into `text`. */
static int split(char *text, const char *ret[TYPES_MAX], size_t *ret_n, struct errmsg *e)
{
	char *keep;

	*ret_n = 0;
	for (char *w = strtok_r(text, " ,", &keep); w; w = strtok_r(NULL, " ,", &keep)) {
		if (strlen(w) >= TYPE_MAX || *ret_n == TYPES_MAX)
			return errmsg_set(e, ERR_INVALID, "\"%.30s\" is no type of files", w);
		ret[(*ret_n)++] = w;
	}
	return 0;
}

int collect_sample(struct mitigator *m, const struct collect_wish *w, char ret_id[96],
		   struct errmsg *e)
{
	char types[TYPES_MAX * TYPE_MAX], hash[ARTEFACT_HASH];
	const char *list[TYPES_MAX];
	struct collect_order o = {.person = w->actor, .reason = w->reason};
	size_t n;
	int rc;

	snprintf(hash, sizeof(hash), "%s", w->sha256);
	for (char *c = hash; *c; c++)
		*c = (char)tolower(*c);
	if (strlen(w->sha256) != 64 || !artefact_hash_ok(hash))
		return errmsg_set(e, ERR_INVALID, "\"%.70s\" is no SHA-256 (64 hex digits)",
				  w->sha256);
	if (snprintf(types, sizeof(types), "%s", w->types) >= (int)sizeof(types))
		return errmsg_set(e, ERR_INVALID, "too many types");
	rc = split(types, list, &n, e);
	rc = rc ? rc : order_sensors(m, NULL, w->sensor, e);
	rc = rc ? rc : mitigator_begin(m, e);
	if (rc == 0)
		rc = change(m,
			    "INSERT INTO sample(sha256,types,actor,reason,state,text,sensor,"
			    "file_type,name,sealed_to,size,time)"
			    " VALUES(?,?,?,?,'ordered','','','','','',0,?)",
			    (const char *[]){hash, w->types, w->actor, w->reason, NULL},
			    (sqlite3_int64)mitigator_now(m).wall);
	if (rc)
		return rc;
	id_of(m, sqlite3_last_insert_rowid(m->db), ret_id);
	o.command_id = ret_id;
	o.sha256 = hash;
	o.file_types = (struct text_list){list, n};
	o.issued = mitigator_now(m).wall;
	o.order_expires = o.issued + ORDER_LIFE_S * NS_PER_SEC;
	rc = order_sensors(m, &o, w->sensor, e);
	if (rc == 0)
		audit_note(m, w->actor, "sample-ordered",
			   json_pack("{ss ss so so so}", "id", ret_id, "sha256", hash, "types",
				     local_text(w->types), "sensor", local_text(w->sensor),
				     "reason", local_text(w->reason)));
	return rc;
}

/* ---- what sensors say ---- */

bool collect_status(struct mitigator *m, const struct command_status *s,
		    const struct identity *peer)
{
	bool refused = s->state == COMMAND_STATE_REFUSED;
	struct sample_row row;

	if (strcmp(s->method, "sample") != 0)
		return false;
	if (!of_id(m, s->command_id, &row))
		return true;
	log_info(&m->log, "%s: %s says %s: %s", s->command_id, peer->name,
		 command_state_text(s->state), s->reason);
	audit_note(m, peer->name, refused ? "sample-refused" : "sample-answered",
		   json_pack("{so ss so}", "id", local_text(s->command_id), "state",
			     command_state_text(s->state), "text", local_text(s->reason)));
	/* One sensor's refusal says more than that others have not got it. */
	if (s->state == COMMAND_STATE_ACKED || strcmp(row.state, "arrived") == 0 ||
	    (strcmp(row.state, "refused") == 0 && !refused))
		return true;
	change(m, "UPDATE sample SET state=?,text=?,sensor=? WHERE number=?",
	       (const char *[]){refused ? "refused" : "failed", s->reason, peer->name, NULL},
	       row.number);
	return true;
}

static int append(struct mitigator *m, const struct sample_row *row, const struct sample_part *p)
{
	char path[PATH], folder[PATH];
	struct errmsg e = {""};
	int fd, rc = 0;

	snprintf(folder, sizeof(folder), "%.400s/samples", m->settings.state_folder);
	if (file_make_folder(folder, 0700, &e))
		return ERR_IO;
	path_of(m, row->number, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (p->offset ? 0 : O_TRUNC),
		  0600);
	if (fd < 0)
		return ERR_IO;
	if (pwrite(fd, p->data.data, p->data.len, (off_t)p->offset) != (ssize_t)p->data.len ||
	    (p->offset + p->data.len == p->size && fsync(fd)))
		rc = ERR_IO;
	close(fd);
	return rc;
}

static bool part_fits(const struct sample_row *row, const struct sample_part *p,
		      const struct identity *peer)
{
	if (strcmp(row->sha256, p->sha256) != 0 || strcmp(row->state, "arrived") == 0)
		return false;
	if (p->size == 0 || p->size > SEALED_MAX || p->offset > p->size || p->data.len == 0 ||
	    p->data.len > p->size - p->offset)
		return false;
	/* The first sensor that sends is the one; it begins anew when it was killed. */
	if (p->offset == 0)
		return row->size == 0 || strcmp(row->sensor, peer->name) == 0;
	return strcmp(row->sensor, peer->name) == 0 && (uint64_t)row->size == p->offset;
}

void collect_part(struct mitigator *m, const struct sample_part *p, const struct identity *peer)
{
	uint64_t here = p->offset + p->data.len;
	char text[120], size[24];
	struct sample_row row;

	if (!of_id(m, p->command_id, &row) || !part_fits(&row, p, peer))
		return;
	if (append(m, &row, p)) {
		log_error(&m->log, "%s: the sample cannot be kept (%s)", p->command_id,
			  strerror(errno));
		return;
	}
	snprintf(text, sizeof(text), "%llu of %llu bytes are here.", (unsigned long long)here,
		 (unsigned long long)p->size);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)here);
	change(m,
	       "UPDATE sample SET state=?,text=?,sensor=?,file_type=?,name=?,sealed_to=?,"
	       "size=CAST(? AS INTEGER) WHERE number=?",
	       (const char *[]){here == p->size ? "arrived" : "arriving", text, peer->name,
				p->file_type, p->name, p->sealed_to, size, NULL},
	       row.number);
	if (here == p->size)
		audit_note(m, peer->name, "sample-arrived",
			   json_pack("{so ss so so sI so}", "id", local_text(p->command_id),
				     "sha256", row.sha256, "file_type", local_text(p->file_type),
				     "name", local_text(p->name), "bytes", (json_int_t)p->size,
				     "sealed_to", local_text(p->sealed_to)));
}

/* ---- people ---- */

/* "types" as one text or as a list of words. */
static void types_of(const json_t *request, char *ret, size_t cap)
{
	const json_t *types = json_object_get(request, "types"), *word;
	size_t i, n = 0;

	snprintf(ret, cap, "%s", json_string_value(types) ?: "");
	json_array_foreach((json_t *)types, i, word)
	{
		if (n < cap)
			n += (size_t)snprintf(ret + n, cap - n, "%s%s", n ? " " : "",
					      json_string_value(word) ?: "");
	}
}

json_t *collect_do(void *ctx, const struct local_peer *peer, const json_t *request,
		   struct errmsg *e)
{
	struct mitigator *m = ctx;
	char actor[64], types[TYPES_MAX * TYPE_MAX * 2], id[96];
	struct collect_wish w = {.sha256 = text_member(request, "sha256"),
				 .sensor = text_member(request, "sensor"),
				 .reason = text_member(request, "reason"),
				 .types = types,
				 .actor = actor};

	local_actor(peer, request, actor, sizeof(actor));
	types_of(request, types, sizeof(types));
	if (collect_sample(m, &w, id, e) || mitigator_commit(m, e) < 0)
		return NULL;
	return json_pack("{ss}", "id", id);
}

json_t *collect_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	static const char *const texts[] = {"sha256", "types",	   "actor",  "reason",
					    "state",  "text",	   "sensor", "file_type",
					    "name",   "sealed_to", NULL};
	struct mitigator *m = ctx;
	json_t *list = json_array();
	sqlite3_stmt *s;

	(void)peer;
	(void)request;
	if (sqlite3_prepare_v2(m->db,
			       "SELECT number,time,size,sha256,types,actor,reason,state,text,"
			       "sensor,file_type,name,sealed_to FROM sample ORDER BY number DESC"
			       " LIMIT ?",
			       -1, &s, NULL) != SQLITE_OK) {
		json_decref(list);
		errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
		return NULL;
	}
	sqlite3_bind_int(s, 1, LISTED);
	while (sqlite3_step(s) == SQLITE_ROW) {
		char id[96], path[PATH];
		json_t *o;

		id_of(m, sqlite3_column_int64(s, 0), id);
		path_of(m, sqlite3_column_int64(s, 0), path);
		o = json_pack("{ss sI sI}", "id", id, "time",
			      (json_int_t)sqlite3_column_int64(s, 1), "size",
			      (json_int_t)sqlite3_column_int64(s, 2));
		for (int i = 0; texts[i]; i++)
			json_object_set_new(o, texts[i], local_text(text_column(s, 3 + i)));
		json_object_set_new(
			o, "file",
			json_string(strcmp(text_member(o, "state"), "arrived") == 0 ? path : ""));
		json_array_append_new(list, o);
	}
	sqlite3_finalize(s);
	return json_pack("{so}", "samples", list);
}
