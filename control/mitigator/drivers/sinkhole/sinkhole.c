#include "control/mitigator/drivers/sinkhole/sinkhole.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "control/helper/run.h"
#include "control/mitigator/drivers/device.h"
#include "control/mitigator/drivers/kept.h"
#include "control/mitigator/drivers/sinkhole/query.h"
#include "control/mitigator/drivers/sinkhole/zone.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

enum { LIST_MS = 1000, DNS_PORT = 53, ASK_MS = 300, ADDRESSES = 8, OUTPUT = 4096 };

/* One order's workspace. */
struct work {
	const struct driver_config *config;
	const struct driver_order *order;
	struct driver_answer *answer;
	struct driver_sink *sink;
	struct kept_book *book;
	struct kept *rows; /* all cuts' */
	int rows_n;
	char (*names)[SINKHOLE_NAME];
	unsigned names_n;
	struct sinkhole_to to;
	uint64_t until; /* monotonic ns */
	struct errmsg e;
};

static bool is_unbound(const struct driver_config *c)
{
	return strcmp(c->server, "unbound") == 0;
}

static uint64_t mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void take_addresses(const struct driver_config *c, struct sinkhole_to *ret)
{
	for (unsigned i = 0; i < c->sinkhole_n; i++) {
		struct ip_addr ip;

		if (ip_addr_parse(c->sinkhole[i], &ip) == 0)
			*(ip_addr_is_v4(&ip) ? &ret->v4 : &ret->v6) = ip;
	}
}

/* ---- the file and the resolver ---- */

static void row_name(const struct kept *k, char ret[SINKHOLE_NAME])
{
	size_t n = k->memo_n < SINKHOLE_NAME ? k->memo_n : SINKHOLE_NAME - 1;

	memcpy(ret, k->memo, n);
	ret[n] = 0;
}

/* Each name once, of the cuts that stand. */
static void gather(struct work *w)
{
	w->names_n = 0;
	for (int i = 0; i < w->rows_n; i++) {
		char name[SINKHOLE_NAME];
		bool known = false;

		row_name(&w->rows[i], name);
		for (unsigned k = 0; k < w->names_n; k++)
			known = known || strcmp(w->names[k], name) == 0;
		if (!known && w->names_n < SINKHOLE_NAMES && name[0])
			memcpy(w->names[w->names_n++], name, sizeof(name));
	}
}

static int write_names(struct work *w)
{
	const char(*names)[SINKHOLE_NAME] = (const char(*)[SINKHOLE_NAME])w->names;
	struct slice text = {0};
	int rc = is_unbound(w->config) ? sinkhole_write_zone(names, w->names_n, &w->to,
							     (uint32_t)time(NULL), &text)
				       : sinkhole_write_hosts(names, w->names_n, &w->to, &text);

	if (rc == 0)
		rc = file_write(w->config->zone_file, text, 0644, &w->e);
	else
		errmsg_set(&w->e, rc, "no memory");
	free((void *)(uintptr_t)text.data);
	return rc;
}

static int reload_unbound(struct work *w)
{
	char output[OUTPUT];
	struct run_result r = {.output = output, .cap = sizeof(output)};
	const char *argv[] = {"unbound-control", "-c", w->config->control, "auth_zone_reload",
			      w->config->zone,	 NULL};
	int rc = run_program(argv, SLICE(NULL, 0), w->config->timeout_ms, &r, &w->e);

	if (rc == 0 && r.status != 0) {
		output[strcspn(output, "\n")] = 0;
		return errmsg_set(&w->e, ERR_AGAIN, "unbound-control: %.200s", output);
	}
	return rc == ERR_NOTFOUND ? rc : rc < 0 ? ERR_AGAIN : 0;
}

