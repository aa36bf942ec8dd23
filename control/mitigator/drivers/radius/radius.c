#include "control/mitigator/drivers/radius/radius.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "control/mitigator/drivers/kept.h"
#include "control/mitigator/drivers/radius/cause.h"
#include "control/mitigator/drivers/radius/client.h"
#include "control/mitigator/drivers/radius/profile.h"
#include "control/mitigator/drivers/radius/sessions.h"

/* A memo: the local port, the number of the session's record in accounting, the packet. */
enum { LIST_MS = 5000, MEMO_ROW = 2, MEMO_HEAD = 10 };

/* One order's workspace. */
struct work {
	const struct driver_config *config;
	const struct driver_order *order;
	struct driver_answer *answer;
	struct driver_sink *sink;
	struct kept_book *book;
	struct kept *rows; /* of this cut, as they were before; the one without a device is first */
	int rows_n;
	struct radius_call *calls;
	unsigned calls_n;
	enum radius_order what;
	uint16_t vlan; /* of RADIUS_ORDER_VLAN */
	struct radius_session session;
	bool session_known;
	bool resumed; /* something was sent before a crash and not confirmed */
	char secret[DEVICE_SECRET];
	struct slice key;
	struct mac_addr host;
	char mac[MAC_ADDR_TEXT];
	struct errmsg e;
};

static void say_failed(struct work *w)
{
	driver_say(w->sink, w->answer, DRIVER_FAILED, "%s", w->e.text);
}

static struct kept *row_of(struct work *w, const char *device)
{
	for (int i = 0; i < w->rows_n; i++) {
		if (strcmp(w->rows[i].device, device) == 0)
			return &w->rows[i];
	}
	return NULL;
}

static struct kept new_row(const struct work *w, const char *device, enum kept_state state)
{
	struct kept k = {.cut = w->order->cut,
			 .number = w->order->number,
			 .state = state,
			 .mac = w->host,
			 .vlan = w->config->vlan};

	snprintf(k.device, sizeof(k.device), "%s", device);
	return k;
}

/* ---- requests ---- */

static bool identifies(const struct work *w, const char *word)
{
	for (unsigned i = 0; i < w->config->identify_n; i++) {
		if (strcmp(w->config->identify[i], word) == 0)
			return true;
	}
	return false;
}

static void add_device(const struct device *d, struct radius_packet *p)
{
	if (ip_addr_is_v4(&d->ip))
		radius_add(p, RADIUS_NAS_IP_ADDRESS, d->ip.bytes + 12, 4);
	else
		radius_add(p, RADIUS_NAS_IPV6_ADDRESS, d->ip.bytes, 16);
}

static void add_session(const struct work *w, struct radius_packet *p)
{
	const struct radius_session *s = &w->session;
	char *end;
	unsigned long port = strtoul(s->port, &end, 10);

	if (s->id[0] && identifies(w, "acct-session-id"))
		radius_add_text(p, RADIUS_ACCT_SESSION_ID, s->id);
	if (s->user[0] && identifies(w, "user-name"))
		radius_add_text(p, RADIUS_USER_NAME, s->user);
	if (!s->port[0] || !identifies(w, "nas-port"))
		return;
	if (*end == 0 && s->port[0] >= '0' && s->port[0] <= '9' && port <= UINT32_MAX)
		radius_add_u32(p, RADIUS_NAS_PORT, (uint32_t)port);
	else
		radius_add_text(p, RADIUS_NAS_PORT_ID, s->port);
}

static int make_request(struct work *w, struct radius_call *c)
{
	const struct radius_profile *profile = radius_profile_find(w->config->vendor);
	struct radius_packet *p = &c->request;
	char station[64];
	uint8_t identifier;

	if (getrandom(&identifier, sizeof(identifier), 0) != sizeof(identifier))
		return errmsg_set(&w->e, ERR_IO, "no random numbers");
	radius_begin(p, radius_profile_code(profile, w->what), identifier);
	radius_mac_write(w->config->mac_format, w->host.bytes, station, sizeof(station));
	radius_add_text(p, RADIUS_CALLING_STATION_ID, station);
	if (identifies(w, "nas-ip-address"))
		add_device(&c->device, p);
	if (w->session_known)
		add_session(w, p);
	/* Never renewed: a retransmission is the same packet, well within the 300 s of RFC 5176. */
	radius_add_u32(p, RADIUS_EVENT_TIMESTAMP, (uint32_t)time(NULL));
	if (w->config->proxy_state)
		radius_add_text(p, RADIUS_PROXY_STATE, w->order->command_id);
	radius_profile_add(profile, w->what, w->vlan, p);
	if (radius_seal(p, w->key) < 0)
		return errmsg_set(&w->e, ERR_LIMIT, "the request does not fit into a packet");
	return 0;
}

