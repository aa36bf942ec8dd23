/* The SNMP driver's tables and configuration. What it does to a switch is
 * tests/smoke/snmp_quarantine, against a real snmpd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/mitigator/drivers/snmp/port.h"
#include "control/mitigator/drivers/snmp/snmp.h"
#include "control/mitigator/drivers/snmp/table.h"

/* ---- tables ---- */

static void text(struct table *t, enum table_part part, const uint32_t *ids, unsigned n,
		 const char *value)
{
	struct snmp_cell c = {.name = *table_part_name(part), .kind = SNMP_TEXT};

	for (unsigned i = 0; i < n; i++)
		c.name = snmp_name_with(&c.name, ids[i]);
	c.n = strlen(value);
	memcpy(c.text, value, c.n);
	table_take(t, part, &c);
}

static void number(struct table *t, enum table_part part, const uint32_t *ids, unsigned n,
		   int64_t value)
{
	struct snmp_cell c = {
		.name = *table_part_name(part), .kind = SNMP_INTEGER, .number = value};

	for (unsigned i = 0; i < n; i++)
		c.name = snmp_name_with(&c.name, ids[i]);
	table_take(t, part, &c);
}

#define IDS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4

static void host(struct table *t, uint32_t vlan, uint32_t last, int64_t port)
{
	number(t, TABLE_Q_FDB, IDS(vlan, 0x52, 0x54, 0, 0, 0, last), port);
}

static struct mac_addr mac(uint8_t last)
{
	return (struct mac_addr){{0x52, 0x54, 0, 0, 0, last}};
}

/* Ports 1..4 with ifIndex 101..104. */
static struct table *make(void)
{
	struct table *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	for (uint32_t i = 1; i <= 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "ge%u", i);
		text(t, TABLE_IF_NAME, IDS(100 + i), name);
		number(t, TABLE_BASE_PORT, IDS(i), 100 + i);
	}
	number(t, TABLE_Q_STATUS, IDS(1, 0x52, 0x54, 0, 0, 0, 9), 4);
	host(t, 1, 1, 1);
	host(t, 1, 2, 2);
	host(t, 10, 3, 2);
	host(t, 1, 9, 3); /* the switch itself */
	host(t, 1, 4, 3);
	host(t, 20, 4, 3); /* the same in another VLAN */
	return t;
}

static const char *why_not(const struct table *t, const struct table_port *p)
{
	static const struct driver_config c = {.uplinks = {"10.0.0.2/ge4"}, .uplinks_n = 1};
	struct port_facts f = table_facts(t, p, &c, "10.0.0.2");
	static char why[160];

	guard_port_text(&f, p->name, why, sizeof(why));
	assert_int_equal(guard_port_allowed(&f), why[0] == 0);
	return why;
}

static void test_find(void **state)
{
	struct table *t = make();
	struct mac_addr m = mac(1);

	assert_string_equal(table_find(t, &m)->name, "ge1");
	assert_int_equal(table_find(t, &m)->index, 101);
	assert_string_equal(why_not(t, table_find(t, &m)), "");
	m = mac(2);
	assert_non_null(strstr(why_not(t, table_find(t, &m)), "2 hosts are behind port ge2"));
	m = mac(4);
	assert_string_equal(why_not(t, table_find(t, &m)), "");
	m = mac(9);
	assert_null(table_find(t, &m));
	m = mac(77);
	assert_null(table_find(t, &m));
	assert_non_null(strstr(why_not(t, table_named(t, "ge4")), "is an uplink"));
	/* More than fits: nobody knows who is behind a port. */
	t->full = true;
	m = mac(1);
	assert_non_null(strstr(why_not(t, table_find(t, &m)), "2 hosts"));
	free(t);
}

