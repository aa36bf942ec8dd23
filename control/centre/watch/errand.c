#include "control/centre/watch/errand.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "control/helper/run.h"
#include "control/wire/file.h"
#include "control/wire/message.h"

int errand_send(struct helper *h, const void *order, size_t len)
{
	return helper_send(h->fd, order, len);
}

int errand_answer(struct helper *h, struct errand_answer *ret)
{
	ssize_t n = helper_receive_now(h->fd, ret, sizeof(*ret));

	if (n == ERR_AGAIN)
		return 0;
	if (n != (ssize_t)sizeof(*ret))
		return ERR_IO;
	ret->error[sizeof(ret->error) - 1] = 0;
	return 1;
}

/* --- printing --- */

/* prlimit and env start what follows them in their place. The centre that ends does not wait for a
 * PDF: it is asked for again. */
static void print(int fd, const struct print_order *o, char ret[256])
{
	char date[48], memory[48], output[256];
	const char *const argv[] = {"prlimit", memory,	"env",	date, "weasyprint",
				    "--quiet", o->html, o->pdf, NULL};
	struct run_result r = {.output = output, .cap = sizeof(output), .peer = fd};
	struct errmsg err = {""};
	int rc;

	snprintf(memory, sizeof(memory), "--as=%llu", (unsigned long long)PRINT_MB << 20);
	snprintf(date, sizeof(date), "SOURCE_DATE_EPOCH=%llu", (unsigned long long)o->date);
	rc = run_program(argv, SLICE(NULL, 0), PRINT_S * 1000, &r, &err);
	ret[0] = 0;
	if (rc == ERR_AGAIN)
		snprintf(ret, 256, "the PDF took longer than %d s", PRINT_S);
	else if (rc == ERR_OK && r.status == 127)
		snprintf(ret, 256, "no PDF: install the package weasyprint");
	else if (rc != ERR_OK || r.status != 0)
		snprintf(ret, 256, "no PDF: weasyprint ended with %d: %.180s", r.status,
			 rc != ERR_OK ? err.text : output);
	else if (access(o->pdf, R_OK) != 0)
		snprintf(ret, 256, "no PDF: weasyprint wrote none");
}

static void serve_prints(int fd, void *arg)
{
	struct print_order o;
	struct errand_answer a;

	(void)arg;
	while (helper_receive(fd, &o, sizeof(o)) == (ssize_t)sizeof(o)) {
		o.html[sizeof(o.html) - 1] = o.pdf[sizeof(o.pdf) - 1] = 0;
		a.id = o.id;
		print(fd, &o, a.error);
		if (helper_send(fd, &a, sizeof(a)) != 0)
			return;
	}
}

int print_start(const char *account, struct helper *ret, struct errmsg *err)
{
	struct helper_job job = {.name = "banken-print",
				 .user = account,
				 .sandbox = SANDBOX_RENDER,
				 .serve = serve_prints};

	return helper_start(&job, ret, err);
}

/* --- mails --- */

enum { MAIL_MAX = 512 << 20 };

static void hand_over(const struct post_setup *setup, const struct post_order *o, char ret[256])
{
	struct slice mail = {NULL, 0};
	struct errmsg err = {""};
	char note[ERRAND_PATH + 8];

	snprintf(note, sizeof(note), "%s.sent", o->path);
	ret[0] = 0;
	if (access(note, F_OK) == 0)
		return; /* the centre was killed before it heard of it */
	if (file_read(o->path, MAIL_MAX, &mail, &err) != ERR_OK) {
		snprintf(ret, 256, "%.250s", err.text);
		return;
	}
	delivery_mail(&setup->server, o->address, mail, POST_S, ret);
	payload_free(&mail);
	if (!ret[0] && file_write(note, SLICE(NULL, 0), 0600, &err) != ERR_OK)
		fprintf(stderr, "banken-post: %s\n", err.text);
}

/* A killed centre's helper may be at work still: the lock waits for it. */
static void serve_mails(int fd, void *arg)
{
	const struct post_setup *setup = arg;
	struct post_order o;
	struct errand_answer a;

	prctl(PR_SET_PDEATHSIG, 0);
	signal(SIGTERM, SIG_IGN);
	while (helper_receive(fd, &o, sizeof(o)) == (ssize_t)sizeof(o)) {
		int lock = open(setup->lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

		o.path[sizeof(o.path) - 1] = o.address[sizeof(o.address) - 1] = 0;
		if (lock < 0 || flock(lock, LOCK_EX) < 0)
			snprintf(a.error, sizeof(a.error), "%.200s cannot be locked", setup->lock);
		else
			hand_over(setup, &o, a.error);
		a.id = o.id;
		if (lock >= 0)
			close(lock);
		if (helper_send(fd, &a, sizeof(a)) != 0)
			return;
	}
}

int post_start(const struct post_setup *setup, const char *account, struct helper *ret,
	       struct errmsg *err)
{
	struct helper_job job = {.name = "banken-post",
				 .user = account,
				 .sandbox = SANDBOX_DELIVER,
				 .serve = serve_mails,
				 .arg = (void *)setup};

	return helper_start(&job, ret, err);
}
