/* Recovery at work (Q12): which incidents get tasks, who carries them out, what people are told.
 * The life of a task is recovery/'s. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/recovery/recovery.h"
#include "control/mitigator/recovery/runner.h"
#include "control/mitigator/request.h"
#include "control/wire/sign.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum { RUNNERS = 4, LIST_MAX = 1000, LOOKED = 1024, TYPES = 600 };

struct runner {
	struct recover *owner;
	struct helper helper;
	uint64_t task; /* 0: free */
};

struct recover {
	struct mitigator *m;
	struct recovery *engine;
	struct playbook *playbook;
	struct runner runners[RUNNERS];
	uint64_t looked[LOOKED]; /* incidents that have their tasks, by number */
	struct runner_job *job;	 /* room for one */
};

/* ---- orders ---- */

static struct host_ident ident_of(const struct recovery_case *c)
{
	struct host_ident i = {.name = c->host, .user = c->user, .side = HOST_SIDE_INSIDE};

	ip_addr_parse(c->ip, &i.ip);
	mac_addr_parse(c->mac, &i.mac);
	return i;
}

/* The same order in wire's form, so that whoever carries it further can check who gave it. */
static int sign_order(struct mitigator *m, const struct recovery_task *t,
		      const struct recovery_case *c, const char *id, struct slice *ret)
{
	struct message msg = {.kind = MESSAGE_COMMAND};
	struct errmsg e;

	msg.command = (struct quarantine_command){.command_id = id,
						  .action = COMMAND_RECOVER,
						  .cause = COMMAND_CAUSE_THREAT,
						  .host = ident_of(c),
						  .method = recovery_kind_text(t->what.kind),
						  .target = t->what.program,
						  .issued = t->ordered,
						  .order_expires = t->expires,
						  .reason = t->what.name,
						  .threat_id = c->threat_id,
						  .issuer = m->name,
						  .actor = t->actor};
	if (sign_message(m->keys, &msg, ret, &e) == 0)
		return 0;
	log_error(&m->log, "the order %s is not signed: %s", id, e.text);
	return ERR_IO;
}

static bool fill_job(struct recover *r, const struct runner_order *o, struct errmsg *e)
{
	const struct recovery_task *t = o->task;
	const struct playbook_program *p = playbook_program(r->playbook, t->what.program);
	long n = p ? runner_write(o, r->job->json, sizeof(r->job->json)) : 0;

	if (!p)
		errmsg_set(e, ERR_NOTFOUND, "the playbook has no program \"%s\" any more",
			   t->what.program);
	else if (n < 0)
		errmsg_set(e, ERR_LIMIT, "the order does not fit");
	if (!p || n < 0)
		return false;
	r->job->task = t->id;
	r->job->number = t->number;
	r->job->undo = o->undo;
	r->job->timeout_ms = t->what.timeout_s * 1000;
	r->job->len = (uint32_t)n;
	r->job->program = *p;
	return true;
}

static struct runner *free_runner(struct recover *r)
{
	for (unsigned i = 0; i < RUNNERS; i++) {
		if (r->runners[i].helper.fd >= 0 && !r->runners[i].task)
			return &r->runners[i];
	}
	return NULL;
}

/* Which files a person said may be taken; "" none. */
static const char *types_of(struct mitigator *m, uint64_t task, char ret[TYPES])
{
	sqlite3_stmt *s;

	ret[0] = 0;
	if (sqlite3_prepare_v2(m->db, "SELECT types FROM sample_types WHERE task=?", -1, &s,
			       NULL) != SQLITE_OK)
		return ret;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)task);
	if (sqlite3_step(s) == SQLITE_ROW)
		snprintf(ret, TYPES, "%s", (const char *)sqlite3_column_text(s, 0) ?: "");
	sqlite3_finalize(s);
	return ret;
}

