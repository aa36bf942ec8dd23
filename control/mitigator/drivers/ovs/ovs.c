#include "control/mitigator/drivers/ovs/ovs.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/helper/run.h"
#include "control/mitigator/drivers/ovs/flows.h"
#include "dataplane/base/clock.h"

enum {
	OUTPUT_MAX = 8 << 20, /* a switch of tens of thousands of flows or MACs */
	FDB_MAX = 65536,
	PORTS_MAX = 4096,
};

/* One order's workspace. */
struct ovs {
	const struct driver_config *config;
	const struct driver_order *order;
	struct driver_answer *answer;
	struct driver_sink *sink;
	char *out; /* OUTPUT_MAX */
	struct ovs_port *ports;
	unsigned ports_n;
	char socket[256];
	struct errmsg e;
};

static uint64_t wall_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Runs a program of Open vSwitch; its output stays in o->out. */
static int tool(struct ovs *o, const char *const *argv, struct slice input)
{
	struct run_result r = {.output = o->out, .cap = OUTPUT_MAX};
	int rc = run_program(argv, input, o->config->timeout_ms, &r, &o->e);

	if (rc == 0 && r.status != 0) {
		o->out[strcspn(o->out, "\n")] = 0;
		rc = errmsg_set(&o->e, ERR_NOTFOUND, "%.200s", o->out);
	}
	return rc;
}

static int ofctl(struct ovs *o, const char *verb, const char *argument, struct slice input)
{
	bool bundle = strcmp(verb, "add-flows") == 0;

	return tool(o,
		    (const char *[]){"ovs-ofctl", bundle ? "--bundle" : "--timeout=10", verb,
				     o->socket, argument, NULL},
		    input);
}

