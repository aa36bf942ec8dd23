#include "control/enforcer/accept.h"

#include <string.h>

bool accept_id_ok(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:");

	return n > 0 && n < ACCEPT_ID_MAX && id[n] == 0;
}

static int check_sender(const struct accept_rules *r, const struct quarantine_command *c,
			const struct identity *signer, struct errmsg *e)
{
	if (!accept_id_ok(c->command_id))
		return errmsg_set(e, ERR_DENIED, "the command's id is missing or malformed");
	if (signer->role != ROLE_MITIGATOR)
		return errmsg_set(e, ERR_DENIED, "signed by a %s, not by a mitigator",
				  role_text(signer->role));
	if (strcmp(signer->site, r->site) != 0)
		return errmsg_set(e, ERR_DENIED, "a foreign command: of site %s, this is %s",
				  signer->site, r->site);
	if (r->mitigator[0] && strcmp(signer->name, r->mitigator) != 0)
		return errmsg_set(e, ERR_DENIED, "ordered by %s, but only %s may order here",
				  signer->name, r->mitigator);
	if (c->target[0] && strcmp(c->target, r->name) != 0)
		return errmsg_set(e, ERR_DENIED, "a foreign command: for %s, this is %s", c->target,
				  r->name);
	if (strcmp(c->method, "enforcer") != 0)
		return errmsg_set(e, ERR_DENIED, "a foreign command: its method is \"%s\"",
				  c->method);
	return 0;
}

static int check_times(const struct accept_rules *r, const struct quarantine_command *c,
		       uint64_t now, struct errmsg *e)
{
	if (c->order_expires == 0 || c->order_expires < now)
		return errmsg_set(e, ERR_DENIED, "the command expired %llu s ago",
				  (unsigned long long)((now - c->order_expires) / 1000000000));
	if (c->issued > now && c->issued - now > r->skew_ns)
		return errmsg_set(e, ERR_DENIED,
				  "the command is from %llu s in the future: set the clocks",
				  (unsigned long long)((c->issued - now) / 1000000000));
	if (c->action == COMMAND_BLOCK && c->lease_expires == 0)
		return errmsg_set(e, ERR_DENIED, "a block must say when it ends");
	if (c->lease_expires && c->lease_expires <= now && c->action != COMMAND_RELEASE)
		return errmsg_set(e, ERR_DENIED, "its lease is over already");
	return 0;
}

static void add_ip(struct nft_host *h, const struct ip_addr *ip)
{
	for (unsigned i = 0; i < h->ips_n; i++) {
		if (ip_addr_eq(&h->ips[i], ip))
			return;
	}
	if (h->ips_n < NFT_IPS && ip_addr_is_host(ip))
		h->ips[h->ips_n++] = *ip;
}

int accept_host(const struct quarantine_command *c, struct nft_host *ret, struct errmsg *e)
{
	memset(ret, 0, sizeof(*ret));
	if (mac_addr_is_host(&c->host.mac))
		ret->mac = c->host.mac;
	add_ip(ret, &c->host.ip);
	for (size_t i = 0; i < c->more_ips.n; i++)
		add_ip(ret, &c->more_ips.items[i]);
	if (c->exempt.n > NFT_EXEMPTS)
		return errmsg_set(e, ERR_INVALID, "%zu exemptions, at most %d fit", c->exempt.n,
				  NFT_EXEMPTS);
	for (size_t i = 0; i < c->exempt.n; i++) {
		struct nft_prefix *p = &ret->exempts[ret->exempts_n++];

		if (ip_prefix_parse(c->exempt.items[i], &p->addr, &p->bits) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "the exemption \"%.64s\" is no address or prefix",
					  c->exempt.items[i]);
	}
	if (mac_addr_is_zero(&ret->mac) && ret->ips_n == 0)
		return errmsg_set(e, ERR_INVALID, "no address that belongs to one host");
	return 0;
}

static int check_protected(const struct accept_rules *r, const struct nft_host *h, struct errmsg *e)
{
	char text[IP_ADDR_TEXT];

	for (size_t i = 0; i < r->never_macs_n; i++) {
		if (mac_addr_eq(&r->never_macs[i], &h->mac))
			return errmsg_set(e, ERR_DENIED, "%s is protected here",
					  mac_addr_text(&h->mac, text));
	}
	for (size_t i = 0; i < r->never_n; i++) {
		for (unsigned j = 0; j < h->ips_n; j++) {
			if (ip_addr_in_prefix(&h->ips[j], &r->never[i].addr, r->never[i].bits))
				return errmsg_set(e, ERR_DENIED, "%s is protected here",
						  ip_addr_text(&h->ips[j], text, false));
		}
	}
	return 0;
}

int accept_check(const struct accept_rules *r, const struct quarantine_command *c,
		 const struct identity *signer, uint64_t now, struct accept_order *ret,
		 struct errmsg *e)
{
	memset(ret, 0, sizeof(*ret));
	if (check_sender(r, c, signer, e) < 0)
		return ERR_DENIED;
	if (c->action != COMMAND_QUARANTINE && c->action != COMMAND_BLOCK &&
	    c->action != COMMAND_RELEASE)
		return errmsg_set(e, ERR_DENIED, "an enforcer cannot do \"%s\"",
				  command_action_text(c->action));
	if (c->scope == COMMAND_SCOPE_INTERNAL_ONLY)
		return errmsg_set(e, ERR_DENIED, "the scope internal-only is not supported here");
	if (check_times(r, c, now, e) < 0)
		return ERR_DENIED;
	ret->release = c->action == COMMAND_RELEASE;
	ret->lease_expires = c->lease_expires;
	if (accept_host(c, &ret->host, e) < 0 && !ret->release)
		return ERR_DENIED;
	return ret->release ? 0 : check_protected(r, &ret->host, e);
}
