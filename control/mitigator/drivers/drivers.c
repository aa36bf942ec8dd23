#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/helper/helper.h"
#include "control/mitigator/drivers/command/command.h"
#include "control/mitigator/drivers/driver.h"
#include "control/mitigator/drivers/enforcer/enforcer.h"
#include "control/mitigator/drivers/openc2/openc2.h"
#include "control/mitigator/drivers/ovs/ovs.h"
#include "control/mitigator/drivers/radius/radius.h"
#include "control/mitigator/drivers/reset/reset.h"
#include "control/mitigator/drivers/sinkhole/sinkhole.h"
#include "control/mitigator/drivers/snmp/snmp.h"

static_assert(sizeof(struct driver_answer) <= HELPER_PACKET_MAX, "one answer is one packet");

/* A new driver is one line here. */
static const struct driver_desc *const descs[] = {
	&driver_ovs,	&driver_enforcer, &driver_reset,    &driver_command,
	&driver_radius, &driver_openc2,	  &driver_sinkhole, &driver_snmp,
};

const struct driver_desc *driver_at(unsigned i)
{
	return i < ARRAY_SIZE(descs) ? descs[i] : NULL;
}

const struct driver_desc *driver_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(descs); i++) {
		if (strcmp(descs[i]->name, type) == 0)
			return descs[i];
	}
	return NULL;
}

const char *driver_outcome_text(enum driver_outcome o)
{
	static const char *const words[] = {"none", "done", "refused", "failed", "away"};

	return (unsigned)o < ARRAY_SIZE(words) ? words[o] : words[0];
}

static size_t item_size(const struct driver_answer *a)
{
	return a->verb == DRIVER_PORTS ? sizeof(a->ports[0]) : sizeof(a->held[0]);
}

size_t driver_answer_size(const struct driver_answer *a)
{
	return offsetof(struct driver_answer, held) + a->items_n * item_size(a);
}

bool driver_answer_check(const struct driver_answer *a, size_t n)
{
	return n >= offsetof(struct driver_answer, held) && a->items_n <= DRIVER_ITEMS &&
	       n == driver_answer_size(a);
}

void driver_say(struct driver_sink *sink, struct driver_answer *a, enum driver_outcome outcome,
		const char *fmt, ...)
{
	va_list ap;

	a->outcome = outcome;
	a->items_n = 0;
	a->last = true;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	sink->answer(sink, a);
}

struct socket_sink {
	struct driver_sink sink;
	int fd;
};

static void answer_to_socket(struct driver_sink *s, const struct driver_answer *a)
{
	struct socket_sink *to = container_of(s, struct socket_sink, sink);

	helper_send(to->fd, a, driver_answer_size(a));
}

static void begin_answer(struct driver_answer *a, const struct driver_order *o)
{
	memset(a, 0, offsetof(struct driver_answer, held));
	a->verb = o->verb;
	a->cut = o->cut;
	a->number = o->number;
}

/* Orders that wait. */
struct batch {
	struct driver_order orders[DRIVER_BATCH];
	unsigned n; /* read and not done */
};

static bool is_overtaken(const struct driver_order *o, const struct driver_order *later)
{
	return o->cut == later->cut && (o->verb == later->verb ||
					(o->verb == DRIVER_APPLY && later->verb == DRIVER_RELEASE));
}

unsigned driver_orders_sort(struct driver_order *orders, unsigned n)
{
	unsigned kept = 0, first = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned k = i + 1;

		while (k < n && !is_overtaken(&orders[i], &orders[k]))
			k++;
		if (k == n)
			orders[kept++] = orders[i];
	}
	for (unsigned i = 0; i < kept; i++) {
		struct driver_order o = orders[i];

		if (o.verb != DRIVER_RELEASE)
			continue;
		memmove(&orders[first + 1], &orders[first], (i - first) * sizeof(o));
		orders[first++] = o;
	}
	return kept;
}

/* Waits for one, takes what else is there. */
static bool receive_some(int fd, struct batch *b)
{
	struct driver_order *o = b->orders;

	if (b->n == 0 && helper_receive(fd, &o[b->n++], sizeof(*o)) != sizeof(*o))
		return false;
	while (b->n < DRIVER_BATCH) {
		/* At the end of all what was read is still done. */
		if (helper_receive_now(fd, &o[b->n], sizeof(*o)) != sizeof(*o))
			break;
		b->n++;
	}
	b->n = driver_orders_sort(o, b->n);
	return true;
}

static unsigned releases(const struct batch *b)
{
	unsigned n = 0;

	while (n < b->n && b->orders[n].verb == DRIVER_RELEASE)
		n++;
	return n;
}

void driver_serve(int fd, void *arg)
{
	const struct driver_config *config = arg;
	const struct driver_desc *desc = driver_find(config->type);
	struct driver_answer *scratch = calloc(1, sizeof(*scratch));
	struct batch *b = calloc(1, sizeof(*b));
	struct socket_sink to = {{answer_to_socket}, fd};

	while (desc && scratch && b && receive_some(fd, b)) {
		unsigned n = desc->release_many ? releases(b) : 0;

		if (n > 1) {
			desc->release_many(config, b->orders, n, scratch, &to.sink);
		} else {
			n = 1;
			begin_answer(scratch, b->orders);
			desc->run(config, b->orders, scratch, &to.sink);
		}
		b->n -= n;
		memmove(b->orders, b->orders + n, b->n * sizeof(b->orders[0]));
	}
	free(b);
	free(scratch);
}
