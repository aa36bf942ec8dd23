#include "dataplane/rx/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	PCAP_HEADER = 24,
	RECORD_HEADER = 16,
	FRAME_MAX = 262144, /* as libpcap: more is damage */
	LINK_MASK = 0xffff, /* the bits above hold the length of a frame check sequence */

	POPULATE = 2 << 20, /* bytes mapped at once ahead of the reader */
	LINE = 64,
	FETCH_AHEAD = 4096, /* bytes between the reader and what is fetched into the cache */
	FETCH_MAX = 2048,   /* bytes of one record; longer ones stream by themselves */
	KEEP = 64 << 20, /* bytes behind it that stay mapped; older ones come back when touched */
	RELEASE = 16 << 20,
};

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS  0xa1b23c4du

struct rx_file {
	/* a classic file, mapped */
	const uint8_t *map;
	size_t size, pos;
	size_t populated, released; /* up to there */
	bool swapped;
	uint32_t snaplen;
	uint32_t fraction_ns; /* of one unit of a record's second time word */

	/* anything else */
	pcap_t *pcap;
	uint8_t *held; /* RX_FILE_HELD frames of FRAME_MAX bytes */

	struct bpf_program filter;
	bool has_filter;
	uint16_t link_type;
	bool ended;
	uint64_t packets; /* given */
	uint64_t records; /* read */
	struct errmsg damage;
	char path[256]; /* for sentences; its end when longer */
};

static uint32_t word(const struct rx_file *f, size_t at)
{
	uint32_t w;

	memcpy(&w, f->map + at, sizeof(w));
	return f->swapped ? __builtin_bswap32(w) : w;
}

static bool starts_with(const uint8_t *head, size_t len, struct slice magic)
{
	return len >= magic.len && memcmp(head, magic.data, magic.len) == 0;
}

/* A sentence for what is no capture at all. */
static int refuse_content(const struct rx_file *f, const uint8_t *head, size_t len,
			  struct errmsg *e)
{
	static const struct {
		struct slice magic;
		const char *tool;
	} packed[] = {
		{{(const uint8_t *)"\x1f\x8b", 2}, "gunzip"},
		{{(const uint8_t *)"\x28\xb5\x2f\xfd", 4}, "unzstd"},
		{{(const uint8_t *)"\xfd"
				   "7zXZ",
		  5},
		 "unxz"},
		{{(const uint8_t *)"BZh", 3}, "bunzip2"},
		{{(const uint8_t *)"PK\x03\x04", 4}, "unzip"},
		{{(const uint8_t *)"\x04\x22\x4d\x18", 4}, "unlz4"},
	};

	if (len == 0)
		return errmsg_set(e, ERR_INVALID, "%s: the file is empty; give a capture file",
				  f->path);
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
		if (starts_with(head, len, packed[i].magic))
			return errmsg_set(e, ERR_INVALID,
					  "%s: the file is compressed; unpack it with %s first",
					  f->path, packed[i].tool);
	}
	return 0;
}

/* The mapped reader takes what it knows; libpcap the rest, older versions of the format too. */
static bool is_classic(struct rx_file *f)
{
	uint32_t magic;
	uint16_t major, minor;

	if (f->size < PCAP_HEADER)
		return false;
	magic = word(f, 0);
	f->swapped = magic == __builtin_bswap32(MAGIC_MICROSECONDS) ||
		     magic == __builtin_bswap32(MAGIC_NANOSECONDS);
	magic = word(f, 0);
	if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS)
		return false;
	memcpy(&major, f->map + 4, sizeof(major));
	memcpy(&minor, f->map + 6, sizeof(minor));
	if (f->swapped) {
		major = __builtin_bswap16(major);
		minor = __builtin_bswap16(minor);
	}
	if (major != 2 || minor != 4)
		return false;
	f->fraction_ns = magic == MAGIC_NANOSECONDS ? 1 : (uint32_t)NS_PER_US;
	f->snaplen = word(f, 16);
	if (f->snaplen == 0 || f->snaplen > FRAME_MAX)
		f->snaplen = FRAME_MAX;
	f->link_type = (uint16_t)(word(f, 20) & LINK_MASK);
	f->pos = PCAP_HEADER;
	return true;
}