/* Its answers from before go from its memory, too. */
static int reload_dnsmasq(struct work *w)
{
	struct slice text;
	long pid;

	if (file_read(w->config->pid_file, 64, &text, &w->e) < 0)
		return ERR_AGAIN;
	pid = strtol((const char *)text.data, NULL, 10);
	free((void *)(uintptr_t)text.data);
	if (pid <= 1)
		return errmsg_set(&w->e, ERR_AGAIN, "%s holds no process number",
				  w->config->pid_file);
	if (kill((pid_t)pid, SIGHUP) < 0)
		return errmsg_set(&w->e, ERR_AGAIN, "dnsmasq (process %ld) cannot be told: %s", pid,
				  strerror(errno));
	return 0;
}

static int publish(struct work *w)
{
	int rc;

	gather(w);
	rc = write_names(w);
	if (rc < 0)
		return rc;
	return is_unbound(w->config) ? reload_unbound(w) : reload_dnsmasq(w);
}

/* ---- whether it is so ---- */

/* Addresses that the resolver answers for the name; negative when it does not answer. */
static int resolve(struct work *w, const struct device *d, const char *name, struct ip_addr *ret)
{
	bool v4 = !ip_addr_is_zero(&w->to.v4);
	uint8_t packet[QUERY_MAX], answer[4096];
	uint16_t id = 0;
	size_t n;
	ssize_t got = -1;
	int fd;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return ERR_IO;
	n = query_write(name, v4, id, packet);
	fd = n ? socket(d->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (const struct sockaddr *)&d->to, d->to_len) == 0 &&
	    send(fd, packet, n, 0) == (ssize_t)n) {
		struct pollfd p = {fd, POLLIN, 0};

		if (poll(&p, 1, ASK_MS) == 1)
			got = recv(fd, answer, sizeof(answer), 0);
	}
	close(fd);
	return got < 0 ? ERR_AGAIN : query_read(SLICE(answer, (size_t)got), id, ret, ADDRESSES);
}

static bool is_sunk(const struct work *w, const struct ip_addr *found, int n)
{
	for (int i = 0; i < n; i++) {
		if (!ip_addr_eq(&found[i], &w->to.v4) && !ip_addr_eq(&found[i], &w->to.v6))
			return false;
	}
	return n > 0;
}

/* Asks until it is as it should be, or the time is over. */
static int confirm(struct work *w, const char *name, bool sunk)
{
	struct timespec pause = {0, 50000000};
	struct ip_addr found[ADDRESSES];
	struct device d;
	int n = 0;

	if (!w->config->resolver[0])
		return 0;
	if (device_parse(w->config->resolver, DNS_PORT, &d, &w->e) < 0)
		return ERR_INVALID;
	do {
		n = resolve(w, &d, name, found);
		/* Nobody to be asked upstream is no sinkhole either. */
		if (is_sunk(w, found, n) == sunk && (n >= 0 || !sunk))
			return 0;
		nanosleep(&pause, NULL);
	} while (mono() < w->until);
	if (n < 0)
		return errmsg_set(&w->e, ERR_AGAIN, "the resolver %s does not answer",
				  w->config->resolver);
	return errmsg_set(&w->e, ERR_IO, "the resolver %s %s answers %.100s with the sinkhole",
			  w->config->resolver, sunk ? "read the names, but does not" : "still",
			  name);
}

/* ---- verbs ---- */

static enum driver_outcome outcome_of(int rc)
{
	return rc == ERR_AGAIN ? DRIVER_AWAY : DRIVER_FAILED;
}

static int load(struct work *w)
{
	free(w->rows);
	w->rows = NULL;
	w->rows_n = kept_all(w->book, 0, &w->rows, &w->e);
	return w->rows_n < 0 ? w->rows_n : 0;
}

static bool is_never(const struct driver_config *c, const char *name)
{
	for (unsigned i = 0; i < c->never_n; i++) {
		if (sinkhole_is_below(name, c->never[i]))
			return true;
	}
	return false;
}

