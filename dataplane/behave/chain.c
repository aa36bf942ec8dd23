/* Chain downloads (T1105): a host gets a program or script, and shortly after another program from
 * somewhere else: the first fetched the next. */
#include "dataplane/behave/past.h"

struct chain_entry { /* one client */
	struct behave_entry entry;
	uint64_t first_ns;
	struct ip_addr from;
	char name[64];
	const char *what;
	uint32_t steps;
	bool program, named;
	bool popular; /* more than a few hosts here call that place: updates */
};

static const struct behave_sign sign = {2110,
					"BANKEN download that led to the next download",
					"TA0011",
					"T1105",
					"A Network Trojan was detected",
					BEHAVE_HIGH,
					false};

/* Magic numbers of what can run or make others run. */
static const struct {
	const char *bytes;
	uint8_t len;
	bool program; /* else it can only be the first step */
	const char *what;
} kinds[] = {
	{"MZ", 2, true, "a Windows program"},
	{"\177ELF", 4, true, "a Linux program"},
	{"#!", 2, true, "a script"},
	{"\xcf\xfa\xed\xfe", 4, true, "a macOS program"},
	{"\xd0\xcf\x11\xe0", 4, false, "an Office document or installer"},
	{"{\\rtf", 5, false, "a text document"},
	{"<script", 7, false, "a page with a script"},
	{"L\0\0\0\1\x14\2", 7, false, "a Windows shortcut"},
	{"<job", 4, false, "a Windows script"},
};

static int kind_of(struct slice head)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (head.len >= kinds[i].len + 8U &&
		    memcmp(head.data, kinds[i].bytes, kinds[i].len) == 0)
			return (int)i;
	}
	return -1;
}

static bool ends_in_exe(struct slice name)
{
	return name.len > 4 &&
	       slice_eq_nocase(SLICE(name.data + name.len - 4, 4), SLICE_LIT(".exe"));
}

static void tell(const struct behave_view *v, const struct behave_event *e, struct chain_entry *c,
		 const char *what)
{
	struct behave_text client = behave_address(&e->ends.client),
			   from = behave_address(&c->from);
	struct behave_text server = behave_address(&e->ends.server);
	struct behave_text name = behave_printable(e->file.name);
	double seconds = behave_seconds(c->first_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit,
		      "%s got %s (%s) from %s and %.1f seconds later %s (%s) from %s: step %u of "
		      "a chain.",
		      client.s, c->what, c->name, from.s, seconds, what, name.s, server.s,
		      c->steps);
	behave_say_ja(
		&hit,
		"%sが%sからファイル「%s」を取得した%.1f秒後に、%sから別のプログラム「%s」を取得"
		"しました(連鎖の%u段目)。",
		client.s, from.s, c->name, seconds, server.s, name.s, c->steps);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "steps", c->steps);
	behave_tell(v, &hit, &c->entry);
}

/* On a worker's first day nobody knows yet what everybody here downloads: two programs under names
 * of programs, from places with names, are most likely two updates. */
static bool first_day(const struct behave_view *v, const struct behave_event *e,
		      const struct chain_entry *c)
{
	return v->past->span == BEHAVE_MINUTES && behave_seconds(v->first_ns, e->time_ns) < 86400 &&
	       c->program && c->named && ends_in_exe(e->file.name);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	int kind = kind_of(e->file.head);
	uint64_t key = behave_word(&e->ends.client);
	struct behave_text name;
	struct past_target t;
	struct chain_entry *c;
	bool is_new, popular;

	if (!e->file.to_client || kind < 0)
		return;
	c = behave_table_get(&v->tables[0], &key, 1, e->time_ns, &is_new);
	t = past_target_of(v, e);
	popular = t.clients > v->limits->rare_hosts;
	if (c->steps && !(popular && c->popular) && !(t.named && first_day(v, e, c)) &&
	    behave_seconds(c->first_ns, e->time_ns) <= v->limits->chain_seconds &&
	    kinds[kind].program && !ip_addr_eq(&c->from, &e->ends.server)) {
		c->steps++;
		tell(v, e, c, kinds[kind].what);
	} else {
		c->steps = 1;
	}
	name = behave_printable(e->file.name);
	memcpy(c->name, name.s, sizeof(c->name) - 1);
	c->from = e->ends.server;
	c->first_ns = e->time_ns;
	c->popular = popular;
	c->named = t.named && !t.made_up;
	c->program = kinds[kind].program && ends_in_exe(e->file.name);
	c->what = kinds[kind].what;
}

const struct behave_detector behave_chain = {
	.kinds = 1 << BEHAVE_FILE,
	.entry_size = {sizeof(struct chain_entry)},
	.weight = {1},
	.event = event,
};
