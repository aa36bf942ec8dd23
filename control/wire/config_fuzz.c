/* A configuration file of any bytes: accepted or one sentence; what is accepted is printed and read
 * back to the same. */
#include <stdlib.h>
#include <string.h>

#include "control/wire/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
	const char *name;
	int mode;
	double weight;
};

struct conf {
	const char *text;
	uint64_t number;
	bool flag;
	struct config_texts texts;
	struct item group;
	struct config_items items;
};

static const char *const words[] = {"monitor", "automatic", NULL};

static const struct config_key item_keys[] = {
	{"name", CONFIG_TEXT, offsetof(struct item, name), .required = true, .help = "h"},
	{"mode", CONFIG_WORD, offsetof(struct item, mode), "monitor", .words = words},
	{"weight", CONFIG_DOUBLE, offsetof(struct item, weight), "0.5", 0, 10},
	{0},
};

static const struct config_key keys[] = {
	{"text", CONFIG_TEXT, offsetof(struct conf, text), "x", .help = "h"},
	{"number", CONFIG_UINT, offsetof(struct conf, number), "5", 0, 1e15},
	{"flag", CONFIG_BOOL, offsetof(struct conf, flag), "false"},
	{"texts", CONFIG_TEXTS, offsetof(struct conf, texts), "a b", .max = 20},
	{"group", CONFIG_GROUP, offsetof(struct conf, group), .keys = item_keys},
	{"items", CONFIG_ITEMS, offsetof(struct conf, items), .keys = item_keys,
	 .size = sizeof(struct item), .max = 20},
	{0},
};

static char *print(const struct conf *c, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (config_print(keys, c, true, out))
		abort();
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {0};
	struct conf c, again;
	struct config *h = config_parse(keys, (const char *)data, size, "f", &c, sizeof(c), &e),
		      *h2;
	char *once, *twice;
	size_t len;

	if (!h) {
		if (e.text[0] == '\0' || strchr(e.text, '\n'))
			abort();
		return 0;
	}
	once = print(&c, &len);
	h2 = config_parse(keys, once, len, "f", &again, sizeof(again), &e);
	if (!h2)
		abort();
	twice = print(&again, &len);
	if (strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
	config_free(h2);
	config_free(h);
	return 0;
}
