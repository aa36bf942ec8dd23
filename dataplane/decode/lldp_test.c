#include "dataplane/decode/lldp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/base/addr.h"

#define CHASSIS "0207 04 020000000001"
#define PORT	"0408 05 4769312f302f33"
#define TTL	"0602 0078"
#define HEAD	CHASSIS PORT TTL

static size_t bytes_of(const char *hex, uint8_t *ret)
{
	size_t n = 0;

	for (const char *c = hex; *c; c++) {
		char pair[3] = {c[0], c[1], 0};

		if (*c == ' ')
			continue;
		ret[n++] = (uint8_t)strtoul(pair, NULL, 16);
		c++;
	}
	return n;
}

static const struct {
	const char *name, *hex;
	bool good;
	const char *chassis, *port, *system_name, *address;
	uint16_t does, vlan;
} cases[] = {
	{"a switch",
	 HEAD
	 "0a03 737731 0e04 0014 0004 100c 0501 0a000002 02 00000001 00 fe06 0080c2 01 000a 0000",
	 true, "02:00:00:00:00:01", "Gi1/0/3", "sw1", "10.0.0.2", LLDP_BRIDGE, 10},
	{"the least", HEAD "0000", true, "02:00:00:00:00:01", "Gi1/0/3", "", "", 0, 0},
	{"padding behind the end", HEAD "0000 ffffffffff", true, "02:00:00:00:00:01", "Gi1/0/3", "",
	 "", 0, 0},
	{"no end, as some send it", "0206 05 01 c0000201 0402 0741 " TTL "0000", true, "192.0.2.1",
	 "A", "", "", 0, 0},
	{"what it does without being able to is not believed", HEAD "0e04 0004 0010 0000", true,
	 "02:00:00:00:00:01", "Gi1/0/3", "", "", 0, 0},
	{"IPv6", HEAD "1018 1102 20010db8000000000000000000000001 02 00000001 00 0000", true,
	 "02:00:00:00:00:01", "Gi1/0/3", "", "2001:db8::1", 0, 0},
	{"of several addresses the first", HEAD "1006 0501 0a000002 1006 0501 0a000003 0000", true,
	 "02:00:00:00:00:01", "Gi1/0/3", "", "10.0.0.2", 0, 0},
	{"an address that is cut", HEAD "1004 0501 0a00 0000", true, "02:00:00:00:00:01", "Gi1/0/3",
	 "", "", 0, 0},
	{"nothing", "", false},
	{"no port", CHASSIS TTL "0000", false},
	{"another order", PORT CHASSIS TTL "0000", false},
	{"a MAC of five bytes", "0206 04 0200000000" PORT TTL "0000", false},
	{"an empty chassis", "0201 04" PORT TTL "0000", false},
	{"a time of one byte", CHASSIS PORT "0601 00 0000", false},
	{"cut within a text", HEAD "0a09 7377", false},
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char room[LLDP_ID_TEXT_MAX], ip[IP_ADDR_TEXT] = "";
		uint8_t bytes[256];
		size_t n = bytes_of(cases[i].hex, bytes);
		uint8_t *exact = malloc(n + 1); /* a sanitizer sees a byte too far */
		struct slice text;
		struct lldp l;

		memcpy(exact, bytes, n);
		print_message("%s\n", cases[i].name);
		assert_int_equal(lldp_read(SLICE(exact, n), &l), cases[i].good);
		if (cases[i].good) {
			text = lldp_id_text(l.chassis_is, l.chassis, room);
			assert_true(slice_eq(text, slice_of(cases[i].chassis)));
			text = lldp_id_text(l.port_is, l.port, room);
			assert_memory_equal(text.data, cases[i].port, strlen(cases[i].port));
			assert_true(slice_eq(l.name, slice_of(cases[i].system_name)));
			if (!ip_addr_is_zero(&l.address))
				ip_addr_text(&l.address, ip, false);
			assert_string_equal(ip, cases[i].address);
			assert_int_equal(l.does, cases[i].does);
			assert_int_equal(l.vlan, cases[i].vlan);
		}
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
