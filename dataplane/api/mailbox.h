/* Orders from banken-control to banken-dataplane and the answers back: two small rings of
 * fixed-size messages in RUNDIR (mailbox, answers). The dataplane's main thread reads it, never a
 * worker. What was ordered before a restart of the dataplane and is over `expires` is dropped
 * unread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"

enum {
	MAILBOX_EXEMPT_MAX = 64,
	MAILBOX_IPS_MAX = 8,
	MAILBOX_PATH_MAX = 512,
	MAILBOX_SENTENCE = 256,
};

struct mailbox_prefix {
	struct ip_addr addr;
	uint8_t bits; /* of 128: an IPv4 /n is 96 + n */
};

/* A host as traffic shows it: one of its addresses, or its MAC when has_mac. */
struct mailbox_host {
	struct ip_addr ips[MAILBOX_IPS_MAX];
	uint32_t n_ips;
	uint8_t has_mac; /* 0 or 1 */
	struct mac_addr mac;
	uint16_t vlan; /* 0: any */
	struct mailbox_prefix exempt[MAILBOX_EXEMPT_MAX];
	uint32_t n_exempt;
};

enum mailbox_kind {
	MAILBOX_NONE,
	MAILBOX_WATCH,	    /* fill watch slot `watch.slot` */
	MAILBOX_UNWATCH,    /* free it */
	MAILBOX_RESET_HOST, /* end every TCP session of the host but exempt ones */
	MAILBOX_RESET_FLOW,
	MAILBOX_RELOAD_RULES,
	MAILBOX_STOP,
	MAILBOX_SELF_TEST, /* a harmless frame into the first worker */
	MAILBOX_KINDS,
};

struct mailbox_message {
	uint32_t kind;	  /* enum mailbox_kind */
	uint64_t id;	  /* given by mailbox_post; comes back in the answer */
	uint64_t expires; /* wall clock ns; 0: never */
	union {
		struct {
			uint32_t slot;
			uint64_t watch_id; /* shown in the slot, so that both mean the same watch */
			struct mailbox_host host;
		} watch;
		struct {
			struct mailbox_host host;
			uint64_t keep_until; /* reset new sessions too until then; 0: no; past: let
						go */
		} reset_host;
		struct {
			struct ip_addr src, dst;
			uint16_t sport, dport;
			uint16_t vlan;
		} reset_flow;
		struct {
			char path[MAILBOX_PATH_MAX];
			uint64_t generation;
		} reload;
		struct {
			uint16_t port; /* of its source */
			char text[64]; /* in the frame, NUL-terminated */
		} self_test;
	};
};

struct mailbox_answer {
	uint64_t id;
	int32_t rc;	/* 0 or ERR_* */
	uint64_t value; /* resets sent, rules loaded, ... */
	char sentence[MAILBOX_SENTENCE];
};

struct mailbox;

/* Both sides open with the same folder; whoever comes first makes the files. `reader`: the
 * dataplane. ERR_EXISTS when that side is taken by a living process. */
struct mailbox *mailbox_open(const char *rundir, bool reader, struct errmsg *e);
void mailbox_close(struct mailbox *m);

/* control: posts `message` and gives it its id. ERR_AGAIN when the box is full. */
int mailbox_post(struct mailbox *m, struct mailbox_message *message);
/* control: the next answer; false when there is none. */
bool mailbox_next_answer(struct mailbox *m, struct mailbox_answer *ret);

/* dataplane: the next order that is well-formed and not over `now`; false when there is none. */
bool mailbox_next(struct mailbox *m, uint64_t now, struct mailbox_message *ret);
/* dataplane: ERR_AGAIN when control does not read; then the answer is lost. */
int mailbox_reply(struct mailbox *m, const struct mailbox_answer *answer);
/* Orders dropped: malformed or expired. */
uint64_t mailbox_refused(const struct mailbox *m);
