/* The rule set in force on this box (signatures/bundle/store.h): what it is, whether the dataplane
 * really runs it, and new ones that the centre sends. Installing reads and compares tens of
 * megabytes, so a helper process does it: control's loop never waits for it, and a bundle of a
 * stranger is read where no link and no record is. One thread: the loop's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/helper/helper.h"
#include "control/wire/artefact.h"

enum { DEPLOYED_TEXT = 200, DEPLOYED_SECONDS = 300 };

struct deployed;

struct deployed_setup {
	struct loop *loop;
	const struct log *log;
	const char *folder; /* where sets are installed */
	struct helper helper;
	/* What the dataplane says: counter rules.content; false when it does not run. */
	bool (*runs)(void *ctx, uint64_t *ret_content);
	/* The end of an install that said ERR_AGAIN (artefact_settle). */
	void (*settled)(void *ctx, enum artefact_kind kind, int rc, const char *sentence);
	void *ctx;
};

/* The helper, to be started before rights are given up. The texts are copied. */
int deployed_helper(const char *folder, const char *keys, const char *lists, const char *user,
		    struct helper *ret, struct errmsg *e);

/* NULL when there is no memory. */
struct deployed *deployed_new(const struct deployed_setup *setup);
void deployed_free(struct deployed *d);

/* Looks whether another set is in force: one readlink. */
void deployed_look(struct deployed *d);
/* "banken-rules 12, customer-a 3 (set 40)"; "" when nothing is installed. */
const char *deployed_text(const struct deployed *d);
/* The sentence to tell when the dataplane has run other rules than those in force for a minute;
 * NULL otherwise. `content`: what it runs. `now`: monotonic ns. */
const char *deployed_trouble(struct deployed *d, bool runs, uint64_t content, uint64_t now);

/* For artefact_handler.install, kinds ARTEFACT_BUNDLE and ARTEFACT_PATTERN; ctx is the struct. The
 * end comes by `settled`: once the dataplane runs the set, or at once where none runs (it takes the
 * set when it starts), or with the reason for which it was refused. */
int deployed_install(void *ctx, const struct artefact_file *f, struct errmsg *e);