/* The packet that was sent before a crash, byte by byte, from the same port: a device that had it
 * already answers again without acting again. */
static bool take_memo(const struct kept *row, const struct work *w, struct radius_call *c)
{
	if (!row || row->number != w->order->number || row->memo_n <= MEMO_HEAD + RADIUS_HEAD)
		return false;
	c->port = (uint16_t)(row->memo[0] << 8 | row->memo[1]);
	c->request.n = row->memo_n - MEMO_HEAD;
	memcpy(c->request.bytes, row->memo + MEMO_HEAD, c->request.n);
	return true;
}

static void keep_memo(const struct work *w, struct kept *row, const struct radius_call *c)
{
	int64_t number = w->session.row;

	if (c->request.n > sizeof(row->memo) - MEMO_HEAD)
		return;
	row->memo[0] = (uint8_t)(c->port >> 8);
	row->memo[1] = (uint8_t)c->port;
	memcpy(row->memo + MEMO_ROW, &number, sizeof(number));
	memcpy(row->memo + MEMO_HEAD, c->request.bytes, c->request.n);
	row->memo_n = (uint16_t)(MEMO_HEAD + c->request.n);
}

/* The session that an order of before a crash was for has ended since: it was carried out, and
 * sent again it would end the next one. */
static bool was_carried_out(const struct work *w)
{
	int64_t number = 0;

	if (w->what != RADIUS_ORDER_DISCONNECT || !w->config->sessions[0])
		return false;
	for (int i = 0; i < w->rows_n; i++) {
		const struct kept *row = &w->rows[i];

		if (row->number != w->order->number || row->memo_n <= MEMO_HEAD)
			continue;
		memcpy(&number, row->memo + MEMO_ROW, sizeof(number));
		if (number && radius_session_over(w->config->sessions, number))
			return true;
	}
	return false;
}

static int add_call(struct work *w, const char *name)
{
	struct radius_call *c = &w->calls[w->calls_n];
	const struct kept *row = row_of(w, name);

	if (device_parse(name, RADIUS_PORT, &c->device, &w->e) < 0)
		return ERR_INVALID;
	c->port = 0;
	if (take_memo(row, w, c))
		w->resumed = true;
	else if (make_request(w, c) < 0)
		return ERR_IO;
	w->calls_n++;
	return 0;
}

/* The device that accounting names, else every one. */
static int add_calls(struct work *w)
{
	struct device d;
	bool found = false;

	for (unsigned i = 0; w->session_known && i < w->config->devices_n; i++) {
		if (device_parse(w->config->devices[i], RADIUS_PORT, &d, &w->e) < 0 ||
		    !ip_addr_eq(&d.ip, &w->session.nas))
			continue;
		found = true;
		if (add_call(w, w->config->devices[i]) < 0)
			return ERR_IO;
	}
	for (unsigned i = 0; !found && i < w->config->devices_n; i++) {
		if (add_call(w, w->config->devices[i]) < 0)
			return ERR_IO;
	}
	return 0;
}

/* Written down, then sent. */
static int order_all(struct work *w, enum kept_state state)
{
	struct kept base = new_row(w, "", state);
	int rc;

	radius_open(w->calls, w->calls_n);
	rc = kept_begin(w->book, &w->e);
	if (rc == 0)
		rc = kept_put(w->book, &base, &w->e);
	for (unsigned i = 0; rc == 0 && i < w->calls_n; i++) {
		struct kept row = new_row(w, w->calls[i].device.name, state);

		keep_memo(w, &row, &w->calls[i]);
		rc = kept_put(w->book, &row, &w->e);
	}
	if (rc == 0)
		rc = kept_commit(w->book, &w->e);
	radius_converse(w->calls, rc == 0 ? w->calls_n : 0, w->key, w->config->timeout_ms);
	return rc;
}

/* ---- answers ---- */

