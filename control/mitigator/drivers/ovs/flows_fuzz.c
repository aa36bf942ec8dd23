/* What Open vSwitch's tools print, as somebody else could have written it: every reader stays
 * within its bounds and agrees with itself. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/ovs/flows.h"

enum { MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_held(const char *text)
{
	struct driver_held held[MAX];
	unsigned n = ovs_flows_read(text, held, MAX), flows = 0;

	if (n > MAX)
		abort();
	for (unsigned i = 0; i < n; i++) {
		unsigned count = ovs_flows_count(text, held[i].cut);

		if (count == 0 || held[i].cut & OVS_COOKIE_MASK)
			abort();
		flows += count;
		for (unsigned j = 0; j < i; j++) {
			if (held[j].cut == held[i].cut)
				abort();
		}
	}
	if (flows < n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ovs_fdb_entry fdb[MAX];
	struct ovs_port ports[MAX];
	char *text = malloc(size + 1);
	unsigned n;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	check_held(text);
	n = ovs_fdb_read(text, fdb, MAX);
	for (unsigned i = 0; i < n; i++) {
		if (fdb[i].vlan > 4095)
			abort();
	}
	n = ovs_ports_read(text, ports, MAX);
	for (unsigned i = 0; i < n; i++) {
		if (ports[i].number == 0 || ports[i].number > UINT16_MAX || !ports[i].name[0])
			abort();
	}
	ovs_fdb_moves(text);
	free(text);
	return 0;
}
