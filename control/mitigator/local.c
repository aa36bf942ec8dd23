/* The local socket: what `banken` asks and what persons order. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/external/receiver.h"
#include "control/mitigator/mitigator.h"
#include "control/mitigator/narrate.h"
#include "control/mitigator/policy/when.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum { LIST_MAX = 1000, STORIES_MAX = 25, LONGEST_S = 10 * 365 * 86400 };

/* Text that came from the wire may have been cut within a character: it is shown all the same. */
static json_t *shown(const char *text)
{
	json_t *j = json_string(text);
	char plain[512];
	size_t n = 0;

	if (j)
		return j;
	for (; *text && n + 1 < sizeof(plain); text++)
		plain[n++] = *text & 0x80 ? '?' : *text;
	plain[n] = 0;
	return json_string(plain);
}

struct text_field {
	const char *key, *text;
};

struct number_field {
	const char *key;
	uint64_t number;
};

static void put_texts(json_t *o, const struct text_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_set_new(o, f[i].key, shown(f[i].text ? f[i].text : ""));
}

static void put_numbers(json_t *o, const struct number_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_set_new(o, f[i].key, json_integer((json_int_t)f[i].number));
}

void local_actor(const struct local_peer *peer, const json_t *request, char *ret, size_t cap)
{
	struct passwd *pw = peer->account ? NULL : getpwuid(peer->uid);
	const char *said = text_member(request, "actor");

	if (peer->account)
		snprintf(ret, cap, "%.34s (%.24s)", peer->account, peer->by ? peer->by : "pages");
	else if (pw && (!said[0] || strcmp(said, pw->pw_name) == 0))
		snprintf(ret, cap, "%s", pw->pw_name);
	else if (pw)
		snprintf(ret, cap, "%s (as %.24s)", pw->pw_name, said);
	else
		snprintf(ret, cap, "uid %u (as %.24s)", (unsigned)peer->uid, said);
}

static json_t *problems(struct mitigator *m)
{
	json_t *list = json_array();
	struct errmsg e = {""};

	if (m->room.trouble.text[0])
		json_array_append_new(list, local_text(m->room.trouble.text));
	if (spool_disk_full(m->spool, &e))
		json_array_append_new(list, local_text(e.text));
	return list;
}

/* How many open cuts are in which state. */
static json_t *states(struct mitigator *m)
{
	json_t *o = json_object();
	unsigned n[CUT_STATE_COUNT] = {0};

	for (unsigned i = 0; i < cuts_count(m->decide.cuts); i++)
		n[cuts_at(m->decide.cuts, i)->state]++;
	for (unsigned s = CUT_REQUESTED; s < CUT_RELEASED; s++)
		json_object_set_new(o, cut_state_text((enum cut_state)s), json_integer(n[s]));
	return o;
}

static json_t *decisions(const struct decide_counts *c)
{
	return json_pack("{sI sI sI sI sI}", "cut", (json_int_t)c->cut, "held", (json_int_t)c->held,
			 "refused", (json_int_t)c->refused, "exception", (json_int_t)c->excepted,
			 "outside-policy", (json_int_t)c->outside);
}