/* libpcap's DLT_* of a file, where it differs from the LINKTYPE_* in it. */
static uint16_t link_type_of(int dlt)
{
	return (uint16_t)(dlt == LINK_DLT_RAW || dlt == LINK_DLT_RAW_BSD ? LINK_RAW : dlt);
}

static int open_libpcap(struct rx_file *f, const char *path, struct errmsg *e)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	f->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!f->pcap)
		return errmsg_set(e, ERR_INVALID,
				  "%s: not a capture file (%s); give a pcap or pcapng file",
				  f->path, why);
	f->held = mmap(NULL, (size_t)RX_FILE_HELD * FRAME_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->held == MAP_FAILED) {
		f->held = NULL;
		return errmsg_set(e, ERR_NOMEM, "%s: no memory for frames; free some", f->path);
	}
	f->link_type = link_type_of(pcap_datalink(f->pcap));
	return 0;
}

/* Maps a regular file; leaves map NULL for pipes and the like. */
static int map_file(struct rx_file *f, int fd, struct errmsg *e)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return errmsg_set(e, ERR_IO, "%s: cannot be read: %s", f->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return errmsg_set(e, ERR_IO, "%s: is a folder; give a capture file", f->path);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_size == 0)
		return refuse_content(f, NULL, 0, e);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return errmsg_set(e, ERR_IO, "%s: cannot be mapped: %s", f->path, strerror(errno));
	f->map = map;
	f->size = (size_t)st.st_size;
	madvise(map, f->size, MADV_SEQUENTIAL);
	return refuse_content(f, f->map, f->size, e);
}

static int open_file(struct rx_file *f, const char *path, struct errmsg *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errmsg_set(e, ERR_IO, "%s: cannot be opened: %s", f->path, strerror(errno));
	err = map_file(f, fd, e);
	close(fd);
	if (err || (f->map && is_classic(f)))
		return err;
	if (f->map)
		munmap((void *)f->map, f->size);
	f->map = NULL;
	return open_libpcap(f, path, e);
}

int rx_file_open(const char *path, struct rx_file **ret, struct errmsg *e)
{
	struct rx_file *f = calloc(1, sizeof(*f));
	size_t len = strlen(path);
	int err;

	if (!f)
		return errmsg_set(e, ERR_NOMEM, "no memory to open %.200s", path);
	snprintf(f->path, sizeof(f->path), "%s",
		 len < sizeof(f->path) ? path : path + len - sizeof(f->path) + 1);
	err = open_file(f, path, e);
	if (err) {
		rx_file_close(f);
		return err;
	}
	*ret = f;
	return 0;
}

void rx_file_close(struct rx_file *f)
{
	if (!f)
		return;
	if (f->has_filter)
		pcap_freecode(&f->filter);
	if (f->map)
		munmap((void *)f->map, f->size);
	if (f->held)
		munmap(f->held, (size_t)RX_FILE_HELD * FRAME_MAX);
	if (f->pcap)
		pcap_close(f->pcap);
	free(f);
}

