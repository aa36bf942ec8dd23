#include "control/mitigator/drivers/snmp/snmp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/mitigator/drivers/kept.h"
#include "control/mitigator/drivers/snmp/port.h"

enum {
	LIST_MS = 5000,
	/* A look at what it holds takes no longer: orders wait behind it. */
	LOOK_MS = 1000,
};

/* One order's workspace. */
struct work {
	const struct driver_config *config;
	const struct driver_order *order;
	struct driver_answer *answer;
	struct driver_sink *sink;
	struct kept_book *book;
	struct kept *rows; /* of this cut; of all for LIST and to know others' */
	int rows_n;
	struct table *table;
	struct device device; /* the one that is talked to */
	struct snmp_link *link;
	bool names;		/* the table has this device's ports */
	struct table_port port; /* of the row that is looked at */
	/* Did not answer just now, and why: nor is it asked again for others of a batch. */
	char silent[TARGET_TEXT];
	struct errmsg silent_why;
	int64_t deadline;
	bool shut; /* order port-down */
	struct errmsg e;
};

static void say_failed(struct work *w, int rc)
{
	driver_say(w->sink, w->answer, rc == ERR_AGAIN ? DRIVER_AWAY : DRIVER_FAILED, "%s",
		   w->e.text);
}

/* ---- a device ---- */

static int dial(struct work *w, const char *name)
{
	int rc = device_parse(name, SNMP_PORT, &w->device, &w->e);

	if (rc == 0)
		w->link = snmp_link_open(w->config, &w->device, w->deadline, &rc, &w->e);
	return rc;
}

static void hang_up(struct work *w)
{
	snmp_link_close(w->link);
	w->link = NULL;
	w->names = false;
}

static void note_silent(struct work *w, const char *name)
{
	hang_up(w);
	snprintf(w->silent, sizeof(w->silent), "%s", name);
	w->silent_why = w->e;
}

/* The conversation with this device, an open one goes on. */
static int reach(struct work *w, const char *name)
{
	int rc;

	if (w->link && strcmp(w->device.name, name) == 0) {
		snmp_link_until(w->link, w->deadline);
		return 0;
	}
	hang_up(w);
	if (strcmp(w->silent, name) == 0) {
		w->e = w->silent_why;
		return ERR_AGAIN;
	}
	rc = dial(w, name);
	if (rc == ERR_AGAIN)
		note_silent(w, name);
	return rc;
}

struct filling {
	struct table *table;
	enum table_part part;
};

static bool take_cell(void *ctx, const struct snmp_cell *cell)
{
	struct filling *f = ctx;

	table_take(f->table, f->part, cell);
	return !f->table->full;
}

/* Of the two forwarding tables the one that knows VLANs, where it has anything. */
static int read_table(struct work *w, bool names_only)
{
	struct filling f = {w->table, 0};
	int rc = 0;

	memset(w->table, 0, sizeof(*w->table));
	for (unsigned part = 0; rc == 0 && part < TABLE_PARTS; part++) {
		f.part = (enum table_part)part;
		if (f.part == TABLE_D_FDB && w->table->macs_n)
			continue;
		if (names_only && f.part > TABLE_BASE_PORT)
			break;
		rc = snmp_link_walk(w->link, table_part_name(f.part), take_cell, &f, &w->e);
	}
	return rc;
}

/* ---- what was there before ---- */

/* In words, so that a person can read the book. */
static void write_memo(struct kept *k, const struct port_setting *s, const struct table_port *p)
{
	int n = snprintf((char *)k->memo, sizeof(k->memo),
			 "vlan=%u admin=%u lists=%d own=%d%d other=%d%d base=%u index=%u", s->vlan,
			 s->admin, s->lists, s->own.egress, s->own.untagged, s->other.egress,
			 s->other.untagged, p->base, p->index);

	k->memo_n = (uint16_t)n;
}

static void memo_text(const struct kept *k, char ret[KEPT_MEMO + 1])
{
	memcpy(ret, k->memo, k->memo_n);
	ret[k->memo_n] = 0;
}

