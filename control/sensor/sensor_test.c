/* The parts of banken-control that stand alone: hosts, targets, configuration, the last alerts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/sensor/roles.h"
#include "control/sensor/classes.h"
#include "control/sensor/conf.h"
#include "control/sensor/hosts.h"
#include "control/sensor/recent.h"
#include "control/sensor/target.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(text, &a), 0);
	return a;
}

static struct mac_addr mac(uint8_t last)
{
	return (struct mac_addr){{2, 0, 0, 0, 0, last}};
}

static enum hosts_news learn(struct hosts *h, const char *address, uint8_t last_of_mac,
			     uint64_t now)
{
	struct ip_addr a = ip(address);
	struct mac_addr m = mac(last_of_mac);

	return hosts_learn(h, &a, &m, 10, now);
}

static bool has_mac(struct hosts *h, const char *address, uint8_t last)
{
	struct ip_addr a = ip(address);
	struct mac_addr m = mac(last);
	const struct host_entry *e = hosts_find(h, &a);

	return e && memcmp(&e->mac, &m, 6) == 0;
}

static struct hosts *new_hosts(void)
{
	static const char *const networks[] = {"10.0.0.0/8", "fc00::/7", "192.0.2.1"};

	return hosts_new(networks, 3);
}

static void inside_is_what_the_networks_say(void **state)
{
	static const struct {
		const char *address;
		bool inside;
	} cases[] = {{"10.0.0.0", true},  {"10.255.255.255", true}, {"11.0.0.0", false},
		     {"192.0.2.1", true}, {"192.0.2.2", false},	    {"fd00::1", true},
		     {"fe80::1", false},  {"2001:db8::1", false},   {"0.0.0.0", false}};
	struct hosts *h = new_hosts();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_addr a = ip(cases[i].address);

		assert_int_equal(hosts_inside(h, &a), cases[i].inside);
	}
	hosts_free(h);
}

static void a_host_s_mac_is_learnt_and_its_change_told(void **state)
{
	struct hosts *h = new_hosts();
	struct ip_addr a = ip("10.0.0.5");
	struct mac_addr none = {0}, broadcast = {{255, 255, 255, 255, 255, 255}};

	assert_int_equal(learn(h, "10.0.0.5", 5, 100), HOSTS_NEW);
	assert_int_equal(learn(h, "10.0.0.5", 5, 200), HOSTS_OLD);
	assert_int_equal(hosts_find(h, &a)->first, 100);
	assert_int_equal(hosts_find(h, &a)->last, 200);
	assert_int_equal(hosts_find(h, &a)->vlan, 10);
	assert_int_equal(learn(h, "10.0.0.5", 6, 300), HOSTS_CHANGED);
	assert_true(has_mac(h, "10.0.0.5", 6));
	/* What is no host's MAC teaches nothing. */
	assert_int_equal(hosts_learn(h, &a, &none, 10, 400), HOSTS_OLD);
	assert_int_equal(hosts_learn(h, &a, &broadcast, 10, 400), HOSTS_OLD);
	assert_true(has_mac(h, "10.0.0.5", 6));
	assert_int_equal(hosts_count(h), 1);
	hosts_free(h);
}

static void a_router_s_mac_is_not_believed(void **state)
{
	struct hosts *h = new_hosts();
	char address[32];

	/* It carried an outside address: what else it carries is behind it. */
	assert_int_equal(learn(h, "203.0.113.9", 1, 1), HOSTS_OLD);
	assert_int_equal(learn(h, "10.0.0.7", 1, 2), HOSTS_OLD);
	assert_true(has_mac(h, "10.0.0.7", 0) || !has_mac(h, "10.0.0.7", 1));
	/* Many inside addresses: a router between inside networks, or a forger. */
	for (int i = 0; i < 40; i++) {
		snprintf(address, sizeof(address), "10.1.0.%d", i);
		learn(h, address, 2, (uint64_t)i);
	}
	assert_true(has_mac(h, "10.1.0.3", 2)); /* from before it was known */
	assert_false(has_mac(h, "10.1.0.39", 2));
	assert_int_equal(learn(h, "10.1.0.3", 2, 100), HOSTS_CHANGED);
	assert_false(has_mac(h, "10.1.0.3", 2));
	hosts_free(h);
}

