#include "control/centre/watch/press.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "control/centre/emergency/mail.h"
#include "control/centre/store/assessments.h"
#include "control/wire/file.h"
#include "control/wire/message.h"
#include "dataplane/base/clock.h"

enum {
	LOOK_EVERY_S = 1,
	PLAN_EVERY_S = 30,
	PRINT_TRIES = 3, /* then it goes without a PDF */
	ANSWER_MAX_S = PRINT_S + 60,
};

struct press_helpers {
	struct post_setup post;
	struct helper print_helper, post_helper;
};

static const char *const languages[REPORT_LANGUAGES] = {"en", "ja"};

struct press {
	struct press_setup setup;
	struct helper *printer, *poster;
	struct loop_timer look;
	uint64_t planned; /* monotonic, ns */
	/* What is being made or printed, and in which language; what is being mailed. */
	struct report_run run;
	struct scribe_job job;
	bool is_made; /* it is: by the scribe, at this moment */
	int language;
	uint64_t print_since, post_since; /* 0 = idle */
	uint64_t errands;		  /* numbers of orders */
	uint64_t print_id, post_id;
	struct report_mail mail;
	char mail_path[ERRAND_PATH];
};

struct press_helpers *press_helpers_start(const struct delivery_server *server, const char *outbox,
					  const char *account, struct errmsg *err)
{
	struct press_helpers *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->post.server = *server;
	snprintf(h->post.lock, sizeof(h->post.lock), "%s/lock", outbox);
	h->print_helper = h->post_helper = (struct helper){-1, -1};
	if (print_start(account, &h->print_helper, err) != ERR_OK ||
	    post_start(&h->post, account, &h->post_helper, err) != ERR_OK) {
		press_helpers_stop(h);
		return NULL;
	}
	return h;
}

/* A mail under way may take minutes, and ends well without us: nobody waits for it. A PDF is
 * printed again. */
void press_helpers_stop(struct press_helpers *h)
{
	if (!h)
		return;
	helper_end(&h->print_helper, 1, PRINT_END_MS);
	if (h->post_helper.fd >= 0)
		close(h->post_helper.fd);
	free(h);
}

static uint64_t wall(const struct press *p)
{
	return loop_wall(p->setup.loop);
}

static const char *date_of(const struct report_run *r, char ret[ZONE_TEXT])
{
	return (r->kind == REPORT_OF_DAY ? zone_day_text : zone_month_text)(&r->zone, r->period,
									    ret);
}

static const char *name_of(const struct report_run *r)
{
	return r->name[0] ? r->name : r->customer[0] ? r->customer : "all";
}

static void told(const struct press *p, int rc, const struct errmsg *err)
{
	if (rc < 0)
		log_error(p->setup.log, "%s", err->text);
}

/* --- made, printed --- */

static void move(struct press *p, enum run_state state, const char *error)
{
	struct errmsg err = {""};
	char date[ZONE_TEXT];

	told(p, report_run_moved(p->setup.files.store, &p->run, state, error, wall(p), &err), &err);
	if (state == RUN_READY)
		log_info(p->setup.log, "the final %s report %s of %s, version %u, is made%s%s",
			 report_kind_words[p->run.kind], date_of(&p->run, date), name_of(&p->run),
			 p->run.version, error[0] ? " without PDF: " : "", error);
}

static void fail(struct press *p, const char *error)
{
	struct errmsg err = {""};
	char date[ZONE_TEXT];

	log_error(p->setup.log, "%s report %s of %s: %s; it is tried again",
		  report_kind_words[p->run.kind], date_of(&p->run, date), name_of(&p->run), error);
	told(p, report_run_failed(p->setup.files.store, &p->run, error, wall(p), &err), &err);
}

static void paths(const struct press *p, struct print_order *o)
{
	char stem[ERRAND_PATH - 16];

	report_file_final_stem(&p->setup.files, &p->run, stem, sizeof(stem));
	memset(o, 0, sizeof(*o));
	snprintf(o->html, sizeof(o->html), "%s.%s.html", stem, languages[p->language]);
	snprintf(o->pdf, sizeof(o->pdf), "%s.%s.part", stem, languages[p->language]);
	o->date = p->run.period / NS_PER_SEC;
}

