/* What the files of dataplane/detect share. */
#pragma once

#include <assert.h>
#include <hs/hs.h>

#include "dataplane/base/hash.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/slab.h"
#include "dataplane/detect/detect.h"
#include "dataplane/detect/filters.h"
#include "dataplane/detect/geoip.h"
#include "dataplane/detect/inspect/inspect.h"
#include "dataplane/detect/reputation.h"
#include "signatures/plan/matcher.h"
#include "signatures/plan/plan.h"

enum detect_limits {
	DETECT_RAW_PIECES = 16,		/* stretches of the stream that one packet looks at */
	DETECT_QUEUE = 1024,		/* alerts of one packet before the best are kept */
	DETECT_IPREPS = 4,		/* iprep keywords of one rule */
	DETECT_BODY_HITS = 1024,	/* rules remembered by one growing buffer */
	DETECT_TX_RULES = 1024,		/* rules remembered by one transaction */
	DETECT_FLOW_BITS = 1024,	/* flowbits set on one flow */
	DETECT_FLOW_VARS = 64,		/* variables kept by one flow */
	DETECT_PACKET_VARS = 16,	/* variables kept by one packet */
	DETECT_VAR_BYTES = 4096,	/* bytes of one variable */
	DETECT_FRAME_BYTES = 4096,	/* of a frame that an alert's record shows */
	DETECT_TABLE_ENTRIES = 1 << 17, /* thresholds, host and pair bits of a worker */
};

enum detect_counter {
	DETECT_COUNT_PACKETS,
	DETECT_COUNT_ALERTS,
	DETECT_COUNT_OVERFLOW,	 /* alerts over LIMIT_ALERTS_PER_PACKET */
	DETECT_COUNT_SUPPRESSED, /* by thresholds and noalert */
	DETECT_COUNT_QUEUE_FULL,
	DETECT_COUNT_MEMORY, /* state that could not be kept */
	DETECT_COUNT_TX_RULES,
	DETECT_COUNT_TABLE_FULL,
	DETECT_COUNT_STOPPED, /* packets of flows that a pass or drop rule ended */
	DETECT_COUNTERS,
};

/* ---- the engine ---- */

/* A rule's compiled lists, by rule.index. */
struct detect_lists {
	struct inspect_list *payload;
	struct inspect_list **buffers;	 /* by rule.buffers; NULL entries: looked at elsewhere */
	struct files_lists *files;	 /* NULL when the rule has no keywords on files */
	uint8_t category[DETECT_IPREPS]; /* of the rule's iprep keywords, in order */
};

struct detect_cost {
	uint64_t cycles, runs, hits, bytes;
};

struct detect_engine {
	const struct lang_set *set;
	struct plan *plan;
	struct inspect_store *store;
	struct detect_lists *lists; /* by rule.index */
	struct VEC(struct detect_skip) skips;
	struct plan_mem mem;	       /* texts of skips */
	struct filters *filters;       /* NULL: no threshold file */
	struct reputation *reputation; /* NULL: none configured */
	struct geoip *geoip;	       /* NULL: none configured */
	uint32_t alerts_per_packet;
	bool profile;
	uint32_t off; /* rules taken out after planning */
	uint8_t file_wanted;
	bool compare_wanted;
};

/* ---- what hangs on flows and transactions ---- */

struct detect_var {
	struct detect_var *next;
	uint32_t id; /* of set.vars */
	bool integer;
	uint32_t number;
	uint32_t len, key_len;
	uint8_t bytes[]; /* key, then value */
};

/* One cache line, as every packet reads it. */
struct flow_detect {
	const struct detect_engine *engine;
	const struct app_proto *proto_of; /* what `proto` is the index of */
	struct tag_entry *tag;
	uint8_t ip_only_done; /* 1 << dir */
	uint8_t proto_done;   /* 1 << dir: this packet says that identification is over */
	uint8_t proto_seen;   /* 1 << dir: one has said so, 4 << dir: two (UDP) */
	bool stopped; /* a pass, drop or reject rule matched on it: nothing is inspected any more */
	uint8_t proto; /* index of app->proto, PLAN_PROTOS: not looked up */
	uint8_t l4;    /* enum plan_l4 of `class`; PLAN_L4S: not looked up */
	uint8_t far;   /* 1 << dir: some rule names the client's port */
	uint8_t tx;    /* 1 << dir: transactions are looked at when something has come only */
	uint16_t nbits, cap_bits;
	uint32_t nvars;
	uint16_t class[2];	 /* group of ports, by direction */
	uint16_t server, client; /* the ports of `class` and `far` */
	uint32_t *bits;		 /* ids of flowbits that are set */
	struct detect_var *vars;
};