static void test_lldp(void **state)
{
	struct table *t = make();

	text(t, TABLE_LLDP_LOCAL, IDS(7), "ge1");
	text(t, TABLE_LLDP_CAPS, IDS(0, 7, 1), "\x28"); /* bridge, router */
	assert_non_null(strstr(why_not(t, table_named(t, "ge1")), "is an uplink"));
	/* A phone bridges, too. */
	text(t, TABLE_LLDP_LOCAL, IDS(8), "ge3");
	text(t, TABLE_LLDP_CAPS, IDS(0, 8, 1), "\x24");
	assert_non_null(strstr(why_not(t, table_named(t, "ge3")), "IP phone"));
	free(t);
	t = make();
	/* Named by nothing that is known: by either number. */
	text(t, TABLE_LLDP_CAPS, IDS(0, 1, 1), "\x20");
	text(t, TABLE_LLDP_CAPS, IDS(0, 103, 1), "\x20");
	assert_non_null(strstr(why_not(t, table_named(t, "ge1")), "is an uplink"));
	assert_non_null(strstr(why_not(t, table_named(t, "ge3")), "is an uplink"));
	/* A server or PC that speaks LLDP is none. */
	free(t);
	t = make();
	text(t, TABLE_LLDP_CAPS, IDS(0, 1, 1), "\x01");
	assert_string_equal(why_not(t, table_named(t, "ge1")), "");
	free(t);
}

static void test_malformed(void **state)
{
	struct table *t = calloc(1, sizeof(*t));

	number(t, TABLE_Q_FDB, IDS(1, 0x52, 0x54, 0, 0, 0), 1);	     /* short */
	number(t, TABLE_Q_FDB, IDS(1, 0x52, 0x54, 0, 0, 0, 300), 1); /* no byte */
	number(t, TABLE_Q_FDB, IDS(1, 1, 0, 0x5e, 0, 0, 1), 1);	     /* a group */
	number(t, TABLE_Q_FDB, IDS(1, 0x52, 0x54, 0, 0, 0, 1), -3);
	number(t, TABLE_Q_FDB, IDS(1, 0x52, 0x54, 0, 0, 0, 1), 0); /* not learnt at a port */
	number(t, TABLE_IF_NAME, IDS(1), 1);
	text(t, TABLE_LLDP_CAPS, IDS(0, 1, 1), "");
	assert_int_equal(t->macs_n + t->ports_n, 0);
	text(t, TABLE_IF_NAME, IDS(1), "ge 1\n\x1b");
	assert_string_equal(t->ports[0].name, "ge?1??");
	/* A switch without names. */
	number(t, TABLE_BASE_PORT, IDS(5), 55);
	assert_string_equal(t->ports[1].name, "55");
	free(t);
}

static void test_bits(void **state)
{
	struct snmp_cell c = {.kind = SNMP_TEXT, .n = 1, .text = {0x80}};

	assert_true(table_bit(&c, 1));
	assert_false(table_bit(&c, 2));
	assert_false(table_bit(&c, 0));
	assert_false(table_bit(&c, 4000));
	assert_true(table_set_bit(&c, 10, true));
	assert_int_equal(c.n, 2);
	assert_int_equal(c.text[1], 0x40);
	assert_true(table_set_bit(&c, 1, false));
	assert_int_equal(c.text[0], 0);
	assert_false(table_set_bit(&c, 0, true));
	assert_false(table_set_bit(&c, SNMP_VALUE_MAX * 8 + 1, true));
}

/* ---- configuration ---- */

static char folder[64], password[96];

static void write_password(const char *line, mode_t mode)
{
	FILE *f = fopen(password, "w");

	assert_non_null(f);
	fputs(line, f);
	fclose(f);
	assert_int_equal(chmod(password, mode), 0);
}

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/banken-snmp-%d-XXXXXX", getpid());
	assert_non_null(mkdtemp(folder));
	snprintf(password, sizeof(password), "%s/password", folder);
	write_password("a password\n", 0600);
	return 0;
}

static int teardown(void **state)
{
	unlink(password);
	rmdir(folder);
	return 0;
}

static struct driver_config right(void)
{
	struct driver_config c = {.name = "sw",
				  .type = "snmp",
				  .timeout_ms = 500,
				  .devices = {"127.0.0.1:9"},
				  .devices_n = 1,
				  .order = "vlan",
				  .vlan = 999,
				  .version = "3",
				  .user = "banken",
				  .auth = "SHA-256",
				  .privacy = "AES",
				  .port_lists = "auto"};

