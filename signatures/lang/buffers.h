/* Every sticky buffer of the language, one line each in buffers.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lang_side {
	LANG_TO_SERVER = 1,
	LANG_TO_CLIENT = 2,
	LANG_BOTH = 3,
};

enum lang_where {
	LANG_ON_TX,	/* a protocol's transaction or state gives it */
	LANG_ON_PACKET, /* the packet gives it: ipv4.hdr, tcp.hdr, ip.src ... */
	LANG_ON_FILE,	/* the file engine gives it: file.name, file.magic, file.data */
	LANG_ON_FRAME,	/* frames of a protocol's parser */
	LANG_ON_BASE64, /* base64_data: what base64_decode of the same rule gave */
};

struct lang_buffer {
	const char *name;    /* canonical: "http.uri" */
	const char *aliases; /* other spellings of the sticky form, "|" between: "dns_query" */
	const char *legacy;  /* content modifiers that mean it: "http_uri"; NULL when none */
	const char *pcre;    /* pcre modifier letters that mean it: "U" */
	const char *app;     /* protocol a rule with it is limited to; NULL: none */
	/* Application protocols that give it, "|" between, a > behind one that gives it to the
	 * server only: "http1|http2|smtp>"; NULL: it is no protocol's. */
	const char *protos;
	uint8_t sides;	  /* enum lang_side: directions in which it exists */
	bool multi;	  /* several instances in one transaction; each use is a list of its own */
	uint8_t where;	  /* enum lang_where */
	uint8_t ip_proto; /* of the header that a packet buffer shows; 0: any */
	bool bare;	  /* takes no transforms */
	uint8_t lang;	  /* 7, or 8 when only later releases know it */
};

extern const struct lang_buffer lang_buffers[];
extern const size_t lang_buffers_count;

/* By canonical name or alias; NULL when there is none. */
const struct lang_buffer *lang_buffer_find(const char *name);

/* True when `app` has frames of that name. */
bool lang_frame_known(const char *app, const char *frame);

/* The buffer that a pcre modifier letter means; NULL when there is none. */
const struct lang_buffer *lang_buffer_by_letter(char letter);