static void pdf_path(const struct print_order *o, char ret[ERRAND_PATH])
{
	snprintf(ret, ERRAND_PATH, "%.*spdf", (int)strlen(o->pdf) - 4, o->pdf); /* .part */
}

/* A centre that was killed finds here what was printed before: signed and named. */
static bool is_printed(const struct print_order *o)
{
	char pdf[ERRAND_PATH];

	pdf_path(o, pdf);
	return access(pdf, R_OK) == 0;
}

static void print_next(struct press *p)
{
	struct print_order o;

	for (; p->language < REPORT_LANGUAGES; p->language++) {
		paths(p, &o);
		if (!is_printed(&o))
			break;
	}
	if (p->language == REPORT_LANGUAGES) {
		p->print_since = 0;
		move(p, RUN_READY, "");
		return;
	}
	unlink(o.pdf);
	o.id = p->print_id = ++p->errands;
	if (errand_send(p->printer, &o, sizeof(o)) != ERR_OK) {
		p->print_since = 0;
		fail(p, "the helper that prints is gone");
		return;
	}
	p->print_since = loop_now(p->setup.loop);
}

static void printed(struct press *p, const char *error)
{
	struct print_order o;
	struct errmsg err = {""};
	char pdf[ERRAND_PATH];
	int rc;

	paths(p, &o);
	pdf_path(&o, pdf);
	p->print_since = 0;
	if (error[0]) {
		if (p->run.tries + 1 < PRINT_TRIES)
			fail(p, error);
		else
			move(p, RUN_READY, error);
		return;
	}
	rc = report_file_adopt(&p->setup.files, o.pdf, pdf, &err);
	if (rc != ERR_OK) {
		fail(p, err.text);
	} else {
		p->language++;
		print_next(p);
	}
}

static void written(struct scribe_job *job, const char *error)
{
	struct press *p = job->ctx;
	struct errmsg err = {""};

	p->is_made = false;
	if (!error[0] && report_file_adopt_all(&p->setup.files, &job->order, &err) != ERR_OK)
		error = err.text;
	if (error[0]) {
		fail(p, error);
		return;
	}
	move(p, RUN_WRITTEN, "");
	p->language = 0;
	print_next(p);
}

static void make(struct press *p)
{
	struct errmsg err = {""};
	int found;

	if (p->print_since || p->is_made || !duty_is_ours(p->setup.duty))
		return;
	found = report_run_next(p->setup.files.store, wall(p), &p->run, &err);
	told(p, found, &err);
	if (found <= 0)
		return;
	if (p->run.state != RUN_DUE) {
		p->language = 0;
		print_next(p);
		return;
	}
	p->job = (struct scribe_job){.desk = SCRIBE_OWED, .done = written, .ctx = p};
	p->is_made = true;
	if (report_file_final_order(&p->setup.files, &p->run, &p->job.order, &err) != ERR_OK ||
	    scribe_do(p->setup.scribe, &p->job, &err) != ERR_OK) {
		p->is_made = false;
		fail(p, err.text);
	}
}

/* --- mailed --- */

