/* The fleet in the store, the same on both engines (place_test.h): codes, certificates, boxes, and
 * that no question crosses customers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/centre/store/place_test.h"
#include "control/centre/store/rollouts.h"
#include "dataplane/base/clock.h"

static struct store *s;

#define OK(call)                                                                                   \
	do {                                                                                       \
		struct errmsg e_ = {""}, *err = &e_;                                               \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, e_.text);                                        \
	} while (0)

static int set_up(void **state)
{
	struct errmsg e = {""};

	s = test_store(false, &e);
	if (!s)
		fail_msg("%s", e.text);
	OK(fleet_tables(s, err));
	OK(fleet_tables(s, err)); /* at every start */
	OK(rollout_tables(s, err));
	OK(store_site(s, "Osaka works", "acme", err));
	OK(store_site(s, "Kobe", "other", err));
	return 0;
}

static int tear_down(void **state)
{
	store_close(s);
	return 0;
}

static void codes_and_certificates(void **state)
{
	struct fleet_code c = {.hash = "h1",
			       .pin = "p1",
			       .role = "sensor",
			       .name = "s-1",
			       .site = "Osaka works",
			       .by = "root",
			       .made = 5,
			       .expires = 100};
	struct fleet_cert cert = {.serial = "ab",
				  .name = "s-1",
				  .role = "sensor",
				  .site = "Osaka works",
				  .key = "k1",
				  .issued = 10,
				  .until = 1000,
				  .der = {1, 0, 2},
				  .der_len = 3},
			  got;
	struct errmsg e = {""};
	json_t *rows;

	OK(fleet_code_put(s, &c, err));
	assert_int_equal(fleet_code_find(s, "h2", &c, &e), 0);
	assert_int_equal(fleet_code_find(s, "h1", &c, &e), 1);
	assert_string_equal(c.site, "Osaka works");
	c.used = 10;
	snprintf(c.serial, sizeof(c.serial), "ab");
	OK(fleet_code_used(s, &c, err));
	assert_int_equal(fleet_codes_withdraw(s, "s-1", "", 11, &e), 0);
	OK(fleet_cert_put(s, &cert, err));
	assert_int_equal(fleet_cert_of_key(s, "s-1", "k1", &got, &e), 1);
	assert_memory_equal(got.der, cert.der, 3);
	assert_int_equal(got.der_len, 3);
	snprintf(cert.serial, sizeof(cert.serial), "cd");
	cert.issued = 20;
	OK(fleet_cert_put(s, &cert, err));
	assert_int_equal(fleet_certs_revoke_older(s, "s-1", "cd", 20, "renewed", 21, &e), 1);
	assert_int_equal(fleet_cert_of_name(s, "s-1", &got, &e), 1);
	assert_string_equal(got.serial, "cd");
	rows = fleet_revoked(s, "Osaka works", 50, &e);
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	rows = fleet_revoked(s, "Kobe", 50, &e);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	rows = fleet_certs(s, "other", 10, &e);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	rows = fleet_codes(s, "acme", 10, &e);
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	assert_int_equal(fleet_free_name(s, "sensor", "Osaka works", got.name, &e), 0);
	assert_string_equal(got.name, "sensor-osaka-works-1");
	assert_int_equal(fleet_trust(s, false, &e), 1);
	assert_int_equal(fleet_trust(s, true, &e), 2);
	assert_int_equal(fleet_trust(s, true, &e), 3);
	OK(fleet_keep(s, "switched", 77, err));
	assert_int_equal(fleet_kept(s, "switched", &e), 77);
	OK(fleet_codes_expire(s, 200, err));
	assert_int_equal(fleet_code_find(s, "h1", &c, &e), 0);
}

