/* The day so far as the site knows it (R1): what the centre's daily report says of this site, also
 * while the centre is away. The same model and words (control/report). */
#include "control/report/daily.h"

#include <stdlib.h>
#include <string.h>

#include "control/mitigator/api/files.h"
#include "control/mitigator/api/pages.h"
#include "control/mitigator/narrate.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "control/wire/text.h"

enum { REPORT_CUTS = 1000, REPORT_INCIDENTS = 500 };

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static sqlite3_stmt *ask(struct mitigator *m, const struct report_daily *d, const char *sql,
			 struct errmsg *e)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(m->db, sql, -1, &s, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
		return NULL;
	}
	sqlite3_bind_int64(s, 1, (sqlite3_int64)d->from);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)d->to);
	return s;
}

/* ---- parts ---- */

static int add_threats(struct mitigator *m, struct report_daily *d, struct errmsg *e)
{
	sqlite3_stmt *s = ask(m, d,
			      "SELECT name, category, severity, min(time), max(time), count(*),"
			      " count(DISTINCT ip || mac) FROM event WHERE number=1188 AND time>=?1"
			      " AND time<?2 GROUP BY threat ORDER BY 6 DESC LIMIT 200",
			      e);

	if (!s)
		return ERR_IO;
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct report_threat *t = report_add_threat(d);

		if (!t)
			break;
		*t = (struct report_threat){.name = copy(text_column(s, 0)),
					    .category = copy(text_column(s, 1)),
					    .severity = copy(text_column(s, 2)),
					    .technique = copy(""),
					    .source = copy(""),
					    .first = (uint64_t)sqlite3_column_int64(s, 3),
					    .last = (uint64_t)sqlite3_column_int64(s, 4),
					    .hits = (uint64_t)sqlite3_column_int64(s, 5),
					    .hosts = (unsigned)sqlite3_column_int(s, 6)};
		d->alerts += t->hits;
	}
	sqlite3_finalize(s);
	return 0;
}

static int add_hours(struct mitigator *m, struct report_daily *d, struct errmsg *e)
{
	sqlite3_stmt *s = ask(m, d,
			      "SELECT min(23, (time-?1)/3600000000000), count(*) FROM event WHERE"
			      " number=1188 AND time>=?1 AND time<?2 GROUP BY 1",
			      e);

	while (s && sqlite3_step(s) == SQLITE_ROW) {
		int hour = sqlite3_column_int(s, 0);

		if (hour >= 0 && hour < DAILY_HOURS)
			d->per_hour[hour] = (unsigned)sqlite3_column_int(s, 1);
	}
	sqlite3_finalize(s);
	return s ? 0 : ERR_IO;
}

struct filling {
	struct mitigator *m;
	struct report_daily *d;
};

static struct report_host *host_of(struct report_daily *d, const char *id)
{
	for (size_t i = 0; i < d->host_count; i++) {
		if (strcmp(d->hosts[i].sign, id) == 0) /* the id stands there meanwhile */
			return &d->hosts[i];
	}
	return NULL;
}

static struct report_host *host_add(struct filling *f, const char *id)
{
	const struct host *h = hosts_by_id(f->m->decide.hosts, id);
	struct report_host *r = host_of(f->d, id);
	char ip[IP_ADDR_TEXT] = "", mac[MAC_ADDR_TEXT] = "", about[200] = "";
	struct host_ident ident;

	if (r || !(r = report_add_host(f->d)))
		return r;
	if (h) {
		ident = host_ident_of(h);
		if (!ip_addr_is_zero(&ident.ip))
			ip_addr_text(&ident.ip, ip, false);
		if (!mac_addr_is_zero(&h->mac))
			mac_addr_text(&h->mac, mac);
		snprintf(about, sizeof(about), "%.60s%s%.60s%s%.60s", h->user,
			 h->user[0] && h->os[0] ? ", " : "", h->os, h->vendor[0] ? ", " : "",
			 h->vendor);
	}
	*r = (struct report_host){.name = copy(h ? h->name : ""),
				  .ip = copy(ip),
				  .mac = copy(mac),
				  .level = copy(h ? level_text(h->level) : ""),
				  .cut_state = copy(""),
				  .cut_reason = copy(""),
				  .root_cause = copy(""),
				  .root_cause_ja = copy(""),
				  .sign = copy(id),
				  .sign_peer = copy(""),
				  .sign_url = copy(""),
				  .sign_file = copy(""),
				  .about = copy(about),
				  .alerts = h ? h->alerts : 0};
	r->sign_reason[0] = copy("");
	r->sign_reason[1] = copy("");
	return r;
}

static void replace(char **at, const char *text)
{
	free(*at);
	*at = copy(text);
}