static bool no_session(const struct radius_call *c)
{
	return c->end == RADIUS_ANSWERED && !c->answer.ack &&
	       (c->answer.error_cause == RADIUS_CAUSE_NO_SESSION ||
		c->answer.error_cause == RADIUS_CAUSE_NAS_MISMATCH);
}

/* Carried out: confirmed, or it was before the crash, so that there is no session any more. */
static bool is_done(const struct work *w, const struct radius_call *c)
{
	if (c->end == RADIUS_ANSWERED && c->answer.ack)
		return true;
	return w->resumed && w->what == RADIUS_ORDER_DISCONNECT && no_session(c);
}

static void describe(const struct work *w, const struct radius_call *c, char *ret, size_t cap)
{
	const char *name = c->device.name;

	if (c->end == RADIUS_ANSWERED)
		snprintf(ret, cap, "%s says no: %s (Error-Cause %u)%s%.60s", name,
			 radius_cause_text(c->answer.error_cause), c->answer.error_cause,
			 c->answer.message[0] ? ": " : "", c->answer.message);
	else if (c->end == RADIUS_UNREACHABLE)
		snprintf(ret, cap, "%s port %u: %s", name, c->device.port, c->why);
	else if (c->forged)
		snprintf(
			ret, cap,
			"%s answers with a wrong authenticator: is the secret in %.80s its secret?",
			name, w->config->secret_file);
	else if (c->malformed)
		snprintf(ret, cap, "%s port %u answers with what is no RADIUS answer", name,
			 c->device.port);
	else
		snprintf(ret, cap,
			 "%s port %u is silent (%u requests in %u ms): away, or it has another "
			 "secret or does not know this address as a client",
			 name, c->device.port, c->sent, w->config->timeout_ms);
}

/* The call that tells most of why nobody did it. */
static const struct radius_call *most_telling(const struct work *w)
{
	const struct radius_call *best = &w->calls[0];
	int rank = -1;

	for (unsigned i = 0; i < w->calls_n; i++) {
		const struct radius_call *c = &w->calls[i];
		int r = no_session(c)		       ? 0
			: c->end == RADIUS_UNREACHABLE ? 1
			: c->end == RADIUS_SILENT      ? 2 + (c->forged || c->malformed)
						       : 4;

		if (r > rank) {
			rank = r;
			best = c;
		}
	}
	return best;
}

static void say_why_not(struct work *w)
{
	const struct radius_call *c = most_telling(w);
	bool away = c->end == RADIUS_UNREACHABLE || (c->end == RADIUS_SILENT && !c->forged);
	char text[256];

	describe(w, c, text, sizeof(text));
	driver_say(w->sink, w->answer, away ? DRIVER_AWAY : DRIVER_FAILED, "%s", text);
}

/* ---- verbs ---- */

static const char *done_text(enum radius_order o)
{
	static const char *const texts[RADIUS_ORDERS] = {
		[RADIUS_ORDER_DISCONNECT] = "ended the session of",
		[RADIUS_ORDER_VLAN] = "moved the session of",
		[RADIUS_ORDER_BOUNCE] = "takes the link down for",
		[RADIUS_ORDER_REAUTHENTICATE] = "authenticates anew",
	};

	return texts[o];
}

static void say_applied(struct work *w, const struct radius_call *c)
{
	char then[64] = "no VLAN";

	if (w->config->vlan)
		snprintf(then, sizeof(then), "VLAN %u", w->config->vlan);
	driver_say(w->sink, w->answer, DRIVER_DONE, "%s %s %s: %s%s", c->device.name,
		   done_text(w->what), w->mac, then, c->answer.ack ? "" : ", as it had before");
}

/* Devices without the session are none of this cut's; the one that did it holds it. */
static int keep_answers(struct work *w, const struct radius_call **ret_done)
{
	int rc = kept_begin(w->book, &w->e);

	*ret_done = NULL;
	for (unsigned i = 0; i < w->calls_n && !*ret_done; i++)
		*ret_done = is_done(w, &w->calls[i]) ? &w->calls[i] : NULL;
	for (unsigned i = 0; rc == 0 && i < w->calls_n; i++) {
		const struct radius_call *c = &w->calls[i];
		struct kept row = new_row(w, c->device.name, KEPT_HELD);

		if (is_done(w, c))
			rc = kept_put(w->book, &row, &w->e);
		else if (*ret_done || c->end == RADIUS_ANSWERED)
			rc = kept_drop(w->book, &row, &w->e);
	}
	if (rc == 0 && *ret_done) {
		struct kept base = new_row(w, "", KEPT_HELD);

		rc = kept_put(w->book, &base, &w->e);
	}
	return rc == 0 ? kept_commit(w->book, &w->e) : rc;
}