static json_t *do_status(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;
	const struct decide_counts *c = &m->decide.count;
	struct receiver_counts outside;
	unsigned in_force = 0, held = 0;
	json_t *answer;

	for (unsigned i = 0; i < cuts_count(m->decide.cuts); i++) {
		in_force += cut_state_in_force(cuts_at(m->decide.cuts, i)->state);
		held += cuts_at(m->decide.cuts, i)->state == CUT_HELD;
	}
	answer = json_pack(
		"{sb ss ss ss sI sI sI sI sb sI sI sI sI sI sI sI sb so}", "ok", 1, "program",
		"banken-mitigator", "mode", policy_overall_mode(m->policy), "policy",
		m->policy->name, "peers", (json_int_t)link_server_peers(m->server), "hosts",
		(json_int_t)hosts_count(m->decide.hosts), "cuts", (json_int_t)in_force, "held",
		(json_int_t)held, "kill_switch", m->decide.kill_switch, "reports",
		(json_int_t)m->count.reports, "alerts", (json_int_t)c->alerts, "incidents",
		(json_int_t)incidents_count(m->decide.incidents), "doubles",
		(json_int_t)m->count.doubles, "malformed", (json_int_t)m->count.malformed,
		"not_alerted", (json_int_t)c->unalerted, "gone", (json_int_t)m->room.freed,
		"disk_full", m->room.full, "problems", problems(m));
	json_object_set_new(answer, "stopped_by",
			    local_text(!m->decide.kill_switch ? ""
				       : m->stop.by_word      ? m->stop.actor
							      : m->settings.kill_switch));
	json_object_set_new(answer, "states", states(m));
	json_object_set_new(answer, "decisions", decisions(c));
	json_object_set_new(answer, "drivers", peers_drivers(m));
	receiver_counts(m->external, &outside);
	json_object_set_new(answer, "external",
			    json_pack("{sI sI sI sI}", "events", (json_int_t)outside.events,
				      "malformed", (json_int_t)outside.malformed, "refused",
				      (json_int_t)outside.refused, "flooded",
				      (json_int_t)outside.flooded));
	return answer;
}

static json_t *host_json(struct mitigator *m, const struct host *h)
{
	struct host_ident ident = host_ident_of(h);
	const struct protect_entry *p = host_protection(m, h);
	struct cut *c = cuts_of_host(m->decide.cuts, h->id);
	char ip[IP_ADDR_TEXT] = "", mac[MAC_ADDR_TEXT] = "", command[CUT_ID_TEXT] = "";
	const struct text_field texts[] = {
		{"id", h->id},
		{"ip", ip},
		{"mac", mac},
		{"name", h->name},
		{"user", h->user},
		{"os", h->os},
		{"role", h->role},
		{"vendor", h->vendor},
		{"sensor", h->sensor},
		{"port", h->switch_port},
		{"level", level_text(h->level)},
		{"protected_reason", p ? p->role : ""},
		{"cut", command},
		{"cut_state", c ? cut_state_text(c->state) : ""},
	};
	json_t *o =
		json_pack("{sb sI sI}", "protected", p && p->source != PROTECT_PROPOSED, "alerts",
			  (json_int_t)h->alerts, "last_seen", (json_int_t)h->last_seen);

	if (!ip_addr_is_zero(&ident.ip))
		ip_addr_text(&ident.ip, ip, false);
	if (!mac_addr_is_zero(&h->mac))
		mac_addr_text(&h->mac, mac);
	if (c)
		cut_command_id(m->name, c->id, c->number, command);
	put_texts(o, texts, ARRAY_SIZE(texts));
	return o;
}

static json_t *facts_json(const struct host *h)
{
	static const char *const kinds[] = {"",	    "seen", "name", "user",  "os",
					    "role", "port", "left", "client"};
	json_t *list = json_array();

	for (unsigned i = 0; i < h->facts.n; i++) {
		const struct host_known *k = &h->facts.items[i];

		json_array_append_new(
			list, json_pack("{ss so so ss sI sI}", "kind", kinds[k->kind], "value",
					shown(k->value), "source", shown(k->source), "confidence",
					confidence_text(k->confidence), "first",
					(json_int_t)k->first, "last", (json_int_t)k->last));
	}
	return list;
}

static json_t *ips_json(const struct host *h)
{
	json_t *list = json_array();
	char ip[IP_ADDR_TEXT];

	for (unsigned i = 0; i < h->ips_n; i++)
		json_array_append_new(list, json_pack("{ss sb sI sI}", "ip",
						      ip_addr_text(&h->ips[i].ip, ip, false),
						      "proven", h->ips[i].proven != 0, "first",
						      (json_int_t)h->ips[i].first_seen, "last",
						      (json_int_t)h->ips[i].last_seen));
	return list;
}

