/* A rule set in the form that detection works on: rules in the order in which they are tried, what
 * each needs, where its parts are looked for, and groups of patterns that lead from bytes to the
 * few rules worth trying. Built by one thread, const afterwards, read by all workers.
 *
 * Two kinds of groups:
 *  - port groups, by transport, direction and the server's port: rules that look at packets;
 *  - buffer groups, by protocol, direction and buffer (with its transforms): rules that look at
 *    transactions. A buffer is scanned once for all rules of its group. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/parser.h"
#include "dataplane/base/err.h"
#include "signatures/lang/lang.h"
#include "signatures/lang/rule.h"
#include "signatures/plan/mem.h"

enum plan_limits {
	PLAN_PROTOS = 64,	/* application protocols: bits of a mask */
	PLAN_STEPS = 32,	/* parts of a rule looked for in transactions: bits of a state */
	PLAN_ANY = PLAN_PROTOS, /* side of rules on files whatever the protocol */
	PLAN_FRAME_TYPES = 32,	/* bits of a mask */
	PLAN_ADDR_BITS = 12,	/* of an IPv4 address, looked up before searching */
};

enum { /* plan_rule.need: what a packet must have */
       PLAN_NEED_PAYLOAD = 1 << 0,
       PLAN_NEED_NO_PAYLOAD = 1 << 1,
       PLAN_NEED_FLOW = 1 << 2,
       PLAN_NEED_FLAGS_INIT = 1 << 3, /* SYN, FIN or RST */
       PLAN_NEED_FLAGS_ODD = 1 << 4,  /* URG, ECE, CWR */
       PLAN_NEED_EVENT = 1 << 5,
       PLAN_NEED_REAL = 1 << 6, /* not the pseudo packet of a flow's end */
       PLAN_NEED_SYN = 1 << 7,
};

enum {				/* plan_rule.flags */
       PLAN_ON_PACKET = 1 << 0, /* payload is looked at packet by packet */
       PLAN_ON_STREAM = 1 << 1, /* payload is looked at in the reassembled stream */
       PLAN_TX = 1 << 2,	/* has chains */
       PLAN_HAS_FLOW = 1 << 3,	/* `flow` conditions other than directions */
       PLAN_PORTS = 1 << 5,	/* a port list that is not `any` */
       PLAN_FRAMES = 1 << 6,	/* looks at frames */
       PLAN_OFF = 1 << 7,	/* taken out after planning: a keyword did not compile */
       PLAN_EARLY = 1 << 8,	/* items on the packet are cheap to ask before its payload */
       PLAN_ON_EMPTY = 1 << 9,	/* and of packets without payload that come with stream bytes */
       /* What need not be looked up in `rule`, which lies elsewhere. */
       PLAN_APP = 1 << 10,     /* names an application protocol */
       PLAN_VERSION = 1 << 11, /* is for one version of IP */
       PLAN_ADDRS = 1 << 12,   /* an address list that is not `any` */
       PLAN_PAYLOAD = 1 << 13, /* has rule.payload */
       PLAN_HEADERS = 1 << 14, /* has buffers that the packet gives */
       PLAN_ITEMS = 1 << 15,   /* has rule.packet */
};

enum plan_step_kind {
	PLAN_STEP_BUFFER,  /* list on a protocol's buffer */
	PLAN_STEP_FILE,	   /* list on file.name, file.magic, file.data */
	PLAN_STEP_FILES,   /* rule.files */
	PLAN_STEP_KEYWORD, /* one item of rule.app */
	PLAN_STEP_EVENT,   /* app-layer-event */
	PLAN_STEP_STREAM,  /* rule.payload on the stream, or the datagram */
};

enum plan_file_buffer { PLAN_FILE_NAME, PLAN_FILE_MAGIC, PLAN_FILE_DATA };

/* One condition on a transaction. Steps of a rule are numbered once for all protocols: `bit`. */
struct plan_step {
	uint8_t kind;	  /* enum plan_step_kind */
	uint8_t bit;	  /* of a rule's state in a transaction */
	uint8_t progress; /* least progress of the direction */
	uint8_t file;	  /* enum plan_file_buffer */
	uint16_t event;	  /* index into the protocol's events */
	uint16_t index;	  /* BUFFER, FILE: of rule.buffers; KEYWORD: of rule.app.items */
	const struct app_buffer *buffer;
	const struct app_keyword *keyword;
	const struct rule_item *item;
	void *compiled; /* keyword->compile's, filled by the engine */
};

