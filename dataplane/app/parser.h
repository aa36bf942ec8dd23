/* The parser contract: what a protocol folder (app/<proto>/) sees and provides. A folder exports
 * one `const struct app_proto`; nothing central is edited but the list in app/meson.build.
 *
 * A parser is called with the bytes of one direction in order, on the worker that owns the flow. It
 * reads through cursors, keeps its state in blocks of io->slab, makes transactions with app_tx_new
 * and moves their progress. It never logs, never alerts: detection and records read its
 * transactions through the tables below. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

struct record; /* dataplane/api/record.h: EVE fields are written through it */
struct app_flow;
struct app_file;

/* Part of every transaction, first member of the protocol's own struct. */
struct app_tx {
	struct app_tx *next;
	uint64_t id;	     /* 0, 1, ... within the flow */
	uint32_t size;	     /* of the protocol's struct, for the slab */
	uint8_t progress[2]; /* per direction; steps are the protocol's, complete = proto->complete
			      */
	uint8_t event_count;
	uint8_t flags;			    /* framework: logged, skip inspection per direction */
	uint8_t event[LIMIT_APP_TX_EVENTS]; /* indices into proto->events */
	uint64_t start_ns;
	struct app_file *files[2]; /* newest last, by direction; framework (app/file.h) */
	struct detect_tx *detect;  /* detect's: what was inspected and matched */
	bool only_one_way[2];	   /* [dir]: nothing will ever come in that direction (DNS query
				      without answer logged apart, NOTIFY, ...) */
};

struct app_tuple {
	struct ip_addr addr[2]; /* [DIR_TS] = client */
	uint16_t port[2];
	uint8_t ip_proto;
};

/* Handed to every parser call; the framework's private part follows in app/app.c. */
struct app_io {
	struct slab *slab;
	uint64_t now_ns;
	const struct app_tuple *tuple;
	struct app_flow *flow; /* opaque to parsers, for the calls below */
	const struct app_limits *limits;
	struct hash_key key; /* random: for hashes of what traffic chooses */
	bool midstream;	     /* the start of the connection was not seen */
	uint32_t frames;     /* 1 << type: frames of this protocol that some rule looks at */
	bool unnamed;	     /* rules and records see no protocol, or another one */
};

/* What somebody reads of what parsers can make: rules, records, detectors, lists, files. Decided in
 * one place (worker/demand.c); what is false may be left unmade, and is found empty. */
struct app_demand {
	bool bodies;	   /* HTTP answers, decoded, beyond the first bytes of their files */
	bool fingerprints; /* JA3, JA4, digests of certificates */
	bool names;	   /* of traffic that nobody parses */
};

/* What parsers take from the configuration. */
struct app_limits {
	struct app_demand demand;
	/* app-layer.protocols.http...: bytes of a body that are kept for inspection (0 = all), how
	 * much has to be there before the first inspection, and how much of what was inspected is
	 * shown again in front of new bytes. */
	uint32_t http_request_body_limit, http_response_body_limit;
	uint32_t http_request_inspect_min, http_response_inspect_min;
	uint32_t http_request_inspect_window, http_response_inspect_window;
	/* ...libhtp.default-config.lzma-*: most bytes of a dictionary */
	bool http_lzma;
	uint32_t http_lzma_memory;
	/* ...tls.encryption-handling: bypass: nothing more is looked at once data is encrypted */
	bool tls_bypass;
	uint8_t file_wanted; /* APP_FILE_* computed for every file; rules add more */
	/* app-layer.protocols.http.byterange...: files joined of parts (app_part_open), a worker */
	uint32_t part_memory, part_seconds;
};

enum app_status {
	APP_OK,	  /* `used` bytes were consumed; with used < len the rest is kept and presented
		     again in front of new bytes once `need` more have come (0 = any) */
	APP_BAD,  /* not this protocol any more: parsing of the flow stops, event
		     "applayer_proto..."; what was parsed stays */
	APP_DONE, /* nothing further is of use (encrypted): reassembly may stop */
};

struct app_result {
	enum app_status status;
	uint32_t used;
	uint32_t need;
};

#define APP_RESULT_OK(n)      ((struct app_result){APP_OK, (uint32_t)(n), 0})
#define APP_RESULT_MORE(n, m) ((struct app_result){APP_OK, (uint32_t)(n), (uint32_t)(m)})
#define APP_RESULT_BAD	      ((struct app_result){APP_BAD, 0, 0})
#define APP_RESULT_DONE(n)    ((struct app_result){APP_DONE, (uint32_t)(n), 0})

struct app_input {
	struct slice data;
	bool eof; /* no more bytes will come in this direction; data may be empty */
};

enum app_probe {
	APP_PROBE_NO,
	APP_PROBE_YES,
	APP_PROBE_MORE,	    /* cannot say before more bytes */
	APP_PROBE_REVERSED, /* yes, but these bytes come from the server */
};