static bool sink_order(void *ctx, const struct recovery_task *t, const struct recovery_case *c,
		       bool undo, const char *before)
{
	struct recover *r = ctx;
	struct mitigator *m = r->m;
	struct runner *to = free_runner(r);
	char id[RECOVERY_ID], where[800];
	struct slice signature = SLICE("", 0);
	struct errmsg e = {""};
	char types[TYPES];
	struct runner_order o = {.task = t,
				 .about = c,
				 .types = types_of(m, t->id, types),
				 .command_id = recovery_command_id(m->name, t, id),
				 .before = before,
				 .undo = undo};
	bool sent;

	if (!to)
		return false;
	if (sign_order(m, t, c, id, &signature) < 0)
		return false;
	o.signature = signature;
	sent = fill_job(r, &o, &e) &&
	       helper_send(to->helper.fd, r->job, runner_job_size(r->job)) == 0;
	payload_free(&signature);
	if (!sent && !e.text[0])
		return false;
	if (!sent) {
		log_error(&m->log, "%s: %s", id, e.text);
		return true; /* its time runs out */
	}
	to->task = t->id;
	log_info(&m->log, "%s: %s is ordered to %s %s on %s", id, t->what.program,
		 undo ? "undo" : "do", t->what.name, recovery_where(c, where, sizeof(where)));
	return true;
}

/* ---- what is told ---- */

static void sink_changed(void *ctx, const struct recovery_task *t, const struct recovery_case *c,
			 enum recovery_state from)
{
	struct recover *r = ctx;

	log_info(&r->m->log, "recovery task %llu (%s of incident %llu): %s -> %s: %s",
		 (unsigned long long)t->id, t->what.name, (unsigned long long)t->incident,
		 recovery_state_text(from), recovery_state_text(t->state), t->text);
	audit_note(r->m, t->actor, "recovery",
		   json_pack("{sI sI ss so ss ss so}", "task", (json_int_t)t->id, "incident",
			     (json_int_t)t->incident, "kind", recovery_kind_text(t->what.kind),
			     "host", local_text(c->host[0] ? c->host : c->ip), "from",
			     recovery_state_text(from), "to", recovery_state_text(t->state), "text",
			     local_text(t->text)));
}

static void tell(struct recover *r, const char *kind, const struct recovery_case *c,
		 const char *text)
{
	struct cut about = {.id = 0};
	struct ip_addr ip;

	mac_addr_parse(c->mac, &about.target.mac);
	if (ip_addr_parse(c->ip, &ip) == 0)
		target_add_ip(&about.target, &ip);
	tell_people(r->m, kind, &about, text);
}

static void sink_ask(void *ctx, const struct recovery_task *t, const struct recovery_case *c)
{
	char where[800], text[1000];

	snprintf(text, sizeof(text), "%s \"%s\" on %s? banken recovery do %llu",
		 recovery_kind_text(t->what.kind), t->what.name,
		 recovery_where(c, where, sizeof(where)), (unsigned long long)t->id);
	tell(ctx, "ask", c, text);
}

static void sink_alarm(void *ctx, const struct recovery_case *c, const char *text)
{
	struct recover *r = ctx;

	log_warn(&r->m->log, "%s", text);
	tell(r, "recover", c, text);
}

static void sink_over(void *ctx, const struct recovery_case *c)
{
	struct recover *r = ctx;

	log_info(&r->m->log, "the tasks of incident %llu are done",
		 (unsigned long long)c->incident);
	care_after(r->m, c->host_id, c->incident, "its recovery is done");
}

/* ---- which incidents ---- */

static void add(char *to, size_t cap, const char *word, const char *text)
{
	size_t len = strlen(to);

	if (text && text[0] && len < cap)
		snprintf(to + len, cap - len, "%s%s%s", len ? ", " : "", word, text);
}

/* Who has to be found by a person when a program cannot. */
static void describe_host(const struct host *h, struct recovery_case *c)
{
	struct host_ident i = host_ident_of(h);
	char vlan[16] = "";

	snprintf(c->host_id, sizeof(c->host_id), "%s", h->id);
	snprintf(c->host, sizeof(c->host), "%s", h->name);
	snprintf(c->user, sizeof(c->user), "%s", h->user);
	if (!ip_addr_is_zero(&i.ip))
		ip_addr_text(&i.ip, c->ip, false);
	if (!mac_addr_is_zero(&h->mac))
		mac_addr_text(&h->mac, c->mac);
	if (h->vlan)
		snprintf(vlan, sizeof(vlan), "%u", h->vlan);
	add(c->location, sizeof(c->location), "switch ", h->switch_name);
	add(c->location, sizeof(c->location), "port ", h->switch_port);
	add(c->location, sizeof(c->location), "VLAN ", vlan);
	add(c->location, sizeof(c->location), "seen by ", h->sensor);
}