static const struct host *host_named(struct mitigator *m, const char *name)
{
	struct mac_addr mac;
	struct ip_addr ip;

	if (ip_addr_parse(name, &ip) == 0)
		return hosts_by_ip(m->decide.hosts, &ip);
	if (mac_addr_parse(name, &mac) == 0)
		return hosts_by_mac(m->decide.hosts, &mac);
	for (unsigned i = 0; i < hosts_count(m->decide.hosts); i++) {
		const struct host *h = hosts_at(m->decide.hosts, i);

		if (strcasecmp(h->name, name) == 0 || strcmp(h->id, name) == 0)
			return h;
	}
	return NULL;
}

/* One host with every fact, its source and age. */
static json_t *do_host(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	struct mitigator *m = ctx;
	const struct host *h = host_named(m, text_member(request, "host"));
	json_t *o;

	if (!h) {
		errmsg_set(e, ERR_NOTFOUND, "no host is known by \"%.64s\"",
			   text_member(request, "host"));
		return NULL;
	}
	o = host_json(m, h);
	json_object_set_new(o, "facts", facts_json(h));
	json_object_set_new(o, "ips", ips_json(h));
	json_object_set_new(o, "first_seen", json_integer((json_int_t)h->first_seen));
	return json_pack("{sb so}", "ok", 1, "host", o);
}

static json_t *do_coverage(void *ctx, const struct local_peer *peer, const json_t *request,
			   struct errmsg *e)
{
	return coverage_json(ctx);
}

/* What a list of hosts is asked for. */
struct host_filter {
	const char *search;
	enum level level;
	bool cut;
};

static bool host_fits(struct mitigator *m, const struct host *h, const struct host_filter *f)
{
	const char *const texts[] = {h->name, h->user, h->os, h->vendor, h->id, h->switch_port};
	char text[IP_ADDR_TEXT];

	if (h->level < f->level || (f->cut && !cuts_of_host(m->decide.cuts, h->id)))
		return false;
	if (!f->search[0])
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strcasestr(texts[i], f->search))
			return true;
	}
	for (unsigned i = 0; i < h->ips_n; i++) {
		if (strstr(ip_addr_text(&h->ips[i].ip, text, false), f->search))
			return true;
	}
	return !mac_addr_is_zero(&h->mac) && strcasestr(mac_addr_text(&h->mac, text), f->search);
}

static int by_level(const void *a, const void *b)
{
	const struct host *x = *(struct host *const *)a, *y = *(struct host *const *)b;

	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	return x->last_seen != y->last_seen ? (x->last_seen > y->last_seen ? -1 : 1)
					    : strcmp(x->id, y->id);
}

static json_t *do_hosts(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t from = json_integer_value(json_object_get(request, "from"));
	json_int_t most = json_integer_value(json_object_get(request, "most"));
	struct host_filter f = {.search = text_member(request, "search"),
				.cut = json_is_true(json_object_get(request, "cut"))};
	unsigned all = hosts_count(m->decide.hosts), n = 0;
	const struct host **found = calloc(all + 1, sizeof(*found));
	json_t *list = json_array();

	level_parse(text_member(request, "level"), &f.level);
	for (unsigned i = 0; found && i < all; i++) {
		const struct host *h = hosts_at(m->decide.hosts, i);

		if (host_fits(m, h, &f))
			found[n++] = h;
	}
	if (found)
		qsort(found, n, sizeof(*found), by_level);
	most = most > 0 && most < LIST_MAX ? most : LIST_MAX;
	for (json_int_t i = from < 0 ? 0 : from; i < n && json_array_size(list) < (size_t)most; i++)
		json_array_append_new(list, host_json(m, found[i]));
	free(found);
	return json_pack("{sb so sI sI}", "ok", 1, "hosts", list, "found", (json_int_t)n, "total",
			 (json_int_t)all);
}

