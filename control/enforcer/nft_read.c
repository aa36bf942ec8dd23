#include <jansson.h>
#include <string.h>

#include "control/enforcer/nft.h"

/* The sets that count; a whole table has them all. */
static const char *const counted[] = {"from4", "from6", "mac"};

/* {"elem":{"val":"10.0.0.5","counter":{"packets":3,"bytes":180}}} */
static void read_element(const json_t *item, struct nft_counts *ret)
{
	const json_t *elem = json_object_get(item, "elem");
	const json_t *counter = json_object_get(elem, "counter");
	const char *val = json_string_value(json_object_get(elem, "val"));
	json_int_t packets = json_integer_value(json_object_get(counter, "packets"));
	struct nft_count c = {.packets = packets > 0 ? (uint64_t)packets : 0};

	if (!val || ret->n >= ret->max)
		return;
	c.is_mac = mac_addr_parse(val, &c.mac) == 0;
	if (c.is_mac || ip_addr_parse(val, &c.ip) == 0)
		ret->items[ret->n++] = c;
}

static bool is(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && strcmp(text, value) == 0;
}

/* True when it is one of the counted sets of our table. */
static bool read_set(const json_t *set, const char *family, struct nft_counts *ret)
{
	const json_t *item;
	bool ours = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counted); i++)
		ours = ours || is(set, "name", counted[i]);
	if (!ours || !is(set, "table", "banken") || !is(set, "family", family))
		return false;
	json_array_foreach(json_object_get(set, "elem"), i, item)
	{
		read_element(item, ret);
	}
	return true;
}

int nft_read(struct slice text, const char *family, struct nft_counts *ret, struct errmsg *e)
{
	json_error_t error;
	json_t *root = json_loadb((const char *)text.data, text.len, 0, &error);
	const json_t *list = json_object_get(root, "nftables"), *item;
	bool right = json_is_array(list);
	unsigned sets = 0;
	size_t i;

	json_array_foreach(list, i, item)
	{
		sets += read_set(json_object_get(item, "set"), family, ret);
	}
	json_decref(root);
	if (!right)
		return errmsg_set(e, ERR_INVALID, "nft's listing is not what was expected");
	if (sets != ARRAY_SIZE(counted))
		return errmsg_set(e, ERR_NOTFOUND, "the table %s banken is not whole", family);
	return 0;
}
