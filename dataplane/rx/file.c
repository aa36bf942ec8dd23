#include "dataplane/rx/file.h"

#include <assert.h>
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

	READ_BYTES = 256 << 10,
	BUFFER = 2 << 20, /* a record that is not whole, and READ_BYTES behind it */
	LINE = 64,
	HEADERS = 64, /* of the next frame, fetched while this one is worked on */
};

static_assert(BUFFER >= RECORD_HEADER + FRAME_MAX + READ_BYTES, "a record always finds room");

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS  0xa1b23c4du

struct rx_file {
	/* a classic file */
	uint8_t *buf; /* BUFFER bytes */
	int fd, read_error;
	size_t size, pos; /* bytes in the buffer, and how many of them were given */
	size_t base;	  /* the buffer's place in the file */
	bool swapped;
	uint32_t snaplen;
	uint32_t fraction_ns; /* of one unit of a record's second time word */

	/* anything else */
	pcap_t *pcap;
	uint8_t *held; /* RX_FILE_BURST frames of FRAME_MAX bytes */

	struct bpf_program filter;
	bool has_filter;
	uint16_t link_type;
	bool ended;
	uint64_t bytes;	  /* of the file when it was opened */
	uint64_t packets; /* given */
	uint64_t records; /* read */
	struct errmsg damage;
	char path[256]; /* for sentences; its end when longer */
};

static uint32_t word(const struct rx_file *f, size_t at)
{
	uint32_t w;

	memcpy(&w, f->buf + at, sizeof(w));
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

/* Our own reader takes what it knows; libpcap the rest, older versions of the format too. */
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
	memcpy(&major, f->buf + 4, sizeof(major));
	memcpy(&minor, f->buf + 6, sizeof(minor));
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
	f->held = mmap(NULL, (size_t)RX_FILE_BURST * FRAME_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->held == MAP_FAILED) {
		f->held = NULL;
		return errmsg_set(e, ERR_NOMEM, "%s: no memory for frames; free some", f->path);
	}
	f->link_type = link_type_of(pcap_datalink(f->pcap));
	return 0;
}

/* More of the file, behind what is there: what was not read yet goes to the front first. Copying
 * into a buffer that stays in the cache costs half of mapping the file's pages, and the frames are
 * then near. False: no more came. */
static bool refill(struct rx_file *f)
{
	size_t left = f->size - f->pos;
	ssize_t got;

	if (left)
		memmove(f->buf, f->buf + f->pos, left);
	f->base += f->pos;
	f->pos = 0;
	f->size = left;
	do {
		got = read(f->fd, f->buf + left, READ_BYTES);
	} while (got < 0 && errno == EINTR);
	f->read_error = got < 0 ? errno : 0;
	if (got > 0)
		f->size += (size_t)got;
	return got > 0;
}

/* The first bytes of a regular file; leaves buf NULL for pipes and the like. */
static int begin_file(struct rx_file *f, struct errmsg *e)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return errmsg_set(e, ERR_IO, "%s: cannot be read: %s", f->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return errmsg_set(e, ERR_IO, "%s: is a folder; give a capture file", f->path);
	if (!S_ISREG(st.st_mode))
		return 0;
	f->bytes = (uint64_t)st.st_size;
	f->buf = aligned_alloc(BUFFER, BUFFER);
	if (!f->buf)
		return errmsg_set(e, ERR_NOMEM, "%s: no memory to read it; free some", f->path);
	madvise(f->buf, BUFFER, MADV_HUGEPAGE);
	if (!refill(f) && f->read_error)
		return errmsg_set(e, ERR_IO, "%s: cannot be read: %s", f->path,
				  strerror(f->read_error));
	return refuse_content(f, f->buf, f->size, e);
}

