/* The fuse (Q7): at most N hosts a window, and a threat that hits many hosts at once holds. Counts
 * automatic cuts only; what a person orders is that person's. Times are the mitigator's monotonic
 * clock, so a clock step neither blows nor mends it. Owner: the mitigator's loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	FUSE_HOSTS_MAX = 1024, /* the largest N */
	FUSE_THREATS = 512,    /* threats remembered for mass hits; the oldest goes */
	FUSE_MASS_MAX = 64,    /* the largest number of hosts a threat may hit before it holds */
};

struct fuse_limits {
	uint32_t hosts; /* cuts a window, 0: every automatic cut is held */
	uint64_t window_ns;
	uint32_t share_percent; /* of a segment's hosts cut at once; one host is always allowed */
	uint32_t mass_hosts;	/* hosts that one threat hits within mass_window before it holds */
	uint64_t mass_window_ns;
};

struct fuse;

struct fuse *fuse_new(const struct fuse_limits *limits);
void fuse_free(struct fuse *f);
void fuse_set_limits(struct fuse *f, const struct fuse_limits *limits);
const struct fuse_limits *fuse_get_limits(const struct fuse *f);

/* Hosts cut within the window that ends now. */
uint32_t fuse_used(const struct fuse *f, uint64_t now);
/* True when this host may be cut within the window: it was already, or one more fits. */
bool fuse_has_room(const struct fuse *f, uint64_t host, uint64_t now);
void fuse_count_cut(struct fuse *f, uint64_t host, uint64_t now);
/* True when a segment of `hosts` hosts with `cut` of them cut may lose one more. */
bool fuse_share_allows(const struct fuse *f, uint32_t hosts, uint32_t cut);

/* Notes that the threat was seen on the host; the number of hosts within the mass window, this
 * one included, at most FUSE_MASS_MAX. */
uint32_t fuse_note_hit(struct fuse *f, uint64_t threat, uint64_t host, uint64_t now);
bool fuse_is_mass(const struct fuse *f, uint32_t hosts);
