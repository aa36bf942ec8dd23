/* Slow errands of the centre in helper processes, one at a time each: a page printed as PDF, a mail
 * with attachments handed to a server. */
#pragma once

#include "control/centre/emergency/deliver.h"
#include "control/helper/helper.h"

enum { ERRAND_PATH = 640 };

/* --- printing: WeasyPrint, bounded in time and memory --- */

enum {
	PRINT_S = 300,
	PRINT_END_MS = 1000, /* when nobody waits for it any more; then it is killed */
	PRINT_MB = 4096,     /* address space; 10,000 hosts' day took 1.2 GB */
};

struct print_order {
	uint64_t id; /* comes back with the answer */
	char html[ERRAND_PATH], pdf[ERRAND_PATH];
	uint64_t
		date; /* inside the PDF: s since 1970; the same page and date give the same bytes */
};

int print_start(const char *account, struct helper *ret, struct errmsg *err);

/* --- mails: what the server took is noted in a file beside the mail before anybody is told, and
 * the helper outlives a killed centre for as long as it takes: a mail goes once. Left over is the
 * moment between the server's answer and the note, in which the helper itself would have to be
 * killed; the mail sent again then has the same Message-ID. --- */

enum { POST_S = 180 };

struct post_order {
	uint64_t id;
	char path[ERRAND_PATH]; /* of the mail; PATH.sent is the note */
	char address[256];
};

struct post_setup {
	struct delivery_server server;
	char lock[ERRAND_PATH]; /* file that a mail under way holds locked */
};

/* `setup` must live as long as the program. */
int post_start(const struct post_setup *setup, const char *account, struct helper *ret,
	       struct errmsg *err);

/* Both: ERR_OK when it is under way. */
int errand_send(struct helper *h, const void *order, size_t len);
struct errand_answer {
	uint64_t id;
	char error[256]; /* "" = done */
};
/* 1; 0 = not yet; ERR_IO when the helper is gone. */
int errand_answer(struct helper *h, struct errand_answer *ret);
