/* A new place that only one host calls (T1071): servers, printers and machines call the same few
 * places for ever. One that called nothing new for days and then calls, again and again, what
 * nobody else here calls has been taught something. */
#include "dataplane/behave/past.h"

enum { NEW_AT_MOST = 2 }; /* new places in history-days before it is a host of habits no more */

struct rare_entry { /* one host; its window is history-days */
	struct behave_entry entry;
	uint64_t first_ns;    /* seen at all */
	uint32_t now, before; /* new places in this window and in the last one */
	uint32_t calls;
	uint64_t place;	   /* the one that is watched, 0 = none */
	uint64_t place_ns; /* since when */
	uint64_t up, down;
};

static const struct behave_sign sign = {2302,
					"BANKEN new and rare destination of a host of few",
					"TA0011",
					"T1071",
					"Misc activity",
					BEHAVE_LOW,
					false};

static void tell(const struct behave_view *v, const struct behave_event *e, struct rare_entry *r,
		 const struct past_target *t)
{
	struct behave_text client = behave_address(&e->ends.client), place = past_name(v, e);
	double hours = behave_seconds(r->place_ns, e->time_ns) / 3600;
	double days = behave_seconds(r->first_ns, e->time_ns) / 86400;
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit,
		      "%s, known for %.0f days and seldom calling anything new, called %s %u times "
		      "in %.1f hours, which nobody here called before and %u hosts call now.",
		      client.s, days, place.s, r->calls, hours, t->clients);
	behave_say_ja(&hit,
		      "%s(観測%.0f日、新しい宛先はまれ)が、これまで誰も使っていなかった%sへ%.1f時間"
		      "に%u回接続しました。現在この宛先を使うホストは%u台です。",
		      client.s, days, place.s, hours, r->calls, t->clients);
	behave_figure(&hit, "calls", r->calls);
	behave_figure(&hit, "hours", hours);
	behave_figure(&hit, "known_days", days);
	behave_figure(&hit, "hosts", t->clients);
	behave_tell(v, &hit, &r->entry);
	r->place = 0;
}

static struct rare_entry *entry_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = past_caller(v, e);
	struct rare_entry *r;
	bool is_new;

	r = behave_table_get(&v->tables[0], &key, 1, e->time_ns, &is_new);
	if (is_new)
		r->first_ns = e->time_ns;
	if (behave_seconds(r->entry.start_ns, e->time_ns) > v->limits->history_days * 86400.0) {
		r->before = r->now;
		r->now = 0;
		r->entry.start_ns = e->time_ns;
	}
	return r;
}

static bool of_habits(const struct behave_view *v, const struct rare_entry *r, uint64_t now_ns)
{
	return r->before <= NEW_AT_MOST && r->now <= NEW_AT_MOST &&
	       behave_seconds(r->first_ns, now_ns) >= 2 * 86400.0 * v->limits->history_days;
}

static bool is_call(const struct behave_view *v, const struct behave_event *e)
{
	return e->connection.moment != BEHAVE_TRY && v->facts->client_inside &&
	       !v->facts->server_inside && !v->facts->everyday;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	struct past_target t;
	struct rare_entry *r;

	if (!is_call(v, e))
		return;
	t = past_target_of(v, e);
	r = entry_of(v, e);
	if (c->moment == BEHAVE_OPEN && t.first_ns == e->time_ns) { /* nobody called it before */
		r->now++;
		if (!r->place && of_habits(v, r, e->time_ns)) {
			r->place = t.word;
			r->place_ns = e->time_ns;
			r->calls = 0;
		}
	}
	if (r->place != t.word)
		return;
	r->calls += c->moment == BEHAVE_OPEN;
	if (t.clients > v->limits->rare_hosts || !of_habits(v, r, e->time_ns))
		r->place = 0;
	else if (r->calls >= v->limits->rare_calls &&
		 behave_seconds(r->place_ns, e->time_ns) >= v->limits->rare_seconds)
		tell(v, e, r, &t);
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t key = past_caller(v, e);

	if (is_call(v, e))
		behave_ahead_add(a, &v->tables[0], &key, 1);
}

const struct behave_detector behave_rare = {
	.hours = true,
	.past_memory = true,
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_OPEN | 1 << BEHAVE_END,
	.entry_size = {sizeof(struct rare_entry)},
	.weight = {1},
	.event = event,
	.ahead = ahead,
};