static void subject_of(const struct report_mail *m, char *ret, size_t cap)
{
	static const char *const what[REPORT_PERIODS][REPORT_LANGUAGES] = {
		{"Banken daily report %s, %s%s", "【番犬】日次レポート %s %s%s"},
		{"Banken monthly report %s, %s%s", "【番犬】月次レポート %s %s%s"},
	};
	const struct report_run *r = &m->run;
	char date[ZONE_TEXT], again[48] = "";
	bool is_ja = m->language == REPORT_JAPANESE;

	if (r->version > 1)
		snprintf(again, sizeof(again), is_ja ? "(第%u版)" : " (version %u)", r->version);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(ret, cap, what[r->kind][m->language], date_of(r, date),
		 r->customer[0] ? name_of(r) : in_language(m->language, "all sites", "全拠点"),
		 again);
#pragma GCC diagnostic pop
	for (char *c = ret; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 14695981039346656037ULL; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211ULL;
	return hash;
}

/* The same mail has the same number however often it is tried. */
static void number_of(const struct report_mail *m, char ret[200])
{
	char date[ZONE_TEXT];

	snprintf(ret, 200, "%s-%s-v%u-%016llx-%016llx", report_kind_words[m->run.kind],
		 date_of(&m->run, date), m->run.version,
		 (unsigned long long)hash_of(m->run.customer),
		 (unsigned long long)hash_of(m->address));
}

char *press_mail(const struct report_mail *m, const struct press_setup *setup, struct slice text,
		 struct slice pdf, struct slice html, uint64_t now, size_t *ret_len)
{
	char subject[400], number[200], name[128], date[ZONE_TEXT], *mail = NULL;
	const struct mail_part parts[] = {
		{"text/plain; charset=UTF-8", NULL, text},
		{pdf.len ? "application/pdf" : "text/html; charset=UTF-8", name,
		 pdf.len ? pdf : html},
	};
	FILE *out = open_memstream(&mail, ret_len);

	if (!out)
		return NULL;
	subject_of(m, subject, sizeof(subject));
	number_of(m, number);
	snprintf(name, sizeof(name), "banken-%s-%s.%s", report_kind_words[m->run.kind],
		 date_of(&m->run, date), pdf.len ? "pdf" : "html");
	mail_put_date(now, &m->run.zone, out);
	fprintf(out, "From: Banken <%s>\r\nTo: <%s>\r\nMessage-ID: <report.%s@%s>\r\n", setup->from,
		m->address, number, setup->host);
	mail_put_subject(subject, out);
	fputs("Auto-Submitted: auto-generated\r\n", out);
	mail_put_parts(parts, ARRAY_SIZE(parts), "=_banken_report", out);
	if (fclose(out) != 0)
		return NULL;
	return mail;
}

/* The mail as a file in the outbox. */
static int compose(struct press *p, struct errmsg *err)
{
	const struct report_mail *m = &p->mail;
	struct slice text = {NULL, 0}, pdf = {NULL, 0}, html = {NULL, 0};
	char stem[ERRAND_PATH - 32], path[ERRAND_PATH], number[200], *mail = NULL;
	struct errmsg none;
	size_t len = 0;
	int rc;

	report_file_final_stem(&p->setup.files, &m->run, stem, sizeof(stem));
	number_of(m, number);
	snprintf(p->mail_path, sizeof(p->mail_path), "%s/%s.eml", p->setup.outbox, number);
	snprintf(path, sizeof(path), "%s.%s.txt", stem, languages[m->language]);
	rc = file_read(path, 1 << 20, &text, err);
	snprintf(path, sizeof(path), "%s.%s.pdf", stem, languages[m->language]);
	if (rc == ERR_OK && file_read(path, 256 << 20, &pdf, &none) != ERR_OK) {
		snprintf(path, sizeof(path), "%s.%s.html", stem, languages[m->language]);
		rc = file_read(path, 256 << 20, &html, err);
	}
	if (rc == ERR_OK) {
		mail = press_mail(m, &p->setup, text, pdf, html, wall(p), &len);
		rc = mail ? file_write(p->mail_path, SLICE(mail, len), 0600, err) : ERR_NOMEM;
	}
	free(mail);
	payload_free(&text);
	payload_free(&pdf);
	payload_free(&html);
	return rc;
}

static void posted(struct press *p, const char *error)
{
	struct errmsg err = {""};
	char note[ERRAND_PATH + 8];
	int rc = report_mail_sent(p->setup.files.store, &p->mail, error, wall(p), &err);

	p->post_since = 0;
	if (error[0])
		log_warn(p->setup.log, "the report did not reach %s: %s; it is tried again",
			 p->mail.address, error);
	else
		log_info(p->setup.log, "the report reached %s", p->mail.address);
	told(p, rc, &err);
	unlink(p->mail_path);
	if (rc != ERR_OK || error[0])
		return;
	snprintf(note, sizeof(note), "%s.sent", p->mail_path);
	unlink(note);
}

static void post(struct press *p)
{
	struct post_order o = {.path = ""};
	struct errmsg err = {""};
	int found;

	if (p->post_since || !duty_is_ours(p->setup.duty))
		return;
	found = report_mail_next(p->setup.files.store, wall(p), &p->mail, &err);
	told(p, found, &err);
	if (found <= 0)
		return;
	if (compose(p, &err) != ERR_OK) {
		posted(p, err.text);
		return;
	}
	snprintf(o.path, sizeof(o.path), "%s", p->mail_path);
	snprintf(o.address, sizeof(o.address), "%s", p->mail.address);
	p->post_since = loop_now(p->setup.loop);
	o.id = p->post_id = ++p->errands;
	if (errand_send(p->poster, &o, sizeof(o)) != ERR_OK)
		posted(p, "the helper that sends is busy or gone");
}

/* --- the loop --- */

static void print_answered(void *ctx, uint32_t events)
{
	struct press *p = ctx;
	struct errand_answer a;
	int rc;

	while ((rc = errand_answer(p->printer, &a)) == 1) {
		if (p->print_since && a.id == p->print_id)
			printed(p, a.error);
	}
	if (rc < 0)
		loop_unwatch(p->setup.loop, p->printer->fd);
	make(p);
	post(p);
}

static void post_answered(void *ctx, uint32_t events)
{
	struct press *p = ctx;
	struct errand_answer a;
	int rc;

	while ((rc = errand_answer(p->poster, &a)) == 1) {
		if (p->post_since && a.id == p->post_id)
			posted(p, a.error);
	}
	if (rc < 0)
		loop_unwatch(p->setup.loop, p->poster->fd);
	post(p);
}

/* A helper that was killed is started anew by its supervisor, and has forgotten what it was at. */
static void give_up(struct press *p)
{
	uint64_t now = loop_now(p->setup.loop);

	if (p->print_since && now - p->print_since > ANSWER_MAX_S * NS_PER_SEC)
		printed(p, "the helper that prints did not answer");
	if (p->post_since && now - p->post_since > 2 * POST_S * NS_PER_SEC)
		posted(p, "the helper that sends did not answer");
}

static void look(void *ctx)
{
	struct press *p = ctx;
	struct errmsg err = {""};
	uint64_t now = loop_now(p->setup.loop);

	if (duty_is_ours(p->setup.duty) &&
	    (!p->planned || now - p->planned >= PLAN_EVERY_S * NS_PER_SEC)) {
		p->planned = now;
		told(p,
		     schedule_plan(p->setup.files.store, &p->setup.files.zone, p->setup.hour,
				   wall(p), &err),
		     &err);
		told(p, assessments_look(p->setup.files.store, &p->setup.files.zone, wall(p), &err),
		     &err);
	}
	give_up(p);
	make(p);
	post(p);
	loop_timer_set(p->setup.loop, &p->look, LOOK_EVERY_S * NS_PER_SEC);
}

void press_hurry(struct press *p)
{
	p->planned = 0;
}

struct press *press_new(const struct press_setup *setup, struct press_helpers *helpers,
			struct errmsg *err)
{
	struct press *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->setup = *setup;
	p->printer = &helpers->print_helper;
	p->poster = &helpers->post_helper;
	if (schedule_open(setup->files.store, err) != ERR_OK ||
	    assessments_open(setup->files.store, err) != ERR_OK ||
	    file_make_folder(setup->outbox, 0700, err) != ERR_OK) {
		free(p);
		return NULL;
	}
	loop_watch(setup->loop, p->printer->fd, EPOLLIN, print_answered, p);
	loop_watch(setup->loop, p->poster->fd, EPOLLIN, post_answered, p);
	p->look = (struct loop_timer){.fn = look, .ctx = p};
	loop_timer_set(setup->loop, &p->look, LOOK_EVERY_S * NS_PER_SEC);
	return p;
}

void press_delete(struct press *p)
{
	if (!p)
		return;
	loop_timer_stop(p->setup.loop, &p->look);
	loop_unwatch(p->setup.loop, p->printer->fd);
	loop_unwatch(p->setup.loop, p->poster->fd);
	free(p);
}
