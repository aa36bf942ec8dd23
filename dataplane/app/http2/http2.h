/* HTTP/2 (RFC 9113): with prior knowledge, and after an upgrade from HTTP/1.1 (RFC 7540 3.2). A
 * stream is a transaction; frames of stream 0 are transactions of their own. Header blocks are
 * inflated by nghttp2. Follows Suricata 7.0.10; README.md says where not. */
#pragma once

#include <nghttp2/nghttp2.h>

#include "dataplane/app/file.h"
#include "dataplane/app/http2/decode.h"
#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum http2_limit {
	HTTP2_FRAME_MAX =
		65536,		/* longer frames: event long_frame_data, only their start is read */
	HTTP2_FRAME_PART = 256, /* so many bytes of them at least */
	HTTP2_HEADERS_MAX = 1024,  /* of a stream and direction, and their bytes: */
	HTTP2_HEAD_MAX = 1 << 17,  /* event reassembly_limit_reached, the rest is not kept */
	HTTP2_HEADS_MAX = 1 << 20, /* of all live streams of a connection together: the same event.
				      A byte on the wire can stand for thousands in the table */
	HTTP2_TABLE_MAX = 1 << 16, /* bytes of the dynamic table: invalid_header above */
	HTTP2_NUMBERS_MAX =
		1 << 10, /* bytes of each list of numbers (windows, ...): the rest is left out */
	HTTP2_BUCKETS = 64,
};

/* States of a stream, which are its progress in both directions. */
enum http2_stream_state {
	HTTP2_IDLE,
	HTTP2_OPEN,
	HTTP2_RESERVED,
	HTTP2_DATA_CLIENT,
	HTTP2_HALF_CLOSED_CLIENT,
	HTTP2_DATA_SERVER,
	HTTP2_HALF_CLOSED_SERVER,
	HTTP2_CLOSED,
	HTTP2_GLOBAL, /* a frame of stream 0 */
};

enum http2_frame_type {
	HTTP2_DATA,
	HTTP2_HEADERS,
	HTTP2_PRIORITY,
	HTTP2_RST_STREAM,
	HTTP2_SETTINGS,
	HTTP2_PUSH_PROMISE,
	HTTP2_PING,
	HTTP2_GOAWAY,
	HTTP2_WINDOW_UPDATE,
	HTTP2_CONTINUATION,
};

enum http2_flag {
	HTTP2_END_STREAM = 1,
	HTTP2_END_HEADERS = 4,
	HTTP2_PADDED = 8,
	HTTP2_HAS_PRIORITY = 32,
};

#define HTTP2_EVENTS(X)                                                                            \
	X(INVALID_FRAME_HEADER, "invalid_frame_header")                                            \
	X(INVALID_CLIENT_MAGIC, "invalid_client_magic")                                            \
	X(INVALID_FRAME_DATA, "invalid_frame_data")                                                \
	X(INVALID_HEADER, "invalid_header")                                                        \
	X(INVALID_FRAME_LENGTH, "invalid_frame_length")                                            \
	X(EXTRA_HEADER_DATA, "extra_header_data")                                                  \
	X(LONG_FRAME_DATA, "long_frame_data")                                                      \
	X(STREAM_ID_REUSE, "stream_id_reuse")                                                      \
	X(INVALID_HTTP1_SETTINGS, "invalid_http1_settings")                                        \
	X(FAILED_DECOMPRESSION, "failed_decompression")                                            \
	X(INVALID_RANGE, "invalid_range")                                                          \
	X(HEADER_INTEGER_OVERFLOW, "header_integer_overflow")                                      \
	X(TOO_MANY_STREAMS, "too_many_streams")                                                    \
	X(AUTHORITY_HOST_MISMATCH, "authority_host_mismatch")                                      \
	X(USERINFO_IN_URI, "userinfo_in_uri")                                                      \
	X(REASSEMBLY_LIMIT_REACHED, "reassembly_limit_reached")

enum http2_event {
#define X(id, name) HTTP2_EVENT_##id,
	HTTP2_EVENTS(X)
#undef X
		HTTP2_EVENT_COUNT,
};

struct http2_frame {
	uint32_t len;
	uint8_t type, flags;
	uint32_t stream;
	struct slice body; /* shorter than len when the frame is over HTTP2_FRAME_MAX */
};

enum http2_header_kind { HTTP2_HEADER, HTTP2_SIZE_UPDATE };

/* "name: value CR LF" at `at` of the side's bytes. */
struct http2_header {
	uint32_t at, name_len, value_len;
	uint8_t kind;
	uint64_t size; /* of a table size update */
};

