/* A worker's part in evidence (E1): every frame onto its tape, every alert noted for the keeper. */
#pragma once

#include "dataplane/detect/detect.h"
#include "dataplane/event/event.h"
#include "dataplane/evidence/keeper.h"

struct witness {
	struct keeper *keeper;
	struct tape *tape; /* NULL: nothing is kept */
	unsigned index;
	struct event_sink next;		  /* where records go on to */
	const struct detect_alert *alert; /* the one now being recorded, or NULL */
	/* of the frame being looked at */
	uint64_t flows[2], hosts[2];
	bool encrypted;
};

/* Puts itself in front of the sink. */
void witness_init(struct witness *w, struct keeper *k, unsigned index, struct event_sink *sink);

/* A packet found in the frame: those inside of others come first. */
static inline void witness_see(struct witness *w, const struct packet *p)
{
	const struct flow *f = p->flow;

	if (f) {
		w->flows[w->flows[0] != 0] = f->id;
		w->encrypted |= f->flags & FLOW_ENCRYPTED || f->state == FLOW_BYPASSED;
	}
	if (p->ip_version && !w->hosts[0]) {
		w->hosts[0] = tape_host(&p->src);
		w->hosts[1] = tape_host(&p->dst);
	}
}

/* The frame is done with. */
static inline void witness_keep(struct witness *w, const struct packet *p)
{
	tape_put(w->tape, p, w->flows, w->hosts, w->encrypted);
	w->flows[0] = w->flows[1] = w->hosts[0] = w->hosts[1] = 0;
	w->encrypted = false;
}