static_assert(sizeof(struct flow_detect) == 64, "what is known of a flow is one cache line");

/* A rule that has begun to match on a transaction in one direction. */
struct tx_rule {
	uint32_t num;
	uint8_t dir;
	bool done;	/* matched, or cannot match any more */
	uint16_t files; /* how many there were: a further one brings rules on files back */
	uint32_t bits;
};

struct detect_tx {
	const struct detect_engine *engine;
	uint8_t next[2]; /* per direction: groups of a lower progress are through */
	uint16_t count, cap;
	struct tx_rule *rules;
	uint32_t *marks[2]; /* by group of the side: what was scanned last */
	uint32_t nmarks[2];
	struct body *bodies; /* growing buffers that were searched */
};

/* ---- one packet on its way ---- */

struct queued {
	const struct plan_rule *rule;
	const struct app_tx *tx;
	uint8_t where; /* enum detect_where */
	uint8_t action;
	struct slice matched;
	uint64_t matched_offset;
	const struct app_frame *frame; /* NULL: not on a frame */
};

struct run {
	struct detector *d;
	const struct detect_engine *e;
	const struct plan *plan;
	struct packet *p;
	struct flow *f;
	struct flow_detect *fd; /* NULL when the packet has no flow */
	struct app_flow *app;	/* NULL: no protocol to speak of yet */
	enum dir dir;
	uint8_t proto;	    /* index, PLAN_PROTOS: none */
	uint64_t proto_bit; /* 0: none */
	uint8_t have;	    /* PLAN_NEED_* */
	bool real;	    /* not a pseudo packet */
	const struct plan_port_group *group;
	const struct plan_wide *wide;	/* rules of the flow's protocol, patterns on any port */
	const struct plan_payload *far; /* and on the client's; NULL: on none */
	struct slice payload;		/* empty when it must not be looked at */
	bool has_raw;
	bool raw_blind; /* its patterns are not looked for */
	struct stream_raw raw;
	bool on_stream;		 /* the rule at hand matched on stream bytes */
	const struct app_tx *tx; /* being inspected */
	bool news;     /* bytes of the application came since a packet of this direction was here */
	bool tx_waits; /* some rule on transactions may hold with the next packet */
	const struct app_frame *frame; /* being inspected */
	const struct rule_threshold *rate;
};

struct detector {
	struct detect_engine *e;
	struct slab *slab;
	struct stream_worker *stream;
	struct detect_sink sink;
	hs_scratch_t *scratch;
	struct inspect_worker *inspect;
	struct matcher_hits hits;
	struct plan_cand *tx_cands; /* rules on transactions that the payload led to */
	uint32_t n_tx_cands;
	uint32_t queued; /* of `queue` */
	struct detect_var *packet_vars;
	uint32_t n_packet_vars;
	struct table *thresholds, *hosts;
	bool host_tags; /* a host was tagged */
	uint64_t counts[DETECT_COUNTERS];
	struct app_worker *app;		 /* NULL: nobody makes frames */
	struct detect_cost *rule_costs;	 /* by plan_rule.num, with profile */
	struct detect_cost *group_costs; /* by matcher_id, with profile */
	/* What few packets touch lies behind what all do. */
	struct queued queue[DETECT_QUEUE];
	uint8_t frame_bytes[DETECT_FRAME_BYTES];
};

static inline void detect_count(struct detector *d, enum detect_counter c)
{
	d->counts[c]++;
}

/* profile.c: scans, measured when the engine asks for it. */
void profile_scan(struct run *r, const struct matcher *m, const struct matcher_window *w);

/* header.c: addresses, ports, protocol, direction. */
bool header_match(const struct run *r, const struct plan_rule *rule);
bool header_ip_only(const struct run *r, const struct plan_rule *rule);
bool header_addr_in(const struct rule_addrs *list, const struct ip_addr *a);

