/* What is learnt of the site: proposed, decided, kept, and fed back to behaviour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sensor/site/site.h"
#include "dataplane/base/clock.h"

struct scene {
	struct site *s;
	struct hosts *hosts;
	char path[64];
};

static void start(struct scene *s)
{
	struct errmsg e;

	s->s = site_new(&(struct site_setup){.path = s->path, .hosts = s->hosts}, &e);
	assert_non_null(s->s);
}

static struct scene *scene_new(void)
{
	static const char *const networks[] = {"10.0.0.0/8"};
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->hosts = hosts_new(networks, 1);
	snprintf(s->path, sizeof(s->path), "/tmp/site_test-%d", (int)getpid());
	unlink(s->path);
	start(s);
	return s;
}

static void scene_free(struct scene *s)
{
	site_free(s->s);
	hosts_free(s->hosts);
	unlink(s->path);
	free(s);
}

static struct ip_addr inside(unsigned net, unsigned host)
{
	return ip_addr_v4((uint8_t[4]){10, 0, (uint8_t)net, (uint8_t)host});
}

static void dns(struct scene *s, const char *name, const char *address, unsigned client)
{
	_Alignas(8) uint8_t buf[2048];
	struct record r;
	struct record_head *h = record_begin(&r, buf, sizeof(buf));

	h->time_ns = 1767571200 * NS_PER_SEC;
	h->flags = RECORD_HAS_TUPLE;
	h->src = inside(1, client);
	h->dst = inside(9, 53);
	snprintf(h->type, sizeof(h->type), "dns");
	record_object(&r, "dns");
	record_text(&r, "rrname", name);
	record_array(&r, "answers");
	record_object(&r, NULL);
	record_text(&r, "rdata", address);
	record_end(&r);
	record_end(&r);
	record_end(&r);
	site_note(s->s, record_finish(&r));
}

static const char *id_of(const json_t *list, const char *what, const char **ret_state)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(list, "learnt"), i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "what")), what))
			continue;
		assert_true(json_string_value(json_object_get(item, "reason"))[0]);
		assert_true(json_string_value(json_object_get(item, "reason_ja"))[0]);
		*ret_state = json_string_value(json_object_get(item, "state"));
		return json_string_value(json_object_get(item, "id"));
	}
	return NULL;
}

static void offer(struct scene *s, enum behave_offer_kind kind, struct ip_addr host,
		  const char *what)
{
	struct behave_offer o = {.kind = kind, .time_ns = NS_PER_DAY, .host = host};

	snprintf(o.what, sizeof(o.what), "%s", what);
	snprintf(o.reason_en, sizeof(o.reason_en), "because");
	snprintf(o.reason_ja, sizeof(o.reason_ja), "理由");
	site_offer(s->s, &o);
}

static void test_proposed(void **state)
{
	struct scene *s = scene_new();
	const char *is;
	json_t *list;

	for (unsigned i = 1; i < 6; i++)
		dns(s, "files.corp.example", "10.0.9.10", i);
	dns(s, "www.elsewhere.example", "93.1.2.3", 7);
	list = site_json(s->s, false);
	assert_non_null(id_of(list, "10.0.1.0/24", &is));
	assert_non_null(id_of(list, "corp.example", &is));
	assert_string_equal(is, "proposed");
	assert_null(id_of(list, "elsewhere.example", &is)); /* it is not here */
	json_decref(list);
	scene_free(s);
}

static void test_decided(void **state)
{
	struct scene *s = scene_new();
	struct ip_addr pc = inside(1, 2), server = inside(9, 53), other = inside(9, 54);
	struct errmsg e = {""};
	const char *is;
	char id[20];
	json_t *list;

	offer(s, BEHAVE_OFFER_CALL, pc, "vendor.example");
	offer(s, BEHAVE_OFFER_SERVER, server, "dns");
	offer(s, BEHAVE_OFFER_SERVER, other, "dns");
	assert_int_equal(site_verdict(s->s, BEHAVE_OFFER_SERVER, &server, "dns"), BEHAVE_UNDECIDED);
	list = site_json(s->s, false);
	snprintf(id, sizeof(id), "%s", id_of(list, "vendor.example", &is));
	json_decref(list);
	assert_int_equal(site_decide(s->s, id, false, "anna", "not ours", &e), 1);
	assert_int_equal(site_decide(s->s, "all", true, "anna", "", &e), 2);
	assert_int_equal(site_decide(s->s, "all", true, "anna", "", &e), 0);
	assert_int_equal(site_decide(s->s, "00000000", true, "anna", "", &e), ERR_NOTFOUND);
	assert_true(e.text[0]);
	/* It is all there again, with who and why. */
	site_free(s->s);
	start(s);
	assert_int_equal(site_verdict(s->s, BEHAVE_OFFER_CALL, &pc, "vendor.example"),
			 BEHAVE_REJECTED);
	assert_int_equal(site_verdict(s->s, BEHAVE_OFFER_SERVER, &server, "dns"), BEHAVE_ACCEPTED);
	assert_int_equal(site_verdict(s->s, BEHAVE_OFFER_SERVER, &server, "smtp"),
			 BEHAVE_UNDECIDED);
	list = site_json(s->s, false);
	assert_int_equal(json_array_size(json_object_get(list, "learnt")), 0);
	json_decref(list);
	list = site_json(s->s, true);
	assert_int_equal(json_array_size(json_object_get(list, "learnt")), 3);
	assert_non_null(id_of(list, "vendor.example", &is));
	assert_string_equal(is, "rejected");
	json_decref(list);
	scene_free(s);
}

