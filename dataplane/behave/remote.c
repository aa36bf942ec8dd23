/* Programs that are put on another host's administrative share (T1021.002, T1570), pipes that
 * answer like a shell, and remote management by WinRM (T1021.006). */
#include "dataplane/behave/detector.h"

struct remote_entry { /* one client, one server */
	struct behave_entry entry;
	uint64_t admin_ns; /* when an administrative share was connected, 0 = never */
	uint64_t file_ns;
	char share[24];
	char file[64];
	uint32_t commands;
	uint64_t winrm_told_ns;
};

static const struct behave_sign drop_sign = {2250,
					     "BANKEN program put on an administrative share",
					     "TA0008",
					     "T1021.002",
					     "Remote execution",
					     BEHAVE_HIGH,
					     true};
static const struct behave_sign winrm_sign = {2251,
					      "BANKEN remote management of another host (WinRM)",
					      "TA0008",
					      "T1021.006",
					      "Remote execution",
					      BEHAVE_MEDIUM,
					      false};

enum { ADMIN_SECONDS = 600, WINRM_COMMANDS = 2 };

static struct slice last_part(struct slice path, char by)
{
	size_t at = path.len;

	while (at > 0 && path.data[at - 1] != (uint8_t)by)
		at--;
	return SLICE(path.data + at, path.len - at);
}

static void keep(char *ret, size_t cap, struct slice s)
{
	struct behave_text t = behave_printable(s);
	size_t n = strnlen(t.s, cap - 1);

	memcpy(ret, t.s, n);
	ret[n] = 0;
}

/* ADMIN$, C$: of the system itself. IPC$ and PRINT$ are everybody's. */
static bool administrative(struct slice share)
{
	if (slice_eq_nocase(share, SLICE_LIT("ADMIN$")))
		return true;
	return share.len == 2 && share.data[1] == '$';
}

static bool program_name(struct slice file)
{
	static const char *const endings[] = {"exe", "dll", "sys", "ps1", "bat", "cmd", "vbs",
					      "js",  "hta", "msi", "scr", "com", "jar"};
	struct slice ending = last_part(file, '.');

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		if (ending.len < file.len && slice_eq_nocase(ending, SLICE_STR(endings[i])))
			return true;
	}
	return false;
}

static void tell_drop(const struct behave_view *v, const struct behave_event *e,
		      struct remote_entry *r)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(r->admin_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &drop_sign, e);
	behave_say_en(&hit,
		      "%s connected the administrative share %s of %s and %.1f seconds later put "
		      "the program %s there.",
		      client.s, r->share, server.s, seconds, r->file[0] ? r->file : "(unnamed)");
	behave_say_ja(&hit, "%sが%sの管理共有%sに接続し、%.1f秒後にプログラム%sを書き込みました。",
		      client.s, server.s, r->share, seconds, r->file[0] ? r->file : "(名称不明)");
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &r->entry);
}

static struct remote_entry *entry_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key[2] = {behave_word(&e->ends.client), behave_word(&e->ends.server)};
	bool is_new;

	return behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
}

static void share(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_share *s = &e->share;
	struct remote_entry *r;

	if (s->what == BEHAVE_SHARE_PIPE || s->what == BEHAVE_SHARE_LOGIN)
		return;
	r = entry_of(v, e);
	if (s->what == BEHAVE_SHARE_TREE) {
		struct slice name = last_part(s->share, '\\');

		if (administrative(name)) {
			r->admin_ns = e->time_ns;
			keep(r->share, sizeof(r->share), name);
		}
		return;
	}
	if (!r->admin_ns || behave_seconds(r->admin_ns, e->time_ns) > ADMIN_SECONDS)
		return;
	if (s->what == BEHAVE_SHARE_FILE) {
		keep(r->file, sizeof(r->file), last_part(s->file, '\\'));
		r->file_ns = e->time_ns;
		if (program_name(s->file))
			tell_drop(v, e, r);
	} else if (s->head.len >= 2 &&
		   (memcmp(s->head.data, "MZ", 2) == 0 ||
		    (s->head.len >= 4 && memcmp(s->head.data, "\177ELF", 4) == 0))) {
		tell_drop(v, e, r);
	}
}

static void winrm(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_http *h = &e->http;
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	struct remote_entry *r;
	struct behave_hit hit;

	if (!slice_eq(h->method, SLICE_LIT("POST")) || h->status != 200 ||
	    !slice_eq_nocase(slice_sub(h->path, 0, 6), SLICE_LIT("/wsman")))
		return;
	r = entry_of(v, e);
	if (++r->commands < WINRM_COMMANDS || behave_lately(v, r->winrm_told_ns, e->time_ns))
		return;
	r->winrm_told_ns = e->time_ns;
	behave_hit_init(&hit, &winrm_sign, e);
	behave_say_en(
		&hit,
		"%s managed %s by WinRM: %u orders were taken, with which programs can be run "
		"there.",
		client.s, server.s, r->commands);
	behave_say_ja(&hit,
		      "%sが%sをWinRMで遠隔管理しました(%u件の指示が受理され、プログラムの実行が可能"
		      "です)。",
		      client.s, server.s, r->commands);
	behave_figure(&hit, "orders", r->commands);
	behave_tell(v, &hit, NULL);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_SHARE)
		share(v, e);
	else
		winrm(v, e);
}

const struct behave_detector behave_remote = {
	.kinds = 1 << BEHAVE_SHARE | 1 << BEHAVE_HTTP,
	.entry_size = {sizeof(struct remote_entry)},
	.weight = {1},
	.event = event,
};