static json_t *do_incidents(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e)
{
	struct mitigator *m = ctx;
	bool open_only = json_is_true(json_object_get(request, "open"));
	unsigned long only = strtoul(text_member(request, "id") +
					     strcspn(text_member(request, "id"), "0123456789"),
				     NULL, 10);
	uint64_t numbers[STORIES_MAX] = {only};
	unsigned n =
		only ? 1 : incidents_list(m->decide.incidents, open_only, numbers, STORIES_MAX);
	json_t *list = json_array();

	for (unsigned k = 0; k < n; k++) {
		struct incident *i = incidents_read(m->decide.incidents, numbers[k]);

		if (!i)
			continue;
		if (!i->closed)
			incidents_rate(m->decide.incidents, i, mitigator_now(m).wall);
		json_array_append_new(list, narrate_json(m, i));
		incident_free(i);
	}
	if (only && json_array_size(list) == 0) {
		json_decref(list);
		errmsg_set(e, ERR_NOTFOUND, "there is no incident %lu", only);
		return NULL;
	}
	return json_pack("{sb so}", "ok", 1, "incidents", list);
}

struct listing {
	struct mitigator *m;
	json_t *list;
};

static void causes_text(const struct cut *c, char *ret, size_t cap)
{
	size_t len = 0;

	ret[0] = 0;
	for (unsigned i = 0; i < CAUSE_COUNT; i++) {
		if (c->causes & CAUSE_BIT(i) && len < cap)
			len += (size_t)snprintf(ret + len, cap - len, "%s%s", len ? " " : "",
						cut_cause_text((enum cut_cause)i));
	}
}

static json_t *cut_json(struct mitigator *m, const struct cut *c)
{
	struct host *h = hosts_by_id(m->decide.hosts, c->host_id);
	struct host_ident ident = {0};
	char ip[IP_ADDR_TEXT] = "", mac[MAC_ADDR_TEXT] = "", command[CUT_ID_TEXT], causes[64];
	const struct text_field texts[] = {
		{"command_id", command},
		{"ip", ip},
		{"mac", mac},
		{"name", h ? h->name : ""},
		{"state", cut_state_text(c->state)},
		{"cause", causes},
		{"method",
		 c->sent && c->method < m->methods_n ? m->methods[c->method].config.name : ""},
		{"reason", c->reason},
		{"note", c->note},
		{"actor", c->actor},
		{"threat_id", c->threat_id},
		{"threat", c->threat_name},
		{"incident", c->incident_id},
		{"host_id", c->host_id},
		{"scope", c->scope},
		{"mode", c->mode},
		{"category", c->category},
		{"url", c->url},
		{"first_yes", c->first_yes},
		{"severity", severity_text(c->severity)},
	};
	const struct number_field numbers[] = {
		{"detected", c->detected}, {"reported", c->reported}, {"ordered", c->sent},
		{"acked", c->acked},	   {"verified", c->verified}, {"released", c->closed},
		{"opened", c->opened},	   {"drops", c->drops},	      {"ends", cut_end(c)},
		{"review", c->review},
	};
	json_t *o = json_pack("{sb}", "whole_port", c->whole_port);

	if (h)
		ident = host_ident_of(h);
	if (c->target.ips_n)
		ident.ip = c->target.ips[0];
	if (!ip_addr_is_zero(&ident.ip))
		ip_addr_text(&ident.ip, ip, false);
	if (!mac_addr_is_zero(&c->target.mac))
		mac_addr_text(&c->target.mac, mac);
	causes_text(c, causes, sizeof(causes));
	cut_command_id(m->name, c->id, c->number, command);
	put_texts(o, texts, ARRAY_SIZE(texts));
	put_numbers(o, numbers, ARRAY_SIZE(numbers));
	return o;
}

