/* Detections as JSON: one object, or an array. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/external/private.h"
#include "control/wire/text.h"
#include "dataplane/base/slice.h"

static unsigned severity_of(const json_t *value)
{
	static const char *const words[] = {"info", "low", "medium", "high", "critical"};
	static const unsigned numbers[] = {1, 3, 5, 8, 10};
	const char *text = json_string_value(value);

	if (json_is_number(value)) {
		double n = json_number_value(value);

		return n <= 0 ? 0 : n >= 10 ? 10 : (unsigned)n;
	}
	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return numbers[i];
	}
	return 5;
}

static bool take(const json_t *o, struct external_event *ev)
{
	const struct {
		const char *key;
		char *to;
		size_t cap;
	} texts[] = {
		{"vendor", ev->vendor, sizeof(ev->vendor)},
		{"source", ev->product, sizeof(ev->product)},
		{"rule", ev->rule, sizeof(ev->rule)},
		{"name", ev->name, sizeof(ev->name)},
		{"id", ev->id, sizeof(ev->id)},
		{"host", ev->host_name, sizeof(ev->host_name)},
		{"user", ev->user, sizeof(ev->user)},
		{"file", ev->file, sizeof(ev->file)},
		{"sha256", ev->hash, sizeof(ev->hash)},
		{"url", ev->url, sizeof(ev->url)},
		{"technique", ev->technique, sizeof(ev->technique)},
	};
	const json_t *time = json_object_get(o, "time");

	*ev = (struct external_event){0};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *s = text_member(o, texts[i].key);

		external_text(texts[i].to, texts[i].cap, s, strlen(s));
	}
	(void)ip_addr_parse(text_member(o, "ip"), &ev->host);
	(void)ip_addr_parse(text_member(o, "peer"), &ev->peer);
	(void)mac_addr_parse(text_member(o, "mac"), &ev->mac);
	ev->severity = severity_of(json_object_get(o, "severity"));
	ev->outcome = external_outcome_of(text_member(o, "action"));
	if (json_is_integer(time) && json_integer_value(time) > 0 &&
	    json_integer_value(time) < 10000000000LL)
		ev->time = (uint64_t)json_integer_value(time) * 1000000000ULL;
	else
		ev->time = external_time(text_member(o, "time"));
	return ev->name[0] && ev->product[0];
}

int external_json(struct slice text, struct external_event *ret, unsigned max, struct errmsg *e)
{
	json_error_t why;
	json_t *root, *item;
	unsigned n = 0;
	size_t i;

	if (text.len > EXTERNAL_MAX)
		return errmsg_set(e, ERR_LIMIT, "a document of %zu bytes is too long", text.len);
	root = json_loadb((const char *)text.data, text.len, 0, &why);
	if (!root)
		return errmsg_set(e, ERR_INVALID, "no JSON: %s", why.text);
	if (json_is_object(root)) {
		n = take(root, &ret[0]);
	} else {
		json_array_foreach(root, i, item)
		{
			if (n < max && json_is_object(item))
				n += take(item, &ret[n]);
		}
	}
	json_decref(root);
	return n ? (int)n
		 : errmsg_set(e, ERR_INVALID, "there is no event with a \"source\" and a \"name\"");
}
