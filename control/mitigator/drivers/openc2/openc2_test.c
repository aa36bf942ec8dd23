/* Configuration's sentences, and a consumer that is not there. Orders that are carried out are in
 * tests/smoke/openc2_quarantine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/mitigator/drivers/openc2/openc2.h"
#include "control/wire/testdir.h"

struct rig {
	char folder[64];
	struct driver_config good;
};

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct driver_config *c = &r->good;

	testdir_make(r->folder);
	*c = (struct driver_config){.name = "fw",
				    .type = "openc2",
				    .order = "deny",
				    .target = "address",
				    .url = "https://127.0.0.1:9/.well-known/openc2",
				    .timeout_ms = 500};
	snprintf(c->token_file, sizeof(c->token_file), "%s/token", r->folder);
	snprintf(c->ca_file, sizeof(c->ca_file), "%s/ca.crt", r->folder);
	snprintf(c->book, sizeof(c->book), "%s/book.db", r->folder);
	make_file(c->token_file, "0123456789abcdef\n", 0600);
	make_file(c->ca_file, "x", 0644);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	testdir_remove(r->folder);
	free(r);
	return 0;
}

static void sentences(void **state)
{
	struct rig *r = *state;
	struct errmsg e = {""};
	struct {
		const char *says;
		struct driver_config c;
	} cases[] = {{"url must be the consumer's https address", r->good},
		     {"order must be deny or contain", r->good},
		     {"target must be address, mac or device", r->good},
		     {"ca-file must be the absolute path", r->good},
		     {"cert-file and key-file belong together", r->good},
		     {"the consumer must know who we are", r->good},
		     {"token-file", r->good}};

	snprintf(cases[0].c.url, sizeof(cases[0].c.url), "http://127.0.0.1/");
	snprintf(cases[1].c.order, sizeof(cases[1].c.order), "vlan");
	snprintf(cases[2].c.target, sizeof(cases[2].c.target), "ip");
	snprintf(cases[3].c.ca_file, sizeof(cases[3].c.ca_file), "%s/nothing", r->folder);
	memcpy(cases[4].c.cert_file, r->good.ca_file, sizeof(r->good.ca_file));
	cases[5].c.token_file[0] = 0;
	memcpy(cases[6].c.token_file, r->good.ca_file, sizeof(r->good.ca_file));
	if (driver_openc2_check(&r->good, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(driver_openc2_check(&cases[i].c, &e), ERR_INVALID);
		if (!strstr(e.text, cases[i].says))
			fail_msg("\"%s\" instead of \"%s\"", e.text, cases[i].says);
	}
}

struct noted {
	struct driver_sink sink;
	enum driver_outcome outcome;
	char text[256];
	unsigned n, done, away;
	uint64_t cuts; /* bit by number */
};

static void note(struct driver_sink *s, const struct driver_answer *a)
{
	struct noted *n = (struct noted *)s;

	n->n++;
	n->done += a->outcome == DRIVER_DONE;
	n->away += a->outcome == DRIVER_AWAY;
	n->cuts |= 1ull << a->cut;
	n->outcome = a->outcome;
	snprintf(n->text, sizeof(n->text), "%s", a->text);
}

static void nobody_there(void **state)
{
	static const enum driver_verb verbs[] = {DRIVER_APPLY, DRIVER_LIST};
	struct rig *r = *state;
	struct driver_order o = {.cut = 7, .number = 1, .command_id = "m-7.1"};
	struct driver_answer *a = calloc(1, sizeof(*a));
	struct noted n = {.sink = {note}};

	ip_addr_parse("10.0.0.5", &o.target.ips[0]);
	o.target.ips_n = 1;
	r->good.ca_file[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		o.verb = verbs[i];
		driver_openc2.run(&r->good, &o, a, &n.sink);
		assert_int_equal(n.outcome, DRIVER_AWAY);
		assert_non_null(strstr(n.text, "127.0.0.1:9"));
	}
	/* By an address it cannot be ordered when none is known; nothing to be taken back is done.
	 */
	o.verb = DRIVER_APPLY;
	o.target.ips_n = 0;
	driver_openc2.run(&r->good, &o, a, &n.sink);
	assert_int_equal(n.outcome, DRIVER_REFUSED);
	o.verb = DRIVER_RELEASE;
	o.cut = 8;
	driver_openc2.run(&r->good, &o, a, &n.sink);
	assert_int_equal(n.outcome, DRIVER_DONE);
	free(a);
}

/* A consumer that is away is asked once for all of them; what it holds stays in the book. */
static void many_are_released_together(void **state)
{
	struct rig *r = *state;
	struct driver_order orders[4] = {{.cut = 1}, {.cut = 2}, {.cut = 3}, {.cut = 4}};
	struct driver_answer *a = calloc(1, sizeof(*a));

	r->good.ca_file[0] = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct noted n = {.sink = {note}};

		orders[i].verb = DRIVER_APPLY;
		orders[i].number = 1;
		ip_addr_parse("10.0.0.5", &orders[i].target.ips[0]);
		orders[i].target.ips_n = i != 2; /* the third is not ordered */
		driver_openc2.run(&r->good, &orders[i], a, &n.sink);
		orders[i].verb = DRIVER_RELEASE;
	}
	for (unsigned times = 0; times < 2; times++) {
		struct noted n = {.sink = {note}};

		driver_openc2.release_many(&r->good, orders, 4, a, &n.sink);
		assert_int_equal(n.n, 4);
		assert_int_equal(n.cuts, 0x1e);
		assert_int_equal(n.away, 3);
		assert_int_equal(n.done, 1);
	}
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sentences, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_are_released_together, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
