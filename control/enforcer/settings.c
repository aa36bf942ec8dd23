#include "control/enforcer/settings.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/base/clock.h"

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

#define AT(member) offsetof(struct enforcer_settings, member)

static const struct config_key mitigator_keys[] = {
	{"address", CONFIG_TEXT, offsetof(struct enforcer_peer, address), "",
	 .help = "host:port to dial"},
	{"name", CONFIG_TEXT, offsetof(struct enforcer_peer, name), "", .max = 63,
	 .help = "the only one that may order, as in its certificate; empty = any of the site"},
	{.name = NULL},
};

#define NOTICE(member) offsetof(struct enforcer_notice, member)

static const struct config_key notice_keys[] = {
	{"port", CONFIG_UINT, NOTICE(port), "0", 0, 65535,
	 .help = "own port of the page, which cut hosts' requests to port 80 are redirected to; 0 "
		 "= "
		 "none"},
	{"organisation", CONFIG_TEXT, NOTICE(organisation), "", .max = NOTICE_TEXT,
	 .help = "shown on top of it"},
	{"contact", CONFIG_TEXT, NOTICE(contact), "", .max = NOTICE_TEXT,
	 .help = "whom to call, e.g. IT help desk, extension 1234"},
	{"contact-ja", CONFIG_TEXT, NOTICE(contact_ja), "", .max = NOTICE_TEXT,
	 .help = "the same in Japanese; empty = as contact"},
	{.name = NULL},
};

const struct config_key enforcer_keys[] = {
	{"notice", CONFIG_GROUP, AT(notice), .keys = notice_keys,
	 .help = "the page that a quarantined user meets"},
	{"mitigator", CONFIG_GROUP, AT(mitigator), .keys = mitigator_keys,
	 .help = "whose orders are carried out"},
	{"state-folder", CONFIG_TEXT, AT(state_folder), "/var/lib/banken/enforcer",
	 .help = "what is held cut, and answers not yet delivered"},
	{"keys-folder", CONFIG_TEXT, AT(keys_folder), "/etc/banken/keys/enforcer",
	 .help = "ca.crt, own.crt, own.key"},
	{"run-folder", CONFIG_TEXT, AT(run_folder), "/run/banken", .help = "local socket"},
	{"user", CONFIG_TEXT, AT(user), "", .help = "account to become, empty = stay"},
	{"group", CONFIG_TEXT, AT(group), "",
	 .help = "group that may change things over the local socket"},
	{"log-level", CONFIG_WORD, AT(log_level), "info", .words = levels,
	 .help = "error, warn, info or debug"},
	{"bridge", CONFIG_BOOL, AT(bridge), "true",
	 .help = "also drop on bridges of this machine, not only what it routes"},
	{"devices", CONFIG_TEXTS, AT(devices), "", .max = NFT_DEVICES,
	 .help = "interfaces to drop at their ingress too (needed with flowtable offload)"},
	{"never", CONFIG_TEXTS, AT(never), "", .max = ACCEPT_NEVER_MAX / 2,
	 .help = "addresses, prefixes and MACs that are never cut; this machine's own are added"},
	{"clock-skew", CONFIG_UINT, AT(clock_skew), "120", 0, 86400,
	 .help = "seconds that the mitigator's clock may be ahead"},
	{"report-ms", CONFIG_UINT, AT(report_ms), "200", 50, 60000,
	 .help = "milliseconds between drop counts of a fresh cut"},
	{.name = NULL},
};

int settings_layout(const struct enforcer_settings *s, struct nft_layout *ret, struct errmsg *e)
{
	memset(ret, 0, sizeof(*ret));
	ret->bridge = s->bridge;
	ret->notice_port = (uint16_t)s->notice.port;
	for (size_t i = 0; i < s->devices.n && i < NFT_DEVICES; i++) {
		if (strlen(s->devices.items[i]) >= NFT_DEVICE)
			return errmsg_set(e, ERR_INVALID,
					  "key 'devices': \"%.40s\" is too long for an interface",
					  s->devices.items[i]);
		snprintf(ret->devices[ret->devices_n++], NFT_DEVICE, "%s", s->devices.items[i]);
	}
	return 0;
}

int settings_notice(const struct enforcer_settings *s, struct notice_config *ret, struct errmsg *e)
{
	*ret = (struct notice_config){.port = (uint16_t)s->notice.port};
	if (!ret->port)
		return 0;
	if (ret->port < 1024)
		return errmsg_set(e, ERR_INVALID,
				  "key 'notice.port': %u needs root; take one from 1024 on",
				  ret->port);
	if (!s->notice.contact[0])
		return errmsg_set(
			e, ERR_INVALID,
			"key 'notice.contact' is missing: a page that does not say whom to "
			"call is of no use");
	snprintf(ret->texts.organisation, sizeof(ret->texts.organisation), "%s",
		 s->notice.organisation);
	snprintf(ret->texts.contact, sizeof(ret->texts.contact), "%s", s->notice.contact);
	snprintf(ret->texts.contact_ja, sizeof(ret->texts.contact_ja), "%s", s->notice.contact_ja);
	return 0;
}

int settings_rules(const struct enforcer_settings *s, struct accept_rules *ret, struct errmsg *e)
{
	memset(ret, 0, sizeof(*ret));
	ret->mitigator = s->mitigator.name;
	ret->skew_ns = s->clock_skew * NS_PER_SEC;
	for (size_t i = 0; i < s->never.n; i++) {
		struct nft_prefix *p = &ret->never[ret->never_n];
		const char *text = s->never.items[i];

		if (ret->never_macs_n < ACCEPT_MACS_MAX &&
		    mac_addr_parse(text, &ret->never_macs[ret->never_macs_n]) == 0)
			ret->never_macs_n++;
		else if (ret->never_n < ACCEPT_NEVER_MAX &&
			 ip_prefix_parse(text, &p->addr, &p->bits) == 0)
			ret->never_n++;
		else
			return errmsg_set(e, ERR_INVALID,
					  "key 'never': \"%.64s\" is no address, prefix or MAC",
					  text);
	}
	return 0;
}
