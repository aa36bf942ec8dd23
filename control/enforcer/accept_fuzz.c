/* A command as bytes from the wire: whatever is accepted names a host that is not protected, ours
 * to cut, in time and within bounds. */
#include <stdlib.h>
#include <string.h>

#include "control/enforcer/accept.h"
#include "dataplane/base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct accept_rules *r, const struct accept_order *o, uint64_t now)
{
	struct nft_change change = {NFT_ADD, &o->host};
	struct nft_layout layout = {.bridge = true};
	struct slice text;

	if (o->release)
		return;
	if (mac_addr_is_zero(&o->host.mac) && o->host.ips_n == 0)
		abort();
	if (o->lease_expires && o->lease_expires <= now)
		abort();
	for (unsigned i = 0; i < o->host.ips_n; i++) {
		if (ip_addr_eq(&o->host.ips[i], &r->never[0].addr) ||
		    !ip_addr_is_host(&o->host.ips[i]))
			abort();
	}
	if (nft_write(&layout, false, &change, 1, &text) == 0)
		free((void *)text.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct accept_rules rules = {.name = "gate-1", .site = "s", .mitigator = ""};
	static const struct identity signer = {ROLE_MITIGATOR, "m", "s"};
	uint64_t now = 1000000 * NS_PER_SEC;
	struct accept_order o;
	struct errmsg e = {""};
	struct message *m = message_decode(SLICE(data, size), &e);

	rules.never_n = 1;
	rules.never[0].bits = 128;
	if (ip_addr_parse("10.0.0.1", &rules.never[0].addr) < 0)
		abort();
	if (m && m->kind == MESSAGE_COMMAND) {
		if (accept_check(&rules, &m->command, &signer, now, &o, &e) == 0)
			check(&rules, &o, now);
		else if (!e.text[0])
			abort();
	}
	message_free(m);
	return 0;
}
