#include <inttypes.h>
#include <string.h>

#include "control/wire/config.h"

static void indent(FILE *out, int depth)
{
	for (int i = 0; i < depth; i++)
		fputs("  ", out);
}

/* Double-quoted YAML: every text can be written so. */
static void quote(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void print_texts(const struct config_texts *t, FILE *out)
{
	fputs("[", out);
	for (size_t i = 0; i < t->n; i++) {
		fputs(i ? ", " : "", out);
		quote(out, t->items[i]);
	}
	fputs("]\n", out);
}

static void print_table(const struct config_key *keys, const void *conf, bool help, int depth,
			FILE *out);

static void print_items(const struct config_key *k, const struct config_items *items, int depth,
			FILE *out)
{
	fputs(items->n ? "\n" : "[]\n", out);
	for (size_t i = 0; i < items->n; i++) {
		indent(out, depth + 1);
		fputs("-\n", out);
		print_table(k->keys, (const char *)items->items + i * k->size, false, depth + 2,
			    out);
	}
}

static void print_value(const struct config_key *k, const void *member, bool help, int depth,
			FILE *out)
{
	switch (k->type) {
	case CONFIG_BOOL:
		fputs(*(const bool *)member ? "true\n" : "false\n", out);
		break;
	case CONFIG_UINT:
		fprintf(out, "%" PRIu64 "\n", *(const uint64_t *)member);
		break;
	case CONFIG_DOUBLE:
		fprintf(out, "%.17g\n", *(const double *)member);
		break;
	case CONFIG_WORD:
		fprintf(out, "%s\n", k->words[*(const int *)member]);
		break;
	case CONFIG_TEXT:
		quote(out, *(const char *const *)member ? *(const char *const *)member : "");
		fputc('\n', out);
		break;
	case CONFIG_TEXTS:
		print_texts(member, out);
		break;
	case CONFIG_GROUP:
		fputc('\n', out);
		print_table(k->keys, member, help, depth + 1, out);
		break;
	case CONFIG_ITEMS:
		print_items(k, member, depth, out);
		break;
	}
}

static void print_table(const struct config_key *keys, const void *conf, bool help, int depth,
			FILE *out)
{
	for (const struct config_key *k = keys; k->name; k++) {
		if (help && k->help) {
			indent(out, depth);
			fprintf(out, "# %s\n", k->help);
		}
		indent(out, depth);
		fprintf(out, "%s: ", k->name);
		print_value(k, (const char *)conf + k->offset, help, depth, out);
	}
}

int config_print(const struct config_key *keys, const void *conf, bool help, FILE *out)
{
	print_table(keys, conf, help, 0, out);
	return ferror(out) ? ERR_IO : 0;
}