static bool list_cut(void *ctx, const struct cut *c)
{
	struct listing *l = ctx;

	json_array_append_new(l->list, cut_json(l->m, c));
	return true;
}

static json_t *do_quarantines(void *ctx, const struct local_peer *peer, const json_t *request,
			      struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct listing l = {m, json_array()};

	if (cut_store_each(m->store, json_is_true(json_object_get(request, "open")), LIST_MAX,
			   list_cut, &l, e) < 0) {
		json_decref(l.list);
		return NULL;
	}
	return json_pack("{sb so}", "ok", 1, "quarantines", l.list);
}

static bool list_change(void *ctx, const struct cut_change *ch)
{
	const struct text_field texts[] = {
		{"from", cut_state_text(ch->from)},
		{"to", cut_state_text(ch->to)},
		{"event", cut_event_text(ch->event)},
		{"actor", ch->actor},
		{"reason", ch->reason},
		{"method", ch->method},
	};
	json_t *o = json_pack("{sI}", "time", (json_int_t)ch->time);

	put_texts(o, texts, ARRAY_SIZE(texts));
	json_array_append_new(ctx, o);
	return true;
}

static json_t *do_history(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e)
{
	struct mitigator *m = ctx;
	const char *id = text_member(request, "command_id");
	json_t *list = json_array();
	uint32_t number;
	uint64_t cut;

	if (!cut_command_parse(m->name, id, &cut, &number)) {
		errmsg_set(e, ERR_INVALID, "\"command_id\" is no command of %s", m->name);
	} else if (cut_store_history(m->store, cut, list_change, list, e) == 0) {
		return json_pack("{sb so}", "ok", 1, "history", list);
	}
	json_decref(list);
	return NULL;
}

/* An order of a person, within a turn's transaction. */
static json_t *person(struct mitigator *m, const struct local_peer *peer, const json_t *request,
		      int (*fn)(struct mitigator *m, const struct decide_order *o,
				struct errmsg *e),
		      struct errmsg *e)
{
	json_int_t minutes = json_integer_value(json_object_get(request, "minutes"));
	json_int_t seconds = json_integer_value(json_object_get(request, "seconds"));
	const char *host = text_member(request, "host"), *reason = text_member(request, "reason");
	struct decide_order o = {.host = host[0] ? host : text_member(request, "command_id"),
				 .reason = reason[0] ? reason : "no reason given",
				 .mitigator = m->name};
	char actor[64];
	int rc;

	local_actor(peer, request, actor, sizeof(actor));
	o.actor = actor;
	if (minutes > 0 && minutes < LONGEST_S / 60)
		seconds = 60 * minutes;
	if (seconds > 0 && seconds < LONGEST_S)
		o.end = mitigator_now(m).wall + (uint64_t)seconds * NS_PER_SEC;
	rc = mitigator_begin(m, e);
	if (rc == 0)
		rc = fn(m, &o, e);
	if (rc >= 0 || rc == ERR_DENIED)
		audit_note(m, actor, rc == 0 ? "order" : "order refused",
			   json_pack("{so so so so}", "do", local_text(text_member(request, "do")),
				     "host", local_text(o.host), "reason", local_text(o.reason),
				     "answer",
				     local_text(rc < 0 && e ? e->text
						: rc > 0    ? "one of two"
							    : "ok")));
	if (rc < 0)
		return NULL;
	if (mitigator_commit(m, e) < 0)
		return NULL;
	return json_pack("{sb ss}", "ok", 1, "text",
			 rc == DECIDE_ONE_OF_TWO ? "Noted: a second person must approve it, too."
						 : "");
}

static int person_cuts(struct mitigator *m, const struct decide_order *o, struct errmsg *e)
{
	return decide_person_cuts(&m->decide, o, mitigator_now(m), e);
}

