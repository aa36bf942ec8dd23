#include "signatures/lang/kw.h"

#include <string.h>

#include "signatures/lang/head.h"
#include "signatures/lang/index.h"
#include "signatures/lang/text.h"

/* dataset and datarep: is what the buffer holds in a list? */

static const char *const types[] = {
	[RULE_DATASET_STRING] = "string", [RULE_DATASET_MD5] = "md5",
	[RULE_DATASET_SHA256] = "sha256", [RULE_DATASET_IPV4] = "ipv4",
	[RULE_DATASET_IP] = "ip",
};

/* Options of both. */
struct options {
	bool type_given;
	enum rule_dataset_type type;
	const char *load, *save, *state;
	uint64_t memcap;
	uint32_t hashsize;
};

static bool read_type(const char *value, struct options *o)
{
	if (strcmp(value, "ipv6") == 0)
		value = "ip";
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i], value) == 0) {
			o->type = (enum rule_dataset_type)i;
			o->type_given = true;
			return true;
		}
	}
	return false;
}

/* 10, 10kb, 10mb, 10gb */
static bool read_size(const char *value, uint64_t *ret)
{
	size_t digits = strspn(value, "0123456789");
	char number[24];
	uint64_t factor = 1;

	if (digits == 0 || digits >= sizeof(number))
		return false;
	memcpy(number, value, digits);
	number[digits] = '\0';
	value += digits;
	if (lang_eq_nocase(value, "kb"))
		factor = UINT64_C(1) << 10;
	else if (lang_eq_nocase(value, "mb"))
		factor = UINT64_C(1) << 20;
	else if (lang_eq_nocase(value, "gb"))
		factor = UINT64_C(1) << 30;
	else if (*value)
		return false;
	if (!lang_u64(number, 10, UINT64_MAX / factor, ret))
		return false;
	*ret *= factor;
	return true;
}

/* A file that rules may have written must stay below the data directory. */
static int file_name(struct lang_build *b, const char *value, bool written, const char **ret)
{
	if (written && *value == '/')
		return lang_fail(b, "the file %s must be named relative to the data directory",
				 value);
	if (written && strstr(value, ".."))
		return lang_fail(b, "the file %s must stay below the data directory", value);
	*ret = lang_arena_intern(b->arena, slice_of(value));
	return ERR_OK;
}

static int read_option(struct lang_build *b, char *part, struct options *o)
{
	char *value = strpbrk(part, " \t");

	if (!value)
		return ERR_OK; /* a word alone says nothing, as in Suricata */
	*value = '\0';
	value = lang_trim(value + 1);
	if (strcmp(part, "type") == 0)
		return read_type(value, o) ? ERR_OK
					   : lang_fail(b, "there is no type \"%s\"", value);
	if (strcmp(part, "load") == 0)
		return file_name(b, value, false, &o->load);
	if (strcmp(part, "save") == 0)
		return file_name(b, value, true, &o->save);
	if (strcmp(part, "state") == 0)
		return file_name(b, value, true, &o->state);
	if (strcmp(part, "memcap") == 0 && !read_size(value, &o->memcap))
		return lang_fail(b, "\"%s\" is no size", value);
	if (strcmp(part, "hashsize") == 0 && !lang_u32(value, &o->hashsize))
		return lang_fail(b, "\"%s\" is no size of a table", value);
	return ERR_OK;
}

/* A set without a type must have been defined by a rule before; its type is never changed. */
static int check_type(struct lang_build *b, const char *name, struct options *o)
{
	void **place = lang_index_place(b->set->index, name, HEAD_DATASET);
	uintptr_t known = (uintptr_t)*place;

	if (!o->type_given) {
		if (!known)
			return lang_fail(b, "the set %s has no type yet", name);
		o->type = (enum rule_dataset_type)(known - 1);
		return ERR_OK;
	}
	if (known && known != (uintptr_t)o->type + 1)
		return lang_fail(b, "the set %s has the type %s already", name, types[known - 1]);
	*place = (void *)((uintptr_t)o->type + 1);
	return ERR_OK;
}

static int read_options(struct lang_build *b, char *rest, const char *name, struct options *o)
{
	char *part;

	if (!*name || strpbrk(name, " \t"))
		return lang_fail(b, "the name of a set is missing or holds blanks");
	while (rest && (part = lang_next(&rest, ','))) {
		if (read_option(b, lang_trim(part), o) != ERR_OK)
			return ERR_INVALID;
	}
	return check_type(b, name, o);
}

static struct rule_item *add(struct lang_build *b, enum rule_item_kind kind)
{
	if (!b->active && !b->active_base64) {
		lang_fail(b, "a sticky buffer must stand before it");
		return NULL;
	}
	return build_add_bytes(b, kind);
}

int kw_dataset(struct lang_build *b, char *arg)
{
	static const struct {
		const char *word;
		enum rule_bits_cmd cmd;
	} cmds[] = {{"isset", RULE_BIT_ISSET},
		    {"isnotset", RULE_BIT_ISNOTSET},
		    {"set", RULE_BIT_SET},
		    {"unset", RULE_BIT_UNSET}};
	struct rule_dataset *d = LANG_NEW(b->arena, struct rule_dataset);
	struct options o = {0};
	struct rule_item *item;
	char *word = lang_trim(lang_next(&arg, ',')), *name = lang_next(&arg, ',');
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds) && strcmp(cmds[i].word, word) != 0; i++)
		;
	if (i == ARRAY_SIZE(cmds) || !name)
		return lang_fail(b, "it needs set, unset, isset or isnotset, then a name");
	d->cmd = cmds[i].cmd;
	d->name = lang_arena_intern(b->arena, slice_of(lang_trim(name)));
	item = add(b, RULE_ITEM_DATASET);
	if (!item || read_options(b, arg, d->name, &o) != ERR_OK)
		return ERR_INVALID;
	d->type_given = o.type_given;
	d->type = o.type;
	d->load = o.load;
	d->save = o.save;
	d->state = o.state;
	d->memcap = o.memcap;
	d->hashsize = o.hashsize;
	item->dataset = d;
	return ERR_OK;
}

int kw_datarep(struct lang_build *b, char *arg)
{
	struct rule_datarep *d = LANG_NEW(b->arena, struct rule_datarep);
	struct options o = {0};
	struct rule_item *item;
	char *name = lang_trim(lang_next(&arg, ',')), *op = lang_next(&arg, ',');
	char *value = lang_next(&arg, ',');
	uint64_t n = 0;

	if (!value || !lang_one_of("<|>|==", lang_trim(op)) ||
	    !lang_u64(lang_trim(value), 10, UINT16_MAX, &n))
		return lang_fail(b, "it needs a name, one of < > == and a number from 0 to 65535");
	op = lang_trim(op);
	d->op = *op == '<' ? RULE_CMP_LT : *op == '>' ? RULE_CMP_GT : RULE_CMP_EQ;
	d->value = (uint16_t)n;
	d->name = lang_arena_intern(b->arena, slice_of(name));
	item = add(b, RULE_ITEM_DATAREP);
	if (!item || read_options(b, arg, d->name, &o) != ERR_OK)
		return ERR_INVALID;
	d->type = o.type;
	d->load = o.load;
	d->memcap = o.memcap;
	d->hashsize = o.hashsize;
	item->datarep = d;
	return ERR_OK;
}
