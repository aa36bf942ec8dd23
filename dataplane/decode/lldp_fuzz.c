/* Any bytes as an LLDP data unit. Asserted: every text lies in them, every identifier has a text.
 */
#include <assert.h>

#include "dataplane/decode/lldp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct slice s, const uint8_t *data, size_t size)
{
	assert(s.len == 0 || (s.data >= data && s.data + s.len <= data + size && s.len < 512));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char room[LLDP_ID_TEXT_MAX];
	struct lldp l;

	if (!lldp_read(SLICE(data, size), &l))
		return 0;
	inside(l.chassis, data, size);
	inside(l.port, data, size);
	inside(l.port_text, data, size);
	inside(l.name, data, size);
	inside(l.system, data, size);
	assert(l.chassis.len > 0 && l.port.len > 0 && (l.does & ~l.can) == 0 && l.vlan < 4096);
	assert(lldp_id_text(l.chassis_is, l.chassis, room).len < LLDP_ID_TEXT_MAX);
	assert(lldp_id_text(l.port_is, l.port, room).len < LLDP_ID_TEXT_MAX);
	return 0;
}
