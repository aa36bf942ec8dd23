/* Packets on their way: the chain on a sensor, a person's order, the sensor's answer, the store at
 * the centre. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/centre/store/evidence.h"
#include "control/centre/store/orders.h"
#include "control/centre/store/place_test.h"
#include "control/sensor/evidence.h"
#include "control/wire/sign.h"
#include "control/wire/testdir.h"
#include "control/wire/testkeys.h"
#include "dataplane/base/clock.h"
#include "dataplane/evidence/chain.h"

#define ALERT "00000000000000a1"
#define OTHER "00000000000000a2" /* of the same piece */

enum { SIZE = 700 << 10 }; /* three parts */

struct world {
	char folder[64], chain[128];
	struct tls_keys *centre, *sensor, *mitigator;
	struct loop *loop;
	struct spool *spool;
	struct outbox outbox;
	struct log log;
	struct store *store;
	struct evidence_setup setup;
	uint8_t *piece;
};

#define OK(call)                                                                                   \
	do {                                                                                       \
		struct errmsg e_ = {""}, *err = &e_;                                               \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, e_.text);                                        \
	} while (0)

static void make_chain(struct world *w)
{
	const struct chain_limits limits = {.space = 100 << 20};
	uint64_t now = loop_wall(w->loop);
	struct chain *c;

	w->piece = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		w->piece[i] = (uint8_t)(i * 2654435761U >> 24);
	snprintf(w->chain, sizeof(w->chain), "%s/evidence", w->folder);
	OK(chain_open(w->chain, &limits, now, &c, err));
	OK(chain_add(c, "before.pcapng", SLICE_STR("other packets"), now,
		     ",\"alert\":\"00000000000000a0\"", err));
	OK(chain_add(c, "piece.pcapng", SLICE(w->piece, SIZE), now,
		     ",\"alert\":\"" ALERT "\",\"others\":[\"" OTHER "\"]", err));
	OK(chain_add(c, "after.pcapng", SLICE_STR("later packets"), now,
		     ",\"alert\":\"00000000000000a3\"", err));
	chain_close(c);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct spool_config config = {.no_sync = true};
	struct errmsg e = {""};
	char path[128];

	testdir_make(w->folder);
	testkeys_ca(w->folder);
	w->centre = testkeys_issue(w->folder, ROLE_CENTRE, "centre-1");
	w->sensor = testkeys_issue(w->folder, ROLE_SENSOR, "sensor-1");
	w->mitigator = testkeys_issue(w->folder, ROLE_MITIGATOR, "mitigator-1");
	w->loop = loop_new(&e);
	snprintf(path, sizeof(path), "%s/spool.db", w->folder);
	config.path = path;
	w->spool = spool_open(&config, NULL, &e);
	assert_non_null(w->spool);
	outbox_init(&w->outbox, w->spool, "sensor-1");
	w->outbox.to_centre = true;
	make_chain(w);
	w->setup = (struct evidence_setup){.loop = w->loop,
					   .log = &w->log,
					   .outbox = &w->outbox,
					   .keys = w->sensor,
					   .folder = w->chain,
					   .give = EVIDENCE_CUSTOMER};
	w->store = test_store(false, &e);
	assert_non_null(w->store);
	OK(store_orders_open(w->store, err));
	OK(store_evidence_open(w->store, err));
	OK(store_evidence_open(w->store, err)); /* at every start */
	OK(store_site(w->store, "Osaka", "aoba", err));
	OK(store_peer(w->store, "sensor-1", "sensor", "Osaka", true, 1, err));
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	spool_close(w->spool);
	loop_delete(w->loop);
	tls_keys_free(w->centre);
	tls_keys_free(w->sensor);
	tls_keys_free(w->mitigator);
	testdir_remove(w->folder);
	free(w->piece);
	free(w);
	return 0;
}

/* --- asking --- */

static struct person_order order_of(struct world *w, const char *id, const char *alert)
{
	uint64_t now = loop_wall(w->loop);

	return (struct person_order){.id = id,
				     .target = "sensor-1",
				     .customer = "aoba",
				     .account = "sato",
				     .act = "evidence",
				     .subject = alert,
				     .body = "{}",
				     .reason = "to see",
				     .issued = now,
				     .expires = now + NS_PER_MIN};
}

static void ask(struct world *w, struct tls_keys *by, const struct person_order *o)
{
	struct message m = {.kind = MESSAGE_PERSON_ORDER, .person_order = *o}, *got;
	struct store_order kept = {.id = o->id,
				   .site = "Osaka",
				   .mitigator = "sensor-1",
				   .customer = o->customer,
				   .account = o->account,
				   .act = o->act,
				   .subject = o->subject,
				   .body = o->body,
				   .reason = o->reason,
				   .time = o->issued};
	struct slice payload;
	struct errmsg e = {""};

	OK(store_order_put(w->store, &kept, err));
	assert_int_equal(sign_message(by, &m, &payload, &e), 0);
	got = message_decode(payload, &e);
	assert_non_null(got);
	evidence_take(&w->setup, got);
	message_free(got);
	payload_free(&payload);
}

