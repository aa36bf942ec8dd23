#include <jansson.h>
#include <string.h>

#include "control/enforcer/nft.h"

struct reader {
	struct nft_count *out;
	size_t max, n;
	unsigned sets; /* of the counted ones that were there */
};

/* {"elem":{"val":"10.0.0.5","counter":{"packets":3,"bytes":180}}} */
static void read_element(struct reader *r, const json_t *item)
{
	const json_t *elem = json_object_get(item, "elem");
	const char *val = json_string_value(json_object_get(elem, "val"));
	json_int_t packets =
		json_integer_value(json_object_get(json_object_get(elem, "counter"), "packets"));
	struct nft_count c = {.packets = packets > 0 ? (uint64_t)packets : 0};

	if (!val || r->n >= r->max)
		return;
	c.is_mac = mac_addr_parse(val, &c.mac) == 0;
	if (c.is_mac || ip_addr_parse(val, &c.ip) == 0)
		r->out[r->n++] = c;
}

static void read_set(struct reader *r, const json_t *set)
{
	static const char *const counted[] = {"from4", "from6", "mac"};
	const char *table = json_string_value(json_object_get(set, "table"));
	const char *family = json_string_value(json_object_get(set, "family"));
	const char *name = json_string_value(json_object_get(set, "name"));
	const json_t *item;
	size_t i;

	if (!table || !family || !name || strcmp(table, "banken") != 0)
		return;
	for (i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		if (strcmp(name, counted[i]) == 0)
			break;
	}
	if (i == sizeof(counted) / sizeof(counted[0]))
		return;
	r->sets += strcmp(family, "inet") == 0;
	json_array_foreach(json_object_get(set, "elem"), i, item)
	{
		read_element(r, item);
	}
}

/* One document; false when it is not nft's. */
static bool read_document(struct reader *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "nftables"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const json_t *set = json_object_get(item, "set");

		if (set)
			read_set(r, set);
	}
	return json_is_array(list);
}

/* The length of the white space at the start. */
static size_t blank(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\n'))
		n++;
	return n;
}

int nft_read(const char *text, size_t len, struct nft_count *ret, size_t max, size_t *ret_n,
	     struct errmsg *e)
{
	struct reader r = {.out = ret, .max = max};
	size_t done = blank(text, len);

	*ret_n = 0;
	while (done < len) {
		json_error_t error;
		json_t *root = json_loadb(text + done, len - done, JSON_DISABLE_EOF_CHECK, &error);
		bool right = root && read_document(&r, root);

		json_decref(root);
		if (!right || error.position <= 0)
			return errmsg_set(e, ERR_INVALID, "nft's listing is not what was expected");
		done += (size_t)error.position;
		done += blank(text + done, len - done);
	}
	if (r.sets != 3)
		return errmsg_set(e, ERR_NOTFOUND, "the table inet banken is not whole");
	*ret_n = r.n;
	return 0;
}
