/* Files that the centre has put in force on a box (a sensor or mitigator): configuration versions,
 * signature bundles, custom patterns, firmware. The box's side. An offer comes signed and numbered
 * over the link to the centre; the file is fetched in pieces over the same link, goes on where it
 * was when the link, the program or the box went, is compared with the offer's SHA-256 and then
 * handed to the handler of its kind. What was in force before stays until the handler says that the
 * new one is, and is kept for a roll-back.
 *
 *	FOLDER/artefacts.json          what is in force, what was, what is under way
 *	FOLDER/KIND/SHA256             files; at most two of a kind, one more while it is fetched
 *
 * A roll-back may be to an empty file: then nothing of that kind is in force, and the box works
 * with what it was installed with.
 *
 * A file is opaque here. One thread: the loop's. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/message.h"
#include "control/wire/tls.h"

enum {
	ARTEFACT_SIZE_MAX = 1 << 30, /* bytes of a file */
	ARTEFACT_CHUNK = 128 << 10,  /* bytes asked for at once */
	ARTEFACT_VERSION_MAX = 64,   /* of a version's name, with NUL */
	ARTEFACT_HASH = 65,	     /* SHA-256 in hex, with NUL */
	ARTEFACT_ID_MAX = 96,
	ARTEFACT_TEXT_MAX = 400,
	ARTEFACT_ROOM = 64 << 20, /* of the disk that a file must leave free */
	ARTEFACT_TRIES = 5,	  /* of a file whose hash is wrong */
};

/* A file that is whole. Text is the box's and stays while the call lasts. */
struct artefact_file {
	enum artefact_kind kind;
	const char *version; /* as the centre names it: hostile text */
	const char *path;    /* absolute if the folder was */
	const char *sha256;
	uint64_t size;
	bool back; /* a roll-back to it */
};

/* What puts files of a kind in force. `install` says
 *	0          it is in force, and will be after a start (the path stays as it is);
 *	ERR_AGAIN  artefact_settle says it later (a start in between asks again);
 *	else       refused: the sentence is shown at the centre, the one before stays in force.
 * The same file may come twice (the box was killed between the two): that is no error. */
struct artefact_handler {
	enum artefact_kind kind;
	int (*install)(void *ctx, const struct artefact_file *f, struct errmsg *e);
	void *ctx;
};

struct artefact_setup {
	struct loop *loop;
	const struct log *log;
	struct tls_keys *keys; /* offers are checked with */
	const char *folder;
	const struct artefact_handler *handlers; /* copied */
	size_t n_handlers;
	/* To the centre: kept until it has it (0 = kept) ... */
	int (*send)(void *ctx, const struct message *m, struct errmsg *e);
	/* ... or now or never. */
	bool (*pass)(void *ctx, const struct message *m);
	void *ctx;
};

struct artefact_box;

/* Goes on where it was. NULL with a sentence when the folder cannot be used. */
struct artefact_box *artefact_box_new(const struct artefact_setup *setup, struct errmsg *e);
void artefact_box_delete(struct artefact_box *b);

/* A numbered message of the centre (MESSAGE_ARTEFACT_OFFER): taken, durably, or refused with an
 * answer. ERR_IO when the disk refused: it must not be acknowledged. */
int artefact_box_take(struct artefact_box *b, const struct message *m, struct errmsg *e);
/* A passing one (MESSAGE_ARTEFACT_CHUNK). */
void artefact_box_passing(struct artefact_box *b, const struct message *m);
/* The link to the centre is there again: pieces are asked for at once. */
void artefact_box_up(struct artefact_box *b);

/* The end of an install that said ERR_AGAIN: 0, or refused with a sentence. */
void artefact_settle(struct artefact_box *b, enum artefact_kind kind, int rc, const char *sentence);

/* What is in force of a kind; false when nothing is. Text lives until the next call of any kind. */
bool artefact_in_force(struct artefact_box *b, enum artefact_kind kind, struct artefact_file *ret);
/* {"config": {"version", "sha256", "before", "coming", "bytes", "text"}, ...} */
json_t *artefact_box_json(const struct artefact_box *b);

/* The SHA-256 of a file in hex; for both sides. */
int artefact_hash_file(const char *path, char ret[ARTEFACT_HASH], uint64_t *ret_size,
		       struct errmsg *e);
/* 64 lower-case hex digits. */
bool artefact_hash_ok(const char *text);