/* Asks the switch's own process. A killed one may have left its socket behind, so each is tried. */
static int appctl(struct ovs *o, const char *verb)
{
	char pattern[256];
	glob_t found;
	int rc = ERR_NOTFOUND;

	snprintf(pattern, sizeof(pattern), "%s/*vswitchd*.ctl", o->config->folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return errmsg_set(&o->e, ERR_NOTFOUND, "%s: no switch runs there", pattern);
	for (size_t i = 0; rc != 0 && i < found.gl_pathc; i++)
		rc = tool(o,
			  (const char *[]){"ovs-appctl", "--timeout=10", "-t", found.gl_pathv[i],
					   verb, o->config->bridge, NULL},
			  SLICE(NULL, 0));
	globfree(&found);
	return rc;
}

static int read_ports(struct ovs *o)
{
	int rc = ofctl(o, "show", NULL, SLICE(NULL, 0));

	o->ports_n = rc == 0 ? ovs_ports_read(o->out, o->ports, PORTS_MAX) : 0;
	return rc;
}

static bool is_uplink(const struct driver_config *c, const char *port)
{
	for (unsigned i = 0; i < c->uplinks_n; i++) {
		if (strcmp(c->uplinks[i], port) == 0)
			return true;
	}
	return false;
}

/* The OpenFlow number of the port to cut whole, 0: the MAC only. */
static unsigned port_to_cut(struct ovs *o)
{
	const char *name = o->order->target.switch_port;

	if (!o->order->whole_port || !name[0] || is_uplink(o->config, name) || read_ports(o) < 0)
		return 0;
	for (unsigned i = 0; i < o->ports_n; i++) {
		if (strcmp(o->ports[i].name, name) == 0)
			return o->ports[i].number;
	}
	return 0;
}

static int dump(struct ovs *o, uint64_t cookie, uint64_t mask)
{
	char match[64];

	snprintf(match, sizeof(match), "cookie=0x%llx/0x%llx", (unsigned long long)cookie,
		 (unsigned long long)mask);
	return ofctl(o, "dump-flows", match, SLICE(NULL, 0));
}

/* The tools end with an error when they do not reach the switch. */
static enum driver_outcome outcome_of(int rc)
{
	return rc == ERR_NOTFOUND || rc == ERR_AGAIN ? DRIVER_AWAY : DRIVER_FAILED;
}

static int place(struct ovs *o, const struct ovs_flows *flows)
{
	uint64_t cut = o->order->cut;
	int rc = ofctl(o, "add-flows", "-", SLICE(flows->text, flows->len));
	unsigned stand;

	if (rc == 0)
		rc = dump(o, OVS_COOKIE | cut, UINT64_MAX);
	stand = rc == 0 ? ovs_flows_count(o->out, cut) : 0;
	if (rc == 0 && stand != flows->n)
		rc = errmsg_set(&o->e, ERR_IO, "%u of %u flows stand after the order", stand,
				flows->n);
	return rc;
}

static void apply(struct ovs *o)
{
	struct ovs_flows flows = {.text = malloc(OVS_FLOWS_TEXT), .cap = OVS_FLOWS_TEXT};
	unsigned port = port_to_cut(o);
	int rc = ERR_NOMEM;

	if (flows.text)
		rc = ovs_flows_write(o->order, o->config->priority, port, wall_now(), &flows);
	if (rc < 0) {
		driver_say(o->sink, o->answer, DRIVER_REFUSED, "%s",
			   rc == ERR_INVALID ? "the host has no address to cut"
					     : "more exemptions than fit");
		free(flows.text);
		return;
	}
	rc = place(o, &flows);
	if (rc < 0)
		driver_say(o->sink, o->answer, outcome_of(rc), "%s", o->e.text);
	else
		driver_say(o->sink, o->answer, DRIVER_DONE, "%u flows on %s%s%s", flows.n,
			   o->config->bridge, port ? ", whole port " : "",
			   port ? o->order->target.switch_port : "");
	free(flows.text);
}

static void release(struct ovs *o)
{
	uint64_t cookie = OVS_COOKIE | o->order->cut;
	char match[64];
	int rc;

	snprintf(match, sizeof(match), "cookie=0x%llx/-1", (unsigned long long)cookie);
	rc = ofctl(o, "del-flows", match, SLICE(NULL, 0));
	if (rc == 0)
		rc = dump(o, cookie, UINT64_MAX);
	if (rc == 0 && ovs_flows_count(o->out, o->order->cut) != 0)
		rc = errmsg_set(&o->e, ERR_IO, "flows still stand after the release");
	if (rc < 0)
		driver_say(o->sink, o->answer, outcome_of(rc), "%s", o->e.text);
	else
		driver_say(o->sink, o->answer, DRIVER_DONE, "no flow of the cut is left on %s",
			   o->config->bridge);
}

/* The switch forgets all of them in one step, or none. */
static int forget(struct ovs *o, const struct driver_order *orders, unsigned n)
{
	enum { LINE = 64 };
	char text[DRIVER_BATCH * LINE];
	size_t len = 0;
	int rc;

	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"delete table=0,cookie=0x%llx/-1\n",
					(unsigned long long)(OVS_COOKIE | orders[i].cut));
	rc = ofctl(o, "add-flows", "-", SLICE(text, len));
	return rc == 0 ? dump(o, OVS_COOKIE, OVS_COOKIE_MASK) : rc;
}

static void release_many(const struct driver_config *c, const struct driver_order *orders,
			 unsigned n, struct driver_answer *scratch, struct driver_sink *sink)
{
	struct ovs o = {.config = c, .answer = scratch, .sink = sink, .out = malloc(OUTPUT_MAX)};
	int rc = ERR_NOMEM;

	snprintf(o.socket, sizeof(o.socket), "unix:%s/%s.mgmt", c->folder, c->bridge);
	if (o.out)
		rc = forget(&o, orders, n);
	for (unsigned i = 0; i < n; i++) {
		scratch->verb = DRIVER_RELEASE;
		scratch->cut = orders[i].cut;
		scratch->number = orders[i].number;
		if (rc < 0)
			driver_say(sink, scratch, outcome_of(rc), "%s", o.e.text);
		else if (ovs_flows_count(o.out, orders[i].cut) != 0)
			driver_say(sink, scratch, DRIVER_FAILED,
				   "flows still stand after the release");
		else
			driver_say(sink, scratch, DRIVER_DONE, "no flow of the cut is left on %s",
				   c->bridge);
	}
	free(o.out);
}

static void send_held(struct ovs *o, const struct driver_held *held, unsigned n)
{
	unsigned sent = 0;

	o->answer->outcome = DRIVER_DONE;
	do {
		unsigned now = n - sent < DRIVER_ITEMS ? n - sent : DRIVER_ITEMS;

		memcpy(o->answer->held, held + sent, now * sizeof(*held));
		sent += now;
		o->answer->items_n = (uint16_t)now;
		o->answer->last = sent == n;
		o->sink->answer(o->sink, o->answer);
	} while (sent < n);
}

