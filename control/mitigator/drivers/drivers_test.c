/* What drivers say and understand, without the devices: those are met in tests/smoke. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/mitigator/drivers/command/command.h"
#include "control/mitigator/drivers/driver.h"
#include "control/mitigator/drivers/ovs/flows.h"
#include "dataplane/base/clock.h"

static char flows_text[OVS_FLOWS_TEXT];

static void add_exempt(struct driver_order *o, const char *prefix)
{
	struct driver_prefix *p = &o->exempts[o->exempts_n++];

	assert_int_equal(ip_prefix_parse(prefix, &p->addr, &p->bits), 0);
}

static void add_ip(struct driver_order *o, const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(text, &a), 0);
	assert_true(target_add_ip(&o->target, &a));
}

static struct driver_order order(void)
{
	struct driver_order o = {.verb = DRIVER_APPLY, .cut = 17, .number = 1};

	assert_int_equal(mac_addr_parse("52:54:00:00:00:01", &o.target.mac), 0);
	add_ip(&o, "10.77.0.1");
	add_exempt(&o, "10.77.0.3");
	snprintf(o.command_id, sizeof(o.command_id), "m-17.1");
	return o;
}

static void flows_of(const struct driver_order *o, unsigned port, const char *want)
{
	struct ovs_flows f = {.text = flows_text, .cap = sizeof(flows_text)};

	assert_int_equal(ovs_flows_write(o, 65000, port, 5 * NS_PER_SEC, &f), 0);
	assert_string_equal(flows_text, want);
}

#define ADD(priority, rest) "add table=0,cookie=0xba4e000000000011,priority=" priority "," rest "\n"
#define DELETE		    "delete table=0,cookie=0xba4e000000000011/-1\n"

static void test_ovs_write(void **state)
{
	struct driver_order o = order();

	flows_of(&o, 0,
		 DELETE ADD("65002",
			    "ip,dl_src=52:54:00:00:00:01,nw_dst=10.77.0.3/"
			    "32,actions=NORMAL") ADD("65002", "ip,dl_dst=52:54:00:00:00:01,nw_src="
							      "10.77.0.3/32,actions=NORMAL")
			 ADD("65002",
			     "arp,dl_dst=52:54:00:00:00:01,arp_spa=10.77.0.3,actions=NORMAL")
				 ADD("65002", "arp,dl_src=52:54:00:00:00:01,arp_spa=10.77.0."
					      "1,arp_tpa=10.77.0.3,actions=NORMAL")
					 ADD("65000", "dl_src=52:54:00:00:00:01,actions=drop") ADD(
						 "65000", "dl_dst=52:54:00:00:00:01,actions=drop"));
	o.exempts_n = 0;
	o.lease_expires = 15 * NS_PER_SEC;
	flows_of(&o, 3,
		 DELETE ADD("65000", "hard_timeout=11,dl_src=52:54:00:00:00:01,actions=drop")
			 ADD("65000", "hard_timeout=11,dl_dst=52:54:00:00:00:01,actions=drop")
				 ADD("65000", "hard_timeout=11,in_port=3,actions=drop"));
	/* A lease beyond OpenFlow's field is not carried by the switch. */
	o.lease_expires = 5 * NS_PER_SEC + 70000 * NS_PER_SEC;
	memset(&o.target.mac, 0, 6);
	add_ip(&o, "2001:db8::5");
	flows_of(&o, 0,
		 DELETE ADD("65000", "ip,nw_src=10.77.0.1,actions=drop")
			 ADD("65000", "ip,nw_dst=10.77.0.1,actions=drop")
				 ADD("65000", "ipv6,ipv6_src=2001:db8::5,actions=drop")
					 ADD("65000", "ipv6,ipv6_dst=2001:db8::5,actions=drop"));
}

static void test_ovs_write_bad(void **state)
{
	struct ovs_flows f = {.text = flows_text, .cap = sizeof(flows_text)};
	struct driver_order o = {.cut = 1};

	assert_int_equal(ovs_flows_write(&o, 65000, 0, 1, &f), ERR_INVALID);
	o.target.mac.bytes[0] = 0xff; /* a group address is nobody's */
	assert_int_equal(ovs_flows_write(&o, 65000, 0, 1, &f), ERR_INVALID);
	o = order();
	f.cap = 100;
	assert_int_equal(ovs_flows_write(&o, 65000, 0, 1, &f), ERR_LIMIT);
	/* The most there can be fits. */
	f.cap = sizeof(flows_text);
	o.exempts_n = 0;
	while (o.exempts_n < DRIVER_EXEMPTS)
		add_exempt(&o, "2001:db8:1234:5678:9abc:def0:1234:5678");
	for (unsigned i = 0; o.target.ips_n < TARGET_IPS; i++) {
		char text[48];

		snprintf(text, sizeof(text), "2001:db8:1234:5678:9abc:def0:1234:%x", i + 1);
		add_ip(&o, text);
	}
	assert_int_equal(ovs_flows_write(&o, 65000, 9, 1, &f), ERR_LIMIT);
}