	snprintf(c.auth_file, sizeof(c.auth_file), "%s", password);
	snprintf(c.privacy_file, sizeof(c.privacy_file), "%s", password);
	snprintf(c.secret_file, sizeof(c.secret_file), "%s", password);
	snprintf(c.book, sizeof(c.book), "%s/book.db", folder);
	return c;
}

static void refused(const struct driver_config *c, const char *word)
{
	struct errmsg e = {""};

	assert_int_equal(driver_snmp.check(c, &e), ERR_INVALID);
	if (!strstr(e.text, word))
		fail_msg("\"%s\" says nothing of %s", e.text, word);
	assert_null(strstr(e.text, "a password"));
}

#define WRONG(member, value, word)                                                                 \
	do {                                                                                       \
		struct driver_config w = right();                                                  \
		snprintf(w.member, sizeof(w.member), "%s", value);                                 \
		refused(&w, word);                                                                 \
	} while (0)

static void test_check(void **state)
{
	struct driver_config c = right();
	struct errmsg e;

	assert_int_equal(driver_snmp.check(&c, &e), 0);
	assert_null(driver_snmp.warning(&c));
	WRONG(devices[0], "switch", "no address of a device");
	WRONG(order, "kill", "vlan or port-down");
	WRONG(order, "port-down", "no use for vlan");
	WRONG(version, "1", "version must be 3 or 2c");
	WRONG(version, "2c", "accept-plain: true");
	WRONG(user, "", "needs user");
	WRONG(auth, "MD5", "auth must be");
	WRONG(privacy, "DES", "privacy must be");
	WRONG(auth_file, "/nowhere/at/all", "auth-file");
	WRONG(privacy_file, "secret", "absolute path");
	WRONG(port_lists, "some", "port-lists must be");
	c.vlan = 0;
	refused(&c, "quarantine's number");
	c = right();
	c.bounce_ms = 500;
	refused(&c, "less than timeout-ms");
	c = right();
	snprintf(c.version, sizeof(c.version), "2c");
	c.accept_plain = true;
	assert_int_equal(driver_snmp.check(&c, &e), 0);
	assert_non_null(strstr(driver_snmp.warning(&c), "reads the community"));
	write_password("short\n", 0600);
	c = right();
	refused(&c, "at least 8 bytes");
	write_password("a password\n", 0644);
	refused(&c, "open to others");
}

/* ---- a device that is not there ---- */

struct catch
{
	struct driver_sink sink;
	struct driver_answer last;
};

static void catch_answer(struct driver_sink *s, const struct driver_answer *a)
{
	struct catch *c = container_of(s, struct catch, sink);

	memcpy(&c->last, a, driver_answer_size(a));
}

static void test_silent(void **state)
{
	struct driver_config c = right();
	struct driver_order o = {.verb = DRIVER_APPLY, .cut = 17, .number = 1};
	static struct driver_answer scratch;
	static struct catch caught;
	int64_t begin = snmp_now_ms();

	o.target.mac = mac(1);
	scratch.verb = o.verb;
	caught = (struct catch){.sink = {catch_answer}};
	driver_snmp.run(&c, &o, &scratch, &caught.sink);
	assert_int_equal(caught.last.outcome, DRIVER_AWAY);
	assert_non_null(strstr(caught.last.text, "127.0.0.1:9 port 9"));
	assert_true(snmp_now_ms() - begin < 1500);
	/* Nothing was ordered, so nothing is held. */
	scratch.verb = o.verb = DRIVER_LIST;
	driver_snmp.run(&c, &o, &scratch, &caught.sink);
	assert_int_equal(caught.last.outcome, DRIVER_DONE);
	assert_int_equal(caught.last.items_n, 0);
	scratch.verb = o.verb = DRIVER_RELEASE;
	driver_snmp.run(&c, &o, &scratch, &caught.sink);
	assert_int_equal(caught.last.outcome, DRIVER_DONE);
	memset(&o.target.mac, 0, sizeof(o.target.mac));
	scratch.verb = o.verb = DRIVER_APPLY;
	driver_snmp.run(&c, &o, &scratch, &caught.sink);
	assert_int_equal(caught.last.outcome, DRIVER_REFUSED);
	unlink(c.book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_lldp),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_bits),
		cmocka_unit_test_setup_teardown(test_check, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