static int open_file(struct rx_file *f, const char *path, struct errmsg *e)
{
	int err;

	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return errmsg_set(e, ERR_IO, "%s: cannot be opened: %s", f->path, strerror(errno));
	err = begin_file(f, e);
	if (err || (f->buf && is_classic(f)))
		return err;
	free(f->buf);
	f->buf = NULL;
	close(f->fd);
	f->fd = -1;
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
	free(f->buf);
	if (f->fd >= 0)
		close(f->fd);
	if (f->held)
		munmap(f->held, (size_t)RX_FILE_BURST * FRAME_MAX);
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

/* The whole next record is in the buffer; a broken one counts too. */
static inline bool is_here(const struct rx_file *f)
{
	size_t left = f->size - f->pos;
	uint32_t present;

	if (left < RECORD_HEADER)
		return false;
	present = word(f, f->pos + 8);
	return present > FRAME_MAX || left - RECORD_HEADER >= present;
}

static int no_more(struct rx_file *f)
{
	size_t left = f->size - f->pos;

	if (f->read_error)
		return damaged(f, strerror(f->read_error), f->base + f->pos);
	if (left == 0)
		return 0;
	return damaged(f,
		       left < RECORD_HEADER ? "a record's header is cut off"
					    : "the last record is cut off",
		       f->base + f->pos);
}

static inline int next_classic(struct rx_file *f, struct packet *p)
{
	uint32_t seconds, fraction, present, wire;

	while (!is_here(f)) {
		if (!refill(f))
			return no_more(f);
	}
	seconds = word(f, f->pos);
	fraction = word(f, f->pos + 4);
	present = word(f, f->pos + 8);
	wire = word(f, f->pos + 12);
	if (present > FRAME_MAX)
		return damaged(f, "a record claims an impossible length", f->base + f->pos);
	p->frame = f->buf + f->pos + RECORD_HEADER;
	f->pos += RECORD_HEADER + (size_t)present;
	for (size_t ahead = 0; ahead < RECORD_HEADER + HEADERS; ahead += LINE)
		__builtin_prefetch(f->buf + f->pos + ahead);
	if (present > f->snaplen)
		present = f->snaplen;
	p->frame_len = present;
	p->wire_len = wire > present ? wire : present;
	p->now_ns = seconds * NS_PER_SEC + (uint64_t)fraction * f->fraction_ns;
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
	copy = f->held + f->packets % RX_FILE_BURST * FRAME_MAX;
	p->frame_len = h->caplen < FRAME_MAX ? h->caplen : FRAME_MAX;
	memcpy(copy, data, p->frame_len);
	p->frame = copy;
	p->wire_len = h->len > p->frame_len ? h->len : p->frame_len;
	p->now_ns = (uint64_t)h->ts.tv_sec * NS_PER_SEC + (uint64_t)h->ts.tv_usec;
	return 1;
}

static bool wanted(const struct rx_file *f, const struct packet *p)
{
	struct pcap_pkthdr h = {.caplen = p->frame_len, .len = p->wire_len};

	return !f->has_filter || pcap_offline_filter(&f->filter, &h, p->frame);
}

/* The next frame that the filter lets through; `refills` false: only when it is at hand, so that
 * frames given before stay. */
static int take(struct rx_file *f, struct packet *p, bool refills)
{
	do {
		if (!refills && f->buf && !is_here(f))
			return 0;
		if (f->ended || (f->buf ? next_classic(f, p) : next_libpcap(f, p)) == 0) {
			f->ended = true;
			return 0;
		}
		f->records++;
	} while (!wanted(f, p));
	p->number = ++f->packets;
	p->link_type = f->link_type;
	p->flags = 0;
	p->port = 0;
	p->origin = NULL;
	p->flow_hash = 0;
	return 1;
}

int rx_file_next(struct rx_file *f, struct packet *p)
{
	return take(f, p, true);
}

unsigned rx_file_burst(struct rx_file *f, struct packet *p, unsigned most)
{
	unsigned n = 0;

	if (most > RX_FILE_BURST)
		most = RX_FILE_BURST;
	while (n < most && take(f, &p[n], n == 0))
		n++;
	return n;
}

uint16_t rx_file_link_type(const struct rx_file *f)
{
	return f->link_type;
}

uint64_t rx_file_bytes(const struct rx_file *f)
{
	return f->bytes;
}

uint64_t rx_file_packets(const struct rx_file *f)
{
	return f->packets;
}

const char *rx_file_damage(const struct rx_file *f)
{
	return f->damage.text[0] ? f->damage.text : NULL;
}
