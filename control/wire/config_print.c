#include <inttypes.h>
#include <string.h>

#include "control/wire/config.h"
#include "control/wire/utf8.h"

static void indent(FILE *out, int depth)
{
	for (int i = 0; i < depth; i++)
		fputs("  ", out);
}

/* Characters that YAML takes for line ends or does not allow as they are (YAML 1.1, 5.1). */
static bool needs_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

static uint32_t code_point(const char *s, size_t n)
{
	static const uint8_t first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (uint8_t)s[0] & first[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	return c;
}

/* Double-quoted YAML: every text can be written so. */
static void quote(FILE *out, const char *s)
{
	size_t len = strlen(s);

	fputc('"', out);
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c;

		n = utf8_sequence(s + i, len - i);
		if (n == 0) { /* config_value_text lets none in */
			fputc('?', out);
			n = 1;
			continue;
		}
		c = code_point(s + i, n);
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", (int)c);
		else if (needs_escape(c))
			fprintf(out, "\\u%04x", (unsigned)c);
		else
			fwrite(s + i, 1, n, out);
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
