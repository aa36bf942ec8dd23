#include "control/mitigator/notify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/helper/run.h"
#include "dataplane/base/json.h"

enum { NOTIFY_TIMEOUT_MS = 10000 };

static void hand_over(const char *program, const struct notify_note *n)
{
	char text[8192], output[512];
	struct run_result r = {.output = output, .cap = sizeof(output)};
	struct errmsg e;
	struct json j;
	long len;
	int rc;

	json_init(&j, text, sizeof(text));
	json_open_object(&j, NULL);
	json_text(&j, "kind", n->kind);
	json_text(&j, "host", n->host);
	json_text(&j, "state", n->state);
	json_text(&j, "command", n->command);
	json_text(&j, "text", n->text);
	json_end(&j);
	len = json_finish(&j);
	if (len < 0)
		return;
	rc = run_program((const char *[]){program, NULL}, SLICE(text, (size_t)len),
			 NOTIFY_TIMEOUT_MS, &r, &e);
	if (rc < 0)
		fprintf(stderr, "banken-notify: %s\n", e.text);
	else if (r.status)
		fprintf(stderr, "banken-notify: %s ended with status %d\n", program, r.status);
}

static void serve(int fd, void *arg)
{
	struct notify_note n;

	while (helper_receive(fd, &n, sizeof(n)) == sizeof(n)) {
		n.kind[sizeof(n.kind) - 1] = n.host[sizeof(n.host) - 1] = 0;
		n.state[sizeof(n.state) - 1] = n.command[sizeof(n.command) - 1] = 0;
		n.text[sizeof(n.text) - 1] = 0;
		hand_over(arg, &n);
	}
}

int notify_start(const char *program, const char *user, struct helper *ret, struct errmsg *e)
{
	struct helper_job job = {
		.name = "banken-notify", .user = user, .serve = serve, .arg = (void *)program};

	*ret = (struct helper){-1, -1};
	if (!program[0])
		return 0;
	if (program[0] != '/' || access(program, X_OK) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "key 'notify-program': \"%.100s\" is not the absolute path of a "
				  "program that can be run",
				  program);
	return helper_start(&job, ret, e);
}
