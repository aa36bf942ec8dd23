/* Reports as PDF for whoever asks on the pages. Printing takes seconds to minutes, the centre has
 * one loop: a helper prints, the asker is told to come again, and finds the file. What was printed
 * stays for some minutes, for the same question. Owner: the loop's thread. */
#pragma once

#include "control/api/route.h"
#include "control/helper/helper.h"
#include "control/wire/loop.h"

struct print_desk;

enum { PRINT_JOBS = 32, PRINT_KEEP_S = 300, PRINT_KEY = 256, PRINT_AGAIN_S = 2 };

/* `folder` is made and emptied. The helper was started before rights were given up (print_start),
 * and stays the caller's. */
struct print_desk *print_desk_new(struct loop *loop, struct helper *printer, const char *folder,
				  struct errmsg *e);
void print_desk_delete(struct print_desk *d);

/* What is asked for: equal keys are the same question. ERR_OK: `ret` has the bytes. ERR_NOTFOUND:
 * it is to be begun with print_desk_begin. ERR_AGAIN: it is being printed, with a sentence and the
 * time to wait. ERR_UNSUPPORTED, ERR_IO: it failed, with a sentence; asked again it is tried again.
 */
int print_desk_ask(struct print_desk *d, const char *key, uint64_t now, struct api_answer *ret,
		   struct errmsg *e);
/* Prints these bytes of HTML; `date`: ns since 1970, inside the PDF. ERR_AGAIN as above, ERR_LIMIT:
 * too many at once. */
int print_desk_begin(struct print_desk *d, const char *key, struct slice html, uint64_t date,
		     uint64_t now, struct api_answer *ret, struct errmsg *e);
