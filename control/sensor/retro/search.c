#include "control/sensor/retro/search.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "control/wire/local.h"
#include "dataplane/base/clock.h"
#include "signatures/lists/table.h"

enum {
	LOOK_MS = 2000,	       /* between looks at the lists' file */
	STEP_MS = 20,	       /* between two steps of a scan */
	STEP_TERMS = 400,      /* compared in a step: some milliseconds */
	ALERTS_A_SCAN = 10000, /* then it only counts */
};

struct search {
	struct search_setup setup;
	struct retro *retro;
	struct loop_timer timer;
	struct stat lists; /* as last searched */
	uint64_t alerts;   /* of this scan */
};

/* ---- what was found ---- */

static struct host_ident end_of(const struct search *s, const char *text)
{
	struct host_ident i = {0};
	const struct host_entry *known;

	(void)ip_addr_parse(text, &i.ip);
	i.side =
		hosts_inside(s->setup.convert->hosts, &i.ip) ? HOST_SIDE_INSIDE : HOST_SIDE_OUTSIDE;
	known = hosts_find(s->setup.convert->hosts, &i.ip);
	if (known)
		i.mac = known->mac;
	return i;
}

struct found {
	char id[96], msg[160], reason[2][400];
	const char *reasons[2], *tactic[1], *technique[1];
};

static void describe(struct found *f, const struct retro_hit *hit, const struct list_hit *why,
		     const char *indicator)
{
	static const char *const techniques[LIST_KINDS] = {[LIST_FILE] = "T1105"};
	const struct list_info *l = why->list;

	snprintf(f->msg, sizeof(f->msg), "BANKEN known-bad %s in kept records (%s)",
		 list_kind_names[why->kind], l->name);
	snprintf(f->reason[0], sizeof(f->reason[0]),
		 "%.150s is on the list %s now; %s contacted %s port %u for it before it was "
		 "listed.",
		 indicator, l->name, hit->src, hit->dst, hit->dport);
	snprintf(f->reason[1], sizeof(f->reason[1]),
		 "%.150s がリスト %s に登録されました。登録前に %s が %s のポート %u "
		 "と通信しています。",
		 indicator, l->name, hit->src, hit->dst, hit->dport);
	f->reasons[0] = f->reason[0];
	f->reasons[1] = f->reason[1];
	f->tactic[0] = l->tactic[0] ? l->tactic : "TA0011";
	f->technique[0] = l->technique[0]	  ? l->technique
			  : techniques[why->kind] ? techniques[why->kind]
						  : "T1071";
}

/* An alert about the time of the record: correlation puts it where it belongs. */
static void on_bad(void *ctx, const struct retro_hit *hit, const struct list_hit *why,
		   const char *indicator)
{
	struct search *s = ctx;
	uint64_t now = loop_wall(s->setup.loop);
	struct report r = {.kind = REPORT_ALERT, .time = now};
	struct host_ident src = end_of(s, hit->src), dst = end_of(s, hit->dst);
	struct found f;
	struct errmsg e;

	if (s->alerts++ >= ALERTS_A_SCAN)
		return;
	describe(&f, hit, why, indicator);
	/* The same record and list make the same id: told once. */
	snprintf(f.id, sizeof(f.id), "%.40s-retro-%u-%016" PRIx64, s->setup.outbox->sensor,
		 why->list->id, hit->id);
	r.sensor = s->setup.outbox->sensor;
	r.alert = (struct alert){
		.id = f.id,
		.time = hit->time,
		.host_is_source = src.side == HOST_SIDE_INSIDE || dst.side != HOST_SIDE_INSIDE,
		.flow = {.src = src.ip,
			 .dst = dst.ip,
			 .src_port = hit->sport,
			 .dst_port = hit->dport,
			 .app_proto = hit->type},
		.gid = 2,
		.sid = why->list->id,
		.rev = 1,
		.msg = f.msg,
		.classtype = "",
		.category = "",
		.severity =
			why->list->severity ? (enum severity)why->list->severity : SEVERITY_MEDIUM,
		.confidence = why->list->known ? CONFIDENCE_KNOWN : CONFIDENCE_POTENTIAL,
		.tactics = {f.tactic, 1},
		.techniques = {f.technique, 1},
		.reasons = {f.reasons, 2},
		.url = indicator,
	};
	r.alert.host = r.alert.host_is_source ? src : dst;
	r.alert.peer = r.alert.host_is_source ? dst : src;
	if (outbox_send(s->setup.outbox, &r, LANE_URGENT, OUTBOX_FOR_BOTH, now, &e) < 0)
		log_error(s->setup.log, "a find in kept records is not stored: %s", e.text);
}

/* ---- a list that changed ---- */

static bool changed(const struct search *s, const struct stat *st)
{
	return st->st_ino != s->lists.st_ino || st->st_size != s->lists.st_size ||
	       st->st_mtim.tv_sec != s->lists.st_mtim.tv_sec ||
	       st->st_mtim.tv_nsec != s->lists.st_mtim.tv_nsec;
}

