/* What a driver remembers of its cuts because the device cannot be asked for them, or not for what
 * was there before: one SQLite file a driver, written before each order. After a crash it says what
 * was ordered, so nothing is ordered twice and the old values are there for the undo. It is no WAL
 * file, so that another program (a RADIUS server) may read it with no right but reading. */
#pragma once

#include "control/mitigator/drivers/driver.h"

enum { KEPT_DEVICE = 64, KEPT_MEMO = 1024 };

enum kept_state {
	KEPT_ORDERED = 1, /* perhaps carried out */
	KEPT_HELD,	  /* the device confirmed */
	KEPT_ENDING,	  /* being taken back */
};

/* One order of a cut at one device and port. */
struct kept {
	uint64_t cut;
	uint32_t number; /* of the command */
	enum kept_state state;
	struct mac_addr mac;
	char device[KEPT_DEVICE], port[TARGET_TEXT]; /* "" where there is none */
	uint32_t vlan;				     /* that was ordered, 0: none */
	uint16_t memo_n;
	uint8_t memo[KEPT_MEMO]; /* the driver's own */
};

struct kept_book;

/* Opens or makes the file. NULL with a sentence. */
struct kept_book *kept_open(const char *path, struct errmsg *e);
void kept_close(struct kept_book *b);
/* Replaces what is known of the same cut, device and port; on the disk when it returns. */
int kept_put(struct kept_book *b, const struct kept *k, struct errmsg *e);
int kept_drop(struct kept_book *b, const struct kept *k, struct errmsg *e);
/* Several changes in one step: all of them are on the disk after kept_commit, or none. */
int kept_begin(struct kept_book *b, struct errmsg *e);
int kept_commit(struct kept_book *b, struct errmsg *e);
/* Those of one cut, of all when it is 0: *ret is the caller's to free. Their number or an error. */
int kept_all(struct kept_book *b, uint64_t cut, struct kept **ret, struct errmsg *e);
/* LIST: all that stand or may stand, in as many packets as it takes. */
void kept_list(struct kept_book *b, struct driver_answer *a, struct driver_sink *sink);
