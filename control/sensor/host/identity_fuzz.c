/* Any EVE line: facts are bounded text about inside hosts, whatever it holds. The first byte picks
 * the record's type. */
#include <stdlib.h>
#include <string.h>

#include "control/sensor/host/identity.h"
#include "control/wire/utf8.h"
#include "dataplane/base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {"dhcp", "dhcp_ask", "mdns", "llmnr", "nbns",
				    "krb5", "smb",	"http", "ssh",	 "flow"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t inside[] = {10, 0, 0, 5}, outside[] = {192, 0, 2, 1};
	struct identity_fact facts[IDENTITY_FACTS];
	struct identity_record r = {.time = 1};
	json_t *line;
	unsigned n;

	if (size < 2)
		return 0;
	r.type = types[data[0] % ARRAY_SIZE(types)];
	line = json_loadb((const char *)data + 1, size - 1, JSON_ALLOW_NUL, NULL);
	r.line = line;
	r.src = (struct identity_end){.ip = ip_addr_v4(inside), .inside = true};
	r.dst = (struct identity_end){.ip = ip_addr_v4(outside)};
	n = identity_read(&r, facts);
	if (n > IDENTITY_FACTS || (n && !identity_wants(r.type)))
		abort();
	for (unsigned i = 0; i < n; i++) {
		size_t len = strnlen(facts[i].value, IDENTITY_VALUE);

		if (len == IDENTITY_VALUE || !facts[i].about.inside || !facts[i].source ||
		    !utf8_valid(facts[i].value, len))
			abort();
		if (facts[i].kind != HOST_FACT_SEEN && len == 0)
			abort();
	}
	json_decref(line);
	return 0;
}