int rx_file_filter(struct rx_file *f, const char *expression, struct errmsg *e)
{
	pcap_t *p =
		pcap_open_dead(f->link_type == LINK_RAW ? LINK_DLT_RAW : f->link_type, FRAME_MAX);
	int err = 0;

	if (!p)
		return errmsg_set(e, ERR_NOMEM, "no memory for the capture filter");
	if (pcap_compile(p, &f->filter, expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
		err = errmsg_set(e, ERR_INVALID, "capture filter \"%.200s\": %s", expression,
				 pcap_geterr(p));
	else
		f->has_filter = true;
	pcap_close(p);
	return err;
}

/* Ends the reading; the rest of the file is not used. */
static int damaged(struct rx_file *f, const char *what, size_t at)
{
	f->ended = true;
	errmsg_set(&f->damage, ERR_INVALID,
		   "%s: %s at byte %zu, after %llu records; those were analysed, capture it again "
		   "to have the rest",
		   f->path, what, at, (unsigned long long)f->records);
	return 0;
}

/* Keeps the pages in front of the reader mapped and lets those far behind go. */
static void window(struct rx_file *f)
{
	size_t from = f->populated, behind;

	f->populated += POPULATE;
	if (from < f->size)
		madvise((void *)(f->map + from),
			f->size - from < POPULATE ? f->size - from : POPULATE, MADV_POPULATE_READ);
	behind = f->populated > KEEP ? f->populated - KEEP : 0;
	if (behind >= f->released + RELEASE) {
		madvise((void *)(f->map + f->released), RELEASE, MADV_DONTNEED);
		f->released += RELEASE;
	}
}

/* Where the next records begin is not known before the one in front is read, so every line of the
 * file is fetched, as many as this record had: 25 instead of 60 ns a record from memory. */
static inline void fetch_ahead(const struct rx_file *f, uint32_t present)
{
	size_t lines = present < FETCH_MAX ? present : FETCH_MAX;

	if (f->size - f->pos < FETCH_AHEAD + FETCH_MAX)
		return;
	for (size_t at = 0; at < lines + RECORD_HEADER; at += LINE)
		__builtin_prefetch(f->map + f->pos + FETCH_AHEAD + at);
}

static inline int next_mapped(struct rx_file *f, struct packet *p)
{
	size_t left = f->size - f->pos;
	uint32_t seconds, fraction, present, wire;

	if (left < RECORD_HEADER)
		return left == 0 ? 0 : damaged(f, "a record's header is cut off", f->pos);
	if (f->pos + FRAME_MAX > f->populated)
		window(f);
	seconds = word(f, f->pos);
	fraction = word(f, f->pos + 4);
	present = word(f, f->pos + 8);
	wire = word(f, f->pos + 12);
	if (present > FRAME_MAX)
		return damaged(f, "a record claims an impossible length", f->pos);
	if (present > left - RECORD_HEADER)
		return damaged(f, "the last record is cut off", f->pos);
	p->frame = f->map + f->pos + RECORD_HEADER;
	f->pos += RECORD_HEADER + (size_t)present;
	fetch_ahead(f, present);
	if (present > f->snaplen)
		present = f->snaplen;
	p->frame_len = present;
	p->wire_len = wire > present ? wire : present;
	p->now_ns = seconds * NS_PER_SEC + (uint64_t)fraction * f->fraction_ns;
	p->flags = PACKET_STABLE;
	return 1;
}

static int next_libpcap(struct rx_file *f, struct packet *p)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	uint8_t *copy;
	int got = pcap_next_ex(f->pcap, &h, &data);

	if (got == PCAP_ERROR_BREAK || got == 0)
		return 0;
	if (got < 0) {
		f->ended = true;
		errmsg_set(&f->damage, ERR_INVALID,
			   "%s: damaged after %llu records (%s); those were analysed, capture it "
			   "again to have the rest",
			   f->path, (unsigned long long)f->records, pcap_geterr(f->pcap));
		return 0;
	}
	copy = f->held + f->records % RX_FILE_HELD * FRAME_MAX;
	p->frame_len = h->caplen < FRAME_MAX ? h->caplen : FRAME_MAX;
	memcpy(copy, data, p->frame_len);
	p->frame = copy;
	p->wire_len = h->len > p->frame_len ? h->len : p->frame_len;
	p->now_ns = (uint64_t)h->ts.tv_sec * NS_PER_SEC + (uint64_t)h->ts.tv_usec;
	p->flags = 0;
	return 1;
}

static bool wanted(const struct rx_file *f, const struct packet *p)
{
	struct pcap_pkthdr h = {.caplen = p->frame_len, .len = p->wire_len};

	return !f->has_filter || pcap_offline_filter(&f->filter, &h, p->frame);
}

int rx_file_next(struct rx_file *f, struct packet *p)
{
	do {
		if (f->ended || (f->map ? next_mapped(f, p) : next_libpcap(f, p)) == 0) {
			f->ended = true;
			return 0;
		}
		f->records++;
	} while (!wanted(f, p));
	p->number = ++f->packets;
	p->link_type = f->link_type;
	p->port = 0;
	p->origin = NULL;
	return 1;
}

bool rx_file_stable(const struct rx_file *f)
{
	return f->map != NULL;
}

uint16_t rx_file_link_type(const struct rx_file *f)
{
	return f->link_type;
}

uint64_t rx_file_packets(const struct rx_file *f)
{
	return f->packets;
}

const char *rx_file_damage(const struct rx_file *f)
{
	return f->damage.text[0] ? f->damage.text : NULL;
}
