/* A mail as it comes (RFC 5322, 2045-2046): headers, parts, attachments decoded into files, URLs in
 * texts. Fed line by line; nothing of the bodies is kept. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"
#include "dataplane/app/text/list.h"

enum mime_limit {
	MIME_DEPTH = 16,	      /* parts within parts: the mail is malformed then */
	MIME_BOUNDARY_MAX = 254,      /* mime_long_boundary: the mail is given up */
	MIME_HEADER_NAME_MAX = 75,    /* mime_long_header_name, nothing else */
	MIME_HEADER_VALUE_MAX = 2000, /* mime_long_header_value: cut */
	MIME_LINE_MAX = 998,	      /* mime_long_line, nothing else */
	MIME_ENCODED_LINE_MAX = 76,   /* mime_long_enc_line, nothing else */
	MIME_FILENAME_MAX = 255,      /* mime_long_filename: cut */
	MIME_URLS_MAX = 16384,	      /* bytes of URLs and of attachment names a mail */
	MIME_URL_MAX = 1024,	      /* of one */
};

enum mime_status {
	MIME_NONE,
	MIME_HEADER_READY,
	MIME_HEADER_STARTED,
	MIME_HEADER_DONE,
	MIME_BODY_STARTED,
	MIME_BODY_DONE,
	MIME_BODY_END_BOUND,
	MIME_PARSE_DONE,
	MIME_PARSE_ERROR,
};

enum mime_anomaly { /* of the mail; bits of mime.anomalies */
		    MIME_INVALID_BASE64,
		    MIME_INVALID_QP,
		    MIME_LONG_LINE,
		    MIME_LONG_ENC_LINE,
		    MIME_LONG_HEADER_NAME,
		    MIME_LONG_HEADER_VALUE,
		    MIME_MALFORMED_MSG,
		    MIME_LONG_BOUNDARY,
		    MIME_LONG_FILENAME,
		    MIME_PARSE_FAILED,
		    MIME_ANOMALIES,
};

enum mime_part_flag {
	MIME_BASE64 = 1 << 0,
	MIME_QP = 1 << 1,
	MIME_TEXT = 1 << 2,
	MIME_HTML = 1 << 3,
	MIME_ATTACHMENT = 1 << 4,
};

struct mime_level {
	struct kept boundary; /* defined by the part of this level; no data = none */
	bool encapsulated;    /* a message/... within another */
};

struct mime {
	uint8_t status; /* enum mime_status */
	uint16_t anomalies;
	uint8_t depth; /* levels in use, at least 1 */
	uint8_t dir;   /* whose files its attachments are; the client's unless set */
	struct mime_level level[MIME_DEPTH];
	bool child_expected; /* the part in hand has a boundary for its own parts */
	/* the header field being read */
	char field[MIME_HEADER_NAME_MAX + 1];
	struct kept value;
	/* of the part in hand */
	uint8_t part; /* enum mime_part_flag */
	struct kept type, disposition, encoding, filename;
	/* of the whole mail */
	bool top_headers; /* the first headers are being read */
	struct kept from, to, cc;
	struct text_list attachments, urls;
	/* decoding */
	uint8_t quad[4], quad_len;
	uint8_t held[2], held_len; /* the last line's end: of the body only if another line follows,
				      else of the boundary (RFC 2046 5.1.1) */
	uint8_t out[1024];
	uint16_t out_len;
	struct app_file *file;
	bool body_begun; /* bytes or an end of the body in hand were seen */
};

struct mime *mime_new(struct app_io *io);
void mime_free(struct app_io *io, struct mime *m);

/* A line without its end, or a piece of one. */
struct mime_piece {
	struct slice text;
	struct slice end; /* CRLF, CR or LF; empty: the line goes on */
	bool begins;	  /* at the line's start */
};
void mime_line(struct app_io *io, struct app_tx *tx, struct mime *m,
	       const struct mime_piece *piece);
/* Only whole lines are taken now, as far as SMTP's limit allows. */
bool mime_wants_lines(const struct mime *m);
/* The mail is over. */
void mime_end(struct app_io *io, struct app_tx *tx, struct mime *m);
static inline bool mime_in_headers(const struct mime *m)
{
	return m->status < MIME_HEADER_DONE;
}
const char *mime_status_text(const struct mime *m);

/* feed.c: a mail of which only the bytes are at hand. */
struct mime_feed {
	bool dots; /* a line of one dot ends it, others that begin with a dot have one too many */
	bool line_begun; /* part of the line in hand went on */
	bool ended;	 /* the dot was seen */
};
/* Takes the whole lines of `data` and what may go on before its line's end is seen; all of it when
 * nothing follows (`last`). `m` may be NULL: then lines are only counted off. Returns how many
 * bytes were taken. */
size_t mime_feed(struct app_io *io, struct app_tx *tx, struct mime *m, struct mime_feed *f,
		 struct slice data, bool last);

/* log.c: the fields of the record's object "email"; the object itself, nothing without a mail. */
void mime_log(const struct mime *m, struct record *r);
void mime_log_email(const struct mime *m, struct record *r);

/* params.c: the value of `name` in "type; name=value; other=...", quoted or not, also in the pieces
 * of RFC 2231. At most `cap` bytes; true when it is there, `ret_cut` when it was longer. */
bool mime_parameter(struct slice field, const char *name, uint8_t *buf, size_t cap, size_t *ret_len,
		    bool *ret_cut);