static void describe_incident(const struct incident *i, struct recovery_case *c)
{
	c->incident = i->number;
	snprintf(c->threat_id, sizeof(c->threat_id), "%s", i->threat_id);
	snprintf(c->threat, sizeof(c->threat), "%s", i->title);
	for (unsigned k = 0; k < i->steps_n; k++) {
		const struct chain_step *s = i->steps[k];

		if (!c->file[0])
			snprintf(c->file, sizeof(c->file), "%s", s->file);
		if (!c->sha256[0])
			snprintf(c->sha256, sizeof(c->sha256), "%s", s->sha256);
		if (!c->url[0])
			snprintf(c->url, sizeof(c->url), "%s", s->url);
	}
}

static int open_case(struct recover *r, const struct incident *i, bool automatic, const char *actor,
		     struct errmsg *e)
{
	const struct host *h = hosts_by_id(r->m->decide.hosts, i->host_id);
	struct recovery_case c = {.incident = i->number};

	if (!h)
		return errmsg_set(e, ERR_NOTFOUND, "its host is not known any more");
	describe_host(h, &c);
	describe_incident(i, &c);
	return recovery_open(r->engine, &c, automatic, actor, mitigator_now(r->m).wall, e);
}

void recover_incident(struct mitigator *m, const struct incident *i, bool asked)
{
	struct recover *r = m->recover;
	struct host *h = hosts_by_id(m->decide.hosts, i->host_id);
	const struct policy_scope *s = h ? decide_scope_of(&m->decide, h) : NULL;
	struct errmsg e = {""};
	enum policy_mode mode;
	int rc;

	if (!r || !s || i->closed || r->playbook->tasks_n == 0 ||
	    (!asked && i->level < r->playbook->at) || r->looked[i->number % LOOKED] == i->number)
		return;
	mode = decide_mode(&m->decide, s, h, mitigator_now(m).wall);
	if (mode < MODE_APPROVE)
		return;
	/* A forged source must not get a neighbour's machine cleaned: then a person says yes. */
	rc = open_case(r, i, mode == MODE_AUTOMATIC && i->proven >= r->playbook->at, "automatic",
		       &e);
	if (rc < 0 && rc != ERR_EXISTS)
		log_warn(&m->log, "no recovery of incident %llu: %s", (unsigned long long)i->number,
			 e.text);
	r->looked[i->number % LOOKED] = i->number;
}

/* ---- answers ---- */

static void on_runner(void *ctx, uint32_t events)
{
	struct runner *u = ctx;
	struct recover *r = u->owner;
	struct mitigator *m = r->m;
	struct runner_reply a;
	ssize_t n;

	while ((n = helper_receive(u->helper.fd, &a, sizeof(a))) == (ssize_t)sizeof(a)) {
		a.text[sizeof(a.text) - 1] = a.detail[sizeof(a.detail) - 1] = 0;
		u->task = 0;
		if (mitigator_begin(m, NULL) < 0)
			return;
		if (!recovery_answer(r->engine,
				     &(struct recovery_result){a.task, a.number, a.undo, a.ok,
							       a.found_none, a.text, a.detail},
				     mitigator_now(m).wall))
			log_warn(&m->log, "an answer to task %llu that nobody waits for: %s",
				 (unsigned long long)a.task, a.text);
	}
	if (n == 0) {
		log_error(&m->log, "a helper of recovery is gone; stopped to be started anew");
		loop_unwatch(m->loop, u->helper.fd);
		m->stopping = true;
	}
}

/* ---- turn ---- */

void recover_tick(struct mitigator *m)
{
	if (m->recover)
		recovery_tick(m->recover->engine, mitigator_now(m).wall, m->decide.kill_switch);
}

bool recover_failed(struct mitigator *m)
{
	return m->recover && recovery_failed(m->recover->engine);
}

void recover_effects(struct mitigator *m)
{
	if (m->recover)
		recovery_effects(m->recover->engine, mitigator_now(m).wall);
}

/* ---- start and end ---- */

int recover_helpers(struct mitigator *m, struct errmsg *e)
{
	struct recover *r;

	if (!m->settings.playbook[0])
		return 0;
	r = m->recover = calloc(1, sizeof(*r));
	if (!r)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	r->m = m;
	for (unsigned i = 0; i < RUNNERS; i++)
		r->runners[i] = (struct runner){.owner = r, .helper = {-1, -1}};
	for (unsigned i = 0; i < RUNNERS; i++) {
		if (runner_start(m->settings.user, &r->runners[i].helper, e) < 0)
			return ERR_IO;
	}
	return 0;
}