/* The port's numbers when it was cut; none in memos of earlier versions. */
static bool memo_port(const struct kept *k, struct table_port *ret)
{
	char text[KEPT_MEMO + 1];
	const char *at;

	memo_text(k, text);
	at = strstr(text, " base=");
	*ret = (struct table_port){.base = 0};
	snprintf(ret->name, sizeof(ret->name), "%s", k->port);
	return at && sscanf(at, " base=%u index=%u", &ret->base, &ret->index) == 2;
}

static bool read_memo(const struct kept *k, struct port_setting *ret)
{
	unsigned lists, oe, ou, qe, qu;
	char text[KEPT_MEMO + 1];

	memo_text(k, text);
	if (sscanf(text, "vlan=%u admin=%u lists=%1u own=%1u%1u other=%1u%1u", &ret->vlan,
		   &ret->admin, &lists, &oe, &ou, &qe, &qu) != 7)
		return false;
	ret->lists = lists;
	ret->own = (struct port_member){oe, ou};
	ret->other = (struct port_member){qe, qu};
	return true;
}

/* The port of a row: by its numbers if the device still calls it so, else by its name among all.
 * NULL: it is gone, or *ret_rc says what failed. */
static const struct table_port *port_of(struct work *w, const struct kept *k, int *ret_rc)
{
	*ret_rc = 0;
	if (memo_port(k, &w->port)) {
		*ret_rc = port_confirm(w->link, &w->port, k->port, &w->e);
		if (*ret_rc != ERR_NOTFOUND)
			return *ret_rc == 0 ? &w->port : NULL;
	}
	*ret_rc = w->names ? 0 : read_table(w, true);
	w->names = *ret_rc == 0;
	return w->names ? table_named(w->table, k->port) : NULL;
}

static bool same_port(const struct kept *k, const char *device, const char *port)
{
	return strcmp(k->device, device) == 0 && strcmp(k->port, port) == 0;
}

/* Another cut's row of the same port: NULL when there is none. */
static const struct kept *other_cut(const struct work *w, const char *device, const char *port)
{
	for (int i = 0; i < w->rows_n; i++) {
		if (w->rows[i].cut != w->order->cut && same_port(&w->rows[i], device, port))
			return &w->rows[i];
	}
	return NULL;
}

static struct kept *own_row(struct work *w, const char *device, const char *port)
{
	for (int i = 0; i < w->rows_n; i++) {
		if (w->rows[i].cut == w->order->cut && same_port(&w->rows[i], device, port))
			return &w->rows[i];
	}
	return NULL;
}

/* Whether the port is as the cut wants it. */
static bool is_cut(const struct kept *k, const struct port_setting *now)
{
	return k->vlan ? now->vlan == k->vlan : now->admin == PORT_DOWN;
}

/* ---- cutting ---- */

static int carry_out(struct work *w, const struct table_port *p, const struct port_setting *before)
{
	struct port_move m = {.from = before->vlan,
			      .to = w->config->vlan,
			      .then_to = {true, true},
			      .lists = w->config->port_lists};
	int rc;

	if (w->shut)
		return port_admin(w->link, p, PORT_DOWN, &w->e);
	rc = port_move(w->link, p, &m, &w->e);
	if (rc < 0 || w->config->bounce_ms == 0)
		return rc;
	rc = port_admin(w->link, p, PORT_DOWN, &w->e);
	usleep(w->config->bounce_ms * 1000);
	return rc < 0 ? rc : port_admin(w->link, p, PORT_UP, &w->e);
}

/* What is restored one day: not what another cut has made of the port. */
static void remember(const struct work *w, const struct table_port *p,
		     const struct port_setting *now, struct kept *k)
{
	const struct kept *other = other_cut(w, w->device.name, p->name);

	if (k->memo_n)
		return;
	if (other) {
		k->memo_n = other->memo_n;
		memcpy(k->memo, other->memo, other->memo_n);
	} else {
		write_memo(k, now, p);
	}
}

static struct kept row_for(struct work *w, const struct table_port *p)
{
	const struct kept *known = own_row(w, w->device.name, p->name);
	struct kept k = {.state = KEPT_ORDERED};

	if (known)
		k = *known;
	k.cut = w->order->cut;
	k.number = w->order->number;
	k.mac = w->order->target.mac;
	k.vlan = w->config->vlan;
	snprintf(k.device, sizeof(k.device), "%s", w->device.name);
	snprintf(k.port, sizeof(k.port), "%s", p->name);
	return k;
}

