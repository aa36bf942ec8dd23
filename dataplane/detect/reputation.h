/* Reputation of addresses by category (iprep), from files in Suricata's form. Read at load, const
 * afterwards, read by all workers. */
#pragma once

#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"

enum {
	REPUTATION_CATEGORIES = 60, /* ids 1 to 59, as many as Suricata has */
	REPUTATION_ENTRIES = 1 << 26,
};

struct reputation;

/* `categories`: lines "id,name,description". `files`: names separated by commas, relative ones
 * below `folder` (NULL: the working directory), of lines "address,id,score" and
 * "network/bits,id,score" with scores 0 to 127. ERR_IO, ERR_INVALID, ERR_NOMEM with a sentence. */
int reputation_load(const char *categories, const char *folder, const char *files,
		    struct reputation **ret, struct errmsg *err);
void reputation_free(struct reputation *r);

/* The id of a category's name; -1 when there is none. */
int reputation_category(const struct reputation *r, const char *name);
/* The score of an address: its own entry, else that of the narrowest network; -1 when there is
 * none. An address with an entry in any category has score 0 in the others, as in Suricata. */
int reputation_score(const struct reputation *r, int category, const struct ip_addr *a);
