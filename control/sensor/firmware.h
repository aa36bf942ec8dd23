/* Firmware that the centre sends to this box. Control has no right to the disk's slots: it keeps
 * what is wanted in a folder of its own; root's banken-box (board/provision/firmware.py) reads it,
 * looks at the file anew, installs it, starts the machine again, and writes what became of it. The
 * answer is waited for over that start, whichever release runs then.
 *
 *	STATE/firmware/wanted   {"ticket", "sha256", "version", "size", "back"}
 *	ANSWER                  {"ticket", "state", "text"}, written by root
 *
 * A ticket is one order; the same file may be ordered again later. One thread: the loop's. */
#pragma once

#include "control/wire/artefact.h"

enum {
	FIRMWARE_UNHEARD_S = 600, /* after which nobody is taken to install anything here */
	FIRMWARE_TEXT = 4096,	  /* bytes of either file */
};

struct firmware;

struct firmware_setup {
	struct loop *loop;
	const struct log *log;
	const char *statedir;
	const char *answer; /* path of the answer's file */
	/* The end of an install (artefact_settle). */
	void (*settled)(void *ctx, enum artefact_kind kind, int rc, const char *sentence);
	void *ctx;
};

/* The texts are copied. NULL with a sentence when the folder cannot be made. */
struct firmware *firmware_new(const struct firmware_setup *setup, struct errmsg *e);
void firmware_free(struct firmware *f);

/* For artefact_handler.install, kind ARTEFACT_FIRMWARE; ctx is the struct. Always ERR_AGAIN or an
 * error: in force it is once the box has started with it and is healthy. */
int firmware_install(void *ctx, const struct artefact_file *f, struct errmsg *e);