/* The latest cut of a host stands for it. */
static bool add_cut(void *ctx, const struct cut *c)
{
	struct filling *f = ctx;
	struct report_host *h;

	if (c->opened >= f->d->to || (c->closed && c->closed < f->d->from))
		return true;
	h = host_add(f, c->host_id);
	if (!h || h->cut_state[0])
		return h;
	replace(&h->cut_state, cut_state_text(c->state));
	replace(&h->cut_reason, c->reason);
	h->cut_at = c->sent;
	h->verified_at = c->verified;
	h->released_at = c->closed;
	return true;
}

static void add_incident(struct filling *f, const struct incident *i)
{
	struct report_host *h;
	struct story *s;
	bool first;

	if (i->merged_into || i->opened >= f->d->to || i->updated < f->d->from)
		return;
	h = host_add(f, i->host_id);
	s = h ? narrate(f->m, i) : NULL;
	if (!s)
		return;
	first = h->handling_count[0] == 0;
	if (!h->root_cause[0]) {
		replace(&h->root_cause, s->cause[0]);
		replace(&h->root_cause_ja, s->cause[1]);
	}
	/* The first of several incidents is the newest: what it asks for is done first. */
	for (unsigned k = 0; first && k < s->handling_n; k++) {
		report_add_handling(h, 0, s->handling[0][k]);
		report_add_handling(h, 1, s->handling[1][k]);
	}
	story_free(s);
}

static void add_incidents(struct filling *f)
{
	uint64_t numbers[REPORT_INCIDENTS];
	unsigned n = incidents_list(f->m->decide.incidents, false, numbers, REPORT_INCIDENTS);

	for (unsigned k = 0; k < n; k++) {
		struct incident *i = incidents_read(f->m->decide.incidents, numbers[k]);

		if (i)
			add_incident(f, i);
		incident_free(i);
	}
}

/* R3: what was not seen. */
static void add_blind(struct mitigator *m, struct report_daily *d)
{
	struct local_peer nobody = {0};
	json_t *answer = peers_do(m, &nobody, NULL, NULL), *peer, *line;
	size_t i, k;

	json_array_foreach(json_object_get(answer, "peers"), i, peer)
	{
		const json_t *health = json_object_get(peer, "health");
		const char *name = json_string_value(json_object_get(peer, "name"));

		d->packets += (uint64_t)json_integer_value(json_object_get(health, "packets"));
		d->lost += (uint64_t)json_integer_value(json_object_get(health, "dropped"));
		json_array_foreach(json_object_get(health, "problems"), k, line)
		{
			struct report_blind *b = report_add_blind(d);

			if (b)
				*b = (struct report_blind){copy(name),
							   copy(json_string_value(line))};
		}
	}
	json_decref(answer);
}

/* ---- the day ---- */

static void set_day(struct report_daily *d, uint64_t now)
{
	zone_of_machine(&d->zone);
	d->from = zone_day(&d->zone, now, 0);
	d->to = zone_day(&d->zone, now, 1);
	d->made = now;
}

static int fill(struct mitigator *m, struct report_daily *d, uint64_t now, struct errmsg *e)
{
	struct filling f = {m, d};
	int rc;

	d->site = copy(tls_keys_identity(m->keys)->site);
	set_day(d, now);
	rc = add_threats(m, d, e);
	if (rc == 0)
		rc = add_hours(m, d, e);
	if (rc == 0)
		rc = cut_store_each(m->store, false, REPORT_CUTS, add_cut, &f, e);
	if (rc < 0)
		return rc;
	add_incidents(&f);
	add_blind(m, d);
	for (size_t i = 0; i < d->host_count; i++)
		replace(&d->hosts[i].sign, "");
	return 0;
}

int page_report(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const char *form = api_text(q, "form");
	enum report_language language =
		strcmp(api_text(q, "language"), "ja") == 0 ? REPORT_JAPANESE : REPORT_ENGLISH;
	struct report_daily d = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *f;
	int rc = fill(ctx, &d, q->now, e);

	f = rc == 0 ? open_memstream(&text, &len) : NULL;
	if (rc == 0 && !f)
		rc = ERR_NOMEM;
	if (f && strcmp(form, "html") == 0)
		rc = report_daily_html(&d, language, f);
	else if (f)
		rc = report_daily_json(&d, f);
	if (f)
		fclose(f);
	if (rc == 0 && strcmp(form, "html") == 0) {
		ret->bytes = text;
		ret->len = len;
		ret->type = "text/html; charset=utf-8";
		snprintf(ret->file_name, sizeof(ret->file_name), "banken-daily.%s.html",
			 language == REPORT_JAPANESE ? "ja" : "en");
	} else {
		ret->json = rc == 0 ? json_loadb(text, len, 0, NULL) : NULL;
		for (unsigned i = 0; ret->json && i < report_daily_hours(&d); i++) {
			json_t *hours = json_object_get(ret->json, "per_hour");

			if (!hours) {
				hours = json_array();
				json_object_set_new(ret->json, "per_hour", hours);
			}
			json_array_append_new(hours, json_integer(d.per_hour[i]));
		}
		free(text);
	}
	report_daily_free(&d);
	return rc;
}
