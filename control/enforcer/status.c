/* The local socket: what is held, for people and tests. */
#include <grp.h>

#include "control/enforcer/enforcer.h"

static json_t *addresses(const struct nft_host *h)
{
	json_t *list = json_array();
	char text[IP_ADDR_TEXT];

	if (!mac_addr_is_zero(&h->mac))
		json_array_append_new(list, json_string(mac_addr_text(&h->mac, text)));
	for (unsigned i = 0; i < h->ips_n; i++)
		json_array_append_new(list, json_string(ip_addr_text(&h->ips[i], text, false)));
	return list;
}

static json_t *held_list(struct enforcer *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < held_count(e->held); i++) {
		const struct held_cut *c = held_at(e->held, i);

		json_array_append_new(list,
				      json_pack("{ss so sI sb sI}", "command", c->id, "addresses",
						addresses(&c->host), "drops", (json_int_t)c->drops,
						"confirmed", c->confirmed, "lease_expires",
						(json_int_t)c->lease_expires));
	}
	return list;
}

static json_t *do_status(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *err)
{
	struct enforcer *e = ctx;
	struct link_status link;

	link_status(e->link, &link);
	return json_pack(
		"{sb ss sb ss so sI sI sI sI sI sb ss so}", "ok", 1, "program", "banken-enforcer",
		"connected", link.connected, "trouble_link", link.trouble, "held", held_list(e),
		"accepted", (json_int_t)e->count.accepted, "refused", (json_int_t)e->count.refused,
		"again", (json_int_t)e->count.again, "rebuilt", (json_int_t)e->count.rebuilt,
		"drift", (json_int_t)e->count.drift, "enforced", !e->broken, "trouble",
		e->broken ? e->trouble : "", "certificate", box_json(e->box));
}

static const struct local_command commands[] = {
	{"status", "connection, what is held cut and its drop counters", do_status, false},
};

int status_listen(struct enforcer *e, struct errmsg *err)
{
	struct group *group = e->settings.group[0] ? getgrnam(e->settings.group) : NULL;
	char path[512];
	struct local_setup setup = {.loop = e->loop,
				    .log = &e->log,
				    .path = path,
				    .group = group ? group->gr_gid : (gid_t)-1,
				    .commands = commands,
				    .n_commands = sizeof(commands) / sizeof(commands[0]),
				    .ctx = e};

	snprintf(path, sizeof(path), "%s/banken-enforcer.sock", e->settings.run_folder);
	e->local = local_server_new(&setup, err);
	return e->local ? 0 : ERR_IO;
}
