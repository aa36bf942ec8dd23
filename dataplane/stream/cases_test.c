/* Runs the scripted connections of cases.txt, as they stand, and again with every data segment cut
 * at every place. With --print FILE the file is written out with what comes of each packet. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/stream/harness.h"

enum { LINE = 512, PACKETS = 64, WORDS = 24, DATA = 4096 };

struct script_packet {
	struct sim_packet p;
	bool is_end; /* "end": the flows end */
	char data[DATA];
	char line[LINE]; /* as written, without what is expected */
	char expected[LINE];
	unsigned number; /* of the line */
};

struct script {
	char name[64], head[LINE];
	struct stream_config config;
	uint32_t isn[2];
	struct script_packet packets[PACKETS];
	unsigned count;
};

struct judge {
	const char *file;
	bool print;
	unsigned cases, runs, packets, failed;
};

static void die(const struct judge *j, unsigned line, const char *why, const char *what)
{
	fprintf(stderr, "%s:%u: %s: %s\n", j->file, line, why, what);
	exit(2);
}

/* --- reading --- */

static const char *value_of(const char *word, const char *name)
{
	size_t n = strlen(name);

	return strncmp(word, name, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static bool set_policy(struct script *s, const char *name)
{
	static const char *const names[] = {"bsd",     "last",	  "linux", "old-linux",
					    "solaris", "windows", "vista"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0) {
			s->config.overlap = (enum stream_overlap)i;
			return true;
		}
	}
	return false;
}

static void read_head(const struct judge *j, struct script *s, char *line, unsigned number)
{
	char *word;

	*s = (struct script){.config = stream_config_default, .isn = {1000, 9000}};
	snprintf(s->head, sizeof(s->head), "%s", line);
	strtok(line, " ");
	word = strtok(NULL, " ");
	if (!word)
		die(j, number, "a case without a name", s->head);
	snprintf(s->name, sizeof(s->name), "%s", word);
	while ((word = strtok(NULL, " "))) {
		if (strcmp(word, "midstream") == 0)
			s->config.midstream = true;
		else if (strcmp(word, "async") == 0)
			s->config.async_oneside = true;
		else if (strcmp(word, "inline") == 0)
			s->config.inline_mode = true;
		else if (value_of(word, "depth"))
			s->config.depth = (uint32_t)strtoul(word + 6, NULL, 10);
		else if (value_of(word, "isn"))
			sscanf(word, "isn=%" SCNu32 ",%" SCNu32, &s->isn[0], &s->isn[1]);
		else if (strcmp(word, "alone") != 0 &&
			 !(value_of(word, "policy") && set_policy(s, word + 7)))
			die(j, number, "unknown setting", word);
	}
}

static uint8_t read_flags(const char *word)
{
	static const char names[] = "FSRPAUEC";
	uint8_t flags = 0;

	for (; *word; word++) {
		const char *at = strchr(names, *word);

		if (at)
			flags |= (uint8_t)(1 << (at - names));
	}
	return flags;
}

static void read_sack(struct sim_packet *p, const char *value)
{
	while (p->sack_count < 4 &&
	       sscanf(value, "%" SCNu32 "-%" SCNu32, &p->sack[2 * p->sack_count],
		      &p->sack[2 * p->sack_count + 1]) == 2) {
		p->sack_count++;
		value = strchr(value, ',');
		if (!value)
			return;
		value++;
	}
}

static void read_data(struct script_packet *sp, const char *word)
{
	unsigned n = 0;

	if (word[0] == 'x' && isdigit((unsigned char)word[1])) {
		n = (unsigned)strtoul(word + 1, NULL, 10);
		n = n < DATA ? n : DATA - 1;
		for (unsigned i = 0; i < n; i++)
			sp->data[i] = (char)('a' + (sp->p.seq + i) % 26);
	} else {
		n = (unsigned)snprintf(sp->data, sizeof(sp->data), "%s", word);
	}
	sp->p.data = sp->data;
	sp->p.len = n;
}

static void read_option(struct script_packet *sp, const char *word)
{
	struct sim_packet *p = &sp->p;
	const char *v;

	if ((v = value_of(word, "win"))) {
		p->window = (uint32_t)strtoul(v, NULL, 10);
		p->window = p->window ? p->window : SIM_ZERO_WINDOW;
	} else if ((v = value_of(word, "ws"))) {
		p->wscale = (uint8_t)(strtoul(v, NULL, 10) + 1);
	} else if ((v = value_of(word, "ts"))) {
		sscanf(v, "%" SCNu32 "/%" SCNu32, &p->ts, &p->echo);
		p->ts = p->ts ? p->ts : SIM_TS_ZERO;
	} else if ((v = value_of(word, "sack"))) {
		read_sack(p, v);
	} else if ((v = value_of(word, "after"))) {
		p->after_ms = (uint32_t)strtoul(v, NULL, 10) * 1000;
	} else if (strcmp(word, "sackok") == 0) {
		p->sack_ok = true;
	} else if (strcmp(word, "tfo") == 0) {
		p->fast_open = true;
	} else if (strcmp(word, "bad") == 0) {
		p->bad_checksum = true;
	} else if (strcmp(word, "urg") != 0) {
		read_data(sp, word);
	}
}

static void read_packet(const struct judge *j, struct script *s, char *line, unsigned number)
{
	struct script_packet *sp = &s->packets[s->count];
	char *expected = strstr(line, "=>"), *words[WORDS], *save = NULL;
	unsigned n = 0;

	if (s->count == PACKETS)
		die(j, number, "too many packets", line);
	if (expected) {
		*expected = '\0';
		snprintf(sp->expected, sizeof(sp->expected), "%s",
			 expected + 2 + strspn(expected + 2, " "));
	}
	for (size_t end = strlen(line); end && line[end - 1] == ' '; end--)
		line[end - 1] = '\0';
	snprintf(sp->line, sizeof(sp->line), "%s", line);
	sp->number = number;
	for (char *w = strtok_r(line, " ", &save); w && n < WORDS; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	s->count++;
	sp->is_end = n == 1 && strcmp(words[0], "end") == 0;
	if (sp->is_end)
		return;
	if (n < 4)
		die(j, number, "not a packet", sp->line);
	sp->p.from = words[0][0] == 'C' ? DIR_TS : DIR_TC;
	sp->p.flags = read_flags(words[1]);
	sp->p.seq = (uint32_t)strtoul(words[2], NULL, 10);
	sp->p.raw_ack = words[3][0] != '-';
	sp->p.ack = (uint32_t)strtoul(words[3], NULL, 10);
	for (unsigned i = 4; i < n; i++)
		read_option(sp, words[i]);
}

/* --- running --- */

static void add(char out[LINE], const char *format, ...) __attribute__((format(printf, 2, 3)));

#include <stdarg.h>

static void add(char out[LINE], const char *format, ...)
{
	size_t n = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + n, LINE - n, format, args);
	va_end(args);
}

static void add_chunk(const struct sim *s, const struct sim_chunk *c, char out[LINE])
{
	if (c->flags & STREAM_DATA_GAP)
		add(out, "(%u)", c->len);
	else if (c->len > 24)
		add(out, ".%u", c->len);
	else
		add(out, "%.*s", (int)c->len, (const char *)s->bytes[c->dir] + c->offset);
	if (c->flags & STREAM_DATA_EOF)
		add(out, c->flags & STREAM_DATA_DEPTH ? "#" : "$");
}

static void result_of(const struct sim *s, bool is_end, unsigned first_chunk, char out[LINE])
{
	out[0] = '\0';
	if (!is_end)
		add(out, "%s", sim_state(s));
	if (!is_end && s->events[0])
		add(out, " %s", s->events);
	for (unsigned d = 0; d < 2; d++) {
		bool any = false;

		for (unsigned i = first_chunk; i < s->chunk_count; i++) {
			if (s->chunks[i].dir != (enum dir)d)
				continue;
			if (!any)
				add(out, "%s%s:", out[0] ? " " : "", d == DIR_TS ? "ts" : "tc");
			any = true;
			add_chunk(s, &s->chunks[i], out);
		}
	}
	if (is_end && !out[0])
		add(out, "nothing");
}

static void step(struct judge *j, struct sim *s, const struct script *sc,
		 const struct script_packet *sp)
{
	unsigned first = s->chunk_count;
	char got[LINE];

	if (sp->is_end)
		sim_end_flows(s);
	else
		sim_send(s, &sp->p);
	j->packets++;
	result_of(s, sp->is_end, first, got);
	if (j->print) {
		printf("%s => %s\n", sp->line, got);
	} else if (strcmp(got, sp->expected) != 0) {
		fprintf(stderr, "%s:%u: %s: %s\n  expected %s\n  got      %s\n", j->file,
			sp->number, sc->name, sp->line, sp->expected, got);
		j->failed++;
	}
}

static struct sim *begin(const struct script *sc)
{
	struct sim *s = sim_new(&sc->config);

	s->isn[0] = sc->isn[0];
	s->isn[1] = sc->isn[1];
	return s;
}

struct total {
	uint64_t count[2];
	uint8_t *bytes[2];
	char events[4096];
};

static void total_free(struct total *t)
{
	free(t->bytes[0]);
	free(t->bytes[1]);
}

/* The whole case with packet `which` cut in two after `cut` bytes; no packet: as it stands. */
static void run_cut(struct judge *j, const struct script *sc, unsigned which, uint32_t cut,
		    struct total *t)
{
	struct sim *s = begin(sc);

	*t = (struct total){0};
	for (unsigned i = 0; i < sc->count; i++) {
		struct sim_packet one = sc->packets[i].p;

		if (sc->packets[i].is_end)
			continue;
		if (i == which) {
			struct sim_packet head = one;

			head.len = cut;
			head.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
			sim_send(s, &head);
			one.data += cut;
			one.len -= cut;
			one.seq += cut;
			one.after_ms = 0;
		}
		sim_send(s, &one);
	}
	sim_end_flows(s);
	j->runs++;
	for (unsigned d = 0; d < 2; d++) {
		uint64_t n = s->count[d] < SIM_BYTES ? s->count[d] : SIM_BYTES;

		t->count[d] = n;
		t->bytes[d] = malloc(n + 1);
		memcpy(t->bytes[d], s->bytes[d], n);
	}
	sim_free(s);
}

static bool may_cut(const struct script_packet *sp)
{
	return !sp->is_end && sp->p.len > 1 && !(sp->p.flags & (TCP_SYN | TCP_RST));
}

/* What is delivered does not depend on how a sender cuts its bytes. (Cases in which segments meet
 * are left out: there the cut decides who came first.) */
static void every_cut(struct judge *j, const struct script *sc)
{
	struct total whole;

	if (strstr(sc->name, "overlap") || strstr(sc->name, "other-bytes") ||
	    strstr(sc->name, "acknowledgement") || strstr(sc->name, "window") ||
	    strstr(sc->name, "timestamp"))
		return;
	run_cut(j, sc, PACKETS, 0, &whole);
	for (unsigned i = 0; i < sc->count; i++) {
		for (uint32_t cut = 1; may_cut(&sc->packets[i]) && cut < sc->packets[i].p.len;
		     cut++) {
			struct total t;

			run_cut(j, sc, i, cut, &t);
			for (unsigned d = 0; d < 2; d++) {
				if (t.count[d] == whole.count[d] &&
				    memcmp(t.bytes[d], whole.bytes[d], t.count[d]) == 0)
					continue;
				fprintf(stderr,
					"%s: %s: packet %u cut at %u: direction %u differs: %.*s "
					"and %.*s\n",
					j->file, sc->name, i + 1, cut, d, (int)t.count[d],
					(const char *)t.bytes[d], (int)whole.count[d],
					(const char *)whole.bytes[d]);
				j->failed++;
			}
			total_free(&t);
		}
	}
	total_free(&whole);
}

static void run(struct judge *j, const struct script *sc)
{
	struct sim *s = begin(sc);

	if (j->print)
		printf("%s\n", sc->head);
	for (unsigned i = 0; i < sc->count; i++)
		step(j, s, sc, &sc->packets[i]);
	j->cases++;
	sim_free(s);
	if (!j->print)
		every_cut(j, sc);
}

static void finish(struct judge *j, struct script *sc)
{
	static char end[] = "end";

	if (!sc->name[0])
		return;
	if (j->print && (!sc->count || !sc->packets[sc->count - 1].is_end))
		read_packet(j, sc, end, 0);
	run(j, sc);
	sc->name[0] = '\0';
}

int main(int argc, char **argv)
{
	static struct script sc;
	struct judge j = {.file = argv[argc - 1], .print = argc == 3};
	char line[LINE];
	unsigned number = 0;
	FILE *in = argc > 1 ? fopen(j.file, "r") : NULL;

	if (!in) {
		fprintf(stderr, "usage: %s [--print] CASES\n", argv[0]);
		return 2;
	}
	while (fgets(line, sizeof(line), in)) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "case ", 5) == 0) {
			read_head(&j, &sc, line, number);
		} else if (line[0] && line[0] != '#') {
			read_packet(&j, &sc, line, number);
		} else {
			finish(&j, &sc);
			if (j.print)
				puts(line);
		}
	}
	finish(&j, &sc);
	fclose(in);
	if (!j.print)
		printf("%u cases, %u packets, %u runs with cuts, %u failures\n", j.cases, j.packets,
		       j.runs, j.failed);
	return j.failed || !j.cases ? 1 : 0;
}
