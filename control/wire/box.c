#include "control/wire/box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/enrol/place.h"
#include "control/wire/file.h"
#include "control/wire/local.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

enum { NUMBER_TEXT = 32, SKEW_S = 300 };

struct box {
	struct box_setup setup;
	struct artefact_box *artefacts;
	struct loop_timer timer;
	uint64_t asked; /* monotonic */
	uint64_t trust; /* number of the last trust order */
	bool waiting;	/* for a certificate */
	char versions[ARTEFACT_KINDS][ARTEFACT_VERSION_MAX];
	char problem[256];
};

/* ---- the certificate ---- */

static uint64_t life(const struct box *b)
{
	int64_t n = tls_keys_expiry(b->setup.keys) - tls_keys_begin(b->setup.keys);

	return n > 0 ? (uint64_t)n : 1;
}

/* The last third of its life has begun, or another CA issues now. */
static bool is_due(const struct box *b)
{
	int64_t now = (int64_t)(loop_wall(b->setup.loop) / NS_PER_SEC);

	return now >= tls_keys_expiry(b->setup.keys) - (int64_t)(life(b) / 3) ||
	       !tls_keys_issued_by_first(b->setup.keys);
}

/* Where less is left of its life than one more pause, what is left is enough for some more tries:
 * who asked while the centre was away for a moment is not too late with the next one. */
static uint64_t pause_of(const struct box *b)
{
	uint64_t part = life(b) / BOX_LIFE_SHARE;
	int64_t left =
		tls_keys_expiry(b->setup.keys) - (int64_t)(loop_wall(b->setup.loop) / NS_PER_SEC);

	part = part < BOX_ASK_S ? part : BOX_ASK_S;
	if (left > 0 && (uint64_t)left < part)
		part = (uint64_t)left / BOX_LAST_TRIES;
	return part < 1 ? 1 : part;
}

static void ask(struct box *b)
{
	const struct identity *self = tls_keys_identity(b->setup.keys);
	struct message m = {.kind = MESSAGE_ENROL_REQUEST};
	struct errmsg e = {""};

	if (b->asked &&
	    loop_now(b->setup.loop) - b->asked < pause_of(b) * NS_PER_SEC - NS_PER_SEC / 2)
		return;
	m.enrol_request = (struct enrol_request){
		.code = "", .role = role_text(self->role), .name = self->name, .renew = true};
	if (enrol_place_request(b->setup.keys_folder, self->name, &m.enrol_request.csr, &e)) {
		snprintf(b->problem, sizeof(b->problem),
			 "the certificate cannot be renewed: %.200s", e.text);
		return;
	}
	b->waiting = b->setup.pass(b->setup.ctx, &m);
	if (b->waiting)
		b->asked = loop_now(b->setup.loop);
	payload_free(&m.enrol_request.csr);
}

static void look(void *ctx)
{
	struct box *b = ctx;
	uint64_t next = life(b) / BOX_LIFE_SHARE;

	if (is_due(b)) {
		ask(b);
		next = pause_of(b);
	} else {
		b->problem[0] = '\0';
	}
	if (next < 1)
		next = 1;
	if (next > BOX_LOOK_MOST_S)
		next = BOX_LOOK_MOST_S;
	(void)loop_timer_set(b->setup.loop, &b->timer, next * NS_PER_SEC);
}

static void keys_again(struct box *b, bool own)
{
	struct errmsg e = {""};

	if (tls_keys_reload(b->setup.keys, &e)) {
		snprintf(b->problem, sizeof(b->problem), "%.250s", e.text);
		log_error(b->setup.log, "the keys stay as they were: %s", e.text);
		return;
	}
	if (b->setup.keys_changed)
		b->setup.keys_changed(b->setup.ctx, own);
}

static void take_certificate(struct box *b, const struct enrol_answer *a)
{
	const struct identity *self = tls_keys_identity(b->setup.keys);
	struct errmsg e = {""};
	struct identity id;

	if (!b->waiting)
		return;
	b->waiting = false;
	if (a->refused[0] ||
	    enrol_place_store(b->setup.keys_folder, a, self->role, self, &id, &e)) {
		snprintf(b->problem, sizeof(b->problem),
			 "the certificate cannot be renewed: %.200s",
			 a->refused[0] ? a->refused : e.text);
		log_error(b->setup.log, "%s", b->problem);
		return;
	}
	b->problem[0] = '\0';
	log_info(b->setup.log, "the certificate was renewed");
	keys_again(b, true);
	look(b);
}

/* ---- trust ---- */

static void path_of(const struct box *b, char ret[512])
{
	snprintf(ret, 512, "%.480s/trust", b->setup.keys_folder);
}

static void load_trust(struct box *b)
{
	struct slice text;
	char path[512];

	path_of(b, path);
	if (file_read(path, NUMBER_TEXT, &text, NULL))
		return;
	b->trust = strtoull((const char *)text.data, NULL, 10);
	payload_free(&text);
}

static int save_trust(struct box *b, uint64_t number, struct errmsg *e)
{
	char path[512], text[NUMBER_TEXT];

	path_of(b, path);
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)number);
	return file_write(path, SLICE_STR(text), 0644, e);
}