/* As ovs-ofctl 3.1.0 prints it. */
static const char dump[] =
	"NXST_FLOW reply (xid=0x8):\n"
	" cookie=0x0, duration=51.4s, table=0, n_packets=27, n_bytes=2178, priority=0 "
	"actions=NORMAL\n"
	" cookie=0xba4e000000000007, duration=0.006s, table=0, n_packets=9, n_bytes=0, idle_age=0, "
	"priority=65002,ip,dl_src=52:54:00:00:00:01,nw_dst=10.77.0.3 actions=NORMAL\n"
	" cookie=0xba4e000000000007, duration=0.006s, table=0, n_packets=4, n_bytes=0, "
	"hard_timeout=60, idle_age=0, priority=65000,dl_src=52:54:00:00:00:01 actions=drop\n"
	" cookie=0xba4e000000000007, duration=0.006s, table=0, n_packets=100, n_bytes=0, "
	"idle_age=0, "
	"priority=65000,dl_dst=52:54:00:00:00:01 actions=drop\n"
	" cookie=0xba4e000000000008, duration=0.006s, table=0, n_packets=5, n_bytes=0, idle_age=0, "
	"priority=65000,in_port=1 actions=drop\n"
	" cookie=0xba4e000000000007, duration=0.006s, table=0, n_packets=2, n_bytes=0, idle_age=0, "
	"priority=65000,in_port=2 actions=drop\n";

static void test_ovs_read(void **state)
{
	struct driver_held held[4];
	char mac[MAC_ADDR_TEXT];

	assert_int_equal(ovs_flows_read(dump, held, 4), 2);
	assert_int_equal(held[0].cut, 7);
	assert_int_equal(held[0].drops, 6); /* what the host tried, not what was sent to it */
	assert_string_equal(mac_addr_text(&held[0].mac, mac), "52:54:00:00:00:01");
	assert_int_equal(held[1].cut, 8);
	assert_int_equal(held[1].drops, 5);
	assert_int_equal(ovs_flows_read(dump, held, 1), 1);
	assert_int_equal(ovs_flows_count(dump, 7), 4);
	assert_int_equal(ovs_flows_count(dump, 9), 0);
	assert_int_equal(ovs_flows_read("", held, 4), 0);
}

static void test_ovs_ports(void **state)
{
	static const char show[] = "OFPT_FEATURES_REPLY (xid=0x2): dpid:0000de5afab69841\n"
				   "n_tables:254, n_buffers:0\n"
				   " 1(xv1): addr:0e:d2:e2:7f:b4:a0\n     config:     0\n"
				   " 12(up-link): addr:0e:d2:e2:7f:b4:a0\n"
				   " LOCAL(br0): addr:de:5a:fa:b6:98:41\n";
	static const char fdb[] = " port  VLAN  MAC                Age\n"
				  "    1     0  52:54:00:00:00:01    0\n"
				  "   12    10  52:54:00:00:00:02  299\n"
				  "LOCAL     0  52:54:00:00:00:03    1\n"
				  "    1  9999  52:54:00:00:00:04    1\n";
	struct ovs_fdb_entry entries[8];
	struct ovs_port ports[8];

	assert_int_equal(ovs_ports_read(show, ports, 8), 2);
	assert_int_equal(ports[1].number, 12);
	assert_string_equal(ports[1].name, "up-link");
	assert_int_equal(ovs_fdb_read(fdb, entries, 8), 3);
	assert_int_equal(entries[1].vlan, 10);
	assert_int_equal(entries[1].port, 12);
	assert_int_equal(entries[2].port, 0);
	assert_int_equal(ovs_fdb_read(fdb, entries, 1), 1);
	assert_int_equal(ovs_fdb_moves("  Total number of port moved MAC entries  : 42\n"), 42);
	assert_int_equal(ovs_fdb_moves("nothing"), 0);
}

