#include "signatures/lang/kw.h"

#include <string.h>

#include "signatures/lang/text.h"

/* Keywords on files. Their items stand in the list "files", except those on a file's name and type,
 * which are contents of the buffers file.name and file.magic. */

static struct rule_item *add_to_files(struct lang_build *b, enum rule_item_kind kind)
{
	b->flags |= BUILD_FILE;
	return build_add_to(b, NULL, "files", kind);
}

/* filename:"x", fileext:"x", filemagic:"x": as content in the buffer, in any case of letters;
 * an extension with its dot at the end of the name. */
int kw_file_buffer(struct lang_build *b, char *arg)
{
	const struct lang_buffer *buffer = lang_buffer_find(b->keyword->detail);
	struct rule_content *c = LANG_NEW(b->arena, struct rule_content);
	bool extension = strcmp(b->keyword->name, "fileext") == 0;
	struct rule_item *item;

	if (kw_bytes(b, arg, &c->bytes) != ERR_OK)
		return ERR_INVALID;
	if (extension) {
		uint8_t *dotted = lang_arena_take(b->arena, c->bytes.len + 1);

		dotted[0] = '.';
		memcpy(dotted + 1, c->bytes.data, c->bytes.len);
		c->bytes = SLICE(dotted, c->bytes.len + 1);
		c->flags |= RULE_CONTENT_ENDSWITH;
	}
	c->flags |= RULE_CONTENT_NOCASE | (b->negated ? RULE_CONTENT_NEGATED : 0);
	b->flags |= BUILD_FILE;
	if (strcmp(buffer->name, "file.name") == 0)
		b->flags |= BUILD_FILENAME;
	item = build_add_to(b, buffer, NULL, RULE_ITEM_CONTENT);
	if (!item)
		return ERR_INVALID;
	item->content = c;
	return ERR_OK;
}

int kw_file_hash(struct lang_build *b, char *arg)
{
	static const struct {
		const char *name;
		uint8_t length;
	} algorithms[] = {{"filemd5", 16}, {"filesha1", 20}, {"filesha256", 32}};
	struct rule_hash_list *h = LANG_NEW(b->arena, struct rule_hash_list);
	struct rule_item *item;

	arg = lang_trim(arg);
	h->negated = *arg == '!';
	arg = lang_trim(arg + h->negated);
	if (!*arg || strpbrk(arg, " \t\""))
		return lang_fail(b, "it needs the name of a file with hashes");
	h->path = lang_arena_intern(b->arena, slice_of(arg));
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		if (strcmp(algorithms[i].name, b->keyword->name) == 0)
			h->algorithm = algorithms[i].length;
	}
	item = add_to_files(b, RULE_ITEM_FILE_HASH);
	if (!item)
		return ERR_INVALID;
	item->hash_list = h;
	return ERR_OK;
}

int kw_filesize(struct lang_build *b, char *arg)
{
	struct rule_uint *u = LANG_NEW(b->arena, struct rule_uint);
	struct rule_item *item;

	if (kw_uint_arg(b, arg, 64, true, u) != ERR_OK)
		return ERR_INVALID;
	item = add_to_files(b, RULE_ITEM_FILESIZE);
	if (!item)
		return ERR_INVALID;
	item->uint = u;
	return ERR_OK;
}

/* filestore:direction,scope; an unknown word means the default, as in Suricata. */
int kw_filestore(struct lang_build *b, char *arg)
{
	struct rule_filestore *f = LANG_NEW(b->arena, struct rule_filestore);
	char *args[2] = {NULL, NULL};
	unsigned n = arg ? lang_split(arg, ',', args, 2) : 0;
	const char *direction = n > 0 ? args[0] : "", *scope = n > 1 ? args[1] : "";

	for (unsigned i = 0; i < n; i++) {
		for (const char *c = i < 2 ? args[i] : "!"; *c; c++) {
			if (!lang_alpha(*c) && *c != '_')
				return lang_fail(b,
						 "it needs a direction (request, response, both), "
						 "then perhaps a scope (file, tx, ssn, flow)");
		}
	}

	f->to_server = f->to_client = true;
	f->explicit_direction = lang_one_of("request|to_server|response|to_client|both", direction);
	if (lang_one_of("request|to_server", direction))
		f->to_client = false;
	else if (lang_one_of("response|to_client", direction))
		f->to_server = false;
	f->scope = strcmp(scope, "tx") == 0			     ? RULE_STORE_TX
		   : strcmp(scope, "ssn") == 0			     ? RULE_STORE_SSN
		   : strcmp(scope, "flow") == 0 /* the same thing */ ? RULE_STORE_FLOW
								     : RULE_STORE_FILE;
	b->flags |= BUILD_FILE | BUILD_FILESTORE;
	/* It stands in both lists, as in Suricata; only the second one is kept. */
	if (!build_add_to(b, NULL, "files", RULE_ITEM_FILESTORE))
		return ERR_INVALID;
	build_add(b, &b->post, RULE_ITEM_FILESTORE)->filestore = f;
	return ERR_OK;
}
