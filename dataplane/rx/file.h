/* Frames from a capture file, offline. Classic pcap (micro- and nanoseconds, either byte order) is
 * read by a reader of our own; everything else that libpcap knows (pcapng, pipes) by libpcap.
 * Single-threaded; the file is the caller's until rx_file_close. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/packet.h"

struct rx_file;

enum { RX_FILE_BURST = 64 }; /* frames at a time */

/* 0, or negative with a sentence: not there (ERR_IO), empty, garbage, compressed (ERR_INVALID). */
int rx_file_open(const char *path, struct rx_file **ret, struct errmsg *e);
void rx_file_close(struct rx_file *f);

/* Only frames that match `expression` (pcap-filter(7)) are given from now on. 0 or ERR_INVALID. */
int rx_file_filter(struct rx_file *f, const char *expression, struct errmsg *e);

/* The next frame into the rx fields of `p` (the others are left alone): 1, or 0 at the end; then
 * rx_file_damage says whether it was the whole file. Its bytes are valid until the next call. */
int rx_file_next(struct rx_file *f, struct packet *p);

/* As many of the next frames as are at hand, at least one and at most `most` or RX_FILE_BURST, as
 * rx_file_next gives them; 0 at the end. Their bytes are valid until the next call. */
unsigned rx_file_burst(struct rx_file *f, struct packet *p, unsigned most);

/* LINKTYPE_* of the file (pcapng: of its first interface). */
uint16_t rx_file_link_type(const struct rx_file *f);

/* Frames given so far. */
/* Of the file as it was opened; 0 where that is not known. */
uint64_t rx_file_bytes(const struct rx_file *f);
uint64_t rx_file_packets(const struct rx_file *f);

/* NULL, or one sentence about where and how the file is damaged and how many frames were read. */
const char *rx_file_damage(const struct rx_file *f);