static void test_letters(void **state)
{
	struct driver_config c = {.peer = "gate-1"};
	static struct driver_letter l;
	struct driver_order o = order();

	add_ip(&o, "2001:db8::5");
	add_exempt(&o, "2001:db8::/32");
	o.lease_expires = 0;
	assert_int_equal(driver_find("enforcer")->letter(&c, &o, &l), 0);
	assert_int_equal(l.message.kind, MESSAGE_COMMAND);
	assert_int_equal(l.message.command.action, COMMAND_QUARANTINE);
	assert_string_equal(l.message.command.target, "gate-1");
	assert_string_equal(l.message.command.exempt.items[0], "10.77.0.3/32");
	assert_string_equal(l.message.command.exempt.items[1], "2001:db8::/32");
	assert_int_equal(l.message.command.more_ips.n, 1);
	o.block = true;
	assert_int_equal(driver_find("enforcer")->letter(&c, &o, &l), 0);
	assert_int_equal(l.message.command.action, COMMAND_BLOCK);
	o.verb = DRIVER_RELEASE;
	assert_int_equal(driver_find("enforcer")->letter(&c, &o, &l), 0);
	assert_int_equal(l.message.command.action, COMMAND_RELEASE);
	assert_int_equal(driver_find("reset")->letter(&c, &o, &l), 0);
	assert_int_equal(l.message.kind, MESSAGE_RESET);
	assert_int_equal(l.message.reset.keep_until, 1);
	o.verb = DRIVER_APPLY;
	assert_int_equal(driver_find("reset")->letter(&c, &o, &l), 0);
	assert_true(l.message.reset.keep_until > o.issued);
	o.verb = DRIVER_LIST;
	assert_int_equal(driver_find("reset")->letter(&c, &o, &l), ERR_UNSUPPORTED);
	assert_int_equal(driver_find("enforcer")->letter(&c, &o, &l), ERR_UNSUPPORTED);
}

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

static void write_program(const char *path, const char *body)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", body);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

static enum driver_outcome run_command(const char *body, struct catch *c)
{
	struct driver_config config = {.name = "own", .type = "command", .timeout_ms = 300};
	const struct driver_desc *d = driver_find("command");
	static struct driver_answer scratch;
	struct driver_order o = order();
	struct errmsg e;

	snprintf(config.program, sizeof(config.program), "/tmp/banken-command-%d", getpid());
	write_program(config.program, body);
	assert_int_equal(d->check(&config, &e), 0);
	memset(&scratch, 0, sizeof(scratch));
	scratch.verb = o.verb;
	*c = (struct catch){.sink = {catch_answer}};
	d->run(&config, &o, &scratch, &c->sink);
	unlink(config.program);
	return c->last.outcome;
}

static void test_command(void **state)
{
	static struct catch c;

	assert_int_equal(
		run_command("grep -q '\"verb\":\"apply\",\"cut\":17,.*\"10.77.0.3/32\"' && "
			    "echo '{\"ok\":true,\"text\":\"cut\",\"drops\":3}'",
			    &c),
		DRIVER_DONE);
	assert_string_equal(c.last.text, "cut");
	assert_int_equal(c.last.drops, 3);
	assert_int_equal(run_command("echo '{\"ok\":false,\"text\":\"no such port\"}'", &c),
			 DRIVER_FAILED);
	assert_string_equal(c.last.text, "no such port");
	assert_int_equal(run_command("echo yes", &c), DRIVER_FAILED);
	assert_int_equal(run_command("exit 3", &c), DRIVER_FAILED);
	assert_non_null(strstr(c.last.text, "status 3"));
	assert_int_equal(run_command("sleep 9", &c), DRIVER_AWAY);
}

static void test_command_config(void **state)
{
	struct driver_config c = {.name = "own", .program = "rm -rf /"};
	struct errmsg e;

	assert_int_equal(driver_find("command")->check(&c, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "absolute path"));
	assert_int_equal(driver_find("openvswitch")->check(&c, &e), ERR_INVALID);
	assert_null(driver_find("telnet"));
}

/* "a" applies, "r" releases, "l" lists; a digit is the cut. */
static void test_sort(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"a1a2a3", "a1a2a3"},
		{"a1a2r1", "r1a2"},
		{"a1r2a3r4", "r2r4a1a3"},
		{"r1r2r1", "r2r1"},
		{"l0a1l0r2", "r2a1l0"},
		{"a1a1a1", "a1"},
		{"r1a1", "r1a1"},
		{"a1r1a1", "r1a1"},
		{"l0r1l0a2", "r1l0a2"},
		{"a1r1a1r1a1", "r1a1"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct driver_order *o = calloc(DRIVER_BATCH, sizeof(*o));
		size_t n = strlen(cases[i].before) / 2;
		char got[64] = "";

		for (size_t k = 0; k < n; k++) {
			char c = cases[i].before[2 * k];

			o[k].verb = c == 'a'   ? DRIVER_APPLY
				    : c == 'r' ? DRIVER_RELEASE
					       : DRIVER_LIST;
			o[k].cut = (uint64_t)(cases[i].before[2 * k + 1] - '0');
		}
		n = driver_orders_sort(o, (unsigned)n);
		for (size_t k = 0; k < n; k++)
			snprintf(got + 2 * k, sizeof(got) - 2 * k, "%c%d", "?arl"[o[k].verb],
				 (int)o[k].cut);
		assert_string_equal(got, cases[i].after);
		free(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),	      cmocka_unit_test(test_ovs_write),
		cmocka_unit_test(test_ovs_write_bad), cmocka_unit_test(test_ovs_read),
		cmocka_unit_test(test_ovs_ports),     cmocka_unit_test(test_letters),
		cmocka_unit_test(test_command),	      cmocka_unit_test(test_command_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