int recover_reload(struct mitigator *m, struct errmsg *e)
{
	struct playbook *p = m->recover ? playbook_load(m->settings.playbook, e) : NULL;

	if (!m->recover)
		return 0;
	if (!p)
		return ERR_INVALID;
	recovery_set(m->recover->engine, p);
	free(m->recover->playbook);
	m->recover->playbook = p;
	return 0;
}

int recover_start(struct mitigator *m, struct errmsg *e)
{
	struct recover *r = m->recover;
	struct recovery_sink sink = {sink_order, sink_changed, sink_ask, sink_alarm, sink_over, r};

	if (!r)
		return 0;
	if (sqlite3_exec(
		    m->db,
		    "CREATE TABLE IF NOT EXISTS sample_types(task INTEGER PRIMARY KEY, types TEXT)",
		    NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	r->job = calloc(1, sizeof(*r->job));
	r->engine = r->job ? recovery_new(m->db, &sink, e) : NULL;
	if (!r->engine || recover_reload(m, e) < 0)
		return ERR_INVALID;
	recovery_recover(r->engine);
	for (unsigned i = 0; i < RUNNERS; i++) {
		if (loop_watch(m->loop, r->runners[i].helper.fd, EPOLLIN, on_runner,
			       &r->runners[i]) < 0)
			return errmsg_set(e, ERR_IO, "recovery's helpers cannot be watched");
	}
	return 0;
}

void recover_stop(struct mitigator *m)
{
	struct recover *r = m->recover;

	if (!r)
		return;
	for (unsigned i = 0; i < RUNNERS; i++) {
		if (r->runners[i].helper.fd >= 0 && m->loop)
			loop_unwatch(m->loop, r->runners[i].helper.fd);
		helper_stop(&r->runners[i].helper);
	}
	recovery_free(r->engine);
	free(r->playbook);
	free(r->job);
	free(r);
	m->recover = NULL;
}

/* ---- answers on the local socket ---- */

static bool list_task(void *ctx, const struct recovery_case *c, const struct recovery_task *t)
{
	json_t *o = json_pack("{sI sI ss ss ss ss so so so so so so so so sI sI}", "task",
			      (json_int_t)t->id, "incident", (json_int_t)t->incident, "name",
			      t->what.name, "kind", recovery_kind_text(t->what.kind), "state",
			      recovery_state_text(t->state), "program", t->what.program, "host",
			      local_text(c->host), "ip", local_text(c->ip), "user",
			      local_text(c->user), "location", local_text(c->location), "file",
			      local_text(c->file), "sha256", local_text(c->sha256), "text",
			      local_text(t->text), "actor", local_text(t->actor), "changed",
			      (json_int_t)t->changed, "tries", (json_int_t)t->tries);

	json_object_set_new(o, "expires", json_integer((json_int_t)t->expires));
	json_object_set_new(o, "detail", json_loads(t->detail, 0, NULL) ?: json_null());
	json_array_append_new(ctx, o);
	return true;
}

static bool is_off(const struct mitigator *m, struct errmsg *e)
{
	if (!m->recover)
		errmsg_set(e, ERR_NOTFOUND, "no playbook is configured (key 'playbook')");
	return !m->recover;
}

json_t *recover_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t incident = json_integer_value(json_object_get(request, "incident"));
	json_t *list = json_array();

	if (!is_off(m, e) &&
	    recovery_each(m->recover->engine, incident > 0 ? (uint64_t)incident : 0,
			  json_is_true(json_object_get(request, "open")), LIST_MAX, list_task, list,
			  e) == 0)
		return json_pack("{sb ss so}", "ok", 1, "playbook", m->recover->playbook->name,
				 "tasks", list);
	json_decref(list);
	return NULL;
}

static int event_of(const char *word, enum recovery_event *ret)
{
	static const struct {
		const char *word;
		enum recovery_event event;
	} words[] = {{"do", TASK_EV_YES},
		     {"cancel", TASK_EV_NO},
		     {"done", TASK_EV_BY_HAND},
		     {"undo", TASK_EV_UNDO}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, word) == 0) {
			*ret = words[i].event;
			return 0;
		}
	}
	return ERR_INVALID;
}

static const struct host *host_named(struct mitigator *m, const char *host)
{
	struct ip_addr ip;
	struct mac_addr mac;

	return ip_addr_parse(host, &ip) == 0	 ? hosts_by_ip(m->decide.hosts, &ip)
	       : mac_addr_parse(host, &mac) == 0 ? hosts_by_mac(m->decide.hosts, &mac)
						 : hosts_by_id(m->decide.hosts, host);
}

