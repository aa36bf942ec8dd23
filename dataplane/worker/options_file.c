/* Options from a YAML file, by libyaml's events: mappings of scalars, nested as deep as the keys.
 */
#include "dataplane/worker/options.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

enum { DEPTH_MAX = 6, KEY_MAX = 128 };

struct reader {
	struct options *options;
	const char *path;
	struct errmsg *err;
	char key[KEY_MAX];
	size_t key_len[DEPTH_MAX + 1]; /* length of the key at each depth */
	unsigned depth;
	bool have_key;
};

static int refuse(struct reader *r, const yaml_event_t *event, const char *what)
{
	return errmsg_set(r->err, ERR_INVALID, "%s:%zu: %s", r->path, event->start_mark.line + 1,
			  what);
}

static int take_key(struct reader *r, const yaml_event_t *event, const char *text)
{
	size_t base = r->depth ? r->key_len[r->depth - 1] : 0;
	int n = snprintf(r->key + base, sizeof(r->key) - base, "%s%s", base ? "." : "", text);

	if (n < 0 || base + (size_t)n >= sizeof(r->key))
		return refuse(r, event, "the key is too long");
	r->key_len[r->depth] = base + (size_t)n;
	r->have_key = true;
	return ERR_OK;
}

static int take_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct errmsg why = {""};

	if (r->depth == 0)
		return refuse(r, event, "a list of \"key: value\" lines is expected");
	if (!r->have_key)
		return take_key(r, event, text);
	r->have_key = false;
	if (options_set(r->options, r->key, text, &why) != ERR_OK)
		return refuse(r, event, why.text);
	return ERR_OK;
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		r->depth--;
		r->depth++;
		return take_scalar(r, event);
	case YAML_MAPPING_START_EVENT:
		if (r->depth == DEPTH_MAX)
			return refuse(r, event, "nested too deep");
		if (r->depth > 0 && !r->have_key)
			return refuse(r, event, "a key is expected here");
		r->depth++;
		r->have_key = false;
		return ERR_OK;
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return ERR_OK;
	case YAML_SEQUENCE_START_EVENT:
		return refuse(r, event,
			      "a list is not expected here; write it as text: \"[a, b]\"");
	case YAML_ALIAS_EVENT:
		return refuse(r, event, "aliases are not supported");
	default:
		return ERR_OK;
	}
}

static int read_events(struct reader *r, yaml_parser_t *parser)
{
	bool end = false;
	int rc = ERR_OK;

	while (!end && rc == ERR_OK) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return errmsg_set(r->err, ERR_INVALID, "%s:%zu: not YAML: %s", r->path,
					  parser->problem_mark.line + 1, parser->problem);
		rc = take_event(r, &event);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return rc;
}

int options_load(struct options *o, const char *path, struct errmsg *err)
{
	struct reader r = {.options = o, .path = path, .err = err};
	yaml_parser_t parser;
	FILE *file = fopen(path, "re");
	struct stat st;
	int rc;

	if (file && fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(file);
		file = NULL;
		errno = EISDIR;
	}
	if (!file)
		return errmsg_set(err, ERR_IO, "%s: cannot be read (%s); give another file with -c",
				  path, strerror(errno));
	if (!yaml_parser_initialize(&parser)) {
		fclose(file);
		return errmsg_set(err, ERR_NOMEM, "no memory to read %s", path);
	}
	yaml_parser_set_input_file(&parser, file);
	rc = read_events(&r, &parser);
	yaml_parser_delete(&parser);
	fclose(file);
	return rc;
}