/* items.c: rule.packet. */
bool items_match(struct run *r, const struct plan_rule *rule);
/* Those that are asked first (PLAN_EARLY). */
bool items_early(struct run *r, const struct plan_rule *rule);
/* asn1.c: the asn1 keyword on the packet's payload. */
bool asn1_match(const struct run *r, const struct rule_asn1 *a);
/* headers.c: sticky buffers that the packet gives. */
bool headers_match(struct run *r, const struct plan_rule *rule);
bool headers_known(const char *name);

/* packet.c: rules on packets and on the raw stream. */
void packet_rules(struct run *r);
/* The rules on the stream once more, on a further stretch of it (behind missing bytes). */
void packet_stream_again(struct run *r);
void packet_ip_only(struct run *r);
/* Header, packet buffers and items of a rule on transactions. */
bool packet_conditions(struct run *r, const struct plan_rule *rule);
bool packet_stream_match(struct run *r, const struct plan_rule *rule);

/* tx.c, step.c: rules on transactions. False: nothing has come that they could ask about. */
bool tx_rules(struct run *r);
enum step_result { STEP_NO, STEP_YES, STEP_NEVER };
struct tx_view {
	struct app_tx *tx;
	uint8_t progress;
	bool complete;
};
enum step_result step_run(struct run *r, const struct plan_rule *rule, const struct plan_step *step,
			  const struct tx_view *v);
/* The next instance of a buffer, after its transforms; `*index` counts from 0. False: no more. */
bool step_bytes(struct run *r, const struct plan_step *s, const struct rule_buffer *b,
		const struct tx_view *v, uint32_t *index, struct inspect_bytes *ret);

/* bodies.c: searches the window of a growing buffer, of which it may have seen a part. */
void bodies_scan(struct run *r, const struct plan_group *g, struct app_tx *tx,
		 const struct inspect_bytes *in);
void bodies_free(struct detector *d, struct detect_tx *dt);

/* frames.c: rules on frames. */
void frames_rules(struct run *r);
/* After the alerts: frames that are through go. `all`: nobody will look at any. */
void frames_done(struct run *r, bool all);
/* What an alert on it says. */
void frames_describe(struct run *r, const struct app_frame *frame, struct detect_frame *ret);

/* state.c */
struct flow_detect *state_of_flow(struct detector *d, struct flow *f);
struct detect_tx *state_of_tx(struct detector *d, struct app_tx *tx);
struct tx_rule *state_find(const struct detector *d, struct app_tx *tx, uint32_t num, enum dir dir);
/* Marks of a direction's groups; made when `make` is their number and not 0. May be NULL. */
uint32_t *state_marks(struct detector *d, struct app_tx *tx, enum dir dir, uint32_t make);
void state_store(struct detector *d, struct app_tx *tx, struct tx_rule rule);

/* bits.c */
bool bits_test(const struct run *r, const struct rule_flowbits *fb);
void bits_change(struct run *r, const struct rule_flowbits *fb);
/* vars.c */
bool vars_flowint(const struct run *r, const struct rule_flowint *fi);
void vars_flowint_change(struct run *r, const struct rule_flowint *fi);
bool vars_match(const struct run *r, const struct rule_varmatch *vm, bool packet);
void vars_capture(struct run *r);
void vars_free(struct detector *d, struct detect_var **list);
/* hosts.c: bits of hosts and pairs of hosts. */
bool hosts_test(const struct run *r, const struct rule_xbits *xb, bool host);
void hosts_change(struct run *r, const struct rule_xbits *xb, bool host);
/* threshold.c */
enum threshold_result { THRESHOLD_PASS, THRESHOLD_NO, THRESHOLD_SILENT };
enum threshold_result threshold_check(struct run *r, const struct plan_rule *rule, uint8_t *action);

/* tag.c: an alert of a rule with `tag`; each packet counts down; a flow's end. */
void tag_add(struct run *r, const struct plan_rule *rule);
void tag_packet(struct run *r);
void tag_flow_free(struct detector *d, struct flow_detect *fd);
/* post.c: what a match changes. */
void post_match(struct run *r, const struct plan_rule *rule);
/* alert.c */
void alert_queue(struct run *r, const struct plan_rule *rule, enum detect_where where);
void alert_finish(struct run *r);
