/* Error numbers: 0 is success, errors are negative. On the packet path there are no errors but
 * outcomes (outcome.h). A function that fails for a reason a person must read also fills an
 * `struct errmsg` with one sentence: what, where, what to do. */
#pragma once

#include <stdarg.h>
#include <stdio.h>

enum err {
	ERR_OK = 0,
	ERR_INVALID = -1,  /* the input breaks its format */
	ERR_LIMIT = -2,	   /* a limit of limits.h is reached */
	ERR_NOMEM = -3,	   /* memory cap reached */
	ERR_IO = -4,	   /* the system refused; the sentence has errno's text */
	ERR_NOTFOUND = -5, /* no such thing */
	ERR_EXISTS = -6,   /* is there already */
	ERR_DENIED = -7,   /* not allowed: certificate, signature, policy */
	ERR_AGAIN = -8,	   /* nothing there yet, or no room yet */
	ERR_UNSUPPORTED = -9,
};

struct errmsg {
	char text[512]; /* one sentence without a newline, "" when there was no error */
};

/* Fills the sentence and returns `code`, so that `return errmsg_set(e, ERR_IO, "...")` reads well.
 * What a stranger put into it stays on one line and moves no terminal's cursor: control characters
 * become '?'. `e` may be NULL. */
__attribute__((format(printf, 3, 4))) static inline int errmsg_set(struct errmsg *e, int code,
								   const char *fmt, ...)
{
	if (e) {
		va_list ap;

		va_start(ap, fmt);
		vsnprintf(e->text, sizeof(e->text), fmt, ap);
		va_end(ap);
		for (char *c = e->text; *c; c++) {
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = '?';
		}
	}
	return code;
}