static void boxes_and_versions(void **state)
{
	struct identity id = {
		.role = ROLE_SENSOR, .name = "s-1", .site = "Osaka works", .serial = "cd"};
	struct component_version v[] = {{"config", "fleet@1"}, {"program", "0.1.0"}};
	char sha[FLEET_HEX], version[64];
	struct errmsg e = {""};
	struct fleet_box b;
	json_t *rows;

	OK(fleet_box_up(s, &id, 5, err));
	OK(fleet_box_up(s, &id, 6, err));
	OK(fleet_box_set(s, "s-1", "number", 9, err));
	OK(fleet_box_group(s, "s-1", "early", err));
	assert_int_equal(fleet_box_find(s, "s-1", &b, &e), 1);
	assert_string_equal(b.customer, "acme");
	assert_string_equal(b.group, "early");
	assert_int_equal(b.number, 9);
	assert_int_equal(b.last_seen, 6);
	OK(fleet_versions(s, "s-1", &(struct component_version_list){v, 2}, err));
	OK(fleet_versions(s, "s-1", &(struct component_version_list){v, 2}, err));
	rows = fleet_boxes(s, "acme", &e);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(rows, 0), "config_version")),
		"fleet@1");
	assert_true(json_is_false(json_object_get(json_array_get(rows, 0), "up")));
	json_decref(rows);
	rows = fleet_boxes(s, "other", &e);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	OK(fleet_has_set(s, "s-1", "bundle", "aa", "7", err));
	OK(fleet_has(s, "s-1", "bundle", sha, version, err));
	assert_string_equal(version, "7");
	OK(fleet_has(s, "s-1", "pattern", sha, version, err));
	assert_string_equal(version, "");
}

static void configurations(void **state)
{
	struct config_version c;
	struct errmsg e = {""};
	json_t *rows;

	assert_int_equal(config_put(s, "fleet", "a: 1\n", "ann", "why", 1, &e), 1);
	assert_int_equal(config_put(s, "fleet", "a: 2\n", "ann", "why", 2, &e), 2);
	assert_int_equal(config_put(s, "site:Kobe", "a: 3\n", "ann", "why", 3, &e), 1);
	OK(config_review(s, "fleet", 2, true, "bob", "fine", 4, err));
	OK(config_review(s, "fleet", 2, false, "eve", "late", 5, err)); /* judged already */
	assert_int_equal(config_find(s, "fleet", 2, &c, &e), 1);
	assert_string_equal(c.state, "approved");
	assert_string_equal(c.body, "a: 2\n");
	free(c.body);
	assert_int_equal(config_find(s, "fleet", 3, &c, &e), 0);
	rows = configs(s, "other", "", &e);
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	rows = configs(s, "acme", "", &e);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	OK(config_layer_set(s, "s-1", "fleet", 2, err));
	OK(config_layer_set(s, "s-1", "fleet", 1, err));
	assert_int_equal(config_layer(s, "s-1", "fleet", &e), 1);
}

static int take(void *ctx, struct rollout *r, const struct rollout_about *a,
		struct rollout_box_more *more)
{
	unsigned *n = ctx;

	assert_int_equal(r->n, 2);
	assert_int_equal(r->n_rings, 2);
	assert_int_equal(r->percent[1], 100);
	assert_int_equal(r->state, ROLLOUT_STOPPED);
	assert_string_equal(r->why, "worse");
	assert_string_equal(a->kind, "bundle");
	assert_int_equal(r->boxes[1].step, STEP_REFUSED);
	assert_true(r->boxes[1].before.is_known && !r->boxes[1].before.is_up);
	assert_true(r->boxes[1].before.loss > 0.12 && r->boxes[1].before.loss < 0.13);
	assert_string_equal(more[1].text, "no");
	free(r->boxes);
	free(r);
	free(more);
	(*n)++;
	return 0;
}

static void rollouts_come_back(void **state)
{
	struct rollout_box boxes[2] = {{.name = "a"},
				       {.name = "b",
					.ring = 1,
					.step = STEP_REFUSED,
					.before = {false, true, 0.125, 9.5, 3}}};
	struct rollout r = {.n_rings = 2, .percent = {10, 100}, .boxes = boxes, .n = 2};
	struct rollout_about about = {.kind = "bundle", .version = "7", .scope = "fleet"};
	struct rollout_box_more more = {.text = "no"};
	struct errmsg e = {""};
	unsigned n = 0;

	r.id = (uint64_t)rollout_new_id(s, &e);
	assert_int_equal(r.id, 1);
	OK(rollout_put(s, &r, &about, err));
	OK(rollout_box_keep(s, 1, &boxes[0], &more, err));
	OK(rollout_box_keep(s, 1, &boxes[1], &more, err));
	OK(rollout_box_keep(s, 1, &boxes[1], &more, err));
	r.state = ROLLOUT_STOPPED;
	snprintf(r.why, sizeof(r.why), "worse");
	OK(rollout_keep(s, &r, err));
	OK(rollout_each(s, take, &n, err));
	assert_int_equal(n, 1);
	assert_int_equal(rollout_new_id(s, &e), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_and_certificates),
		cmocka_unit_test(boxes_and_versions),
		cmocka_unit_test(configurations),
		cmocka_unit_test(rollouts_come_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
