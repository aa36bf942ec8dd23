#include <jansson.h>
#include <string.h>

#include "control/mitigator/drivers/command/command.h"

static int read_held(const json_t *list, struct driver_answer *ret, struct errmsg *e)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_int_t cut = json_integer_value(json_object_get(item, "cut"));
		json_int_t drops = json_integer_value(json_object_get(item, "drops"));

		if (cut <= 0 || cut >= 1ll << 48 || drops < 0 || ret->items_n >= DRIVER_ITEMS)
			return errmsg_set(e, ERR_INVALID,
					  "\"held\" must be at most %d objects with \"cut\" and "
					  "\"drops\"",
					  DRIVER_ITEMS);
		ret->held[ret->items_n++] =
			(struct driver_held){.cut = (uint64_t)cut, .drops = (uint64_t)drops};
	}
	return 0;
}

static int read_root(const json_t *root, struct driver_answer *ret, struct errmsg *e)
{
	const json_t *ok = json_object_get(root, "ok"), *text = json_object_get(root, "text");
	json_int_t drops = json_integer_value(json_object_get(root, "drops"));

	if (!json_is_boolean(ok) || (text && !json_is_string(text)) || drops < 0)
		return errmsg_set(
			e, ERR_INVALID,
			"the answer must have \"ok\": true or false, and \"text\" a string");
	ret->outcome = json_is_true(ok) ? DRIVER_DONE : DRIVER_FAILED;
	ret->drops = (uint64_t)drops;
	ret->items_n = 0;
	ret->last = true;
	snprintf(ret->text, sizeof(ret->text), "%s", text ? json_string_value(text) : "");
	return ret->verb == DRIVER_LIST ? read_held(json_object_get(root, "held"), ret, e) : 0;
}

int command_answer_read(const char *text, size_t n, struct driver_answer *ret, struct errmsg *e)
{
	json_error_t error;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	int rc;

	if (!root)
		return errmsg_set(e, ERR_INVALID, "the answer is not JSON: %s", error.text);
	rc = read_root(root, ret, e);
	json_decref(root);
	return rc;
}