enum app_transport {
	APP_TCP = 1 << 0,
	APP_UDP = 1 << 1,
};

/* Identification by bytes at the start of a direction: a hit within the first offset+depth bytes.
 */
struct app_pattern {
	enum dir dir;
	uint8_t transport; /* enum app_transport */
	const char *bytes;
	uint16_t len, offset, depth; /* depth counts from 0, as in rules: offset + len <= depth */
	bool nocase;
	/* A hit counts only when this agrees (NULL = always); asked with at least confirm_min
	 * bytes, and given up when it still says MORE at more than confirm_max (0 = depth). */
	enum app_probe (*confirm)(const struct app_tuple *tuple, enum dir dir, struct slice data);
	uint16_t confirm_min, confirm_max;
	bool weak; /* probes of other protocols are asked too and win */
};

/* Identification by a function, tried on these ports (NULL-terminated text such as "53" or
 * "80,8080"); NULL = any port, tried after patterns and port-bound ones. */
struct app_probe_rule {
	uint8_t transport;
	const char *ports;
	enum dir dir; /* side whose port it is: DIR_TS = destination port of the client's packets */
	uint16_t min_len;
	enum app_probe (*probe)(const struct app_tuple *tuple, enum dir dir, struct slice data);
	uint16_t max_len; /* MORE at more bytes than this is a NO; 0 = LIMIT_APP_PROBE_BYTES */
};

/* A sticky buffer of rules. */
struct app_buffer {
	const char *name;    /* as in rules: "http.uri" */
	bool dir[2];	     /* in which directions it exists */
	uint8_t progress[2]; /* least tx progress of that direction at which it may be inspected */
	bool multi;	     /* several instances: index 0, 1, ... until get returns false */
	bool late;	     /* instances may be added at any later progress */
	bool body;	     /* grows while the transaction runs: may be inspected again as it does;
				see get's note */
	/* The bytes, valid while the transaction is. false = not there (a rule on it cannot match,
	 * negated content included). For `body` it is the window to inspect now. */
	bool (*get)(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret);
	/* `body` only. window: offset of get's first byte in the whole body, and whether the body
	 * ends with get's last byte. seen: detection has inspected the window; get then returns
	 * false until more has come (enough for the next inspection, or the end), and the next
	 * window begins http_*_inspect_window before the first byte not seen. */
	void (*window)(const struct app_tx *tx, enum dir dir, uint64_t *ret_offset, bool *ret_end);
	void (*seen)(struct app_tx *tx, enum dir dir);
};

/* A keyword whose evaluation belongs to the protocol (dns.opcode, tls.version, ...). */
struct app_keyword {
	const char *name;
	bool dir[2];
	uint8_t progress[2];
	/* Compiles the raw argument of the rule. Returns NULL and fills `why` (one sentence, cap
	 * bytes) when it is not valid. Called at load. Freed with free(). */
	void *(*compile)(struct slice argument, char *why, size_t cap);
	bool (*match)(const struct app_tx *tx, enum dir dir, const void *compiled);
};

struct app_proto {
	const char *name;	   /* as in rules and EVE app_proto: "http" */
	const char *rule_names[4]; /* further names rules may use for it, NULL-terminated */
	const char *event_prefix;  /* of app-layer-event names: "http" -> "http.<event>" */
	uint8_t transport;
	bool enabled_by_default;
	const struct app_pattern *patterns;
	unsigned pattern_count;
	const struct app_probe_rule *probes;
	unsigned probe_count;

	/* What the parser knows of a flow: zeroed bytes, made and given back by the framework; 0 =
	 * it needs none. `state_begin` sets what is not zero, `state_end` gives back what the state
	 * owns (not the state itself); NULL = nothing to do. */
	uint32_t state_size;
	void (*state_begin)(struct app_io *io, void *state);
	void (*state_end)(struct app_io *io, void *state);
	/* TCP: in-order bytes; UDP: one datagram a call (used is ignored). */
	struct app_result (*parse)(struct app_io *io, void *state, enum dir dir,
				   struct app_input input);
	/* `len` bytes are missing. false: the parser cannot go on (as APP_BAD). NULL = cannot. */
	bool (*gap)(struct app_io *io, void *state, enum dir dir, uint64_t len);
	/* Gives back what the transaction owns (not the struct itself). */
	void (*tx_free)(struct app_io *io, void *state, struct app_tx *tx);

	uint8_t complete[2]; /* progress at which a direction of a transaction is finished */
	bool unidirectional; /* a transaction is one direction's message (DNS, ...): the other one
				counts as complete */
	const char *const *events; /* names without prefix, in order of the protocol's enum */
	unsigned event_count;
	const struct app_buffer *buffers;
	unsigned buffer_count;
	const struct app_keyword *keywords;
	unsigned keyword_count;

