/* HTTP/1.x as browsers and servers read it, which is more than the RFCs allow (RFC 9110, 9112 and
 * libhtp 0.5 as Suricata 7 runs it). A transaction is a request and its response, matched by order.
 *
 * Text that came from the peer is kept per direction in `raw` (the header block as it came) and
 * `more` (the first line, folded and merged values, what was normalised); a span says where. */
#pragma once

#include "dataplane/app/file.h"
#include "dataplane/app/http/events.h"
#include "dataplane/app/http/inflate.h"
#include "dataplane/app/http/text.h"
#include "dataplane/app/parser.h"

enum {
	HTTP_LINE_MAX = 18000,	       /* bytes of a line: event *_field_too_long, parsing stops */
	HTTP_HEADERS_MAX = 1024,       /* of a message: event *_too_many_headers, parsing stops */
	HTTP_HEAD_MAX = 1 << 20,       /* bytes of a header block: as a line too long */
	HTTP_REPETITIONS_MAX = 64,     /* further headers of a name seen before are not merged */
	HTTP_FOLDED_MAX = 4096,	       /* a folded header grows no further */
	HTTP_LEFT_MAX = 1 << 16,       /* bytes of a request handed on to HTTP/2: the rest is not */
	HTTP_BUCKETS = 64,	       /* of a header table */
	HTTP_BOUNDARY_MAX = 200,       /* longer is no multipart */
	HTTP_IGNORED_LINES_MAX = 1000, /* empty lines before a response */
	HTTP_UNSEEN_MAX = 128 << 10,   /* bytes of a body kept for an inspection that never comes */
	HTTP_FILE_NAME_MAX = LIMIT_FILE_NAME, /* event file_name_too_long, cut */
};

/* Progress of a direction, numbered as in rules of Suricata: what is being received. */
enum http_progress {
	HTTP_NOT_STARTED,
	HTTP_LINE,
	HTTP_HEADERS,
	HTTP_BODY,
	HTTP_TRAILER,
	HTTP_COMPLETE,
};

enum http_method {
	HTTP_METHOD_UNKNOWN, /* none of those below; its text is kept all the same */
	HTTP_METHOD_GET,
	HTTP_METHOD_PUT,
	HTTP_METHOD_POST,
	HTTP_METHOD_HEAD,
	HTTP_METHOD_CONNECT,
	HTTP_METHOD_OTHER, /* known, nothing special */
};

enum http_protocol {
	HTTP_PROTOCOL_INVALID = -1,
	HTTP_PROTOCOL_0_9 = 9,
	HTTP_PROTOCOL_1_0 = 100,
	HTTP_PROTOCOL_1_1 = 101,
};

enum http_coding {
	HTTP_CODING_UNKNOWN,
	HTTP_CODING_NO_BODY,
	HTTP_CODING_IDENTITY,
	HTTP_CODING_CHUNKED,
};

enum http_flag { /* the event was given already */
		 HTTP_FIELD_UNPARSEABLE = 1 << 0,
		 HTTP_FIELD_INVALID = 1 << 1,
		 HTTP_INVALID_FOLDING = 1 << 2,
};

struct http_header {
	struct http_span name, value;
	uint16_t next; /* in its bucket: index + 1, 0 = none */
	bool repeated;
};

/* The body of one direction, decoded (chunks, content encodings), as far as it is kept. */
struct http_body {
	uint64_t total; /* bytes that came, within the limit */
	uint64_t offset;
	uint8_t *data; /* [offset, offset + len) */
	uint32_t len, cap;
	uint64_t seen[2]; /* inspected as body, as file.data */
};

enum { HTTP_SEEN_BODY, HTTP_SEEN_FILE };

/* One direction of a transaction. */
struct http_side {
	struct http_text raw, more;
	struct http_header *headers;
	uint16_t header_count, header_cap;
	uint16_t bucket[HTTP_BUCKETS]; /* index + 1 */
	uint16_t repetitions;
	int16_t protocol;	  /* enum http_protocol */
	uint8_t coding;		  /* enum http_coding */
	bool has_line;		  /* a request or status line was read */
	uint32_t ignored_lines;	  /* empty ones before it */
	struct http_span line;	  /* without its end */
	struct http_span version; /* "HTTP/1.1" */
	uint64_t message_len;	  /* bytes of the body as sent */
	uint64_t entity_len;	  /* and decoded */
	struct http_body body;
	struct app_file *file; /* being filled */
	struct app_part *part; /* what it is part of, being joined */
	bool file_named, file_done;
	/* made when asked for (buffers.c) */
	uint8_t *start, *filtered, *names;
	uint32_t start_cap, start_len, start_headers; /* start_headers: count it was made of + 1 */
	uint32_t filtered_cap, filtered_len, names_cap;
	uint32_t each_at, each_index;
};

