#include "control/cli/usage.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/base/slice.h"

enum { WORDS_MAX = 24, GAP = 2 };

/* A line of the help: its words up to the explanation, which begins behind two blanks. */
struct synopsis {
	struct slice words[WORDS_MAX];
	unsigned n;
	const char *text; /* of all of them */
	size_t len;
};

static const char *const fillings[][2] = {
	{"HOST", "10.0.0.21"},
	{"NAME", "yamada"},
	{"CUSTOMER", "aoba"},
	{"ID", "aoba"},
	{"SITE", "sendai-plant"},
	{"COMMAND", "mitigator-1-7.0"},
	{"TASK", "17"},
	{"N", "12"},
	{"N:HASH", "12:0f3c"},
	{"ROLE", "viewer"},
	{"ADDRESS", "soc@example.jp"},
	{"FILE.zip", "kept.zip"},
	{"FILE.csv", "judgements.csv"},
	{"FILE", "office.yaml"},
	{"SCOPE", "fleet"},
	{"BOX", "sensor-1"},
	{"GROUP", "offices"},
	{"VERSION", "3"},
	{"KIND", "bundle"},
	{"CODE", "KX7P-2M4Q"},
	{"HOST:PORT", "centre.example.jp:7444"},
	{"TEXT", "\"checked by Sato\""},
	{"ACTION", "mail"},
	{"SENSOR", "sensor-1"},
	{"MODE", "approve"},
};

static struct synopsis read_line(const char *line, size_t len)
{
	struct synopsis s = {.text = line};
	size_t at = 0;
	bool optional = false;

	while (at < len && s.n < WORDS_MAX) {
		size_t begin = at;

		while (at < len && line[at] != ' ')
			at++;
		/* What may be left out is none of the words that must be there. */
		optional = optional || line[begin] == '[';
		if (!optional)
			s.words[s.n++] = SLICE(line + begin, at - begin);
		optional = optional && !memchr(line + begin, ']', at - begin);
		s.len = at;
		if (at + 1 < len && line[at] == ' ' && line[at + 1] == ' ')
			break;
		at++;
	}
	return s;
}

static bool is_filled_in(const struct slice *w)
{
	return w->len && isupper((unsigned char)w->data[0]);
}

static bool same(const char *word, const uint8_t *data, size_t n)
{
	return strlen(word) == n && memcmp(word, data, n) == 0;
}

/* "role|password|off" names several. */
static bool is_word(const struct slice *w, const char *word)
{
	size_t begin = 0;

	for (size_t i = 0; i <= w->len; i++) {
		if (i < w->len && w->data[i] != '|')
			continue;
		if (i > begin && same(word, w->data + begin, i - begin))
			return true;
		begin = i + 1;
	}
	return false;
}

/* How many of the words given are the line's own; 0 when one that is a name in it is another. */
static unsigned agrees(const struct synopsis *s, int argc, char *const *argv)
{
	unsigned own = 0;

	for (unsigned i = 0; i < s->n && (int)i + 1 < argc; i++) {
		if (is_filled_in(&s->words[i]))
			continue;
		if (!is_word(&s->words[i], argv[i + 1]))
			return 0;
		own++;
	}
	return own;
}

static void fill_in(FILE *to, const struct slice *w, const char *given)
{
	for (size_t i = 0; i < sizeof(fillings) / sizeof(fillings[0]); i++) {
		if (is_filled_in(w) && same(fillings[i][0], w->data, w->len)) {
			fputs(fillings[i][1], to);
			return;
		}
	}
	if (given)
		fputs(given, to);
	else
		fprintf(to, "%.*s", (int)strcspn((const char *)w->data, "| "), w->data);
}

static void say_line(FILE *to, const struct synopsis *s, int argc, char *const *argv)
{
	unsigned at = argc > 0 ? (unsigned)argc - 1 : 0;

	if (at < s->n) {
		fprintf(to, "banken:");
		for (int i = 0; i < argc; i++)
			fprintf(to, " %.60s", argv[i]);
		fprintf(to, ": %.*s is missing\n", (int)s->words[at].len, s->words[at].data);
	}
	fprintf(to, "usage: banken %s %.*s\n", argv[0], (int)s->len, s->text);
	fprintf(to, "example: banken %s", argv[0]);
	for (unsigned i = 0; i < s->n; i++) {
		fputc(' ', to);
		fill_in(to, &s->words[i],
			!is_filled_in(&s->words[i]) && (int)i + 1 < argc ? argv[i + 1] : NULL);
	}
	fputc('\n', to);
}

void usage_say(FILE *to, const char *help, int argc, char *const *argv)
{
	unsigned best = 0;
	struct synopsis found = {.n = 0};
	const char *line = help ? help : "";

	while (*line && strncmp(line, "examples:", 9) != 0) {
		size_t len = strcspn(line, "\n");

		if (len > GAP && memcmp(line, "  ", GAP) == 0 && line[GAP] != ' ') {
			struct synopsis s = read_line(line + GAP, len - GAP);
			unsigned own = agrees(&s, argc, argv);

			/* Of lines that begin alike the first that still lacks a word. */
			if (own > best) {
				best = own;
				found = s;
			}
		}
		line += len + (line[len] == '\n');
	}
	if (best)
		say_line(to, &found, argc, argv);
	else
		fprintf(to, "banken: that is none of its commands: banken %s --help\n", argv[0]);
}