static int person_releases(struct mitigator *m, const struct decide_order *o, struct errmsg *e)
{
	return decide_person_releases(&m->decide, o, mitigator_now(m), e);
}

static int person_approves(struct mitigator *m, const struct decide_order *o, struct errmsg *e)
{
	return decide_person_answers(&m->decide, o, true, mitigator_now(m), e);
}

static int person_refuses(struct mitigator *m, const struct decide_order *o, struct errmsg *e)
{
	return decide_person_answers(&m->decide, o, false, mitigator_now(m), e);
}

static json_t *do_cut(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	return person(ctx, peer, request, person_cuts, e);
}

static json_t *do_release(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e)
{
	return person(ctx, peer, request, person_releases, e);
}

static json_t *do_approve(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e)
{
	return person(ctx, peer, request, person_approves, e);
}

static json_t *do_refuse(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	return person(ctx, peer, request, person_refuses, e);
}

static json_t *event_json(sqlite3_stmt *s)
{
	static const char *const keys[] = {"id",       "ip",  "mac",	    "threat", "severity",
					   "category", "url", "command_id", "mode",   "text"};
	json_t *o = json_pack("{sI si}", "time", (json_int_t)sqlite3_column_int64(s, 0), "number",
			      sqlite3_column_int(s, 1));

	for (int i = 0; i < (int)ARRAY_SIZE(keys); i++)
		put_texts(
			o,
			&(struct text_field){keys[i], (const char *)sqlite3_column_text(s, i + 2)},
			1);
	return o;
}

static json_t *do_events(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t most = json_integer_value(json_object_get(request, "most"));
	json_int_t number = json_integer_value(json_object_get(request, "number"));
	json_t *list = json_array();
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db,
			       "SELECT time, number, id, ip, mac, name, severity, category, url, "
			       "command, mode, text FROM event WHERE ?1=0 OR number=?1 ORDER BY "
			       "time DESC LIMIT ?2",
			       -1, &s, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "%s", sqlite3_errmsg(m->db));
		json_decref(list);
		return NULL;
	}
	sqlite3_bind_int64(s, 1, number);
	sqlite3_bind_int64(s, 2, most > 0 && most < 100000 ? most : 100);
	while (sqlite3_step(s) == SQLITE_ROW)
		json_array_append_new(list, event_json(s));
	sqlite3_finalize(s);
	return json_pack("{sb so}", "ok", 1, "events", list);
}

static json_t *judgement_json(sqlite3_stmt *s)
{
	static const char *const texts[] = {"host",    "level",	 "actions", "mode",
					    "trigger", "policy", "address"};
	char when[WHEN_TEXT];
	json_t *o = json_pack("{ss sI sI}", "time",
			      when_text((uint64_t)sqlite3_column_int64(s, 1), when), "count",
			      (json_int_t)sqlite3_column_int64(s, 2), "days",
			      (json_int_t)sqlite3_column_int64(s, 3));

	for (int i = 0; i < (int)ARRAY_SIZE(texts); i++)
		put_texts(
			o,
			&(struct text_field){texts[i], (const char *)sqlite3_column_text(s, i + 4)},
			1);
	return o;
}

/* A page of the history, oldest first; "next" goes into the next question's "after". */
static json_t *do_judgements(void *ctx, const struct local_peer *peer, const json_t *request,
			     struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t next = json_integer_value(json_object_get(request, "after"));
	json_t *list = json_array();
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db,
			       "SELECT rowid, time, count, days, host, level, actions, mode, cause,"
			       " policy, address FROM judgement WHERE rowid>?1 AND time>=?2 AND"
			       " (?3='' OR host=?3 OR address=?3) ORDER BY rowid LIMIT ?4",
			       -1, &s, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "%s", sqlite3_errmsg(m->db));
		json_decref(list);
		return NULL;
	}
	sqlite3_bind_int64(s, 1, next);
	sqlite3_bind_int64(s, 2, json_integer_value(json_object_get(request, "since")));
	sqlite3_bind_text(s, 3, text_member(request, "host"), -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 4, LIST_MAX);
	while (sqlite3_step(s) == SQLITE_ROW) {
		next = sqlite3_column_int64(s, 0);
		json_array_append_new(list, judgement_json(s));
	}
	sqlite3_finalize(s);
	return json_pack("{sb so sI}", "ok", 1, "judgements", list, "next", next);
}