	/* EVE: writes the object's fields (`"http":{...}` is opened by the caller with `eve_key`).
	 * Called when the transaction is complete in both directions, at the flow's end, and for
	 * alerts (with what is known so far). Returns false when there is nothing to log. */
	const char *eve_type; /* event_type; NULL = no record of its own */
	const char *eve_key;
	bool (*log)(const struct app_tx *tx, const void *state, struct record *record);

	/* --- optional, zero when not needed --- */
	/* Progress of both directions at which the record is written although the transaction goes
	 * on (TLS: handshake done); {0, 0} = when it is complete. */
	uint8_t log_progress[2];
	/* For transactions that give several records (one a question of a DNS query): called with
	 * index 0, 1, ... until it returns false; `log` is then not called for records. */
	bool (*log_nth)(const struct app_tx *tx, const void *state, uint32_t index,
			struct record *record);
	/* What an alert on the transaction carries, called with no object open: it writes whole
	 * fields ("dns":{...}, "smtp":{...} and "email":{...}). NULL = `log` inside `eve_key`. */
	void (*log_alert)(const struct app_tx *tx, const void *state, struct record *record);

	/* Further fields of the protocol's own record, beside `eve_key`: called with no object
	 * open. NULL = none. */
	void (*log_beside)(const struct app_tx *tx, const void *state, struct record *record);
	/* Its records are of our own schema (banken.json), because Suricata's lacks them. */
	bool own_type;
	/* A buffer without a byte is there (and bsize:0 or a negated content may match it); of most
	 * protocols it counts as missing, as in Suricata. */
	bool empty_buffers;

	/* Records name the sender of the packet they are written on first, not the client. */
	bool log_sender_first;
	/* 1 << dir: the direction that must speak first (a client of HTTP, TLS); 0 = either. */
	uint8_t first_data;
	/* Every byte is wanted: the reassembly depth does not hold for flows of this protocol. */
	bool whole_stream;
	/* Byte order that `dce` means in rules on this transaction; NULL = big endian. */
	bool (*little)(const struct app_tx *tx, enum dir dir);
	/* Records show the names of events in capitals, as Suricata does for its parsers in C. */
	bool events_in_capitals;
	/* For a protocol that rules cannot name, or that they know by other marks: asked with the
	 * first bytes of both directions when nobody else is found. The flow stays "failed" for
	 * rules and in records; its transactions and files are read all the same. */
	bool (*unnamed)(struct slice client, struct slice server);
	/* It is read so too while it is off because it is not enabled_by_default. */
	bool unnamed_when_off;
	/* Names of its frames as in rules ("pdu" of frame:mqtt.pdu), in the order of the types
	 * given to app_frame; at most APP_FRAME_STREAM. "stream" is everybody's, made by the
	 * framework. */
	const char *const *frames;
	unsigned frame_count;
};

/* A flow's state, zeroed and begun; NULL: no memory. */
static inline void *app_state_new(struct app_io *io, const struct app_proto *proto)
{
	void *state = slab_zalloc(io->slab, proto->state_size);

	if (state && proto->state_begin)
		proto->state_begin(io, state);
	return state;
}

/* NULL is nothing to do. */
static inline void app_state_delete(struct app_io *io, const struct app_proto *proto, void *state)
{
	if (!state)
		return;
	if (proto->state_end)
		proto->state_end(io, state);
	slab_free(io->slab, state, proto->state_size);
}

/* --- calls for parsers --- */

/* A new transaction of `size` bytes, zeroed, appended to the flow's list; NULL at a limit (memory,
 * LIMIT_APP_TRANSACTIONS): the parser returns APP_BAD. */
struct app_tx *app_tx_new(struct app_io *io, uint32_t size);
/* The newest transaction, the oldest one still alive, by id; NULL when there is none. */
struct app_tx *app_tx_last(const struct app_io *io);
struct app_tx *app_tx_first(const struct app_io *io);
struct app_tx *app_tx_find(const struct app_io *io, uint64_t id);
/* Sets an event once a transaction. */
void app_tx_event(struct app_tx *tx, unsigned event);
/* The parser has let something go at a limit of its own (limits.h): counted as limit.<protocol>. */
void app_limit_met(struct app_io *io);
/* Raw-stream rules should see what has come so far (a request or response is complete). */
void app_raw_trigger(struct app_io *io, enum dir dir);
/* From here on the payload of both directions is encrypted: rules on raw payload and raw stream
 * bytes do not look at it any more, the parser goes on (Suricata's encryption-handling: default).
 */
