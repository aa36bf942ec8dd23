/* The list kept before each cut (Q11): who was permitted then, as <threat>-<YYYYMMDDhhmmss>.csv;
 * and the way back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/undo/list.h"
#include "control/wire/file.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum {
	NAMES_MAX = 4096,      /* lists told of */
	CHUNK = 256 << 10,     /* bytes of a list in one answer */
	HOSTS_CHUNK = 1024,    /* hosts in one answer */
	RESTORE_HOSTS = 16384, /* in one request */
	KEPT_MAX = 4000,       /* lists kept; then the oldest that nobody needs go */
	PRUNE_EVERY_S = 600,
};

static void row_of(struct mitigator *m, const struct host *h, struct undo_row *ret)
{
	const struct host_ident i = host_ident_of(h);
	struct cut *c = cuts_of_host(m->decide.cuts, h->id);

	*ret = (struct undo_row){.mac = h->mac, .permit = !(c && cut_state_in_force(c->state))};
	if (ip_addr_is_host(&i.ip))
		ret->ip = i.ip;
	snprintf(ret->name, sizeof(ret->name), "%s", h->name);
	snprintf(ret->host, sizeof(ret->host), "%s", h->id);
}

static bool has_row(const struct host *h)
{
	return mac_addr_is_host(&h->mac) || h->ips_n;
}

static int write_list(struct mitigator *m, int fd)
{
	FILE *f = fdopen(fd, "w");
	struct undo_row row;
	int rc;

	if (!f) {
		close(fd);
		return ERR_IO;
	}
	undo_list_head(f);
	for (unsigned i = 0; i < hosts_count(m->decide.hosts); i++) {
		struct host *h = hosts_at(m->decide.hosts, i);

		if (!has_row(h))
			continue;
		row_of(m, h, &row);
		undo_list_row(f, &row);
	}
	rc = ferror(f) || fflush(f) ? ERR_IO : 0;
	return fclose(f) || rc ? ERR_IO : 0;
}

void undo_keep(struct mitigator *m, const struct cut *c)
{
	char path[768], name[UNDO_NAME];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", m->undo_folder,
		 undo_name(c->threat_id, mitigator_now(m).wall, name));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	/* Hosts that one threat has cut within the same second share the list. */
	if (fd < 0 && errno == EEXIST)
		return;
	if (fd < 0 || write_list(m, fd) < 0)
		log_error(&m->log, "%s is not kept: %s", path, strerror(errno));
}

/* ---- answers ---- */

static int is_list(const struct dirent *d)
{
	struct undo_list l;

	return undo_name_parse(d->d_name, &l) == 0;
}

/* A host is cut for the threat: its list is the way back. */
static bool is_needed(struct mitigator *m, const char *threat)
{
	for (unsigned i = 0; i < cuts_count(m->decide.cuts); i++) {
		const struct cut *c = cuts_at(m->decide.cuts, i);
		char name[UNDO_NAME];
		struct undo_list l;

		if (cut_state_final(c->state))
			continue;
		/* As the file is named. */
		undo_name(c->threat_id, mitigator_now(m).wall, name);
		if (undo_name_parse(name, &l) == 0 && strcmp(l.threat, threat) == 0)
			return true;
	}
	return false;
}

static int by_time(const struct dirent **a, const struct dirent **b)
{
	struct undo_list x, y;

	undo_name_parse((*a)->d_name, &x);
	undo_name_parse((*b)->d_name, &y);
	return x.time < y.time ? -1 : x.time > y.time;
}

