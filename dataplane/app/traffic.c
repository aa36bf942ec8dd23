/* Flows that identification has given up on: what libndpi calls them, beside everything else. */
#include "dataplane/app/internal.h"

static const struct counter_name counter_names[NAMING_COUNTERS] = {
	[NAMING_NAMED] = {"named", false},     [NAMING_UNKNOWN] = {"unknown", false},
	[NAMING_PACKETS] = {"packets", false}, [NAMING_BUSY] = {"busy", false},
	[NAMING_OLDEST] = {"oldest", false},   [NAMING_UNLIKE] = {"unlike", false},
	[NAMING_MEMORY] = {"memory", false},
};
static const uint64_t no_counts[NAMING_COUNTERS];

static void decided(struct app_call *c, struct traffic *name)
{
	c->f->flags &= (uint16_t)~FLOW_NAMING;
	c->a->pub.traffic = name;
	if (name)
		c->f->flags |= FLOW_NAMED;
}

enum { ASKED = UINT8_MAX };

/* Whether the library is asked, from this piece on. */
static bool asked(struct app_call *c, enum dir dir, struct slice bytes)
{
	struct app_flow_full *a = c->a;
	enum naming_look look;

	if (a->naming)
		return true;
	if (a->naming_pieces == ASKED) { /* it was given up for a newer one */
		c->f->flags &= (uint16_t)~FLOW_NAMING;
		return false;
	}
	look = naming_worth(c->w->naming, &a->pub.tuple, dir, bytes, a->naming_pieces,
			    c->io.now_ns);
	if (look == NAMING_LOOK_WAIT) {
		a->naming_pieces++;
		return false;
	}
	a->naming_pieces = ASKED;
	if (look == NAMING_LOOK_SHOW && naming_begin(c->w->naming, c->io.now_ns, &a->naming))
		return true;
	c->f->flags &= (uint16_t)~FLOW_NAMING;
	return false;
}

void app_traffic_bytes(struct app_call *c, enum dir dir, struct slice bytes)
{
	struct app_flow_full *a = c->a;
	struct traffic *name;

	if (c->f->flags & FLOW_NAMING && bytes.len && asked(c, dir, bytes) &&
	    naming_bytes(c->w->naming, a->naming, &a->pub.tuple, dir, bytes, c->io.now_ns, &name))
		decided(c, name);
}

/* What was kept while both directions were looked at: whoever spoke first comes first. */
static void kept_bytes(struct app_call *c)
{
	enum dir first = c->a->first == 1 << DIR_TC ? DIR_TC : DIR_TS;
	const struct app_side *side = &c->a->sides[first];

	app_traffic_bytes(c, first, SLICE(side->kept, side->len));
	side = &c->a->sides[dir_other(first)];
	app_traffic_bytes(c, dir_other(first), SLICE(side->kept, side->len));
}

void app_traffic_begin(struct app_call *c)
{
	struct app_flow_full *a = c->a;

	if (!c->w->naming || !c->io.limits->demand.names || a->pub.traffic ||
	    c->f->flags & FLOW_NAMING)
		return;
	a->naming_pieces = 0;
	c->f->flags |= FLOW_NAMING;
	kept_bytes(c);
}

void app_traffic_packet(struct app_worker *w, struct flow *f, const struct packet *p)
{
	struct app_call c;

	app_call_init(&c, w, f, (struct packet *)p);
	if (!c.a) {
		f->flags &= (uint16_t)~FLOW_NAMING;
		return;
	}
	if (!(p->flags & (PACKET_STREAM_BAD | PACKET_BAD_CHECKSUM)))
		app_traffic_bytes(&c, p->dir, packet_payload(p));
}

void app_traffic_untracked(struct app_worker *w, struct flow *f, const struct packet *p)
{
	struct app_call c;

	if (!w->naming || !w->config.limits.demand.names)
		return;
	app_call_init(&c, w, f, (struct packet *)p);
	if (!app_flow_make(&c))
		return;
	app_traffic_begin(&c);
	app_traffic_bytes(&c, p->dir, packet_payload(p));
}

void app_traffic_end(struct app_worker *w, struct flow *f)
{
	struct app_call c;

	if (!f->app || !w->naming)
		return;
	app_call_init(&c, w, f, NULL);
	/* Too little for identification to give up. */
	if (!f->app->proto && !f->app->off && (c.a->sides[0].len || c.a->sides[1].len))
		app_traffic_begin(&c);
	if (c.a->naming)
		decided(&c, naming_end(w->naming, c.a->naming));
}

void app_traffic_free(struct app_call *c)
{
	if (c->a->naming)
		naming_drop(c->w->naming, c->a->naming);
	slab_free(c->w->slab, c->a->pub.traffic, sizeof(*c->a->pub.traffic));
	c->a->pub.traffic = NULL;
	c->f->flags &= (uint16_t) ~(FLOW_NAMING | FLOW_NAMED);
}

const char *app_traffic_off(const struct app_worker *w)
{
	return w->naming ? NULL : w->naming_off;
}

struct counter_set app_traffic_counters(const struct app_worker *w)
{
	return (struct counter_set){"traffic", counter_names,
				    w->naming ? naming_counts(w->naming) : no_counts,
				    NAMING_COUNTERS};
}