static bool wants(const struct driver_config *c, const struct driver_order *o)
{
	char name[SINKHOLE_NAME];

	return sinkhole_name(o->url, name) && !is_never(c, name);
}

static void apply(struct work *w)
{
	struct kept k = {.cut = w->order->cut,
			 .number = w->order->number,
			 .state = KEPT_ORDERED,
			 .mac = w->order->target.mac};
	char name[SINKHOLE_NAME];
	int rc;

	if (!sinkhole_name(w->order->url, name)) {
		driver_say(w->sink, w->answer, DRIVER_REFUSED,
			   "the threat has no name that a resolver could be told");
		return;
	}
	if (is_never(w->config, name)) {
		driver_say(w->sink, w->answer, DRIVER_REFUSED, "%.100s is never sinkholed", name);
		return;
	}
	k.memo_n = (uint16_t)strlen(name);
	memcpy(k.memo, name, k.memo_n);
	rc = kept_put(w->book, &k, &w->e);
	if (rc == 0)
		rc = load(w);
	if (rc == 0)
		rc = publish(w);
	if (rc == 0)
		rc = confirm(w, name, true);
	k.state = KEPT_HELD;
	if (rc == 0)
		rc = kept_put(w->book, &k, &w->e);
	if (rc < 0)
		driver_say(w->sink, w->answer, outcome_of(rc), "%s", w->e.text);
	else
		driver_say(w->sink, w->answer, DRIVER_DONE, "%.100s is answered with %s%s", name,
			   w->config->sinkhole[0],
			   w->config->resolver[0] ? "" : "; nobody was asked whether it is so");
}

static void release(struct work *w)
{
	struct kept mine = {.cut = w->order->cut};
	char name[SINKHOLE_NAME] = "";
	bool others = false;
	int rc = load(w);

	for (int i = 0; rc == 0 && i < w->rows_n; i++) {
		if (w->rows[i].cut == w->order->cut)
			row_name(&w->rows[i], name);
	}
	if (rc == 0)
		rc = kept_drop(w->book, &mine, &w->e);
	if (rc == 0)
		rc = load(w);
	if (rc == 0)
		rc = publish(w);
	for (unsigned i = 0; rc == 0 && i < w->names_n; i++)
		others = others || sinkhole_is_below(name, w->names[i]);
	if (rc == 0 && name[0] && !others)
		rc = confirm(w, name, false);
	/* Not told is not released: it is in the book until it is. */
	if (rc < 0 && name[0]) {
		mine.state = KEPT_ENDING;
		mine.memo_n = (uint16_t)strlen(name);
		memcpy(mine.memo, name, mine.memo_n);
		kept_put(w->book, &mine, NULL);
	}
	if (rc < 0)
		driver_say(w->sink, w->answer, outcome_of(rc), "%s", w->e.text);
	else
		driver_say(w->sink, w->answer, DRIVER_DONE, "%.100s%s", name[0] ? name : "no name",
			   others ? " stays sinkholed for another cut" : " is resolved again");
}

/* What was not confirmed is published again. */
static int settle(struct work *w)
{
	bool published = false;
	int rc = load(w);

	for (int i = 0; rc == 0 && i < w->rows_n; i++) {
		struct kept *k = &w->rows[i];
		char name[SINKHOLE_NAME];

		if (k->state != KEPT_ORDERED)
			continue;
		if (!published)
			rc = publish(w);
		published = true;
		row_name(k, name);
		if (rc == 0)
			rc = confirm(w, name, true);
		k->state = KEPT_HELD;
		if (rc == 0)
			rc = kept_put(w->book, k, &w->e);
	}
	return rc;
}

static void list(struct work *w)
{
	int rc = settle(w);

	if (rc < 0)
		driver_say(w->sink, w->answer, outcome_of(rc), "%s", w->e.text);
	else
		kept_list(w->book, w->answer, w->sink);
}