/* What the sensor has for the centre goes into its store; parts that came. The order's answer. */
static unsigned carry(struct world *w, const char *from, char ret_answer[256])
{
	uint64_t at = 0;
	unsigned parts = 0;
	struct slice payload;
	struct errmsg e = {""};

	ret_answer[0] = 0;
	while (spool_next(w->spool, OUTBOX_CENTRE, LANE_STATE, at, &at, &payload, &e) == 0) {
		struct message *m = message_decode(payload, &e);

		assert_non_null(m);
		if (m->kind == MESSAGE_EVIDENCE_PART) {
			assert_string_equal(ret_answer, ""); /* the answer comes last */
			OK(store_begin(w->store, err));
			OK(store_evidence(w->store, from, &m->evidence_part, err));
			/* Twice changes nothing. */
			OK(store_evidence(w->store, from, &m->evidence_part, err));
			OK(store_commit(w->store, err));
			parts++;
		} else {
			snprintf(ret_answer, 256, "%s: %s", command_state_text(m->status.state),
				 m->status.reason);
		}
		message_free(m);
		payload_free(&payload);
	}
	OK(spool_acknowledge(w->spool, OUTBOX_CENTRE, LANE_STATE, at, err));
	return parts;
}

static void it_arrives_whole_with_its_proof(void **state)
{
	struct world *w = *state;
	struct person_order o = order_of(w, "order-1", "sensor-1-" OTHER);
	struct store_query q = {.scope = {"aoba", ""}, .to = UINT64_MAX / 2, .most = 10};
	char answer[256], tip[CHAIN_HASH], *bytes, *proof;
	struct errmsg e = {""};
	uint64_t lines;
	size_t len;
	json_t *page, *row;

	ask(w, w->centre, &o);
	assert_int_equal(carry(w, "sensor-1", answer), 3);
	assert_string_equal(answer, "acked: piece.pcapng");
	OK(store_evidence_bytes(w->store, "order-1", &bytes, &len, err));
	assert_int_equal(len, SIZE);
	assert_memory_equal(bytes, w->piece, SIZE);
	page = store_evidence_list(w->store, &q, "order-1", &e);
	row = json_array_get(json_object_get(page, "evidence"), 0);
	proof = store_evidence_proof(w->store, "order-1");
	OK(chain_proof(SLICE_STR(proof), json_string_value(json_object_get(row, "sha256")), tip,
		       &lines, err));
	assert_int_equal(lines, 2); /* its own and the one after */
	assert_int_equal(json_integer_value(json_object_get(row, "have")), SIZE);
	*strstr(proof, "after.pcapng") = 'A';
	assert_int_equal(chain_proof(SLICE_STR(proof),
				     json_string_value(json_object_get(row, "sha256")), tip, &lines,
				     &e),
			 ERR_INVALID);
	json_decref(page);
	free(proof);
	free(bytes);
}

static void nobody_elses_and_no_strangers(void **state)
{
	struct world *w = *state;
	struct person_order o = order_of(w, "order-2", "sensor-1-" ALERT);
	struct store_query other = {.scope = {"minato", ""}, .to = UINT64_MAX / 2, .most = 10};
	char answer[256], *bytes;
	struct errmsg e = {""};
	size_t len;
	json_t *page;

	ask(w, w->centre, &o);
	assert_int_equal(carry(w, "sensor-2", answer), 3); /* another sensor's parts */
	assert_int_equal(store_evidence_bytes(w->store, "order-2", &bytes, &len, &e), ERR_NOTFOUND);
	page = store_evidence_list(w->store, &other, "", &e);
	assert_int_equal(json_array_size(json_object_get(page, "evidence")), 0);
	json_decref(page);
}

static void refused(void **state)
{
	struct world *w = *state;
	struct {
		const char *alert, *customer, *target;
		enum evidence_give give;
		bool by_mitigator, late;
		const char *says;
	} cases[] = {
		{"sensor-1-" ALERT, "", "sensor-1", EVIDENCE_CUSTOMER, false, false,
		 "to the customer's people only"},
		{"sensor-1-" ALERT, "aoba", "sensor-1", EVIDENCE_NOBODY, false, false, "to nobody"},
		{"sensor-1-" ALERT, "aoba", "sensor-2", EVIDENCE_CUSTOMER, false, false,
		 "not for this sensor"},
		{"sensor-1-" ALERT, "aoba", "sensor-1", EVIDENCE_CUSTOMER, true, false, ""},
		{"sensor-1-" ALERT, "aoba", "sensor-1", EVIDENCE_CUSTOMER, false, true,
		 "has expired"},
		{"sensor-1-00000000000000ff", "aoba", "sensor-1", EVIDENCE_CUSTOMER, false, false,
		 "no packets were kept"},
		{"sensor-1-../../etc/passwd", "aoba", "sensor-1", EVIDENCE_CUSTOMER, false, false,
		 "no such alert"},
		{"sensor-2-" ALERT, "aoba", "sensor-1", EVIDENCE_CUSTOMER, false, false,
		 "no such alert"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char id[32], answer[256];
		struct person_order o;

		snprintf(id, sizeof(id), "order-r%zu", i);
		o = order_of(w, id, cases[i].alert);
		o.customer = cases[i].customer;
		o.target = cases[i].target;
		w->setup.give = cases[i].give;
		if (cases[i].late)
			o.expires = o.issued - 1;
		ask(w, cases[i].by_mitigator ? w->mitigator : w->centre, &o);
		assert_int_equal(carry(w, "sensor-1", answer), 0);
		assert_int_equal(strncmp(answer, "refused: ", 9), 0);
		assert_non_null(strstr(answer, cases[i].says));
	}
}

static void changed_on_the_sensor(void **state)
{
	struct world *w = *state;
	struct person_order o = order_of(w, "order-c", "sensor-1-" ALERT);
	char command[256], answer[256];

	snprintf(command, sizeof(command), "sed -i 's/after.pcapng/After.pcapng/' %s/chain.log",
		 w->chain);
	assert_int_equal(system(command), 0);
	ask(w, w->centre, &o);
	assert_int_equal(carry(w, "sensor-1", answer), 0);
	assert_non_null(strstr(answer, "was changed on the sensor"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_arrives_whole_with_its_proof, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_elses_and_no_strangers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changed_on_the_sensor, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