static json_t *do_policy(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;
	char lints[POLICY_LINTS][256];
	unsigned n = policy_lint(m->policy, lints);
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_string(lints[i]));
	return json_pack("{sb sb ss ss ss so}", "ok", 1, "edited", (int)m->over.edited, "name",
			 m->policy->name, "version", m->policy->version, "policy",
			 m->policy->yaml ? m->policy->yaml : "", "lint", list);
}

static json_t *do_protected(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_t *list = json_array();

	for (unsigned i = 0; i < protect_count(m->decide.protect); i++) {
		const struct protect_entry *p = protect_at(m->decide.protect, i);
		char prefix[IP_PREFIX_TEXT] = "", mac[MAC_ADDR_TEXT] = "";

		if (p->has_prefix)
			ip_prefix_text(&p->prefix, p->bits, prefix);
		if (p->has_mac)
			mac_addr_text(&p->mac, mac);
		json_array_append_new(list,
				      json_pack("{ss ss ss ss ss}", "address", prefix, "mac", mac,
						"role", p->role, "source",
						protect_source_text(p->source), "note", p->note));
	}
	return json_pack("{sb so}", "ok", 1, "protected", list);
}

static json_t *do_reload(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;
	char actor[64];

	local_actor(peer, request, actor, sizeof(actor));
	if (adopt_again(m, actor, e) < 0)
		return NULL;
	return json_pack("{sb ss}", "ok", 1, "text",
			 m->over.edited
				 ? "The policy that was edited at the pages is in force, not the "
				   "file: banken policy file goes back to it."
				 : "");
}