/* Roles that show by what is done: a gateway by whom it speaks for, a name server by its answers.
 */
static void roles_show_by_what_is_done(void **state)
{
	static const char answer[] = "{\"dns\":{\"type\":\"answer\"}}";
	struct hosts *h = new_hosts();
	struct record_head dns = {.type = "dns", .dport = 53, .dst = ip("10.0.0.2")};
	struct record_head arp = {.type = "neighbour"};
	struct identity_fact facts[IDENTITY_FACTS] = {
		{.kind = HOST_FACT_SEEN,
		 .about = {.ip = ip("10.0.0.1"), .mac = {{2, 0, 0, 0, 0, 1}}, .inside = true},
		 .source = "arp"}};
	char address[32];

	/* What it says on its link makes nobody a router, nor does one outside address. */
	for (int i = 0; i < 40; i++) {
		snprintf(address, sizeof(address), i & 1 ? "fe80::%d" : "169.254.0.%d", i);
		learn(h, address, 1, 1);
	}
	assert_int_equal(learn(h, "10.0.0.1", 1, 2), HOSTS_NEW);
	assert_true(has_mac(h, "10.0.0.1", 1));
	learn(h, "203.0.113.9", 1, 3);
	assert_int_equal(roles_read(h, &arp, SLICE("", 0), facts, 1), 1);
	for (int i = 0; i < 8; i++) {
		snprintf(address, sizeof(address), "203.0.113.%d", 20 + i);
		learn(h, address, 1, 4);
	}
	assert_int_equal(roles_read(h, &arp, SLICE("", 0), facts, 1), 2);
	assert_string_equal(facts[1].value, "gateway");
	assert_int_equal(facts[1].confidence, CONFIDENCE_POTENTIAL);
	assert_int_equal(roles_read(h, &dns, SLICE(answer, strlen(answer)), facts, 0), 1);
	assert_string_equal(facts[0].value, "dns-server");
	assert_int_equal(roles_read(h, &dns, SLICE("{}", 2), facts, 0), 0);
	dns.dst = ip("203.0.113.53");
	assert_int_equal(roles_read(h, &dns, SLICE(answer, strlen(answer)), facts, 0), 0);
	hosts_free(h);
}

static void a_storm_of_addresses_stays_bounded(void **state)
{
	struct hosts *h = new_hosts();
	char address[32];

	for (unsigned i = 0; i < 400000; i++) {
		struct mac_addr m = {{2, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1, 1}};
		struct ip_addr a;

		snprintf(address, sizeof(address), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		a = ip(address);
		hosts_learn(h, &a, &m, 0, i);
	}
	assert_true(hosts_count(h) <= 2 * HOSTS_MAX);
	assert_true(learn(h, "10.200.0.1", 9, 500000) == HOSTS_NEW);
	assert_true(has_mac(h, "10.200.0.1", 9));
	hosts_free(h);
}

static void targets_are_checked(void **state)
{
	static const struct {
		const char *exempt, *sentence;
	} cases[] = {
		{"10.0.0.0/33", "exempt '10.0.0.0/33' is no address or prefix"},
		{"10.0.0.0/-1", "exempt '10.0.0.0/-1' is no address or prefix"},
		{"10.0.0.0/", "exempt '10.0.0.0/' is no address or prefix"},
		{"10.0.0/8", "exempt '10.0.0/8' is no address or prefix"},
		{"fc00::/129", "exempt 'fc00::/129' is no address or prefix"},
		{"gateway", "exempt 'gateway' is no address or prefix"},
		{"", "exempt '' is no address or prefix"},
	};
	struct host_ident host = {.ip = ip("10.0.0.5"), .vlan = 5000};
	static const char *many[MAILBOX_EXEMPT_MAX + 1];
	const char *good[] = {"10.0.0.1", "10.0.0.0/30", "fc00::/7"};
	struct text_list list = {good, 3};
	struct mailbox_host m;
	struct errmsg e;

	assert_int_equal(target_fill(&host, &list, &m, &e), 0);
	assert_int_equal(m.n_ips, 1);
	assert_int_equal(m.has_mac, 0);
	assert_int_equal(m.vlan, 0);
	assert_int_equal(m.exempt[0].bits, 128);
	assert_int_equal(m.exempt[1].bits, 126);
	assert_int_equal(m.exempt[2].bits, 7);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *one[] = {cases[i].exempt};

		list = (struct text_list){one, 1};
		assert_int_equal(target_fill(&host, &list, &m, &e), ERR_INVALID);
		assert_string_equal(e.text, cases[i].sentence);
	}
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "10.0.0.1";
	list = (struct text_list){many, ARRAY_SIZE(many)};
	assert_int_equal(target_fill(&host, &list, &m, &e), ERR_LIMIT);
	host = (struct host_ident){0};
	list.n = 0;
	assert_int_equal(target_fill(&host, &list, &m, &e), ERR_INVALID);
	assert_string_equal(e.text, "the host has neither an address nor a MAC");
}