static void look_at_lists(struct search *s)
{
	struct errmsg e = {""};
	struct stat st;

	if (stat(s->setup.lists, &st) < 0 || !changed(s, &st))
		return;
	s->lists = st;
	s->alerts = 0;
	if (retro_scan_begin(s->retro, s->setup.lists, &e) < 0)
		log_warn(s->setup.log, "kept records are not searched: %s", e.text);
	else
		log_info(s->setup.log, "the known-bad lists changed: kept records are searched");
}

static void due(void *ctx)
{
	struct search *s = ctx;
	struct retro_counts before, after;
	bool more;

	retro_counts(s->retro, &before);
	more = retro_scan_step(s->retro, STEP_TERMS, loop_wall(s->setup.loop), on_bad, s);
	retro_counts(s->retro, &after);
	if (before.scanning && !after.scanning)
		log_info(s->setup.log,
			 "kept records are searched: %llu of them name what is listed",
			 (unsigned long long)s->alerts);
	if (!more)
		look_at_lists(s);
	loop_timer_set(s->setup.loop, &s->timer, (more ? STEP_MS : LOOK_MS) * NS_PER_MS);
}

/* ---- life ---- */

static uint64_t limit_of(const struct search_setup *setup)
{
	uint64_t bytes = setup->max_mb << 20, share;
	struct statvfs v;

	if (statvfs(setup->folder, &v) < 0)
		return bytes;
	share = (uint64_t)v.f_blocks * v.f_frsize / 100 * setup->disk_percent;
	return bytes < share ? bytes : share;
}

struct search *search_new(const struct search_setup *setup, struct errmsg *e)
{
	struct retro_setup store = {.folder = setup->folder};
	struct search *s = setup->max_mb ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->setup = *setup;
	mkdir(setup->folder, 0700);
	store.max_bytes = limit_of(setup);
	s->retro = retro_open(&store, e);
	if (!s->retro) {
		free(s);
		return NULL;
	}
	s->timer = (struct loop_timer){.fn = due, .ctx = s};
	loop_timer_set(setup->loop, &s->timer, LOOK_MS * NS_PER_MS);
	return s;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	loop_timer_stop(s->setup.loop, &s->timer);
	retro_close(s->retro);
	free(s);
}

void search_note(struct search *s, const struct record_head *h)
{
	struct convert *c = s ? s->setup.convert : NULL;
	struct retro_record rec;

	if (!s || !(h->flags & RECORD_HAS_TUPLE) || !retro_wants(h->type))
		return;
	rec = (struct retro_record){.id = h->id & INT64_MAX,
				    .time = h->time_ns,
				    .type = h->type,
				    .src = h->src,
				    .dst = h->dst,
				    .sport = h->sport,
				    .dport = h->dport,
				    .proto = h->ip_proto,
				    .src_outside = !hosts_inside(c->hosts, &h->src),
				    .dst_outside = !hosts_inside(c->hosts, &h->dst)};
	if (strcmp(h->type, "flow") != 0) {
		if (!c->json)
			c->json = eve_parse(SLICE(c->eve, c->eve_len));
		rec.line = c->json;
	}
	retro_note(s->retro, &rec);
}

void search_commit(struct search *s)
{
	if (s)
		retro_commit(s->retro, loop_wall(s->setup.loop));
}

/* ---- answers ---- */

json_t *search_status(const struct search *s)
{
	struct retro_counts c;
	uint64_t now;

	if (!s)
		return json_pack("{sb}", "kept", 0);
	retro_counts(s->retro, &c);
	now = loop_wall(s->setup.loop);
	return json_pack("{sI sI sI sI sI sf sI sI sI sI sb}", "records", (json_int_t)c.records,
			 "things", (json_int_t)c.terms, "bytes", (json_int_t)c.bytes, "limit",
			 (json_int_t)c.limit, "since", (json_int_t)c.oldest, "days",
			 c.oldest && now > c.oldest ? (double)(now - c.oldest) / (double)NS_PER_DAY
						    : 0.0,
			 "segments_dropped", (json_int_t)c.dropped, "failed", (json_int_t)c.failed,
			 "compared", (json_int_t)c.scanned, "found", (json_int_t)c.bad, "searching",
			 c.scanning);
}

static bool add_hit(void *ctx, const struct retro_hit *h)
{
	json_array_append_new(ctx, json_pack("{sI so so si so si so}", "time", (json_int_t)h->time,
					     "type", local_text(h->type), "src", local_text(h->src),
					     "sport", (int)h->sport, "dst", local_text(h->dst),
					     "dport", (int)h->dport, "what", local_text(h->what)));
	return true;
}

json_t *search_find(struct search *s, const char *indicator, unsigned most, struct errmsg *e)
{
	json_t *hits = json_array();
	struct retro_counts c;

	if (!s || retro_search(s->retro, indicator, most, add_hit, hits, e) < 0) {
		json_decref(hits);
		if (!s)
			errmsg_set(e, ERR_NOTFOUND,
				   "no records are kept here (search.max-mb is 0)");
		return NULL;
	}
	retro_counts(s->retro, &c);
	return json_pack("{sb so sI sI}", "ok", 1, "hits", hits, "since", (json_int_t)c.oldest,
			 "records", (json_int_t)c.records);
}
