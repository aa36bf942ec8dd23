/* The page that a quarantined user meets, and what is read of the request for it. Pure; a request
 * is hostile input and only looked at for its method, path and language. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	NOTICE_REQUEST_MAX = 4096, /* bytes of a request's head; a longer one is not read on */
	NOTICE_ANSWER_MAX = 16384,
	NOTICE_TEXT = 200, /* bytes of a configured text */
};

/* Who is to be called, as configured. */
struct notice_texts {
	char organisation[NOTICE_TEXT + 1];
	char contact[NOTICE_TEXT + 1], contact_ja[NOTICE_TEXT + 1];
};

struct notice_request {
	bool head_only;
	bool japanese; /* Accept-Language (RFC 9110 12.5.4) likes it better than English */
	bool probe; /* a system's own look whether it is online, which shows the page by itself */
};

/* 0, ERR_AGAIN when the head is not complete, ERR_INVALID when it is no HTTP/1 request that asks
 * for a page. */
int notice_read(struct slice head, struct notice_request *ret);
/* The whole answer, head and page; `address`: of the host, `when`: for people. Bytes, or
 * ERR_LIMIT. */
long notice_write(const struct notice_texts *t, const struct notice_request *q, const char *address,
		  const char *when, char *ret, size_t cap);
/* What is answered to a request that is none. */
long notice_write_refusal(char *ret, size_t cap);