static void say_cut(struct work *w, const struct kept *k, const struct port_setting *before)
{
	if (w->shut)
		driver_say(w->sink, w->answer, DRIVER_DONE, "port %s of %s is down", k->port,
			   k->device);
	else
		driver_say(w->sink, w->answer, DRIVER_DONE, "port %s of %s: VLAN %u, it was %u",
			   k->port, k->device, k->vlan, before->vlan);
}

/* Written down before it is ordered; ordered only when it does not stand. */
static void cut_port(struct work *w, const struct table_port *p)
{
	struct port_setting now, before;
	struct kept k = row_for(w, p);
	int rc = port_read(w->link, p, w->config->vlan, &now, &w->e);

	if (rc == 0 && !w->shut && now.vlan == 0) {
		driver_say(w->sink, w->answer, DRIVER_REFUSED,
			   "%s does not say in which VLAN port %s is (no dot1qPvid)",
			   w->device.name, p->name);
		return;
	}
	if (rc == 0) {
		k.state = KEPT_ORDERED;
		remember(w, p, &now, &k);
		rc = kept_put(w->book, &k, &w->e);
	}
	if (rc == 0 && !is_cut(&k, &now))
		rc = carry_out(w, p, &now);
	if (rc == ERR_DENIED && !own_row(w, k.device, k.port))
		kept_drop(w->book, &k, &(struct errmsg){""});
	if (rc == 0) {
		k.state = KEPT_HELD;
		rc = kept_put(w->book, &k, &w->e);
	}
	if (rc < 0 || !read_memo(&k, &before))
		say_failed(w, rc);
	else
		say_cut(w, &k, &before);
}

/* ---- finding ---- */

enum found { NOT_HERE, HERE, BEHIND_UPLINK, UNREACHABLE };

/* Whether the host is behind a port of this device that may be cut; why not is in w->e. */
static enum found look(struct work *w, const char *name, const struct table_port **ret)
{
	struct port_facts facts;
	int rc = dial(w, name);

	if (rc == 0)
		rc = read_table(w, false);
	if (rc < 0)
		return UNREACHABLE;
	*ret = table_find(w->table, &w->order->target.mac);
	if (!*ret)
		return NOT_HERE;
	facts = table_facts(w->table, *ret, w->config, name);
	return facts.uplink ? BEHIND_UPLINK : HERE;
}

/* A host that is cut already may no longer be in any table: its port is looked at where it was. */
static const struct table_port *look_where_it_was(struct work *w)
{
	for (int i = 0; i < w->rows_n; i++) {
		const struct kept *k = &w->rows[i];

		if (k->cut != w->order->cut || dial(w, k->device) < 0)
			continue;
		if (read_table(w, true) == 0 && table_named(w->table, k->port))
			return table_named(w->table, k->port);
		hang_up(w);
	}
	return NULL;
}

/* The host is here, but the port is not to be cut. True when that was said. */
static bool refuse(struct work *w, const struct table_port *p)
{
	struct port_facts facts = table_facts(w->table, p, w->config, w->device.name);
	char text[160];

	if (guard_port_allowed(&facts))
		return false;
	guard_port_text(&facts, p->name, text, sizeof(text));
	driver_say(w->sink, w->answer, DRIVER_REFUSED, "%s: %s", w->device.name, text);
	return true;
}

static void say_not_found(struct work *w, bool behind, int unreachable, const struct errmsg *why)
{
	char mac[MAC_ADDR_TEXT];

	mac_addr_text(&w->order->target.mac, mac);
	if (unreachable)
		driver_say(w->sink, w->answer, DRIVER_AWAY, "%s", why->text);
	else if (behind)
		driver_say(w->sink, w->answer, DRIVER_REFUSED,
			   "%s is only behind uplinks of the devices: its own switch is not among "
			   "them, or its port is an uplink, which is never cut",
			   mac);
	else
		driver_say(w->sink, w->answer, DRIVER_FAILED,
			   "no device knows behind which port %s is", mac);
}

