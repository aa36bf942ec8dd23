/* What belongs to the site (D11): its networks and zones, its domains, its servers and routers, and
 * what its hosts call by the clock. Learnt from records and proposed with a reason and figures; a
 * person accepts or rejects one or all, and that is kept with who and when. An accepted server is
 * registered, an accepted call is no beacon; a rejected one is told. One thread. */
#pragma once

#include <jansson.h>

#include "control/sensor/hosts.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "dataplane/api/record.h"
#include "dataplane/behave/behave.h"

enum {
	SITE_ITEMS = 4096, /* a power of two; three quarters are used, more are counted */
	SITE_HOSTS = 4096, /* hosts of which was noted lately where they are */
	SITE_SAVE_S = 60,
};

struct site;

struct site_setup {
	struct loop *loop; /* NULL: site_save alone writes */
	const struct log *log;
	const char *path;    /* of its file */
	struct hosts *hosts; /* is told what a person said is inside */
};

/* A file that is damaged is put aside with a sentence in the log. NULL: no memory. */
struct site *site_new(const struct site_setup *setup, struct errmsg *e);
/* Saves. */
void site_free(struct site *s);
int site_save(struct site *s, struct errmsg *e);

/* A checked record: whose network and domain it shows. NULL `s`: nothing. */
void site_note(struct site *s, struct slice record);
/* For behaviour (behave_sink), `ctx`: the site. */
void site_offer(void *ctx, const struct behave_offer *offer);
enum behave_verdict site_verdict(void *ctx, enum behave_offer_kind kind, const struct ip_addr *host,
				 const char *what);

/* {"learnt": [...]}, the newest proposals first. */
json_t *site_json(const struct site *s, bool decided_too);
/* `id`: of one, or "all" that wait. How many were decided, or ERR_NOTFOUND. */
int site_decide(struct site *s, const char *id, bool accept, const char *by, const char *why,
		struct errmsg *e);