/* What a rule asks of transactions of one protocol in one direction, dearest steps last. */
struct plan_chain {
	uint8_t proto; /* index of the protocols, or PLAN_ANY */
	uint8_t dir;
	uint8_t count;
	uint8_t ready;	/* least progress at which all steps can be looked at */
	int8_t trigger; /* step with the fast pattern, -1: none in this protocol */
	int8_t negated; /* step with the negated content that would be it, for want of a positive
			   one; -1: there is none */
	struct plan_step *steps;
};

/* A rule with `<>` is two of these, the second one swapped. */
struct plan_rule {
	const struct rule *rule;
	const struct rule_addrs *src, *dst;
	const struct rule_ports *sport, *dport;
	uint64_t protos; /* application protocols with which it can match; all when it names none */
	uint32_t num;	 /* place in plan.rules */
	uint8_t need;
	uint32_t flags;
	uint8_t dirs;	/* 1 << enum dir */
	uint8_t layers; /* 1 << enum plan_l4 */
	uint8_t nchains;
	uint8_t frame;	       /* PLAN_FRAMES: type, in the protocol of the only bit of protos */
	uint16_t frame_buffer; /* of rule.buffers */
	struct plan_chain *chains;
};

/* A rule worth trying, with what can be asked before touching it. */
struct plan_cand {
	uint32_t num; /* of plan.rules */
	uint8_t need;
	uint8_t dirs; /* 1 << enum dir */
};

struct plan_list {
	uint32_t count;
	const struct plan_cand *cands; /* ascending by num */
};

struct matcher;

/* Patterns of rules on packets and on the raw stream. NULL: none. Patterns in `deep` are looked for
 * in packets that have one of those in `gate`, which lie at fixed places: a rule on single packets
 * often says how the payload begins, and most payload is the middle of something. */
struct plan_payload {
	const struct matcher *packet, *gate, *deep, *stream;
};

/* Rules on packets of an application protocol: those that name it, on whatever port, and the
 * patterns of those that name none, on any port. */
struct plan_wide {
	struct plan_payload payload;
	struct plan_list always; /* no pattern leads to them, they name it */
};

/* Rules on packets for a transport, direction and class of server ports. */
struct plan_port_group {
	struct plan_list always;     /* no pattern leads to them, they name no protocol */
	struct plan_payload payload; /* on these ports, whatever the protocol */
	bool stream_wanted;	     /* some rule looks at the stream */
};

enum plan_l4 {
	PLAN_TCP,
	PLAN_UDP,
	PLAN_ICMP,
	PLAN_ICMPV6,
	PLAN_SCTP,
	PLAN_OTHER, /* any other IP protocol */
	PLAN_L4S,
};

enum {				   /* of plan_ports.wide */
       PLAN_UNNAMED = PLAN_PROTOS, /* flows without an application protocol */
       PLAN_SEVERAL,		   /* flows that count as more than one */
       PLAN_WIDES,
};

struct plan_ports {
	uint16_t *class_of; /* 65536, NULL when all ports are alike: class 0 */
	uint32_t count;
	struct plan_port_group *groups;
	struct plan_wide wide[PLAN_WIDES]; /* by the flow's application protocol */
	/* Rules that name few ports of the client's side, and all those ports (a bit each; NULL:
	 * no such rules). */
	struct plan_payload far;
	uint64_t *far_ports;
};

/* Rules whose fast pattern lies in one buffer of a protocol and direction. */
struct plan_group {
	const char *key; /* rule_buffer.key */
	uint8_t progress;
	bool body;	     /* scanned again as it grows */
	bool file;	     /* of the file engine: `file_buffer` */
	uint8_t file_buffer; /* enum plan_file_buffer */
	uint8_t slot;	     /* of the transformed bytes */
	const struct app_buffer *buffer;
	const struct rule_buffer *list; /* any rule's use: its transforms */
	const struct matcher *matcher;
};

/* Rules on transactions of one protocol in one direction. */
struct plan_side {
	uint32_t ngroups;
	struct plan_group *groups; /* by progress */
	struct plan_list always;   /* no pattern leads to them */
	uint32_t nevents;
	struct plan_list *events; /* by event index: rules that wait for it */
	uint32_t nbodies; /* the protocol's growing buffers that are told what was seen of them */
	const struct app_buffer **bodies;
	bool any;	     /* there is something at all */
	bool files;	     /* some rule looks at files */
	bool stream;	     /* some rule also looks at the raw stream */
	uint8_t file_wanted; /* APP_FILE_* some rule wants */
};