static void apply(struct work *w)
{
	const struct table_port *p = NULL;
	struct errmsg why = {""};
	bool behind = false;
	int unreachable = 0;

	for (unsigned i = 0; i < w->config->devices_n; i++) {
		enum found f = look(w, w->config->devices[i], &p);

		if (f == HERE) {
			if (!refuse(w, p))
				cut_port(w, p);
			return;
		}
		behind = behind || f == BEHIND_UPLINK;
		if (f == UNREACHABLE && !unreachable++)
			why = w->e;
		hang_up(w);
	}
	p = look_where_it_was(w);
	if (p)
		cut_port(w, p);
	else
		say_not_found(w, behind, unreachable, &why);
}

/* ---- undoing ---- */

static int restore(struct work *w, const struct kept *k, const struct table_port *p,
		   const struct port_setting *before)
{
	struct port_move m = {.from = k->vlan,
			      .to = before->vlan,
			      .then_from = before->other,
			      .then_to = before->own,
			      .lists = before->lists ? w->config->port_lists : "never"};

	if (k->vlan == 0)
		return port_admin(w->link, p, before->admin, &w->e);
	return port_move(w->link, p, &m, &w->e);
}

/* Somebody who set the port otherwise meanwhile knew why: then it is left as it is. A row that is
 * done is emptied: it is no other cut's any more. */
static int undo_row(struct work *w, struct kept *k)
{
	const struct table_port *p = NULL;
	struct port_setting now, before;
	int rc = 0;

	if (!other_cut(w, k->device, k->port)) {
		rc = reach(w, k->device);
		if (rc == 0)
			p = port_of(w, k, &rc);
		if (p)
			rc = port_read(w->link, p, 0, &now, &w->e);
		if (p && rc == 0 && is_cut(k, &now) && read_memo(k, &before))
			rc = restore(w, k, p, &before);
	}
	if (rc == ERR_AGAIN && w->link)
		note_silent(w, k->device);
	if (rc == 0)
		rc = kept_drop(w->book, k, &w->e);
	if (rc == 0)
		memset(k, 0, sizeof(*k));
	return rc;
}

static void release(struct work *w)
{
	char ports[128] = "";
	size_t n = 0;
	int rc = 0;

	for (int i = 0; rc == 0 && i < w->rows_n; i++) {
		struct kept k = w->rows[i];

		if (k.cut != w->order->cut)
			continue;
		rc = undo_row(w, &w->rows[i]);
		if (rc == 0 && n < sizeof(ports))
			n += (size_t)snprintf(ports + n, sizeof(ports) - n, " %s of %s", k.port,
					      k.device);
	}
	if (rc < 0)
		say_failed(w, rc);
	else
		driver_say(w->sink, w->answer, DRIVER_DONE,
			   n ? "as before:%s" : "nothing of the cut is held%s", ports);
}

/* ---- what stands ---- */

/* A row that is not confirmed yet, or whose device is away, counts as standing: nobody knows
 * better. One that somebody changed is dropped from the answer, so it is ordered again. */
static bool stands(struct work *w, const struct kept *k)
{
	const struct table_port *p;
	struct port_setting now;
	int rc;

	if (k->state != KEPT_HELD || !w->link)
		return true;
	p = port_of(w, k, &rc);
	return !p || port_read(w->link, p, 0, &now, &w->e) < 0 || is_cut(k, &now);
}

static void list(struct work *w)
{
	struct driver_answer *a = w->answer;
	const char *device = "";

	a->items_n = 0;
	a->outcome = DRIVER_DONE;
	for (int i = 0; i < w->rows_n; i++) {
		const struct kept *k = &w->rows[i];

		if (strcmp(device, k->device) != 0) {
			device = k->device;
			reach(w, device);
		}
		if (!stands(w, k) || (a->items_n && a->held[a->items_n - 1].cut == k->cut))
			continue;
		if (a->items_n == DRIVER_ITEMS) {
			a->last = false;
			w->sink->answer(w->sink, a);
			a->items_n = 0;
		}
		a->held[a->items_n++] = (struct driver_held){.cut = k->cut, .mac = k->mac};
	}
	a->last = true;
	w->sink->answer(w->sink, a);
}

/* ---- the driver ---- */

/* At every look at what it holds, so that a mistake shows at the start. */
static int check_secrets(struct work *w)
{
	bool plain = strcmp(w->config->version, "2c") == 0;
	const char *const paths[] = {plain ? w->config->secret_file : w->config->auth_file,
				     plain ? NULL : w->config->privacy_file};
	char secret[DEVICE_SECRET];
	int n = 0;

	for (size_t i = 0; n >= 0 && i < ARRAY_SIZE(paths); i++)
		n = paths[i] ? device_secret(paths[i], secret, &w->e) : n;
	explicit_bzero(secret, sizeof(secret));
	return n < 0 ? n : 0;
}