static char *print(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(config_print(conf_keys, c, true, out), 0);
	fclose(out);
	return text;
}

static void the_printed_configuration_reads_back(void **state)
{
	struct conf c, again;
	struct errmsg e = {0};
	struct config *h = config_load(conf_keys, NULL, &c, sizeof(c), &e), *h2;
	char *once, *twice;

	assert_non_null(h);
	assert_int_equal(c.networks.n, 7);
	assert_int_equal(config_set(h, conf_keys, "centre.address=c:1", &c, &e), 0);
	once = print(&c);
	h2 = config_parse(conf_keys, once, strlen(once), "printed", &again, sizeof(again), &e);
	if (!h2)
		fail_msg("%s", e.text);
	twice = print(&again);
	assert_string_equal(once, twice);
	assert_string_equal(again.centre.address, "c:1");
	free(once);
	free(twice);
	config_free(h);
	config_free(h2);
}

static void a_wrong_configuration_has_a_sentence(void **state)
{
	static const struct {
		const char *yaml, *sentence;
	} cases[] = {
		{"networks: [10.0.0.0/33]", "c.yaml:1: key 'networks': item 1 must be an address "
					    "or prefix, not '10.0.0.0/33'"},
		{"networks: [inside]",
		 "c.yaml:1: key 'networks': item 1 must be an address or prefix, not 'inside'"},
		{"mitigater: {address: x}", "c.yaml:1: key 'mitigater': there is no such key"},
		{"health-seconds: 0",
		 "c.yaml:1: key 'health-seconds': must be a whole number from 1 to 3600, not '0'"},
		{"spool: {urgent-percent: 100}",
		 "c.yaml:1: key 'spool.urgent-percent': must be a whole number from 1 to 99, not "
		 "'100'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct errmsg e = {0};
		struct conf c;

		assert_null(config_parse(conf_keys, cases[i].yaml, strlen(cases[i].yaml), "c.yaml",
					 &c, sizeof(c), &e));
		assert_string_equal(e.text, cases[i].sentence);
	}
}

static void the_last_alerts_are_bounded(void **state)
{
	struct recent *r = recent_new(3, 2000);
	static char long_url[4000];
	struct alert a = {.msg = "m", .url = "u"};
	char id[16];
	json_t *list;

	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "a-%d", i);
		a.id = id;
		recent_add(r, &a);
	}
	memset(long_url, 'x', sizeof(long_url) - 1);
	a.url = long_url;
	recent_add(r, &a); /* larger than all may be together */
	a.url = "cut \xe6\x97";
	a.id = "mended";
	recent_add(r, &a);
	list = recent_json(r, 100);
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "id")),
			    "mended");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 2), "id")),
			    "a-8");
	json_decref(list);
	list = recent_json(r, 1);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	recent_free(r);
}

static void classes_have_their_short_names(void **state)
{
	assert_string_equal(class_of_category("A Network Trojan was detected"), "trojan-activity");
	assert_string_equal(class_of_category("Something of my own"), "");
	assert_string_equal(class_of_category(""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_is_what_the_networks_say),
		cmocka_unit_test(a_host_s_mac_is_learnt_and_its_change_told),
		cmocka_unit_test(a_router_s_mac_is_not_believed),
		cmocka_unit_test(roles_show_by_what_is_done),
		cmocka_unit_test(a_storm_of_addresses_stays_bounded),
		cmocka_unit_test(targets_are_checked),
		cmocka_unit_test(the_printed_configuration_reads_back),
		cmocka_unit_test(a_wrong_configuration_has_a_sentence),
		cmocka_unit_test(the_last_alerts_are_bounded),
		cmocka_unit_test(classes_have_their_short_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
