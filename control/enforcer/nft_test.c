/* What is written for nft, and what is understood of what it prints (tests/smoke has the real one).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control/enforcer/nft.h"

static struct nft_host host(void)
{
	struct nft_host h = {.ips_n = 2, .exempts_n = 3};

	mac_addr_parse("52:54:00:00:00:05", &h.mac);
	ip_addr_parse("10.0.0.5", &h.ips[0]);
	ip_addr_parse("2001:db8::5", &h.ips[1]);
	ip_prefix_parse("10.0.0.0/8", &h.exempts[0].addr, &h.exempts[0].bits);
	ip_prefix_parse("10.9.1.1", &h.exempts[1].addr, &h.exempts[1].bits);
	ip_prefix_parse("2001:db8::9", &h.exempts[2].addr, &h.exempts[2].bits);
	return h;
}

static char *write_text(const struct nft_layout *l, bool fresh, enum nft_op op,
			const struct nft_host *h)
{
	struct nft_change c = {op, h};
	struct slice text;

	assert_int_equal(nft_write(l, fresh, &c, 1, &text), 0);
	return (char *)text.data;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void test_write(void **state)
{
	struct nft_layout inet = {0}, all = {.bridge = true, .devices_n = 1, .devices = {"eth0"}};
	struct nft_host h = host();
	char *text = write_text(&inet, false, NFT_ADD, &h);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	json_decref(root);
	assert_non_null(strstr(text,
			       "{\"add\":{\"element\":{\"family\":\"inet\",\"table\":\"banken\","
			       "\"name\":\"from4\",\"elem\":[\"10.0.0.5\"]}}}"));
	assert_non_null(strstr(text, "\"pass4\",\"elem\":[{\"concat\":[\"10.0.0.5\",{\"prefix\":{"
				     "\"addr\":\"10.0.0.0\",\"len\":8}}]}]"));
	/* The narrower of two exemptions would be refused as overlapping. */
	assert_null(strstr(text, "10.9.1.1"));
	free(text);
	text = write_text(&all, true, NFT_ADD, &h);
	assert_int_equal(count(text, "\"delete\":{\"table\""), 3);
	assert_int_equal(count(text, "\"add\":{\"table\""), 6);
	assert_int_equal(count(text, "\"add\":{\"chain\""), 5);
	assert_non_null(strstr(text, "\"dev\":\"eth0\""));
	free(text);
	h.timeout = 30;
	text = write_text(&inet, false, NFT_ADD, &h);
	/* Every element ends by itself, exemptions too. */
	assert_int_equal(count(text, "\"timeout\":30"), count(text, "\"add\":{\"element\""));
	free(text);
	text = write_text(&inet, false, NFT_REMOVE, &h);
	assert_int_equal(count(text, "timeout"), 0);
	assert_int_equal(count(text, "\"delete\":{\"element\""), 11);
	free(text);
}

static void test_notice(void **state)
{
	struct nft_layout l = {
		.bridge = true, .devices_n = 1, .devices = {"eth0"}, .notice_port = 8480};
	static const char begin[] = "{\"add\":{\"rule\"";
	static const char bridge[] = "{\"add\":{\"rule\":{\"family\":\"bridge\"";
	struct nft_host h = host();
	char *text = write_text(&l, true, NFT_ADD, &h), *at;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	json_decref(root);
	assert_int_equal(count(text, "\"type\":\"nat\""), 1);
	assert_int_equal(count(text, "{\"redirect\":{\"port\":8480}}"), 3);
	assert_int_equal(count(text, "\"mangle\""), 2);
	/* What is exempt is decided before anything is redirected. */
	at = strstr(text, "\"chain\":\"notice\"");
	assert_true(strstr(at, "@pass4") < strstr(at, "redirect"));
	/* A bridge carries nothing of it: it would reach others. */
	for (at = text; (at = strstr(at, "\"right\":80}}")); at++) {
		char *rule = at;

		while (strncmp(rule, begin, strlen(begin)) != 0)
			rule--;
		assert_int_not_equal(strncmp(rule, bridge, strlen(bridge)), 0);
	}
	free(text);
	text = write_text(&l, false, NFT_REMOVE, &h);
	assert_int_equal(count(text, "\"name\":\"note4\""), 3);
	free(text);
	l.notice_port = 0;
	text = write_text(&l, false, NFT_ADD, &h);
	assert_int_equal(count(text, "note"), 0);
	free(text);
}

static void test_many(void **state)
{
	enum { MANY = 1000 };
	static struct nft_host hosts[MANY];
	static struct nft_change changes[MANY];
	struct nft_layout l = {.bridge = true};
	struct slice text;

	for (unsigned i = 0; i < MANY; i++) {
		hosts[i] = host();
		hosts[i].mac.bytes[4] = (uint8_t)(i >> 8);
		hosts[i].mac.bytes[5] = (uint8_t)i;
		changes[i] = (struct nft_change){NFT_ADD, &hosts[i]};
	}
	assert_int_equal(nft_write(&l, true, changes, MANY, &text), 0);
	assert_int_equal(strlen((const char *)text.data), text.len);
	free((void *)text.data);
}

#define SET(family, name, elems)                                                                   \
	"{\"set\":{\"family\":\"" family "\",\"name\":\"" name                                     \
	"\",\"table\":\"banken\",\"elem\":[" elems "]}}"
#define ELEM(val, packets)                                                                         \
	"{\"elem\":{\"val\":\"" val "\",\"counter\":{\"packets\":" packets ",\"bytes\":1}}}"

static void test_read(void **state)
{
	static const char inet[] =
		"{\"nftables\":[{\"metainfo\":{}}," SET("inet", "from4", ELEM("10.0.0.5", "7")) "," SET(
			"inet", "from6",
			"") "," SET("inet", "mac",
				    ELEM("52:54:00:00:00:05",
					 "3")) "," SET("inet", "to4",
						       ELEM("10.0.0.5",
							    "99")) "," SET("bridge", "mac",
									   ELEM("52:54:00:00:00:05",
										"50")) "]}\n";
	struct nft_count items[8];
	struct nft_counts c = {items, 0, 8};
	struct errmsg e;

	assert_int_equal(nft_read(SLICE_STR(inet), "inet", &c, &e), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(items[0].packets, 7);
	assert_false(items[0].is_mac);
	assert_true(items[1].is_mac);
	assert_int_equal(items[1].packets, 3);
	/* More are added behind, as many as fit. */
	assert_int_equal(nft_read(SLICE_STR(inet), "inet", &c, &e), 0);
	assert_int_equal(c.n, 4);
	c.max = 5;
	assert_int_equal(nft_read(SLICE_STR(inet), "inet", &c, &e), 0);
	assert_int_equal(c.n, 5);
	assert_int_equal(nft_read(SLICE_STR(inet), "bridge", &c, &e), ERR_NOTFOUND);
}

static void test_read_bad(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "[]",
					  "{}",
					  "{\"nftables\":[]}",
					  "{\"nftables\":[" SET("inet", "from4", "") "]}"};
	struct nft_count items[2];
	struct errmsg e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct nft_counts c = {items, 0, 2};

		assert_true(nft_read(SLICE_STR(bad[i]), "inet", &c, &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),	 cmocka_unit_test(test_notice),
		cmocka_unit_test(test_many),	 cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