static const struct local_command commands[] = {
	{"status", "counts, mode and kill switch", do_status, false},
	{"hosts",
	 "highest level first; \"search\", \"level\" and above, \"cut\", \"from\", \"most\"",
	 do_hosts, false},
	{"coverage", "which networks and hosts the sensors see", do_coverage, false},
	{"host", "one host with every fact, its source and age; \"host\": address, MAC, name, id",
	 do_host, false},
	{"incidents", "what happened, newest first; \"id\" = one, \"open\": true = only those",
	 do_incidents, false},
	{"quarantines", "cuts, newest first; \"open\": true = only those", do_quarantines, false},
	{"history", "every change of one cut; \"command_id\"", do_history, false},
	{"events", "1188 and 1190; \"most\", \"number\"", do_events, false},
	{"judgements", "every judgement, oldest first; \"host\", \"since\", \"after\"",
	 do_judgements, false},
	{"policy", "the policy in force and what lint says of it", do_policy, false},
	{"protected", "what can never be cut", do_protected, false},
	{"exceptions", "those of the policy, with how often each had effect", except_do_list,
	 false},
	{"preview",
	 "what an exception would have removed; \"rule\", \"source\", \"destination\", \"sensor\"",
	 except_do_preview, false},
	{"deferred", "actions that wait for a person's command", act_do_list, false},
	{"act",
	 "\"action\" to \"hosts\" with \"text\"; or \"deferred\": true, of one \"scope\" or all",
	 act_do, true},
	{"audit", "who did what, newest first; \"most\"", audit_do, false},
	{"undo_lists", "the permission lists kept before cuts; \"threat\"", undo_do_lists, false},
	{"undo_list", "one of them; \"name\", \"from\"", undo_do_list, false},
	{"permissions", "who is permitted now, as such a list; \"from\"", undo_do_permissions,
	 false},
	{"restore",
	 "ends the cuts of a threat; \"threat\", \"hosts\" (MACs, addresses), \"reason\"",
	 undo_do_restore, true},
	{"cut",
	 "cuts a host; \"host\", \"reason\", \"minutes\" or \"seconds\" (0 = until released)",
	 do_cut, true},
	{"release", "releases a host; \"host\" or \"command_id\", \"reason\"", do_release, true},
	{"approve", "says yes to what is held; \"command_id\" or \"host\"", do_approve, true},
	{"refuse", "says no to what is held; \"command_id\" or \"host\"", do_refuse, true},
	{"stop",
	 "\"stop\": true = nothing is cut automatically, false = as the policy says; \"reason\"",
	 stop_do, true},
	{"recovery", "tasks of dangerous incidents; \"incident\", \"open\": true", recover_do_list,
	 false},
	{"watched", "treated hosts that are watched more closely", care_do_watched, false},
	{"proposals", "known-bad entries offered to the fleet", care_do_proposals, false},
	{"vendor", "the vendor's orders, and whether the mandate holds", vendor_do_list, false},
	{"recovery_change",
	 "\"what\": do, cancel, done or undo a \"task\", or start with a \"host\"; \"reason\"",
	 recover_do_change, true},
	{"collect",
	 "a carved file is to be handed over by the sensors; \"sha256\", \"types\", \"sensor\", "
	 "\"reason\"",
	 collect_do, true},
	{"samples", "what was ordered so, and what became of it", collect_do_list, false},
	{"reload", "reads the policy file again", do_reload, true},
	{"policy_editions", "policies that people put in force here; \"number\": one with its text",
	 edit_do_list, false},
	{"policy_put",
	 "puts \"text\" in force in place of the policy file; \"base\": the version it was edited "
	 "from, \"accept\": true although lint says something, \"reason\"",
	 edit_do_put, true},
	{"policy_back", "the policy file holds again; \"reason\"", edit_do_back, true},
	{"peers", "sensors, enforcers and drivers with their health; the centre", peers_do, false},
	{"modes", "every scope with its mode and stages, and how many hosts are in which",
	 change_do_modes, false},
	{"mode", "\"scope\" is to be \"mode\" (or \"file\": as the policy says); \"reason\"",
	 change_do_mode, true},
	{"except",
	 "a new exception; \"never\", \"rule\", \"source\", \"destination\", \"sensor\", "
	 "\"until\", "
	 "\"reason\"",
	 change_do_except, true},
	{"except_end", "takes one out again; \"number\", \"reason\"", change_do_except_end, true},
	{"accounts", "who may log in to the pages", accounts_do, false},
	{"account_add", "\"name\", \"role\", \"password\"", accounts_do, true},
	{"account_change",
	 "\"name\" with a new \"role\", \"password\", \"disabled\", \"reset_second_factor\"",
	 accounts_do, true},
	{"account_remove", "\"name\", with its sessions and tokens", accounts_do, true},
};

json_t *local_do(struct mitigator *m, const char *name, const struct local_peer *peer,
		 const json_t *request, struct errmsg *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].fn(m, peer, request, e);
	}
	errmsg_set(e, ERR_NOTFOUND, "there is no \"%s\"", name);
	return NULL;
}

int local_listen(struct mitigator *m, struct errmsg *e)
{
	struct group *group = m->settings.group[0] ? getgrnam(m->settings.group) : NULL;
	char path[512];
	struct local_setup setup = {.loop = m->loop,
				    .log = &m->log,
				    .path = path,
				    .group = group ? group->gr_gid : (gid_t)-1,
				    .commands = commands,
				    .n_commands = ARRAY_SIZE(commands),
				    .ctx = m};

	snprintf(path, sizeof(path), "%s/banken-mitigator.sock", m->settings.run_folder);
	m->local = local_server_new(&setup, e);
	return m->local ? 0 : ERR_IO;
}