/* Rules on one type of frames of a protocol, in one direction. */
struct plan_frames {
	uint32_t ngroups;
	struct plan_group *groups; /* one a chain of transforms */
	struct plan_list always;   /* no pattern leads to them */
};

/* Address lists: which rules' lists hold an address. */
struct plan_addr_index {
	uint32_t count;
	const struct ip_addr *starts; /* ascending; interval i reaches to the next one's start */
	const struct plan_list *lists;
	uint32_t *v4; /* by the upper PLAN_ADDR_BITS of an IPv4 address, and one more: how many
		       * starts lie before all such addresses */
};

struct plan_skip {
	const struct rule *rule;
	const char *keyword;
	const char *reason; /* a sentence without a full stop */
};

struct plan {
	struct plan_mem mem;
	const struct lang_set *set;
	const struct app_proto *const *protos;
	uint32_t nprotos;

	uint32_t count;
	struct plan_rule *rules; /* in the order in which they are tried */

	struct plan_ports ports[PLAN_L4S][2];
	struct plan_list decode_only;	       /* for packets without an IP protocol */
	struct plan_addr_index ip_src, ip_dst; /* ip-only rules by a narrow list */
	struct plan_list ip_any;	       /* the others */
	struct plan_side sides[PLAN_PROTOS + 1][2];
	/* By protocol and direction: PLAN_FRAME_TYPES of them; NULL: no rule looks at frames. */
	struct plan_frames *frames[PLAN_PROTOS][2];
	uint32_t frames_wanted[PLAN_PROTOS]; /* 1 << type */
	bool files;			     /* sides[PLAN_ANY] has rules */
	bool tx_stream[2]; /* by direction: rules on transactions that look at the stream too */

	uint32_t nmatchers;
	struct matcher **matchers;
	uint32_t nskips;
	struct plan_skip *skips;
	uint64_t content_hash; /* of all patterns: key of the database cache */
};

struct plan_options {
	const struct app_proto *const *protos; /* NULL-terminated */
	unsigned threads;		       /* for compilation, 0 = 1 */
	const char *cache_folder;	       /* NULL = none */
	const bool *excluded;		       /* by rule.index: left out; NULL = none */
};

/* NULL with a sentence when there is no memory or Hyperscan refuses. The set must outlive it. */
struct plan *plan_new(const struct lang_set *set, const struct plan_options *options,
		      struct errmsg *e);
void plan_free(struct plan *p);

/* Of a server's port, an index into groups. */
static inline uint16_t plan_port_class(const struct plan_ports *t, uint16_t port)
{
	return t->class_of ? t->class_of[port] : 0;
}

static inline const struct plan_port_group *plan_port_group(const struct plan *p, enum plan_l4 l4,
							    unsigned dir, uint16_t port)
{
	const struct plan_ports *t = &p->ports[l4][dir];

	return &t->groups[plan_port_class(t, port)];
}

static inline bool plan_far_port(const struct plan_ports *t, uint16_t port)
{
	return t->far_ports && (t->far_ports[port / 64] >> port % 64 & 1);
}

/* `protos`: 1 << index of the application protocols that the flow counts as. */
static inline const struct plan_wide *plan_wide(const struct plan *p, enum plan_l4 l4, unsigned dir,
						uint64_t protos)
{
	unsigned i = PLAN_SEVERAL;

	if (protos == 0)
		i = PLAN_UNNAMED;
	else if ((protos & (protos - 1)) == 0)
		i = (unsigned)__builtin_ctzll(protos);
	return &p->ports[l4][dir].wide[i];
}

/* The rules whose address lists in the index hold `a`. */
const struct plan_list *plan_addr_find(const struct plan_addr_index *index,
				       const struct ip_addr *a);

enum plan_l4 plan_l4_of(uint8_t ip_proto);

/* Items on the packet that cost less than a look at its payload. */
static inline bool plan_item_early(const struct rule_item *i)
{
	return i->kind == RULE_ITEM_DSIZE || i->kind == RULE_ITEM_FLOWBITS ||
	       i->kind == RULE_ITEM_TCP_FLAGS;
}