static int start_by_hand(struct mitigator *m, const char *host, const char *actor, struct errmsg *e)
{
	const struct host *h = host_named(m, host);
	const struct incident *i = h ? incidents_of_host(m->decide.incidents, h->id) : NULL;

	if (!i)
		return errmsg_set(e, ERR_NOTFOUND, "\"%.64s\" has no open incident", host);
	return open_case(m->recover, i, true, actor, e);
}

/* ---- a sample, on a person's instruction (E4) ---- */

static bool find_sample(void *ctx, const struct recovery_case *c, const struct recovery_task *t)
{
	struct recovery_task *found = ctx;

	(void)c;
	if (t->what.kind == RECOVERY_SAMPLE && t->state != TASK_DONE && t->state != TASK_ORDERED)
		*found = *t;
	return found->id == 0;
}

static int keep_types(struct mitigator *m, uint64_t task, const char *types, struct errmsg *e)
{
	sqlite3_stmt *s;
	int rc = ERR_IO;

	if (sqlite3_prepare_v2(m->db, "INSERT OR REPLACE INTO sample_types VALUES(?,?)", -1, &s,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_int64(s, 1, (sqlite3_int64)task);
		sqlite3_bind_text(s, 2, types, -1, SQLITE_STATIC);
		rc = sqlite3_step(s) == SQLITE_DONE ? 0 : ERR_IO;
		sqlite3_finalize(s);
	}
	return rc == 0 ? 0
		       : errmsg_set(e, ERR_IO, "the types are not stored: %s",
				    sqlite3_errmsg(m->db));
}

int recover_collect(struct mitigator *m, const char *host, const char *types, const char *actor,
		    const char *reason, char *ret, size_t cap, struct errmsg *e)
{
	const struct host *h = host_named(m, host);
	const struct incident *i = h ? incidents_of_host(m->decide.incidents, h->id) : NULL;
	struct recovery_task t = {.id = 0};
	int rc;

	if (is_off(m, e))
		return ERR_NOTFOUND;
	if (!i)
		return errmsg_set(e, ERR_NOTFOUND, "\"%.64s\" has no open incident here", host);
	if (recovery_each(m->recover->engine, i->number, false, LIST_MAX, find_sample, &t, e) < 0)
		return ERR_IO;
	if (t.id == 0)
		return errmsg_set(e, ERR_NOTFOUND,
				  "the incident of \"%.64s\" has no sample task that waits: its "
				  "recovery begins first (banken recovery start)",
				  host);
	rc = mitigator_begin(m, e);
	rc = rc == 0 ? keep_types(m, t.id, types, e) : rc;
	rc = rc == 0 ? recovery_person(m->recover->engine, t.id, TASK_EV_YES, actor, reason,
				       mitigator_now(m).wall, e)
		     : rc;
	if (rc < 0)
		return rc;
	audit_note(m, actor, "sample",
		   json_pack("{sI so so so}", "task", (json_int_t)t.id, "host", local_text(host),
			     "file_types", local_text(types), "reason", local_text(reason)));
	recover_tick(m);
	snprintf(ret, cap, "task %llu, %s", (unsigned long long)t.id, t.what.name);
	return mitigator_commit(m, e);
}

/* "do": do, cancel, done or undo with "task"; or start with "host". */
json_t *recover_do_change(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t task = json_integer_value(json_object_get(request, "task"));
	const char *what = text_member(request, "what"), *reason = text_member(request, "reason");
	enum recovery_event ev;
	char actor[64];
	int rc;

	if (is_off(m, e) || mitigator_begin(m, e) < 0)
		return NULL;
	local_actor(peer, request, actor, sizeof(actor));
	if (strcmp(what, "start") == 0)
		rc = start_by_hand(m, text_member(request, "host"), actor, e);
	else if (event_of(what, &ev) < 0)
		rc = errmsg_set(e, ERR_INVALID, "\"what\" must be start, do, cancel, done or undo");
	else
		rc = recovery_person(m->recover->engine, task > 0 ? (uint64_t)task : 0, ev, actor,
				     reason[0] ? reason : "by hand", mitigator_now(m).wall, e);
	if (rc < 0)
		return NULL;
	recover_tick(m);
	return mitigator_commit(m, e) < 0 ? NULL : json_pack("{sb}", "ok", 1);
}
