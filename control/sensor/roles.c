#include "control/sensor/roles.h"

#include <stdio.h>
#include <string.h>

bool roles_want(const char *type)
{
	return strcmp(type, "dns") == 0;
}

static unsigned add(struct identity_fact *facts, unsigned n, const struct identity_end *about,
		    const char *role, const char *source)
{
	if (n == IDENTITY_FACTS || !about->inside || !ip_addr_is_host(&about->ip))
		return n;
	facts[n] = (struct identity_fact){.about = *about,
					  .kind = HOST_FACT_ROLE,
					  .source = source,
					  .confidence = CONFIDENCE_POTENTIAL};
	snprintf(facts[n].value, sizeof(facts[n].value), "%s", role);
	return n + 1;
}

/* Only what was answered: anybody can be asked. */
static bool answers(struct slice eve)
{
	static const char *const marks[] = {"\"type\":\"answer\"", "\"type\":\"response\""};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (memmem(eve.data, eve.len, marks[i], strlen(marks[i])))
			return true;
	}
	return false;
}

unsigned roles_read(struct hosts *h, const struct record_head *head, struct slice eve,
		    struct identity_fact facts[IDENTITY_FACTS], unsigned n)
{
	unsigned told = n;

	/* Its own ARP or ND says which address the MAC has that carries others' frames. */
	for (unsigned i = 0; i < told; i++) {
		if (facts[i].kind == HOST_FACT_SEEN && strcmp(head->type, "neighbour") == 0 &&
		    hosts_is_router(h, &facts[i].about.mac))
			n = add(facts, n, &facts[i].about, "gateway", facts[i].source);
	}
	if (strcmp(head->type, "dns") == 0 && head->dport == 53 && answers(eve)) {
		struct host_entry *known = hosts_find(h, &head->dst);
		struct identity_end server = {.ip = head->dst,
					      .inside = hosts_inside(h, &head->dst)};

		if (known)
			server.mac = known->mac;
		n = add(facts, n, &server, "dns-server", "dns");
	}
	return n;
}
