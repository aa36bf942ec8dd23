#include "control/centre/fleet/ca_helper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/file.h"

enum { CA_LIFE_DAYS = 3650, WAIT_MS = 10000, CLOCK_SKEW = 600 };

enum verb { VERB_ISSUE, VERB_CAS, VERB_STEP };

struct question {
	uint32_t verb, step, role;
	int64_t from, until;
	char name[WIRE_NAME_MAX], site[WIRE_NAME_MAX];
	uint8_t key[CA_POINT];
};

struct answer {
	int32_t rc;
	char sentence[256];
	uint64_t len;
	uint8_t der[CA_DER_MAX];
	struct ca_set cas;
};

struct keeper {
	char folder[PATH_MAX - 64];
	char organisation[WIRE_NAME_MAX];
	struct ca *ca;
};

/* ---- in the helper ---- */

static void path_in(const struct keeper *k, const char *file, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s", k->folder, file);
}

static bool is_there(const struct keeper *k, const char *file)
{
	char path[PATH_MAX];

	path_in(k, file, path);
	return access(path, F_OK) == 0;
}

static int move(const struct keeper *k, const char *from, const char *to, struct errmsg *e)
{
	char a[PATH_MAX], b[PATH_MAX];

	path_in(k, from, a);
	path_in(k, to, b);
	if (rename(a, b))
		return errmsg_set(e, ERR_IO, "%s cannot be moved: %s", a, strerror(errno));
	return 0;
}

/* The switch was begun and not ended: ca.key is the new one's already. */
static int end_switch(struct keeper *k, struct errmsg *e)
{
	if (!is_there(k, "next/ca.crt") || is_there(k, "next/ca.key"))
		return 0;
	return move(k, "next/ca.crt", "ca.crt", e);
}

static int open_ca(struct keeper *k, struct errmsg *e)
{
	int rc = end_switch(k, e);

	if (rc)
		return rc;
	ca_close(k->ca);
	k->ca = ca_open(k->folder, e);
	return k->ca ? 0 : ERR_INVALID;
}

static int read_pem(const struct keeper *k, const char *file, struct ca_set *ret)
{
	char folder[PATH_MAX];
	struct errmsg e;
	struct ca *ca;
	struct slice der;

	/* A folder with a key of its own, or the certificate alone. */
	path_in(k, file, folder);
	ca = ca_open(folder, &e);
	if (!ca)
		return ERR_NOTFOUND;
	der = ca_certificate(ca);
	if (der.len <= CA_DER_MAX && ret->n < CA_HELPER_CAS) {
		memcpy(ret->der[ret->n], der.data, der.len);
		ret->len[ret->n++] = der.len;
	}
	ca_close(ca);
	return 0;
}

static void add_old(const struct keeper *k, struct ca_set *ret)
{
	char path[PATH_MAX];
	struct slice der;

	path_in(k, "old.der", path);
	if (ret->n == CA_HELPER_CAS || file_read(path, CA_DER_MAX, &der, NULL))
		return;
	memcpy(ret->der[ret->n], der.data, der.len);
	ret->len[ret->n++] = der.len;
	payload_free(&der);
}

static void tell_cas(struct keeper *k, struct ca_set *ret)
{
	struct slice der = ca_certificate(k->ca);

	memcpy(ret->der[0], der.data, der.len);
	ret->len[0] = der.len;
	ret->n = 1;
	(void)read_pem(k, "next", ret);
	add_old(k, ret);
}

static int issue(struct keeper *k, const struct question *q, struct answer *a, struct errmsg *e)
{
	struct ca_order order = {(enum wire_role)q->role, q->name, {q->from, q->until}, q->site};
	int64_t now = time(NULL);
	struct slice der;
	int rc;

	if (q->role == ROLE_NONE || q->role >= ROLE_COUNT)
		return errmsg_set(e, ERR_INVALID, "there is no such role");
	if (q->from > now + CLOCK_SKEW || q->until <= q->from ||
	    q->until > now + (int64_t)CA_DAYS_MOST * 86400)
		return errmsg_set(e, ERR_INVALID, "a certificate holds %d days at most",
				  CA_DAYS_MOST);
	rc = ca_sign_point(k->ca, &order, q->key, &der, e);
	if (rc)
		return rc;
	if (der.len > CA_DER_MAX)
		rc = errmsg_set(e, ERR_LIMIT, "the certificate is too large");
	else
		memcpy(a->der, der.data, a->len = der.len);
	payload_free(&der);
	return rc;
}

static int begin(struct keeper *k, struct errmsg *e)
{
	char next[PATH_MAX];

	if (is_there(k, "next/ca.key") || is_there(k, "old.der"))
		return errmsg_set(e, ERR_EXISTS, "the CA is changing already");
	path_in(k, "next", next);
	return ca_create(next, k->organisation, ca_validity_days(CA_LIFE_DAYS), e);
}

/* The key first: from then on the old one's is gone, and end_switch does the rest. */
static int change_over(struct keeper *k, struct errmsg *e)
{
	char path[PATH_MAX];
	int rc;

	if (!is_there(k, "next/ca.key") || !is_there(k, "next/ca.crt"))
		return errmsg_set(e, ERR_NOTFOUND, "there is no next CA: begin first");
	path_in(k, "old.der", path);
	rc = file_write(path, ca_certificate(k->ca), 0600, e);
	if (rc == 0)
		rc = move(k, "next/ca.key", "ca.key", e);
	if (rc == 0)
		rc = open_ca(k, e);
	path_in(k, "next", path);
	(void)rmdir(path);
	return rc;
}