static void test_bounded(void **state)
{
	struct scene *s = scene_new();
	json_t *list;

	for (unsigned i = 0; i < 2 * SITE_ITEMS; i++) {
		char what[32];

		snprintf(what, sizeof(what), "place%u.example", i);
		offer(s, BEHAVE_OFFER_CALL, inside(1, 1), what);
	}
	list = site_json(s->s, true);
	assert_int_equal(json_array_size(json_object_get(list, "learnt")), SITE_ITEMS / 4 * 3);
	assert_int_equal(json_integer_value(json_object_get(list, "refused")),
			 2 * SITE_ITEMS - SITE_ITEMS / 4 * 3);
	json_decref(list);
	scene_free(s);
}

static void test_damaged(void **state)
{
	struct scene *s = scene_new();
	char aside[96];
	FILE *f;

	site_free(s->s);
	f = fopen(s->path, "w");
	assert_non_null(f);
	fputs("{\"learnt\": [{\"kind\": \"serv", f);
	fclose(f);
	start(s);
	snprintf(aside, sizeof(aside), "%s.damaged", s->path);
	assert_int_equal(unlink(aside), 0);
	scene_free(s);
}

static void flow_record(struct scene *s, struct ip_addr from, struct ip_addr to, uint16_t port)
{
	_Alignas(8) uint8_t buf[2048];
	struct record r;
	struct record_head *h = record_begin(&r, buf, sizeof(buf));

	h->time_ns = 1767571200 * NS_PER_SEC;
	snprintf(h->type, sizeof(h->type), "flow");
	h->src = from;
	h->dst = to;
	h->dport = port;
	h->ip_proto = 6;
	h->flags |= RECORD_HAS_TUPLE;
	site_note(s->s, record_finish(&r));
}

static void neighbour_record(struct scene *s, const char *source, const char *ip)
{
	_Alignas(8) uint8_t buf[2048];
	struct record r;
	struct record_head *h = record_begin(&r, buf, sizeof(buf));

	h->time_ns = 1767571200 * NS_PER_SEC;
	snprintf(h->type, sizeof(h->type), "neighbour");
	h->flags = RECORD_OWN_TYPE;
	record_object(&r, "neighbour");
	record_text(&r, "source", source);
	record_text(&r, "ip", ip);
	record_end(&r);
	site_note(s->s, record_finish(&r));
}

static const char *id_by(struct scene *s, const char *kind, const char *what, char ret[20])
{
	json_t *o = site_json(s->s, true), *item;
	size_t i;

	ret[0] = 0;
	json_array_foreach(json_object_get(o, "learnt"), i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "kind")), kind) == 0 &&
		    strcmp(json_string_value(json_object_get(item, "what")), what) == 0)
			snprintf(ret, 20, "%s", json_string_value(json_object_get(item, "id")));
	}
	json_decref(o);
	return ret[0] ? ret : NULL;
}

/* Offices work with servers, guests only go out; what a person accepts decides what is inside. */
static void test_zones(void **state)
{
	struct scene *s = scene_new();
	struct ip_addr out = ip_addr_v4((uint8_t[4]){93, 184, 216, 34}), guest = inside(50, 1);
	struct errmsg e;
	char id[20];

	for (unsigned i = 0; i < 60; i++) {
		flow_record(s, inside(1, 1 + i % 9), inside(2, 5), 445);
		flow_record(s, inside(50, 1 + i % 9), out, 443);
		flow_record(s, inside(50, 1 + i % 9), inside(2, 9), 53);
	}
	assert_non_null(id_by(s, "zone", "10.0.1.0/24 trusted", id));
	assert_non_null(id_by(s, "zone", "10.0.2.0/24 trusted", id));
	assert_non_null(id_by(s, "zone", "10.0.50.0/24 untrusted", id));
	assert_true(hosts_inside(s->hosts, &guest));
	assert_true(site_decide(s->s, "all", true, "sato", "", &e) >= 3);
	assert_false(hosts_inside(s->hosts, &guest));
	/* It stays so when a guest tries a server, and after a restart. */
	flow_record(s, guest, inside(2, 5), 445);
	site_free(s->s);
	hosts_zone(s->hosts, &(struct ip_addr){0}, 0, HOSTS_ZONE_NONE);
	start(s);
	assert_false(hosts_inside(s->hosts, &guest));
	assert_non_null(id_by(s, "zone", "10.0.50.0/24 untrusted", id));
	assert_int_equal(site_decide(s->s, id, false, "sato", "no guests", &e), 1);
	assert_true(hosts_inside(s->hosts, &guest));
	scene_free(s);
}

/* A public network on our own links, and a router of IPv6. */
static void test_neighbours(void **state)
{
	struct scene *s = scene_new();
	struct ip_addr host = ip_addr_v4((uint8_t[4]){198, 51, 100, 7});
	json_t *o;
	char text[40], id[20];
	struct errmsg e;

	neighbour_record(s, "arp", "192.0.2.1"); /* the provider's, alone there */
	for (unsigned i = 1; i < 9; i++) {
		snprintf(text, sizeof(text), "198.51.100.%u", i);
		neighbour_record(s, "arp", text);
	}
	neighbour_record(s, "ra", "fe80::1");
	neighbour_record(s, "ra", "fe80::1");
	o = site_json(s->s, false);
	assert_int_equal(json_array_size(json_object_get(o, "learnt")), 2);
	json_decref(o);
	assert_non_null(id_by(s, "server", "router", id));
	assert_non_null(id_by(s, "network", "198.51.100.0/24", id));
	assert_false(hosts_inside(s->hosts, &host));
	assert_int_equal(site_decide(s->s, id, true, "sato", "ours", &e), 1);
	assert_true(hosts_inside(s->hosts, &host));
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proposed), cmocka_unit_test(test_decided),
		cmocka_unit_test(test_bounded),	 cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_zones),	 cmocka_unit_test(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
