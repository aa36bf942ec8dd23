/* Passwords as argon2id hashes (RFC 9106) in their usual text form. A hash takes some 30 ms and
 * 19 MB on purpose: it is made on a thread of its own, one at a time, never on the loop. */
#pragma once

#include <stdbool.h>

#include "control/wire/loop.h"
#include "dataplane/base/err.h"

enum { API_HASH_MAX = 160, API_PASSWORD_MIN = 12, API_PASSWORD_MAX = 256 };

/* Blocking. `ret` "" when the system has no memory or no random bytes. */
void password_hash(const char *password, char ret[API_HASH_MAX]);
/* Blocking; against "" as long as against any hash, and false. */
bool password_is(const char *password, const char *hash);

/* One check and one making, each optional. */
struct password_job {
	char given[API_PASSWORD_MAX + 1], against[API_HASH_MAX]; /* "" and "": none to check */
	char fresh[API_PASSWORD_MAX + 1];			 /* "": none to make */
	bool right;						 /* results */
	char hash[API_HASH_MAX];
	bool checks;
	void (*done)(struct password_job *job); /* on the loop; wipe and free there */
	void *ctx;
	struct password_job *next; /* password's own */
};

struct passwords;

struct passwords *passwords_new(struct loop *loop, struct errmsg *e);
/* Waits for the job at work; those that wait are done with right = false. */
void passwords_delete(struct passwords *p);
/* ERR_AGAIN when too many wait already. The job is p's until done. */
int passwords_do(struct passwords *p, struct password_job *job);