static void run(const struct driver_config *c, const struct driver_order *o,
		struct driver_answer *scratch, struct driver_sink *sink)
{
	static void (*const verbs[])(struct work *) = {
		[DRIVER_APPLY] = apply, [DRIVER_RELEASE] = release, [DRIVER_LIST] = list};
	struct work w = {.config = c, .order = o, .answer = scratch, .sink = sink};

	w.until = mono() + c->timeout_ms * NS_PER_MS;
	take_addresses(c, &w.to);
	w.book = kept_open(c->book, &w.e);
	w.names = calloc(SINKHOLE_NAMES, sizeof(*w.names));
	if ((unsigned)o->verb >= ARRAY_SIZE(verbs) || !verbs[o->verb])
		driver_say(sink, scratch, DRIVER_REFUSED, "a resolver has no port table");
	else if (!w.book || !w.names)
		driver_say(sink, scratch, DRIVER_FAILED, "%s", w.e.text);
	else
		verbs[o->verb](&w);
	free(w.names);
	free(w.rows);
	kept_close(w.book);
}

/* ---- configuration ---- */

static int check_addresses(const struct driver_config *c, struct errmsg *e)
{
	struct sinkhole_to to = {0};
	char name[SINKHOLE_NAME];
	struct ip_addr ip;

	for (unsigned i = 0; i < c->sinkhole_n; i++) {
		if (ip_addr_parse(c->sinkhole[i], &ip) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "driver %s: sinkhole: \"%.60s\" is no address", c->name,
					  c->sinkhole[i]);
	}
	take_addresses(c, &to);
	if (c->sinkhole_n == 0 ||
	    c->sinkhole_n != !ip_addr_is_zero(&to.v4) + !ip_addr_is_zero(&to.v6))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: sinkhole must be one IPv4 address, one IPv6 address, "
				  "or one of each",
				  c->name);
	for (unsigned i = 0; i < c->never_n; i++) {
		if (!sinkhole_name(c->never[i], name) || strcmp(name, c->never[i]) != 0)
			return errmsg_set(e, ERR_INVALID,
					  "driver %s: never-names: \"%.60s\" is no name in small "
					  "letters with a dot in it",
					  c->name, c->never[i]);
	}
	return 0;
}

int driver_sinkhole_check(const struct driver_config *c, struct errmsg *e)
{
	struct device d;

	if (strcmp(c->server, "unbound") != 0 && strcmp(c->server, "dnsmasq") != 0)
		return errmsg_set(e, ERR_INVALID, "driver %s: server must be unbound or dnsmasq",
				  c->name);
	if (c->zone_file[0] != '/')
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: zone-file must be the absolute path of the file that "
				  "the resolver reads",
				  c->name);
	if (is_unbound(c) && (!c->zone[0] || c->control[0] != '/'))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: unbound needs zone, the name of its rpz clause, and "
				  "control, the absolute path of its configuration",
				  c->name);
	if (!is_unbound(c) && c->pid_file[0] != '/')
		return errmsg_set(
			e, ERR_INVALID,
			"driver %s: dnsmasq needs pid-file, the absolute path of the file "
			"with its process number",
			c->name);
	if (c->resolver[0] && device_parse(c->resolver, DNS_PORT, &d, e) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: resolver must be an address, with :port where it is "
				  "not 53",
				  c->name);
	return check_addresses(c, e);
}

static const char *warning(const struct driver_config *c)
{
	return c->resolver[0] ? NULL
			      : "no resolver is named: nobody is asked whether the sinkhole works";
}

const struct driver_desc driver_sinkhole = {
	.name = "sinkhole",
	.summary = "has the site's resolver answer the threat's name with our address",
	.place = DRIVER_HELPER,
	.unprivileged = true,
	.list_ms = LIST_MS,
	.keep = 1ull << CAP_KILL, /* dnsmasq runs as somebody else */
	.wants = wants,
	.check = driver_sinkhole_check,
	.warning = warning,
	.run = run,
};