static int finish(struct keeper *k, struct errmsg *e)
{
	char path[PATH_MAX];

	path_in(k, "old.der", path);
	if (unlink(path))
		return errmsg_set(e, ERR_NOTFOUND, "there is no old CA that is still trusted");
	return 0;
}

static int step(struct keeper *k, uint32_t which, struct errmsg *e)
{
	static int (*const steps[CA_STEPS])(struct keeper *, struct errmsg *) = {
		[CA_STEP_BEGIN] = begin,
		[CA_STEP_SWITCH] = change_over,
		[CA_STEP_FINISH] = finish,
	};

	return which < CA_STEPS ? steps[which](k, e)
				: errmsg_set(e, ERR_INVALID, "there is no such step");
}

static void serve(int fd, void *arg)
{
	struct keeper *k = arg;
	struct question q;
	struct answer a;

	/* Not even who has the same user may look into it. */
	prctl(PR_SET_DUMPABLE, 0);
	while (helper_receive(fd, &q, sizeof(q)) == (ssize_t)sizeof(q)) {
		struct errmsg e = {""};

		memset(&a, 0, sizeof(a));
		q.name[sizeof(q.name) - 1] = q.site[sizeof(q.site) - 1] = '\0';
		a.rc = k->ca ? 0 : open_ca(k, &e);
		if (a.rc == 0 && q.verb == VERB_ISSUE)
			a.rc = issue(k, &q, &a, &e);
		else if (a.rc == 0 && q.verb == VERB_STEP)
			a.rc = step(k, q.step, &e);
		if (a.rc == 0)
			tell_cas(k, &a.cas);
		snprintf(a.sentence, sizeof(a.sentence), "%.255s", e.text);
		if (helper_send(fd, &a, sizeof(a)) != 0)
			return;
	}
}

/* ---- the asking side ---- */

int ca_helper_start(const char *folder, const char *organisation, bool make, struct helper *ret,
		    struct errmsg *e)
{
	struct keeper k = {.folder = ""};
	struct helper_job job = {.name = "banken-ca",
				 .user = "",
				 .sandbox = SANDBOX_NOTICE,
				 .serve = serve,
				 .arg = &k};
	int rc = 0;

	*ret = (struct helper){-1, -1};
	if (strlen(folder) >= sizeof(k.folder))
		return errmsg_set(e, ERR_LIMIT, "path %.80s... is too long", folder);
	snprintf(k.folder, sizeof(k.folder), "%s", folder);
	snprintf(k.organisation, sizeof(k.organisation), "%s", organisation);
	if (!is_there(&k, "ca.key") && !make)
		return errmsg_set(e, ERR_NOTFOUND, "%s holds no CA", folder);
	if (!is_there(&k, "ca.key")) {
		rc = file_make_folder(folder, 0700, e);
		if (rc == 0)
			rc = ca_create(folder, organisation, ca_validity_days(CA_LIFE_DAYS), e);
	}
	if (rc == 0)
		rc = open_ca(&k, e); /* what is wrong with it is said at the start */
	ca_close(k.ca);
	k.ca = NULL;
	return rc ? rc : helper_start(&job, ret, e);
}

static int ask(struct helper *h, const struct question *q, struct answer *a, struct errmsg *e)
{
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	ssize_t n = 0;

	if (h->fd < 0)
		return errmsg_set(e, ERR_NOTFOUND, "this centre has no CA: see ca-folder");
	/* What came too late for an earlier question. */
	while (helper_receive_now(h->fd, a, sizeof(*a)) > 0)
		;
	if (helper_send(h->fd, q, sizeof(*q)))
		return errmsg_set(e, ERR_IO, "the CA's process is gone");
	if (poll(&p, 1, WAIT_MS) == 1)
		n = helper_receive_now(h->fd, a, sizeof(*a));
	if (n != (ssize_t)sizeof(*a))
		return errmsg_set(e, ERR_IO, "the CA's process does not answer");
	return a->rc ? errmsg_set(e, a->rc, "%s", a->sentence) : 0;
}

int ca_helper_issue(struct helper *h, const struct ca_order *order, const uint8_t key[CA_POINT],
		    uint8_t ret[CA_DER_MAX], size_t *ret_len, struct errmsg *e)
{
	struct question q = {.verb = VERB_ISSUE,
			     .role = (uint32_t)order->role,
			     .from = order->valid.from,
			     .until = order->valid.until};
	struct answer a;
	int rc;

	snprintf(q.name, sizeof(q.name), "%s", order->name);
	snprintf(q.site, sizeof(q.site), "%s", order->site);
	memcpy(q.key, key, sizeof(q.key));
	rc = ask(h, &q, &a, e);
	if (rc)
		return rc;
	memcpy(ret, a.der, a.len);
	*ret_len = a.len;
	return 0;
}

int ca_helper_cas(struct helper *h, struct ca_set *ret, struct errmsg *e)
{
	struct question q = {.verb = VERB_CAS};
	struct answer a;
	int rc = ask(h, &q, &a, e);

	if (rc == 0)
		*ret = a.cas;
	return rc;
}

int ca_helper_step(struct helper *h, enum ca_step which, struct errmsg *e)
{
	struct question q = {.verb = VERB_STEP, .step = (uint32_t)which};
	struct answer a;

	return ask(h, &q, &a, e);
}