/* Every row of an order that turned out to be done. */
static void confirm(struct work *w, const char *text)
{
	int rc = kept_begin(w->book, &w->e);

	for (int i = 0; rc == 0 && i < w->rows_n; i++) {
		struct kept row = new_row(w, w->rows[i].device, KEPT_HELD);

		rc = kept_put(w->book, &row, &w->e);
	}
	if (rc == 0)
		rc = kept_commit(w->book, &w->e);
	if (rc < 0)
		say_failed(w);
	else
		driver_say(w->sink, w->answer, DRIVER_DONE, "%s %s", w->mac, text);
}

/* The link of a port is taken down for one host only (Q6): a phone that has the PC behind it, or
 * whoever else is there, would go with it. False with a sentence: others are there, or nobody knows
 * who. */
static bool port_is_its_own(struct work *w)
{
	struct errmsg e = {""};
	unsigned others = 0;
	int rc = w->session_known ? radius_session_others(w->config->sessions, &w->session,
							  &w->host, &others, &e)
				  : ERR_NOTFOUND;

	if (rc == 0 && others == 0)
		return true;
	if (rc == 0)
		errmsg_set(&w->e, ERR_DENIED,
			   "%u others have a session at port %s (an IP phone, perhaps): their link "
			   "would go down with the host's",
			   others, w->session.port);
	else if (rc == ERR_NOTFOUND)
		errmsg_set(&w->e, ERR_DENIED,
			   "the accounting does not say at which port the host is, so nobody knows "
			   "whose link would go down with it");
	else
		w->e = e;
	return false;
}

static void apply(struct work *w)
{
	const struct kept *base = row_of(w, "");
	const struct radius_call *done;

	if (!mac_addr_is_host(&w->host)) {
		driver_say(w->sink, w->answer, DRIVER_REFUSED,
			   "the host's MAC is not known, by which a device finds its session");
		return;
	}
	/* Confirmed already: the same order again changes nothing, and another end of the cut or
	 * another address of the host is no reason to end its session in quarantine. */
	if (base && base->state == KEPT_HELD &&
	    (base->number == w->order->number || !w->order->retry)) {
		confirm(w, "is held already");
		return;
	}
	if (base && was_carried_out(w)) {
		confirm(w, "had its session ended by this order already");
		return;
	}
	w->vlan = w->config->vlan;
	if (w->what == RADIUS_ORDER_BOUNCE && !port_is_its_own(w)) {
		driver_say(w->sink, w->answer, DRIVER_REFUSED, "%s", w->e.text);
		return;
	}
	if (add_calls(w) < 0 || order_all(w, KEPT_ORDERED) < 0 || keep_answers(w, &done) < 0)
		say_failed(w);
	else if (done)
		say_applied(w, done);
	else
		say_why_not(w);
}

/* Back to the VLAN it had, as far as that is known; else it authenticates anew, which the list no
 * longer stops. */
static void choose_undo(struct work *w)
{
	/* Who came to the port meanwhile keeps its link. */
	if (w->what == RADIUS_ORDER_BOUNCE && !port_is_its_own(w))
		w->what = RADIUS_ORDER_DISCONNECT;
	if (w->what != RADIUS_ORDER_VLAN)
		return;
	w->vlan = w->config->normal_vlan;
	if (!w->vlan && w->order->target.vlan && w->order->target.vlan != w->config->vlan)
		w->vlan = (uint16_t)w->order->target.vlan;
	if (!w->vlan)
		w->what = RADIUS_ORDER_DISCONNECT;
}

/* Nothing of the cut is left at the device: it took it back, has no such session, or had never
 * confirmed the cut and says no to this as well. */
static bool is_undone(struct work *w, const struct radius_call *c)
{
	const struct kept *row = row_of(w, c->device.name);

	return c->end == RADIUS_ANSWERED &&
	       (c->answer.ack || no_session(c) || !row || row->state == KEPT_ORDERED);
}