static void set_deadline(struct work *w)
{
	uint32_t ms = w->config->timeout_ms;

	if (w->order->verb == DRIVER_LIST && ms > LOOK_MS)
		ms = LOOK_MS;
	w->deadline = snmp_now_ms() + ms;
}

static int prepare(struct work *w)
{
	set_deadline(w);
	if (w->order->verb == DRIVER_LIST && check_secrets(w) < 0)
		return ERR_IO;
	w->shut = strcmp(w->config->order, "vlan") != 0;
	w->table = calloc(1, sizeof(*w->table));
	w->book = kept_open(w->config->book, &w->e);
	if (!w->book || !w->table)
		return w->table ? ERR_IO : errmsg_set(&w->e, ERR_NOMEM, "no memory");
	w->rows_n = kept_all(w->book, 0, &w->rows, &w->e);
	return w->rows_n < 0 ? w->rows_n : 0;
}

static void done(struct work *w)
{
	hang_up(w);
	free(w->table);
	free(w->rows);
	kept_close(w->book);
}

static void run(const struct driver_config *c, const struct driver_order *order,
		struct driver_answer *scratch, struct driver_sink *sink)
{
	struct work w = {.config = c, .order = order, .answer = scratch, .sink = sink};
	int rc = prepare(&w);

	if (rc < 0)
		say_failed(&w, rc);
	else if (order->verb == DRIVER_LIST)
		list(&w);
	else if (order->verb == DRIVER_RELEASE)
		release(&w);
	else if (order->verb != DRIVER_APPLY)
		driver_say(sink, scratch, DRIVER_REFUSED, "it has no such verb");
	else if (!mac_addr_is_host(&order->target.mac))
		driver_say(sink, scratch, DRIVER_REFUSED,
			   "the host's MAC is not known, by which a switch finds its port");
	else
		apply(&w);
	done(&w);
}

/* Where the cut is held first; "" nowhere. */
static const char *device_of(const struct work *w, uint64_t cut)
{
	for (int i = 0; i < w->rows_n; i++) {
		if (w->rows[i].cut == cut)
			return w->rows[i].device;
	}
	return "";
}

static void release_one(struct work *w, const struct driver_order *order, int rc)
{
	w->order = order;
	w->answer->verb = DRIVER_RELEASE;
	w->answer->cut = order->cut;
	w->answer->number = order->number;
	set_deadline(w);
	if (rc < 0)
		say_failed(w, rc);
	else
		release(w);
}

/* Device by device: of each, one conversation, and one time-out if it is away. */
static void release_many(const struct driver_config *c, const struct driver_order *orders,
			 unsigned n, struct driver_answer *scratch, struct driver_sink *sink)
{
	struct work w = {.config = c, .order = orders, .answer = scratch, .sink = sink};
	int rc = prepare(&w);
	bool said[DRIVER_BATCH] = {false};

	for (unsigned i = 0; i < n; i++) {
		char device[KEPT_DEVICE];

		snprintf(device, sizeof(device), "%s", device_of(&w, orders[i].cut));
		for (unsigned k = i; k < n; k++) {
			if (said[k] || strcmp(device_of(&w, orders[k].cut), device) != 0)
				continue;
			release_one(&w, &orders[k], rc);
			said[k] = true;
		}
	}
	done(&w);
}

static const char *warning(const struct driver_config *c)
{
	return strcmp(c->version, "2c") == 0
		       ? "SNMP version 2c: anybody on the way reads the community and can set the "
			 "switch; use version 3"
		       : NULL;
}

const struct driver_desc driver_snmp = {
	.name = "snmp",
	.summary = "moves the host's switch port to a quarantine VLAN, or shuts it, by SNMP",
	.place = DRIVER_HELPER,
	.holds = true,
	.list_ms = LIST_MS,
	.unprivileged = true,
	.sandbox = SANDBOX_DELIVER,
	.check = snmp_check,
	.warning = warning,
	.run = run,
	.release_many = release_many,
};
