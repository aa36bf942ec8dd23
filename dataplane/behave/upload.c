/* Uploads out of proportion (T1048, T1567): a host inside sends one host outside much more than it
 * gets back, and than it sends otherwise. Its own past is kept as a mean that forgets by halves. */
#include "dataplane/behave/past.h"

enum { PAIRS, HOSTS };

enum { SMALL = 8192 }; /* bytes of a connection that is not counted: there are too many */

struct pair_entry {
	struct behave_entry entry;
	uint64_t up, down;
};

struct host_entry {
	struct behave_entry entry;
	uint64_t now, usual; /* bytes sent outside in this window; mean of those before */
	uint32_t windows;
};

static const struct behave_sign sign = {
	2400,	 "BANKEN upload out of proportion",	  "TA0010",
	"T1048", "Potential Corporate Privacy Violation", BEHAVE_MEDIUM,
	false};

static void tell(const struct behave_view *v, const struct behave_event *e, struct pair_entry *p,
		 const struct host_entry *h)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double up = (double)p->up / 1e6, down = (double)p->down / 1e6,
	       usual = (double)h->usual / 1e6;
	double minutes = v->limits->upload_seconds / 60.0;
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(
		&hit,
		"%s sent %.1f MB to %s and got %.1f MB back; otherwise it sends %.1f MB outside "
		"in %.0f minutes.",
		client.s, up, server.s, down, usual, minutes);
	behave_say_ja(
		&hit,
		"%sが%sへ%.1f MBを送信し、受信は%.1f MBでした。通常の外部送信は%.0f分間に%.1f "
		"MBです。",
		client.s, server.s, up, down, minutes, usual);
	behave_figure(&hit, "megabytes_up", up);
	behave_figure(&hit, "megabytes_down", down);
	behave_figure(&hit, "megabytes_usual", usual);
	behave_tell(v, &hit, &p->entry);
}

static struct host_entry *host_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = v->facts->client;
	struct host_entry *h;
	bool is_new;

	h = behave_table_get(&v->tables[HOSTS], &key, 1, e->time_ns, &is_new);
	if (behave_seconds(h->entry.start_ns, e->time_ns) > v->limits->upload_seconds) {
		h->usual = h->windows ? (h->usual + h->now) / 2 : h->now;
		h->windows++;
		h->now = 0;
		h->entry.start_ns = e->time_ns;
	}
	return h;
}

/* In banken-control weeks are known: what it sent about this hour on such days, and who else sends
 * there. Before they are, only what goes to a place without a name is told. */
static bool explained(const struct behave_view *v, const struct behave_event *e,
		      const struct pair_entry *p, struct host_entry *h)
{
	struct past_host *past = past_client_of(v, e);
	struct past_target t = past_target_of(v, e);
	uint64_t usual;

	if (v->past->span != BEHAVE_HOURS || !past)
		return false;
	if (past_popular(v, &t) && p->up < (uint64_t)v->limits->upload_popular_mb * 1000000)
		return true;
	if (!past_is_known(v, past, e->time_ns))
		return t.named && !t.made_up;
	usual = past_usual_up(v->past, past, e->time_ns);
	if (usual > h->usual)
		h->usual = usual;
	return p->up / v->limits->upload_times < usual;
}

static bool counts(const struct behave_view *v, const struct behave_event *e)
{
	return e->connection.moment == BEHAVE_END && e->connection.bytes[0] >= SMALL &&
	       v->facts->client_inside && !v->facts->server_inside && v->facts->server_unicast;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	uint64_t key[2], least = (uint64_t)v->limits->upload_mb * 1000000;
	unsigned times = v->limits->upload_times;
	struct pair_entry *p;
	struct host_entry *h;

	if (!counts(v, e))
		return;
	key[0] = v->facts->client;
	key[1] = v->facts->server;
	p = behave_window(v, PAIRS, key, 2, e->time_ns, v->limits->upload_seconds);
	h = host_of(v, e);
	p->up += c->bytes[0];
	p->down += c->bytes[1];
	h->now += c->bytes[0];
	if (p->up >= least && p->up / times >= p->down && p->up / times >= h->usual &&
	    !behave_told(v, &p->entry, e->time_ns) && !explained(v, e, p, h))
		tell(v, e, p, h);
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t key[2];

	if (!counts(v, e))
		return;
	key[0] = v->facts->client;
	key[1] = v->facts->server;
	behave_ahead_add(a, &v->tables[PAIRS], key, 2);
	behave_ahead_add(a, &v->tables[HOSTS], key, 1);
}

const struct behave_detector behave_upload = {
	.hours = true,
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct pair_entry), sizeof(struct host_entry)},
	.weight = {2, 2},
	.event = event,
	.ahead = ahead,
};