enum http_part {
	HTTP_PART_SKIP, /* before the first mark, or in a part that is no file */
	HTTP_PART_HEAD,
	HTTP_PART_FILE,
	HTTP_PART_OVER,
};

struct http_multipart {
	uint8_t mark[HTTP_BOUNDARY_MAX + 2]; /* two dashes and the boundary */
	uint8_t mark_len;
	uint8_t step;	 /* enum http_part */
	bool empty;	 /* no byte of the file yet */
	uint64_t parsed; /* bytes of the body that are done with */
};

enum http_upload { HTTP_UPLOAD_UNKNOWN, HTTP_UPLOAD_NONE, HTTP_UPLOAD_BODY, HTTP_UPLOAD_MULTIPART };

struct http_tx {
	struct app_tx tx;
	struct http_state *state;
	struct http_side side[2];
	uint8_t flags; /* enum http_flag, of both directions as in libhtp */

	/* request */
	uint8_t method; /* enum http_method */
	uint8_t upload; /* enum http_upload */
	bool is_0_9, invalid;
	struct http_span method_text, uri, uri_normalized, path;
	struct http_span uri_host; /* of an absolute URI or CONNECT */
	struct http_span host;	   /* the one that counts, normalised */
	struct http_span host_log; /* as records show it: as it came when a port follows */
	int32_t port; /* of the URI or Host header, -1: they name none; 0: not looked at */
	struct http_multipart *multipart; /* POST with a boundary */

	/* response */
	int16_t status; /* 100-999; 0 = none or invalid */
	struct http_span status_text, message;
	uint32_t seen_100;
	bool unmatched; /* a response without its request */
};

enum http_request_step {
	HTTP_REQ_IDLE,
	HTTP_REQ_LINE,
	HTTP_REQ_PROTOCOL,
	HTTP_REQ_HEADERS,
	HTTP_REQ_BODY_DETERMINE,
	HTTP_REQ_CONNECT_WAIT,
	HTTP_REQ_CONNECT_PROBE,
	HTTP_REQ_BODY_IDENTITY,
	HTTP_REQ_CHUNK_LENGTH,
	HTTP_REQ_CHUNK_DATA,
	HTTP_REQ_CHUNK_END,
	HTTP_REQ_FINALIZE,
	HTTP_REQ_IGNORE, /* what follows a HTTP/0.9 request */
};

enum http_response_step {
	HTTP_RES_IDLE,
	HTTP_RES_LINE,
	HTTP_RES_HEADERS,
	HTTP_RES_BODY_DETERMINE,
	HTTP_RES_BODY_KNOWN,
	HTTP_RES_BODY_CLOSE,
	HTTP_RES_CHUNK_LENGTH,
	HTTP_RES_CHUNK_DATA,
	HTTP_RES_CHUNK_END,
	HTTP_RES_FINALIZE,
};

/* Where one direction of the connection stands. */
struct http_reader {
	uint8_t step;
	struct http_tx *tx;
	uint64_t left;	  /* of the body or chunk */
	uint32_t scanned; /* bytes of the line at the front of the input known to hold no end */
	bool closed;	  /* the end came inside the head */
	bool lf_cr;	  /* the last header line ended with LF CR */
	/* a header line that the next may continue */
	bool pending;
	struct http_span held; /* or the request line as far as it is there */
	uint64_t frame;	       /* of the request or response being read */
};

struct http_state {
	struct slab *slab;
	struct http_reader request, response;
	uint64_t response_next; /* id of the transaction that is answered next */
	uint64_t answered;	/* responses complete */
	struct http_inflate *inflate[2];
	const struct app_limits *limits;
	bool ended[2]; /* no more bytes will be parsed */
	uint32_t hash_seed;
	bool quiet;	   /* the end is handled: what is odd about it is no event */
	bool tunnel;	   /* no HTTP any more, and nobody else asked for it */
	bool changing;	   /* another protocol goes on: no further byte is HTTP/1's */
	bool upgrade;	   /* the answer at hand changes to HTTP/2 or WebSocket */
	bool yield_at_end; /* responses wait for the request side at the end of this one */
};

