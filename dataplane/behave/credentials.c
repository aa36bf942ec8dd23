/* Passwords that everybody on the way can read (T1040 makes use of them; T1552). */
#include "dataplane/behave/detector.h"

struct credentials_entry { /* one server, one service */
	struct behave_entry entry;
	uint32_t logins;
};

static const struct behave_sign sign = {
	2130,	 "BANKEN password sent in the clear",	  "TA0006",
	"T1552", "Potential Corporate Privacy Violation", BEHAVE_LOW,
	true};

static void event(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key[2] = {behave_word(&e->ends.client), behave_word(&e->ends.server)};
	struct behave_text client, server, user;
	struct credentials_entry *c;
	struct behave_hit hit;
	bool is_new;

	if (!e->login.readable)
		return;
	c = behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
	c->logins++;
	if (behave_told(v, &c->entry, e->time_ns))
		return;
	client = behave_address(&e->ends.client);
	server = behave_address(&e->ends.server);
	user = behave_printable(e->login.user);
	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit, "%s sent %s (%s) a password%s%s that anybody on the way can read.",
		      client.s, server.s, e->login.service, user.s[0] ? " of " : "", user.s);
	behave_say_ja(&hit, "%sが%s(%s)へ%s%sパスワードを暗号化せずに送りました。", client.s,
		      server.s, e->login.service, user.s, user.s[0] ? "の" : "");
	behave_figure(&hit, "logins", c->logins);
	behave_tell(v, &hit, &c->entry);
}

const struct behave_detector behave_credentials = {
	.kinds = 1 << BEHAVE_LOGIN,
	.entry_size = {sizeof(struct credentials_entry)},
	.weight = {1},
	.event = event,
};