void app_payload_encrypted(struct app_io *io);
/* Another protocol goes on in this flow (STARTTLS, CONNECT, Upgrade): identification starts again
 * with the next byte of each direction. `hint` is the expected name or NULL. `server_port`: where
 * the new protocol says it goes (CONNECT host:port), for probes; 0 = the flow's own. The parser
 * returns with `used` at the last byte of the old protocol. False when a change is already under
 * way or the flow has had LIMIT_APP_PROTO_CHANGES of them. */
bool app_change_proto(struct app_io *io, const char *hint);
bool app_change_proto_port(struct app_io *io, const char *hint, uint16_t server_port);

/* As app_change_proto, but what follows is `proto`, which rules and records do not name: for them
 * the flow stays what it is (WebSocket after HTTP). */
bool app_read_on(struct app_io *io, const char *proto);

/* The protocol that went on before a change, by name; NULL without one. */
const char *app_changed_from(const struct app_io *io);
/* --- frames ---
 * A frame is a stretch of one direction's bytes that rules may look at as it lies on the wire
 * (frame:smb2.data): a unit, its head, its body. Parsers say where they are; the framework keeps
 * them, at most LIMIT_APP_FRAMES a direction, until they are inspected. Nothing is kept when no
 * rule asks for that type, so a parser calls this wherever it has a unit in front of it, but asks
 * app_frame_wanted first where it would have to work something out.
 *
 * `type`: index into proto->frames. `at`: the frame's first byte, which lies in the data of this
 * parse call (in front of what was consumed or not does not matter) or just behind it. `len`: its
 * bytes, also those that have not come yet; -1: not known yet, or up to the end. Announce it once,
 * so when the parser knows that a unit begins here and is not called again with the same bytes.
 * Direction: that of the parse call. Returns the frame's id, 0 when it is not wanted or refused;
 * the calls below take 0 in silence. */
enum { APP_FRAME_STREAM = 31 };

static inline bool app_frame_wanted(const struct app_io *io, unsigned type)
{
	return io->frames >> type & 1;
}

uint64_t app_frame_add(struct app_io *io, unsigned type, const uint8_t *at, int64_t len);

static inline uint64_t app_frame(struct app_io *io, unsigned type, const uint8_t *at, int64_t len)
{
	return app_frame_wanted(io, type) ? app_frame_add(io, type, at, len) : 0;
}

/* The frame ends before `end`, a place in the data of this call; NULL: where this call's data
 * begins (behind the gap in a call of `gap`). */
void app_frame_end(struct app_io *io, uint64_t id, const uint8_t *end);
/* The frame is `len` bytes long. */
void app_frame_length(struct app_io *io, uint64_t id, int64_t len);
/* The frame belongs to a transaction: alerts carry it. */
void app_frame_tx(struct app_io *io, uint64_t id, const struct app_tx *tx);

/* What the old protocol leaves to the next one, in a form that the two agree on; replaces what was
 * left before. Empty when nothing was. */
void app_leave(struct app_io *io, struct slice bytes);
struct slice app_left(const struct app_io *io);

/* Announces a flow: between the hosts of this one, to `port`, within LIMIT_APP_EXPECT_SECONDS. It
 * is taken for `proto` whatever it carries. */
struct app_expectation {
	const char *proto; /* static */
	uint16_t port;
	uint8_t kind;	  /* what it means is between the two protocols */
	uint8_t name_len; /* of name */
	uint8_t name[255];
};
void app_expect(struct app_io *io, const struct app_expectation *e);
/* What announced this flow; NULL for one that was not announced. */
const struct app_expectation *app_expected(const struct app_io *io);

/* Files carried by a transaction (app/file.h). */
struct app_file *app_file_open(struct app_io *io, struct app_tx *tx, enum dir dir,
			       struct slice name);
void app_file_data(struct app_io *io, struct app_file *file, struct slice data);
void app_file_gap(struct app_io *io, struct app_file *file, uint64_t len);
void app_file_close(struct app_io *io, struct app_file *file, bool truncated);

/* A part of a file that comes in several, over any number of transactions and connections (answers
 * to range requests). The part is a file of its own besides; what is told here goes towards the
 * whole, which becomes a further file of the transaction whose part makes it complete. Parts ahead
 * of their turn wait within part_memory. */
struct app_part_place {
	struct slice key[2];  /* together they name the whole: host, path; key[1] its file name */
	uint64_t first, last; /* of the part's bytes in the whole; first <= last < size */
	uint64_t size;	      /* of the whole */
};
/* NULL when nothing of it is new, or at a limit; the calls below take NULL in silence. */
struct app_part *app_part_open(struct app_io *io, const struct app_part_place *place);
/* `data.data` NULL: so many bytes are missing. */
void app_part_data(struct app_io *io, struct app_part *part, struct slice data);
/* The part ends, and is gone. `tx` NULL: its transaction is being freed. */
void app_part_close(struct app_io *io, struct app_part *part, struct app_tx *tx, enum dir dir,
		    bool truncated);
