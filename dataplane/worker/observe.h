/* What behaviour detectors get to see, taken from packets, flows and transactions; and their hits
 * as alert records. */
#pragma once

#include "dataplane/app/app.h"
#include "dataplane/behave/behave.h"
#include "dataplane/event/event.h"

/* After stream: the first packet of a flow, the first answer, first bytes, remote calls. */
void observe_packet(struct behave *b, const struct packet *p);
/* ARP, neighbour discovery, router advertisements. */
void observe_frame(struct behave *b, const struct packet *p);
void observe_tx(struct behave *b, const struct packet *p, const struct flow *f,
		const struct app_tx *tx);
/* Its traffic has got a name: f->app->traffic. */
void observe_traffic(struct behave *b, const struct flow *f, uint64_t now_ns);
void observe_flow_end(struct behave *b, const struct flow *f);
void observe_hit(struct event_writer *w, const struct behave_hit *hit);
