/* Field groups that several records share; private to event/. */
#pragma once

#include "dataplane/api/record.h"
#include "dataplane/app/app.h"
#include "dataplane/base/hash.h"
#include "dataplane/event/event.h"
#include "dataplane/flow/flow.h"

void event_put_flow_counts(struct record *r, const struct flow *f);
/* The protocol's object ("http":{...}); nothing when it has none to show. */
void event_put_app(struct record *r, const struct app_flow *a, const struct app_tx *tx);
void event_put_file(struct record *r, const struct app_file *file);
/* What the directions were found to be when that differs from app_proto, what it was before a
 * change, and what the change asked for. */
void event_put_protos(struct record *r, const struct flow *f);
/* Names of events are in capitals in Suricata's records, in lower case in rules. */
void event_put_capitals(struct record *r, const char *key, const char *text);
/* The server first: the record is about what it sent. */
void event_swap_tuple(struct record_head *h);
/* event_done in two steps: the finished record's bytes, not yet handed on. */
struct slice event_finish(struct event_writer *w, enum record_lane lane);
/* Pairs of addresses that were told lately (neighbour.c). */
enum { EVENT_PAIRS = 8192 };
struct event_told_pair {
	uint32_t tag, seconds;
};
struct event_told {
	struct hash_key key;
	struct event_told_pair pairs[EVENT_PAIRS];
};
struct event_told *event_writer_told(struct event_writer *w);
/* True when the pair was told within the last minute; otherwise it counts as told now. */
bool event_told_again(struct event_told *told, const struct ip_addr *ip, const struct mac_addr *mac,
		      uint64_t now_ns);
/* lldp.c: what a device says of itself on its wire. */
void event_lldp(struct event_writer *w, const struct packet *p);
const struct event_sink *event_writer_sink(const struct event_writer *w);
/* The tap wants records of that kind. */
bool event_tapped(const struct event_writer *w, const struct app_proto *proto);
bool event_tapped_local(const struct event_writer *w, enum local_kind kind);