static void list(struct ovs *o)
{
	struct driver_held *held = calloc(FDB_MAX, sizeof(*held));
	int rc = held ? dump(o, OVS_COOKIE, OVS_COOKIE_MASK) : ERR_NOMEM;

	if (rc < 0)
		driver_say(o->sink, o->answer, outcome_of(rc), "%s", o->e.text);
	else
		send_held(o, held, ovs_flows_read(o->out, held, FDB_MAX));
	free(held);
}

/* False when the port of the entry is gone meanwhile. */
static bool port_of(const struct ovs *o, const struct ovs_fdb_entry *e, struct driver_port *ret)
{
	const char *name = e->port == 0 ? "LOCAL" : NULL;

	for (unsigned i = 0; !name && i < o->ports_n; i++) {
		if (o->ports[i].number == e->port)
			name = o->ports[i].name;
	}
	if (!name)
		return false;
	*ret = (struct driver_port){.mac = e->mac,
				    .vlan = e->vlan,
				    .uplink = e->port == 0 || is_uplink(o->config, name)};
	snprintf(ret->port, sizeof(ret->port), "%s", name);
	return true;
}

static void send_ports(struct ovs *o, const struct ovs_fdb_entry *fdb, unsigned n)
{
	unsigned sent = 0;

	o->answer->outcome = DRIVER_DONE;
	do {
		unsigned now = 0;

		for (; now < DRIVER_ITEMS && sent < n; sent++)
			now += port_of(o, &fdb[sent], &o->answer->ports[now]);
		o->answer->items_n = (uint16_t)now;
		o->answer->last = sent == n;
		o->sink->answer(o->sink, o->answer);
	} while (sent < n);
}

static void ports(struct ovs *o)
{
	struct ovs_fdb_entry *fdb = calloc(FDB_MAX, sizeof(*fdb));
	int rc = fdb ? appctl(o, "fdb/show") : ERR_NOMEM;
	unsigned n = rc == 0 ? ovs_fdb_read(o->out, fdb, FDB_MAX) : 0;

	if (rc == 0)
		rc = appctl(o, "fdb/stats-show");
	o->answer->moves = rc == 0 ? ovs_fdb_moves(o->out) : 0;
	if (rc == 0)
		rc = read_ports(o);
	if (rc < 0)
		driver_say(o->sink, o->answer, outcome_of(rc), "%s", o->e.text);
	else
		send_ports(o, fdb, n);
	free(fdb);
}

static void run(const struct driver_config *c, const struct driver_order *order,
		struct driver_answer *scratch, struct driver_sink *sink)
{
	static void (*const verbs[])(struct ovs *) = {
		[DRIVER_APPLY] = apply,
		[DRIVER_RELEASE] = release,
		[DRIVER_LIST] = list,
		[DRIVER_PORTS] = ports,
	};
	struct ovs o = {.config = c, .order = order, .answer = scratch, .sink = sink};

	snprintf(o.socket, sizeof(o.socket), "unix:%s/%s.mgmt", c->folder, c->bridge);
	o.out = malloc(OUTPUT_MAX);
	o.ports = calloc(PORTS_MAX, sizeof(*o.ports));
	if (!o.out || !o.ports || (unsigned)order->verb >= ARRAY_SIZE(verbs) || !verbs[order->verb])
		driver_say(sink, scratch, DRIVER_FAILED, "no memory, or no such verb");
	else
		verbs[order->verb](&o);
	free(o.ports);
	free(o.out);
}

static int check(const struct driver_config *c, struct errmsg *e)
{
	if (!c->bridge[0] || strchr(c->bridge, '/'))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: bridge must be the name of an Open vSwitch bridge",
				  c->name);
	return 0;
}

const struct driver_desc driver_ovs = {
	.name = "openvswitch",
	.summary = "drops the host's frames on an Open vSwitch bridge by OpenFlow",
	.place = DRIVER_HELPER,
	.holds = true,
	.has_ports = true,
	.sandbox = SANDBOX_TOOL,
	.list_ms = 500,
	.check = check,
	.run = run,
	.release_many = release_many,
};