static int carry_out(struct box *b, const struct trust_order *o, struct errmsg *e)
{
	int rc = 0;

	if (o->cas.n)
		rc = enrol_place_trust(b->setup.keys_folder, &o->cas, e);
	if (rc == 0)
		rc = enrol_place_revoked(b->setup.keys_folder, &o->revoked, e);
	if (rc == 0)
		rc = save_trust(b, o->number, e);
	return rc;
}

/* An older order is not carried out: it would give a revoked certificate its place back. */
static int judge_trust(struct box *b, const struct message *m, struct errmsg *e)
{
	struct identity signer;

	if (sign_check(b->setup.keys, m, ROLE_SET(ROLE_CENTRE), &signer, e))
		return ERR_DENIED;
	if (m->trust_order.issued > loop_wall(b->setup.loop) + SKEW_S * NS_PER_SEC)
		return errmsg_set(e, ERR_DENIED,
				  "the order comes from the future: check the clocks");
	if (m->trust_order.number < b->trust)
		return errmsg_set(e, ERR_EXISTS, "a newer order came before it");
	return 0;
}

static void take_trust(struct box *b, const struct message *m)
{
	const struct trust_order *o = &m->trust_order;
	struct message back = {.kind = MESSAGE_TRUST_RESULT};
	struct errmsg e = {""};
	int rc = judge_trust(b, m, &e);

	if (rc == 0)
		rc = carry_out(b, o, &e);
	if (rc == 0) {
		b->trust = o->number;
		log_info(b->setup.log, "trust %llu: %zu CAs, %zu revoked certificates",
			 (unsigned long long)o->number, o->cas.n, o->revoked.n);
		keys_again(b, false);
		look(b);
	} else {
		log_warn(b->setup.log, "an order whom to trust is refused: %s", e.text);
	}
	back.trust_result = (struct trust_result){o->number, rc == 0, e.text};
	(void)b->setup.send(b->setup.ctx, &back, &e);
}

/* ---- the outside ---- */

bool box_take(struct box *b, const struct message *m, int *ret_rc, struct errmsg *e)
{
	*ret_rc = 0;
	if (m->kind == MESSAGE_ARTEFACT_OFFER)
		*ret_rc = artefact_box_take(b->artefacts, m, e);
	else if (m->kind == MESSAGE_TRUST_ORDER)
		take_trust(b, m);
	else
		return false;
	return true;
}

void box_passing(struct box *b, const struct message *m)
{
	if (m->kind == MESSAGE_ENROL_ANSWER)
		take_certificate(b, &m->enrol_answer);
	else
		artefact_box_passing(b->artefacts, m);
}

void box_up(struct box *b)
{
	artefact_box_up(b->artefacts);
	(void)loop_timer_set(b->setup.loop, &b->timer, 0);
}

struct artefact_box *box_artefacts(struct box *b)
{
	return b->artefacts;
}

size_t box_versions(struct box *b, struct component_version *ret)
{
	struct artefact_file f;
	size_t n = 0;

	for (int i = 1; i < ARTEFACT_KINDS; i++) {
		if (!artefact_in_force(b->artefacts, (enum artefact_kind)i, &f))
			continue;
		snprintf(b->versions[i], sizeof(b->versions[i]), "%s", f.version);
		ret[n++] = (struct component_version){artefact_kind_text((enum artefact_kind)i),
						      b->versions[i]};
	}
	return n;
}

const char *box_problem(const struct box *b)
{
	return b->problem;
}

json_t *box_json(const struct box *b)
{
	return json_pack("{sI sI so so}", "certificate_until",
			 (json_int_t)tls_keys_expiry(b->setup.keys), "trust", (json_int_t)b->trust,
			 "artefacts", artefact_box_json(b->artefacts), "problem",
			 local_text(b->problem));
}

struct box *box_new(const struct box_setup *setup, struct errmsg *e)
{
	struct artefact_setup artefacts = {.loop = setup->loop,
					   .log = setup->log,
					   .keys = setup->keys,
					   .folder = setup->folder,
					   .handlers = setup->handlers,
					   .n_handlers = setup->n_handlers,
					   .send = setup->send,
					   .pass = setup->pass,
					   .ctx = setup->ctx};
	struct box *b = calloc(1, sizeof(*b));

	if (!b) {
		errmsg_set(e, ERR_NOMEM, "no memory for the centre's orders");
		return NULL;
	}
	b->setup = *setup;
	b->timer = (struct loop_timer){.fn = look, .ctx = b};
	load_trust(b);
	b->artefacts = artefact_box_new(&artefacts, e);
	if (!b->artefacts || loop_timer_set(setup->loop, &b->timer, NS_PER_SEC)) {
		artefact_box_delete(b->artefacts);
		free(b);
		return NULL;
	}
	return b;
}

void box_delete(struct box *b)
{
	if (!b)
		return;
	loop_timer_stop(b->setup.loop, &b->timer);
	artefact_box_delete(b->artefacts);
	free(b);
}
