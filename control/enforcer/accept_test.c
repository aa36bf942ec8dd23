/* Replayed, forged, expired and foreign commands are refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "control/enforcer/accept.h"
#include "dataplane/base/clock.h"

#define NOW (1000000 * NS_PER_SEC)

static struct accept_rules rules;
static const char *exempt[] = {"10.0.0.9", "2001:db8::/32"};

static int set_up(void **state)
{
	struct ip_addr gateway;

	rules = (struct accept_rules){.name = "gate-1",
				      .site = "osaka",
				      .mitigator = "mitigator-1",
				      .skew_ns = 60 * NS_PER_SEC};
	assert_int_equal(ip_addr_parse("10.0.0.1", &gateway), 0);
	rules.never[rules.never_n++] = (struct nft_prefix){gateway, 128};
	assert_int_equal(mac_addr_parse("52:54:00:00:00:01", &rules.never_macs[0]), 0);
	rules.never_macs_n = 1;
	return 0;
}

static struct quarantine_command good(void)
{
	struct quarantine_command c = {.command_id = "mitigator-1-17.1",
				       .action = COMMAND_QUARANTINE,
				       .method = "enforcer",
				       .target = "gate-1",
				       .exempt = {exempt, 2},
				       .issued = NOW,
				       .order_expires = NOW + 60 * NS_PER_SEC};

	assert_int_equal(mac_addr_parse("52:54:00:00:00:05", &c.host.mac), 0);
	assert_int_equal(ip_addr_parse("10.0.0.5", &c.host.ip), 0);
	return c;
}

static const struct identity signer = {ROLE_MITIGATOR, "mitigator-1", "osaka"};

static int judge(const struct quarantine_command *c, const struct identity *who, const char *want)
{
	struct accept_order o;
	struct errmsg e = {""};
	int rc = accept_check(&rules, c, who, NOW, &o, &e);

	if (want && !strstr(e.text, want))
		fail_msg("\"%s\" does not say \"%s\"", e.text, want);
	return rc;
}

static void test_good(void **state)
{
	struct quarantine_command c = good();
	struct accept_order o;
	struct errmsg e;

	assert_int_equal(accept_check(&rules, &c, &signer, NOW, &o, &e), 0);
	assert_false(o.release);
	assert_int_equal(o.host.ips_n, 1);
	assert_int_equal(o.host.exempts_n, 2);
	assert_int_equal(o.host.exempts[1].bits, 32);
	c.target = "";
	assert_int_equal(judge(&c, &signer, NULL), 0);
	/* A release may come for a host that is unknown by now, and for a protected one. */
	c.action = COMMAND_RELEASE;
	memset(&c.host, 0, sizeof(c.host));
	assert_int_equal(judge(&c, &signer, NULL), 0);
}

static void test_sender(void **state)
{
	struct quarantine_command c = good();
	struct identity who = signer;

	who.role = ROLE_SENSOR;
	assert_int_equal(judge(&c, &who, "not by a mitigator"), ERR_DENIED);
	who = signer;
	memcpy(who.site, "kyoto", 6);
	assert_int_equal(judge(&c, &who, "of site kyoto"), ERR_DENIED);
	who = signer;
	memcpy(who.name, "mitigator-2", 12);
	assert_int_equal(judge(&c, &who, "only mitigator-1 may order"), ERR_DENIED);
	c.target = "gate-2";
	assert_int_equal(judge(&c, &signer, "for gate-2"), ERR_DENIED);
	c = good();
	c.method = "openvswitch";
	assert_int_equal(judge(&c, &signer, "openvswitch"), ERR_DENIED);
	c = good();
	c.command_id = "";
	assert_int_equal(judge(&c, &signer, "id"), ERR_DENIED);
	c.command_id = "../../etc/passwd\n";
	assert_int_equal(judge(&c, &signer, "id"), ERR_DENIED);
}

static void test_time(void **state)
{
	struct quarantine_command c = good();

	c.order_expires = NOW - 5 * NS_PER_SEC;
	assert_int_equal(judge(&c, &signer, "expired 5 s ago"), ERR_DENIED);
	c.order_expires = 0;
	assert_int_equal(judge(&c, &signer, "expired"), ERR_DENIED);
	c = good();
	c.issued = NOW + 61 * NS_PER_SEC;
	assert_int_equal(judge(&c, &signer, "future"), ERR_DENIED);
	c = good();
	c.action = COMMAND_BLOCK;
	assert_int_equal(judge(&c, &signer, "when it ends"), ERR_DENIED);
	c.lease_expires = NOW;
	assert_int_equal(judge(&c, &signer, "over already"), ERR_DENIED);
	c.lease_expires = NOW + 1;
	assert_int_equal(judge(&c, &signer, NULL), 0);
}

static void test_host(void **state)
{
	struct quarantine_command c = good();
	const char *many[NFT_EXEMPTS + 1];
	struct ip_addr more;

	assert_int_equal(ip_addr_parse("10.0.0.1", &c.host.ip), 0);
	assert_int_equal(judge(&c, &signer, "10.0.0.1 is protected here"), ERR_DENIED);
	c = good();
	assert_int_equal(ip_addr_parse("10.0.0.1", &more), 0);
	c.more_ips = (struct addr_list){&more, 1};
	assert_int_equal(judge(&c, &signer, "10.0.0.1 is protected here"), ERR_DENIED);
	c = good();
	c.host.mac.bytes[5] = 1;
	assert_int_equal(judge(&c, &signer, "52:54:00:00:00:01 is protected here"), ERR_DENIED);
	c = good();
	memset(&c.host, 0, sizeof(c.host));
	assert_int_equal(judge(&c, &signer, "no address"), ERR_DENIED);
	memset(&c.host.mac, 0xff, 6);
	assert_int_equal(judge(&c, &signer, "no address"), ERR_DENIED);
	c = good();
	c.exempt.items = (const char *[]){"everything"};
	c.exempt.n = 1;
	assert_int_equal(judge(&c, &signer, "\"everything\""), ERR_DENIED);
	for (unsigned i = 0; i <= NFT_EXEMPTS; i++)
		many[i] = "10.0.0.9";
	c.exempt = (struct text_list){many, NFT_EXEMPTS + 1};
	assert_int_equal(judge(&c, &signer, "at most 64"), ERR_DENIED);
}

static void test_kind(void **state)
{
	struct quarantine_command c = good();

	c.action = COMMAND_RESET;
	assert_int_equal(judge(&c, &signer, "cannot do \"reset\""), ERR_DENIED);
	c.action = COMMAND_UNSPECIFIED;
	assert_int_equal(judge(&c, &signer, "cannot do"), ERR_DENIED);
	c = good();
	c.scope = COMMAND_SCOPE_INTERNAL_ONLY;
	assert_int_equal(judge(&c, &signer, "internal-only"), ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_sender),
		cmocka_unit_test(test_time), cmocka_unit_test(test_host),
		cmocka_unit_test(test_kind),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
