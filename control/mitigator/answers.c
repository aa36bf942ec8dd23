/* What helper processes answer: results, what a switch holds, where each MAC is. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/quarantine/cut_store.h"
#include "control/mitigator/send.h"

enum {
	BESIDE_MAX = 32,	    /* orders at once; the next look has the others */
	BESIDE_NUMBER = UINT32_MAX, /* of no command of a ladder */
};

static enum cut_answer answer_of(enum driver_outcome o)
{
	return o == DRIVER_DONE	     ? CUT_ANSWER_DONE
	       : o == DRIVER_REFUSED ? CUT_ANSWER_REFUSED
	       : o == DRIVER_AWAY    ? CUT_ANSWER_AWAY
				     : CUT_ANSWER_FAILED;
}

/* ---- what a driver holds against what it should ---- */

/* Our flows without a cut of ours: an end that a crash took, or a lost database. */
static void on_orphan(struct mitigator *m, unsigned i, const struct driver_held *h)
{
	struct driver_order o = {.verb = DRIVER_RELEASE, .cut = h->cut};
	struct decide_order adopt = {.actor = "automatic", .mitigator = m->name};
	char mac[MAC_ADDR_TEXT];
	struct errmsg e = {""};
	struct cut known;

	if (m->methods[i].desc->wants) {
		log_info(&m->log, "%s: cut %llu is over: taken back", m->methods[i].config.name,
			 (unsigned long long)h->cut);
	} else if (cut_store_find(m->store, h->cut, &known, &e) == 0) {
		log_warn(&m->log, "%s still held cut %llu, which is %s: released",
			 m->methods[i].config.name, (unsigned long long)h->cut,
			 cut_state_text(known.state));
	} else {
		/* Nobody knows why it is cut: it stays cut and gets an owner. */
		cut_store_skip(m->store, h->cut, &e);
		adopt.host = mac_addr_text(&h->mac, mac);
		adopt.reason = "found cut on the switch without a record: adopted";
		if (mac_addr_is_host(&h->mac) &&
		    decide_person_cuts(&m->decide, &adopt, mitigator_now(m), &e) < 0)
			log_warn(&m->log, "cut %llu of an unknown origin: %s",
				 (unsigned long long)h->cut, e.text);
	}
	send_order(m, i, &o);
}

static const struct driver_held *find_held(const struct method *md, uint64_t cut)
{
	for (unsigned k = 0; k < md->held_n; k++) {
		if (md->held[k].cut == cut)
			return &md->held[k];
	}
	return NULL;
}

/* A method further down the ladder forgot it: told again, without a change of state. */
static void remind(struct mitigator *m, unsigned i, const struct cut *c)
{
	struct driver_order o = send_order_of(m, c, DRIVER_APPLY, i);

	o.number = c->numbers[i];
	cut_command_id(m->name, c->id, o.number, o.command_id);
	log_warn(&m->log, "%s: %s no longer held it, ordered again", o.command_id,
		 m->methods[i].config.name);
	send_order(m, i, &o);
}

static void check_cut(struct mitigator *m, unsigned i, struct cut *c, uint64_t asked)
{
	const struct driver_held *h = find_held(&m->methods[i], c->id);
	bool ordered = c->ordered & 1u << i && c->entered < asked;

	if (h)
		cuts_drops(m->decide.cuts, c, h->drops, mitigator_now(m));
	else if (ordered && !(c->denied & 1u << i) && c->method != i && c->state >= CUT_SENT &&
		 c->state <= CUT_FAILED)
		remind(m, i, c);
	else if (ordered && c->state >= CUT_ACKED && c->state <= CUT_STILL_SEEN)
		cuts_lost(m->decide.cuts, c, i, mitigator_now(m));
}