/* What a step of a reader says. */
enum http_step {
	HTTP_NEXT,  /* go on with the reader's step */
	HTTP_MORE,  /* more bytes are needed */
	HTTP_OTHER, /* the other direction has to go on first */
	HTTP_FAIL,
};

/* A call: the input of one direction and what belongs to it. */
struct http_call {
	struct app_io *io;
	struct http_state *state;
	enum dir dir;
	struct cursor in; /* at what is not consumed yet */
	bool eof;
	uint64_t gap; /* so many bytes are missing; `in` is empty then */
	bool in_gap;  /* the call is about missing bytes, these or some before */
};

/* request.c, response.c */
enum http_step http_request_step(struct http_call *c);
enum http_step http_response_step(struct http_call *c);
void http_request_complete(struct http_call *c, struct http_tx *tx);
enum http_step http_request_line_cut(struct http_call *c, struct http_tx *tx);

/* head.c: the lines of a header block */
enum http_step http_headers(struct http_call *c, struct http_tx *tx);
/* The header with this name (lower case); NULL. */
struct http_header *http_header_find(const struct http_tx *tx, enum dir dir, const char *name);
struct slice http_header_value(const struct http_tx *tx, enum dir dir, const char *name);
/* Forgets all headers (after a 100 response). */
void http_headers_clear(struct http_tx *tx, enum dir dir);

/* uri.c */
bool http_uri_parse(struct http_call *c, struct http_tx *tx);
bool http_host_parse(struct http_call *c, struct http_tx *tx);
bool http_connect_parse(struct http_call *c, struct http_tx *tx);

/* body.c: `data` is decoded of transfer coding; with a gap only its length counts. False: no
 * memory or a bomb. */
bool http_body_data(struct http_call *c, struct http_tx *tx, struct slice data);
bool http_body_begin(struct http_call *c, struct http_tx *tx); /* content encodings */
/* All of it has come: what is still being decoded is handed on. */
void http_body_flush(struct http_call *c, struct http_tx *tx);
void http_body_end(struct http_call *c, struct http_tx *tx);
void http_body_close_file(struct http_call *c, struct http_tx *tx, bool truncated);
void http_body_free(struct app_io *io, struct http_side *side);
void http_body_seen(struct http_tx *tx, enum dir dir, unsigned as);
bool http_body_window(const struct http_tx *tx, enum dir dir, unsigned as, struct slice *ret,
		      uint64_t *ret_offset, bool *ret_end);

/* multipart.c */
void http_multipart_begin(struct http_call *c, struct http_tx *tx);
void http_multipart_data(struct http_call *c, struct http_tx *tx);
/* The value of `name=` in a header such as Content-Disposition; false without. */
bool http_parameter(struct slice value, const char *name, struct slice *ret);

/* http.c */
/* Frames: the message begins, ends where the input stands. */
void http_frame_begin(struct http_call *c, struct http_reader *r);
void http_frame_end(struct http_call *c, struct http_reader *r);
struct http_tx *http_tx_new(struct http_call *c);
void http_event(struct http_tx *tx, enum http_event event);
static inline struct slice http_get(const struct http_side *side, struct http_span span)
{
	return http_text_get(span.more ? &side->more : &side->raw, span);
}
/* At most `max` bytes of a body, or of a gap in it (data is NULL then). */
static inline struct slice http_take_body(struct http_call *c, uint64_t max)
{
	uint64_t len = c->gap ? c->gap : cursor_left(&c->in);

	if (len > max)
		len = max;
	if (!c->gap)
		return cursor_take(&c->in, (size_t)len);
	c->gap -= len;
	return SLICE(NULL, (size_t)len);
}
static inline struct http_side *http_side_of(struct http_call *c, struct http_tx *tx)
{
	return &tx->side[c->dir];
}

/* buffers.c, log.c */
enum { HTTP_BUFFERS = 30, HTTP_KEYWORDS = 1 };
extern const struct app_buffer http_buffers[HTTP_BUFFERS];
extern const struct app_keyword http_keywords[HTTP_KEYWORDS];
bool http_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto http_proto;