void undo_tick(struct mitigator *m)
{
	uint64_t now = mitigator_now(m).mono;
	struct dirent **found;
	int n, gone = 0;

	if (now < m->undo_next)
		return;
	m->undo_next = now + PRUNE_EVERY_S * NS_PER_SEC;
	n = scandir(m->undo_folder, &found, is_list, by_time);
	for (int i = 0; i < n; i++) {
		struct undo_list l;
		char path[768];

		snprintf(path, sizeof(path), "%s/%.200s", m->undo_folder, found[i]->d_name);
		undo_name_parse(found[i]->d_name, &l);
		if (n - gone > KEPT_MAX && !is_needed(m, l.threat) && unlink(path) == 0)
			gone++;
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	if (gone)
		log_info(&m->log, "%d permission lists that nobody needs are gone, %d are kept",
			 gone, n - gone);
}

json_t *undo_do_lists(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	struct mitigator *m = ctx;
	const char *threat = text_member(request, "threat");
	struct dirent **found;
	json_t *list = json_array();
	int n = scandir(m->undo_folder, &found, is_list, alphasort);

	if (n < 0) {
		json_decref(list);
		errmsg_set(e, ERR_IO, "%s: %s", m->undo_folder, strerror(errno));
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		struct undo_list l;

		undo_name_parse(found[i]->d_name, &l);
		if ((!threat[0] || strcmp(threat, l.threat) == 0) &&
		    json_array_size(list) < NAMES_MAX)
			json_array_append_new(list, json_string(found[i]->d_name));
		free(found[i]);
	}
	free(found);
	return json_pack("{sb so}", "ok", 1, "lists", list);
}

/* The longest part from `from` that ends with a line; all that is left when that is short. */
static size_t whole_lines(struct slice s, size_t from)
{
	size_t n = s.len - from;

	if (n <= CHUNK)
		return n;
	for (n = CHUNK; n > 0 && s.data[from + n - 1] != '\n'; n--)
		;
	return n;
}

json_t *undo_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t from = json_integer_value(json_object_get(request, "from"));
	const char *name = text_member(request, "name");
	json_t *answer = NULL;
	struct undo_list l;
	struct slice s;
	char path[768];
	size_t n;

	if (undo_name_parse(name, &l) < 0) {
		errmsg_set(e, ERR_INVALID, "\"%.80s\" is no list's name", name);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s", m->undo_folder, name);
	if (file_read(path, UNDO_LIST_BYTES, &s, e) < 0)
		return NULL;
	if (from >= 0 && (size_t)from <= s.len) {
		n = whole_lines(s, (size_t)from);
		answer = json_pack("{sb ss% sI}", "ok", 1, "text", (const char *)s.data + from, n,
				   "next",
				   (json_int_t)((size_t)from + n < s.len ? (size_t)from + n : 0));
	}
	if (!answer)
		errmsg_set(e, ERR_INVALID, "%s cannot be shown", name);
	free((void *)(uintptr_t)s.data);
	return answer;
}

static void add_threats(struct mitigator *m, json_t *list)
{
	for (unsigned i = 0; i < cuts_count(m->decide.cuts); i++) {
		const struct cut *c = cuts_at(m->decide.cuts, i);
		bool known = false;
		const json_t *t;
		size_t k;

		if (!cut_state_in_force(c->state))
			continue;
		json_array_foreach(list, k, t) known =
			known || strcmp(json_string_value(t), c->threat_id) == 0;
		if (!known)
			json_array_append_new(list, local_text(c->threat_id));
	}
}

json_t *undo_do_permissions(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t from = json_integer_value(json_object_get(request, "from"));
	unsigned n = hosts_count(m->decide.hosts), i = from > 0 && from < n ? (unsigned)from : 0;
	unsigned end = n - i > HOSTS_CHUNK ? i + HOSTS_CHUNK : n;
	json_t *threats = json_array(), *answer;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	if (i == 0)
		undo_list_head(f);
	for (; i < end; i++) {
		struct host *h = hosts_at(m->decide.hosts, i);
		struct undo_row row;

		row_of(m, h, &row);
		if (has_row(h))
			undo_list_row(f, &row);
	}
	fclose(f);
	add_threats(m, threats);
	answer = json_pack("{sb ss% so sI}", "ok", 1, "text", text, len, "threats", threats, "next",
			   (json_int_t)(end < n ? end : 0));
	free(text);
	return answer;
}

static int restore_one(struct mitigator *m, struct decide_restore *r, const char *name,
		       unsigned counts[RESTORE_COUNT], struct errmsg *e)
{
	struct mac_addr mac = {{0}};
	struct ip_addr ip = {{0}};

	if (mac_addr_parse(name, &mac) < 0 && ip_addr_parse(name, &ip) < 0)
		return errmsg_set(e, ERR_INVALID, "\"%.60s\" is no MAC and no address", name);
	r->mac = &mac;
	r->ip = &ip;
	counts[decide_restores(&m->decide, r, mitigator_now(m))]++;
	return 0;
}

static bool all_addresses(const json_t *hosts, struct errmsg *e)
{
	const json_t *host;
	size_t i;

	if (!json_is_array(hosts) || json_array_size(hosts) > RESTORE_HOSTS) {
		errmsg_set(e, ERR_INVALID, "\"hosts\" must be a list of at most %d", RESTORE_HOSTS);
		return false;
	}
	json_array_foreach(hosts, i, host)
	{
		const char *name = json_string_value(host);
		struct mac_addr mac;
		struct ip_addr ip;

		if (!name || (mac_addr_parse(name, &mac) < 0 && ip_addr_parse(name, &ip) < 0)) {
			errmsg_set(e, ERR_INVALID, "\"%.60s\" is no MAC and no address",
				   name ? name : "?");
			return false;
		}
	}
	return true;
}

/* All in one transaction: nobody is half restored. */
json_t *undo_do_restore(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct mitigator *m = ctx;
	const json_t *hosts = json_object_get(request, "hosts"), *host;
	const char *reason = text_member(request, "reason");
	struct decide_restore r = {.threat = text_member(request, "threat"),
				   .reason = reason[0] ? reason : "restored from a list"};
	unsigned counts[RESTORE_COUNT] = {0};
	char actor[64];
	size_t i;

	local_actor(peer, request, actor, sizeof(actor));
	r.actor = actor;
	if (!r.threat[0]) {
		errmsg_set(e, ERR_INVALID, "\"threat\" is missing");
		return NULL;
	}
	if (!all_addresses(hosts, e) || mitigator_begin(m, e) < 0)
		return NULL;
	json_array_foreach(hosts, i, host)
	{
		if (restore_one(m, &r, json_string_value(host), counts, e) < 0)
			return NULL;
	}
	audit_note(m, actor, "restore",
		   json_pack("{so si so}", "threat", local_text(r.threat), "released",
			     (int)counts[RESTORE_RELEASED], "reason", local_text(r.reason)));
	if (mitigator_commit(m, e) < 0)
		return NULL;
	log_info(&m->log, "%s restored %u hosts cut for %s: %s", actor, counts[RESTORE_RELEASED],
		 r.threat, r.reason);
	return json_pack("{sb si si si}", "ok", 1, "released", (int)counts[RESTORE_RELEASED],
			 "not_cut", (int)counts[RESTORE_NOT_CUT], "kept",
			 (int)counts[RESTORE_KEPT]);
}