static int forget(struct work *w, unsigned *ret_left)
{
	struct kept base = new_row(w, "", KEPT_ENDING);
	int rc = kept_begin(w->book, &w->e);

	*ret_left = 0;
	for (unsigned i = 0; rc == 0 && i < w->calls_n; i++) {
		struct kept row = new_row(w, w->calls[i].device.name, KEPT_ENDING);

		if (is_undone(w, &w->calls[i]))
			rc = kept_drop(w->book, &row, &w->e);
		else
			(*ret_left)++;
	}
	if (rc == 0 && *ret_left == 0)
		rc = kept_drop(w->book, &base, &w->e);
	return rc == 0 ? kept_commit(w->book, &w->e) : rc;
}

/* The rows as they were, but no longer on the list: an answer that is awaited may take long. */
static int off_the_list(struct work *w)
{
	struct kept *base = row_of(w, "");
	int rc = 0;

	if (base && base->state != KEPT_ENDING) {
		base->state = KEPT_ENDING;
		rc = kept_put(w->book, base, &w->e);
	}
	return rc;
}

static void release(struct work *w)
{
	unsigned left = 0;
	int rc = off_the_list(w);

	choose_undo(w);
	for (int i = 0; rc == 0 && i < w->rows_n && w->calls_n < DRIVER_DEVICES; i++) {
		if (w->rows[i].device[0])
			rc = add_call(w, w->rows[i].device);
	}
	if (rc == 0 && w->calls_n)
		rc = order_all(w, KEPT_ENDING);
	if (rc == 0)
		rc = forget(w, &left);
	if (rc < 0)
		say_failed(w);
	else if (left)
		say_why_not(w);
	else if (w->calls_n && w->what == RADIUS_ORDER_VLAN)
		driver_say(w->sink, w->answer, DRIVER_DONE, "%s is back in VLAN %u", w->mac,
			   w->vlan);
	else
		driver_say(w->sink, w->answer, DRIVER_DONE, "%s is off the list%s",
			   w->rows_n ? w->mac : "the host",
			   w->calls_n ? " and authenticates anew" : "");
}

/* ---- the driver ---- */

static int prepare(struct work *w)
{
	const struct kept *known;
	int n;

	w->book = kept_open(w->config->book, &w->e);
	if (!w->book)
		return ERR_IO;
	/* For a look at what it holds, too, so that a mistake shows at the start. */
	n = device_secret(w->config->secret_file, w->secret, &w->e);
	if (n < 0 || w->order->verb == DRIVER_LIST)
		return n < 0 ? n : 0;
	w->key = SLICE(w->secret, (size_t)n);
	w->rows_n = kept_all(w->book, w->order->cut, &w->rows, &w->e);
	w->calls = calloc(DRIVER_DEVICES, sizeof(*w->calls));
	if (w->rows_n < 0 || !w->calls)
		return w->calls ? w->rows_n : errmsg_set(&w->e, ERR_NOMEM, "no memory");
	w->what = radius_order_find(w->config->order);
	known = row_of(w, "");
	w->host = known ? known->mac : w->order->target.mac;
	mac_addr_text(&w->host, w->mac);
	if (w->config->sessions[0])
		w->session_known =
			radius_session_find(w->config->sessions, &w->host, &w->session, &w->e) == 0;
	return 0;
}

static void run(const struct driver_config *c, const struct driver_order *order,
		struct driver_answer *scratch, struct driver_sink *sink)
{
	struct work w = {.config = c, .order = order, .answer = scratch, .sink = sink};

	if (prepare(&w) < 0)
		say_failed(&w);
	else if (order->verb == DRIVER_APPLY)
		apply(&w);
	else if (order->verb == DRIVER_RELEASE)
		release(&w);
	else if (order->verb == DRIVER_LIST)
		kept_list(w.book, scratch, sink);
	else
		driver_say(sink, scratch, DRIVER_REFUSED, "RADIUS has no port table");
	explicit_bzero(w.secret, sizeof(w.secret));
	free(w.calls);
	free(w.rows);
	kept_close(w.book);
}

const struct driver_desc driver_radius = {
	.name = "radius",
	.summary = "ends or moves the host's 802.1X session by RADIUS Disconnect and CoA",
	.place = DRIVER_HELPER,
	.holds = true,
	.list_ms = LIST_MS,
	.unprivileged = true,
	.sandbox = SANDBOX_DELIVER,
	.check = radius_check,
	.run = run,
};
