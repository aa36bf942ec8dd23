#include "control/mitigator/notify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/helper/run.h"
#include "dataplane/base/json.h"

enum { NOTIFY_TIMEOUT_MS = 10000 };

/* What a note says as a whole, for a mail or a message as it is: host, text, state. */
static const struct sentence {
	const char *kind, *english, *japanese;
} sentences[] = {
	{"message", "Your computer %1$s looks infected and is being cut off from the network: %2$s",
	 "お使いの端末 %1$s は感染の疑いがあるため、ネットワークから切り離されます: %2$s"},
	{"ask", "Whether %1$s is cut, a person must decide: %2$s",
	 "%1$s を遮断するかどうか、担当者の判断が必要です: %2$s"},
	{"alarm", "The cut of %1$s needs a look (%3$s): %2$s",
	 "%1$s の遮断について確認が必要です(%3$s): %2$s"},
	{"mail", "%1$s: %2$s", "%1$s について: %2$s"},
	{"recover", "Recovery of %1$s: %2$s", "%1$s の復旧: %2$s"},
};

/* As the pages say them. */
static const char *const states[][2] = {
	{"requested", "要求"},
	{"held", "承認待ち"},
	{"sent", "指示済み"},
	{"acked", "遮断・確認中"},
	{"verified", "遮断・実証済み"},
	{"quiet", "遮断・無通信"},
	{"still-seen", "通信継続"},
	{"failed", "失敗"},
	{"releasing", "解除中"},
	{"ending", "終了処理中"},
	{"released", "解除済み"},
	{"expired", "期限終了"},
	{"exception", "例外"},
	{"outside-policy", "ポリシー対象外"},
	{"refused", "却下"},
};

static const char *state_in_japanese(const char *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (strcmp(states[i][0], state) == 0)
			return states[i][1];
	}
	return state;
}

static void put_sentences(struct json *j, const struct notify_note *n)
{
	const char *host = n->host[0] ? n->host : "?";
	/* A policy's message to the user is about no cut. */
	const char *kind = strcmp(n->state, "new") == 0 ? "mail" : n->kind;
	char text[1400];

	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		if (strcmp(sentences[i].kind, kind) != 0)
			continue;
		snprintf(text, sizeof(text), sentences[i].english, host, n->text, n->state);
		json_text(j, "sentence", text);
		snprintf(text, sizeof(text), sentences[i].japanese, host, n->text,
			 state_in_japanese(n->state));
		json_text(j, "sentence_ja", text);
	}
}

static void hand_over(const char *program, const struct notify_note *n)
{
	char text[32768], output[512];
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
	put_sentences(&j, n);
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