/* Values of a header that came more than once are put together when they are asked for. */
enum http2_joined {
	HTTP2_JOINED_AUTHORITY,
	HTTP2_JOINED_COOKIE,
	HTTP2_JOINED_USER_AGENT,
	HTTP2_JOINED_REFERER,
	HTTP2_JOINED_ACCEPT,
	HTTP2_JOINED_ACCEPT_ENC,
	HTTP2_JOINED_ACCEPT_LANG,
	HTTP2_JOINED_CONNECTION,
	HTTP2_JOINED_CONTENT_TYPE,
	HTTP2_JOINED_CONTENT_LEN,
	HTTP2_JOINED_SERVER,
	HTTP2_JOINED_LOCATION,
	HTTP2_JOINED_COUNT,
};

struct http2_made {
	struct kept bytes;
	uint32_t count; /* headers it was made of, + 1; 0 = not made */
};

struct http2_side {
	struct kept bytes;
	struct http2_header *headers;
	uint32_t header_cap;
	uint32_t count, len;	       /* headers, and bytes of them, that are whole */
	uint32_t pending, pending_len; /* with those of the block that is being read */
	bool had_headers;	       /* a frame with a header block was read */
	uint8_t types[32];	       /* types of frames seen, a bit each */
	/* numbers of frames, four bytes each in host order */
	struct kept errors, priorities, windows;
	struct kept settings; /* id and value */
	bool had_settings;
	bool twice_error, twice_priority; /* in records: which was first to come again */
	struct http2_made line, header, names, host, joined[HTTP2_JOINED_COUNT];
	struct http2_decoder *decoder;
	struct app_file *file;
	struct app_part *part; /* the answer to a range request: of the whole; NULL = none */
	bool file_opened;
	uint64_t body_seen; /* bytes of the file that rules on the body have inspected */
};

struct http2_tx {
	struct app_tx tx;
	struct slab *slab;
	struct http2_state *connection;
	struct http2_tx *next_in_bucket;
	uint32_t stream;
	uint8_t state; /* enum http2_stream_state */
	struct http2_side side[2];
};

/* One direction of the connection. */
struct http2_direction {
	nghttp2_hd_inflater *inflater;
	nghttp2_mem mem;	/* the inflater's; its slab */
	struct http2_tx *block; /* whose header block is open; NULL = none */
	uint32_t block_stream;	/* of its CONTINUATION frames */
	bool block_open;
	uint64_t skip; /* bytes of a long frame that are still to come */
};

struct http2_state {
	struct slab *slab;
	struct http2_direction dir[2];
	struct http2_tx *bucket[HTTP2_BUCKETS];
	uint32_t seed;
	uint32_t heads; /* bytes of headers that live streams hold */
	bool magic_seen, begun;
};

extern const struct app_proto http2_proto;

static inline struct http2_tx *http2_tx_of(const struct app_tx *tx)
{
	return (struct http2_tx *)container_of(tx, const struct http2_tx, tx);
}

static inline void http2_event(struct http2_tx *t, enum http2_event event)
{
	app_tx_event(&t->tx, event);
}

/* frame.c: a whole frame. False: no more transactions. */
bool http2_frame(struct app_io *io, struct http2_state *s, enum dir dir,
		 const struct http2_frame *f);
/* http2.c: the transaction of a stream, made when there is none; NULL at the limit. */
struct http2_tx *http2_tx_new(struct app_io *io, struct http2_state *s, uint32_t stream);
struct http2_tx *http2_tx_find(struct http2_state *s, uint32_t stream);
void http2_set_state(struct http2_tx *t, enum http2_stream_state state);

/* headers.c */
/* A piece of a header block; `end`: its last. False when it cannot be read: nothing of the block is
 * kept. */
enum http2_block { HTTP2_BLOCK_OK, HTTP2_BLOCK_INVALID, HTTP2_BLOCK_CUT };
enum http2_block http2_block_read(struct app_io *io, struct http2_direction *d, struct http2_tx *t,
				  enum dir dir, struct slice piece, bool end);
/* What was read of a block that does not go on is forgotten. */
void http2_block_drop(struct app_io *io, struct http2_direction *d, struct http2_tx *t,
		      enum dir dir);
bool http2_header_add(struct app_io *io, struct http2_tx *t, enum dir dir, struct slice name,
		      struct slice value);
void http2_headers_done(struct http2_tx *t, enum dir dir);
void http2_direction_free(struct app_io *io, struct http2_direction *d);
struct slice http2_name(const struct http2_side *side, const struct http2_header *h);
struct slice http2_value(const struct http2_side *side, const struct http2_header *h);
/* The first header of that name; NULL without. */
const struct http2_header *http2_find(const struct http2_side *side, const char *name);

/* body.c */
void http2_body_data(struct app_io *io, struct http2_tx *t, enum dir dir, struct slice data,
		     bool end);
void http2_body_close(struct app_io *io, struct http2_tx *t, enum dir dir, bool truncated);

/* buffers.c, keywords.c, log.c */
enum { HTTP2_BUFFERS = 28, HTTP2_KEYWORDS = 7 };
extern const struct app_buffer http2_buffers[HTTP2_BUFFERS];
extern const struct app_keyword http2_keywords[HTTP2_KEYWORDS];
bool http2_log(const struct app_tx *tx, const void *state, struct record *r);