/* What goes beside the ladder, for cuts in force that it does not hold yet. */
static void order_beside(struct mitigator *m, unsigned i)
{
	const struct method *md = &m->methods[i];
	unsigned sent = 0;

	for (unsigned k = 0; k < cuts_count(m->decide.cuts) && sent < BESIDE_MAX; k++) {
		const struct cut *c = cuts_at(m->decide.cuts, k);
		struct driver_order o;

		if (!c->url[0] || !cut_state_in_force(c->state) || c->state == CUT_RELEASING ||
		    c->state == CUT_ENDING || c->ordered & 1u << i || find_held(md, c->id))
			continue;
		o = send_order_of(m, c, DRIVER_APPLY, i);
		o.number = BESIDE_NUMBER;
		if (!md->desc->wants(&md->config, &o))
			continue;
		sent++;
		send_order(m, i, &o);
	}
}

static void reconcile(struct mitigator *m, unsigned i)
{
	struct method *md = &m->methods[i];
	uint64_t asked = md->list_asked;

	for (unsigned k = 0; k < cuts_count(m->decide.cuts); k++)
		check_cut(m, i, cuts_at(m->decide.cuts, k), asked);
	for (unsigned k = 0; k < md->held_n; k++) {
		if (!cuts_find(m->decide.cuts, md->held[k].cut))
			on_orphan(m, i, &md->held[k]);
	}
	if (md->desc->wants)
		order_beside(m, i);
}

static void on_list(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	struct method *md = &m->methods[i];

	if (a->outcome != DRIVER_DONE) {
		if (!md->away)
			log_warn(&m->log, "driver %s: %s", md->config.name, a->text);
		md->away = true;
		md->list_asked = md->held_n = 0;
		return;
	}
	if (md->held_n + a->items_n > md->held_cap) {
		unsigned cap = md->held_n + a->items_n + DRIVER_ITEMS;
		struct driver_held *more = realloc(md->held, cap * sizeof(*more));

		if (!more)
			return;
		md->held = more;
		md->held_cap = cap;
	}
	memcpy(md->held + md->held_n, a->held, a->items_n * sizeof(a->held[0]));
	md->held_n += a->items_n;
	if (!a->last)
		return;
	if (md->away)
		log_info(&m->log, "driver %s is back", md->config.name);
	md->away = false;
	reconcile(m, i);
	md->held_n = 0;
	md->list_asked = 0;
}

/* ---- answers of helpers ---- */

/* Its failures show as the driver's at the next look. */
static void note_beside(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	char text[sizeof(a->text)];

	if (a->outcome != DRIVER_DONE)
		return;
	snprintf(text, sizeof(text), "%.255s", a->text);
	log_info(&m->log, "%s: %s", m->methods[i].config.name, text);
	audit_note(m, "automatic", a->verb == DRIVER_RELEASE ? "taken back" : "ordered",
		   json_pack("{ss sI so}", "method", m->methods[i].config.name, "cut",
			     (json_int_t)a->cut, "answer", local_text(text)));
}

static void on_answer(struct mitigator *m, unsigned i, const struct driver_answer *a)
{
	if (mitigator_begin(m, NULL) < 0)
		return;
	if (m->methods[i].desc->wants &&
	    (a->verb == DRIVER_RELEASE || (a->verb == DRIVER_APPLY && a->number == BESIDE_NUMBER)))
		note_beside(m, i, a);
	if (a->verb == DRIVER_LIST)
		on_list(m, i, a);
	else if (a->verb == DRIVER_PORTS)
		ports_answer(m, i, a);
	else
		send_result(m, &(struct cut_result){a->cut, a->number, i, a->verb == DRIVER_RELEASE,
						    answer_of(a->outcome), a->text});
}

void answers_on_helper(void *ctx, uint32_t events)
{
	struct method *md = ctx;
	struct mitigator *m = md->owner;
	ssize_t n;

	while ((n = helper_receive(md->helper.fd, m->answer, sizeof(*m->answer))) > 0) {
		if (driver_answer_check(m->answer, (size_t)n))
			on_answer(m, (unsigned)(md - m->methods), m->answer);
	}
	if (n == 0) {
		log_error(&m->log, "the helper of driver %s is gone; stopped to be started anew",
			  md->config.name);
		loop_unwatch(m->loop, md->helper.fd);
		m->stopping = true;
	}
}
