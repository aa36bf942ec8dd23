#include "signatures/lists/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signatures/lists/canon.h"
#include "signatures/lists/format.h"
#include "signatures/lists/indicator.h"

const char *const list_kind_names[LIST_KINDS] = {
	"ip", "net", "service", "domain", "url", "ja3", "ja4", "cert", "file",
};

struct lists {
	const struct head *head;
	const struct list_info *info;
	const struct bucket *buckets;
	const struct label *labels;
	const char *texts;
	size_t size;
};

/* --- the file --- */

static uint64_t padded(uint64_t n)
{
	return (n + 63) & ~63ULL;
}

/* The sections lie where the head's counts put them; false when they do not fit the size. */
static bool lay_out(struct lists *l)
{
	const struct head *h = l->head;
	uint64_t at = padded(sizeof(*h)), limit = l->size;

	if (h->lists > MAX_LISTS || h->buckets == 0 || h->buckets > limit / sizeof(struct bucket) ||
	    h->labels > limit / sizeof(struct label) || h->texts == 0 || h->texts > limit)
		return false;
	l->info = (const struct list_info *)((const char *)h + at);
	at = padded(at + h->lists * sizeof(struct list_info));
	if (at > limit)
		return false;
	l->buckets = (const struct bucket *)((const char *)h + at);
	at = padded(at + h->buckets * sizeof(struct bucket));
	if (at > limit)
		return false;
	l->labels = (const struct label *)((const char *)h + at);
	at = padded(at + h->labels * sizeof(struct label));
	if (at > limit || h->texts > limit - at)
		return false;
	l->texts = (const char *)h + at;
	return at + h->texts == limit;
}

static bool sound(const struct lists *l)
{
	const struct head *h = l->head;
	const struct hash_key key = {h->size, h->version};
	size_t behind = padded(sizeof(*h));

	if (h->base[0] >= PRIME61 || h->base[1] >= PRIME61 || l->texts[0] || l->texts[h->texts - 1])
		return false;
	for (uint32_t i = 0; i < h->lists; i++) {
		const struct list_info *info = &l->info[i];

		if (info->name[LIST_NAME - 1] || info->comment[LIST_TEXT - 1] || info->tactic[15] ||
		    info->technique[15])
			return false;
	}
	for (uint64_t i = 0; i < h->labels; i++) {
		if (l->labels[i].list >= h->lists || l->labels[i].comment >= h->texts)
			return false;
	}
	return hash_bytes(&key, (const char *)h + behind, l->size - behind) == h->checksum;
}

static int map_file(int fd, const char *path, struct lists *l, struct errmsg *err)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return errmsg_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size < padded(sizeof(struct head)))
		return errmsg_set(err, ERR_INVALID,
				  "%s is no compiled list; 'banken lists add' makes one", path);
	l->size = (size_t)st.st_size;
	map = mmap(NULL, l->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		return errmsg_set(err, ERR_NOMEM, "%s: %zu MB cannot be mapped (%s)", path,
				  l->size >> 20, strerror(errno));
	l->head = map;
	if (memcmp(l->head->magic, "BKLISTS", 8) != 0 || l->head->version != FORMAT_VERSION)
		return errmsg_set(err, ERR_INVALID,
				  "%s is no compiled list of this version; 'banken lists compile' "
				  "makes it anew",
				  path);
	if (l->head->size != l->size || !lay_out(l) || !sound(l))
		return errmsg_set(err, ERR_INVALID,
				  "%s is damaged; 'banken lists compile' makes it anew", path);
	return ERR_OK;
}

int lists_open(const char *path, struct lists **ret, struct errmsg *err)
{
	struct lists *l = calloc(1, sizeof(*l));
	int fd, rc;

	if (!l)
		return errmsg_set(err, ERR_NOMEM, "no memory for lists");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rc = errmsg_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
				"%s cannot be opened: %s", path, strerror(errno));
		free(l);
		return rc;
	}
	rc = map_file(fd, path, l, err);
	close(fd);
	if (rc != ERR_OK) {
		lists_close(l);
		return rc;
	}
	*ret = l;
	return ERR_OK;
}

void lists_close(struct lists *l)
{
	if (!l)
		return;
	if (l->head)
		munmap((void *)l->head, l->size);
	free(l);
}

void lists_counts(const struct lists *l, struct lists_counts *ret)
{
	*ret = (struct lists_counts){
		.entries = l->head->entries,
		.bytes = l->size,
		.lists = l->head->lists,
	};
	memcpy(ret->kinds, l->head->kinds, sizeof(ret->kinds));
}

uint64_t lists_entries(const struct lists *l)
{
	return l->head->entries;
}

const struct list_info *lists_info(const struct lists *l, unsigned index)
{
	return index < l->head->lists ? &l->info[index] : NULL;
}

struct lists_digests lists_digests(const struct lists *l)
{
	return (struct lists_digests){l->head->md5, l->head->sha1, l->head->sha256};
}

/* --- look-ups --- */

struct probe { /* a look-up under way: its line is being fetched */
	uint64_t tag, bucket;
};

static struct probe probe_begin(const struct lists *l, const struct key *k)
{
	struct probe p = {key_tag(k), key_bucket(k, l->head->buckets)};

	__builtin_prefetch(&l->buckets[p.bucket]);
	return p;
}

static const struct label *probe_end(const struct lists *l, const struct probe *p)
{
	uint64_t at = p->bucket;

	for (unsigned n = 0; n < CHAIN_MAX; n++) {
		const struct bucket *b = &l->buckets[at];

		for (unsigned i = 0; i < BUCKET_ENTRIES; i++) {
			if (b->tag[i] == p->tag && b->label[i] < l->head->labels)
				return &l->labels[b->label[i]];
		}
		if (!b->more)
			return NULL;
		at = at + 1 < l->head->buckets ? at + 1 : 0;
	}
	return NULL;
}

/* Takes the label into `hit` when it is still valid and its list counts for more. */
static bool better(const struct lists *l, const struct label *label, uint32_t now,
		   enum list_kind kind, struct list_hit *hit)
{
	const struct list_info *list;

	if (!label || (label->expires && label->expires <= now))
		return false;
	list = &l->info[label->list];
	if (hit->list && hit->list->priority >= list->priority)
		return false;
	*hit = (struct list_hit){
		.kind = kind,
		.list = list,
		.comment = l->texts + label->comment,
		.expires = label->expires,
	};
	return true;
}

static void find_key(const struct lists *l, const struct key *k, enum list_kind kind, uint32_t now,
		     struct list_hit *hit)
{
	struct probe p;

	if (!l->head->kinds[kind])
		return;
	p = probe_begin(l, k);
	better(l, probe_end(l, &p), now, kind, hit);
}

static bool has_bits(const struct head *h, bool v4, unsigned bits)
{
	if (v4)
		return bits >= 96 && h->v4_bits >> (bits - 96) & 1;
	return h->v6_bits[bits / 64] >> bits % 64 & 1;
}

/* Networks from the narrowest on. A bit map of the IPv4 /16 that any network touches answers for
 * nearly every address. */
static void find_networks(const struct lists *l, const struct ip_addr *a, uint32_t now,
			  struct list_hit *hit)
{
	const struct head *h = l->head;
	bool v4 = ip_addr_is_v4(a);
	struct ip_addr net = *a;
	unsigned top = (unsigned)a->bytes[12] << 8 | a->bytes[13];

	if (!h->kinds[LIST_NETWORK] || (v4 && !(h->map16[top / 8] >> top % 8 & 1)))
		return;
	for (unsigned bits = 127; bits >= (v4 ? 96 : 1); bits--) {
		struct key k;
		struct probe p;

		net.bytes[bits / 8] &= (uint8_t) ~(0x80 >> bits % 8);
		if (!has_bits(h, v4, bits))
			continue;
		k = key_address(h->base, LIST_NETWORK, &net, bits);
		p = probe_begin(l, &k);
		if (better(l, probe_end(l, &p), now, LIST_NETWORK, hit))
			hit->bits = (uint8_t)bits;
	}
}

static bool counts(const struct list_hit *hit)
{
	return hit->list && !hit->list->allow;
}

static void find_address(const struct lists *l, const struct ip_addr *a, uint32_t now,
			 struct list_hit *hit)
{
	struct key k = key_address(l->head->base, LIST_ADDRESS, a, 0);

	find_key(l, &k, LIST_ADDRESS, now, hit);
	find_networks(l, a, now, hit);
}

bool lists_address(const struct lists *l, const struct ip_addr *a, uint32_t now,
		   struct list_hit *ret)
{
	*ret = (struct list_hit){0};
	find_address(l, a, now, ret);
	return counts(ret);
}

bool lists_service(const struct lists *l, const struct ip_addr *a, uint16_t port, uint32_t now,
		   struct list_hit *ret)
{
	struct key k;

	*ret = (struct list_hit){0};
	if (!l->head->kinds[LIST_SERVICE])
		return false;
	k = key_address(l->head->base, LIST_SERVICE, a, port);
	find_key(l, &k, LIST_SERVICE, now, ret);
	if (counts(ret)) /* an allow list may have the address as a whole */
		find_address(l, a, now, ret);
	return counts(ret);
}

/* The name and its parents: all lines are fetched in one pass from its end, then looked at from the
 * whole name on. */
static void find_domain(const struct lists *l, struct slice name, uint32_t now,
			struct list_hit *hit)
{
	const struct head *h = l->head;
	struct key k = key_begin(LIST_DOMAIN);
	struct probe probe[LIST_LABELS];
	uint8_t labels[LIST_LABELS];
	unsigned n = 0, label = 0;

	for (size_t i = name.len; i > 0 && label < LIST_LABELS; i--) {
		key_feed(&k, h->base, name.data[i - 1]);
		if (i > 1 && name.data[i - 2] != '.')
			continue;
		label += name.data[i - 1] != '.';
		if (!(h->domain_labels >> label & 1))
			continue;
		labels[n] = (uint8_t)label;
		probe[n++] = probe_begin(l, &k);
	}
	label = canon_labels(name);
	while (n > 0) {
		const struct label *found = probe_end(l, &probe[--n]);

		if (found && l->info[found->list].exact && labels[n] != label)
			continue;
		if (better(l, found, now, LIST_DOMAIN, hit))
			hit->depth = labels[n];
	}
}

bool lists_domain(const struct lists *l, struct slice name, uint32_t now, struct list_hit *ret)
{
	uint8_t canonical[LIST_DOMAIN_MAX];
	size_t n;

	*ret = (struct list_hit){0};
	if (!l->head->kinds[LIST_DOMAIN])
		return false;
	n = canon_domain(name, canonical, sizeof(canonical));
	find_domain(l, SLICE(canonical, n), now, ret);
	return counts(ret);
}

static void find_bytes(const struct lists *l, enum list_kind kind, struct slice bytes, uint32_t now,
		       struct list_hit *hit)
{
	struct key k;

	if (!l->head->kinds[kind])
		return;
	k = key_bytes(l->head->base, kind, bytes);
	find_key(l, &k, kind, now, hit);
}

static void find_url(const struct lists *l, struct slice url, uint32_t now, struct list_hit *hit)
{
	size_t query = canon_without_query(url);

	find_bytes(l, LIST_URL, url, now, hit);
	if (query < url.len)
		find_bytes(l, LIST_URL, slice_sub(url, 0, query), now, hit);
}

bool lists_url(const struct lists *l, struct slice host, uint16_t port, struct slice path,
	       uint32_t now, struct list_hit *ret)
{
	uint8_t canonical[LIST_URL_MAX];
	size_t n;

	*ret = (struct list_hit){0};
	if (!l->head->kinds[LIST_URL])
		return false;
	n = canon_url(host, port, path, canonical, sizeof(canonical));
	if (n)
		find_url(l, SLICE(canonical, n), now, ret);
	return counts(ret);
}

static bool find_hex(const struct lists *l, enum list_kind kind, struct slice hex, size_t bytes,
		     uint32_t now, struct list_hit *ret)
{
	uint8_t raw[32];

	*ret = (struct list_hit){0};
	if (!l->head->kinds[kind] || canon_hex(hex, raw, sizeof(raw)) != bytes)
		return false;
	find_bytes(l, kind, SLICE(raw, bytes), now, ret);
	return counts(ret);
}

bool lists_ja3(const struct lists *l, struct slice hex, uint32_t now, struct list_hit *ret)
{
	return find_hex(l, LIST_JA3, hex, 16, now, ret);
}

bool lists_cert(const struct lists *l, struct slice hex, uint32_t now, struct list_hit *ret)
{
	return find_hex(l, LIST_CERT, hex, 20, now, ret);
}

bool lists_ja4(const struct lists *l, struct slice text, uint32_t now, struct list_hit *ret)
{
	*ret = (struct list_hit){0};
	find_bytes(l, LIST_JA4, text, now, ret);
	return counts(ret);
}

bool lists_file(const struct lists *l, struct slice digest, uint32_t now, struct list_hit *ret)
{
	*ret = (struct list_hit){0};
	find_bytes(l, LIST_FILE, digest, now, ret);
	return counts(ret);
}

bool lists_find(const struct lists *l, const struct indicator *i, uint32_t now,
		struct list_hit *ret)
{
	struct key k;

	*ret = (struct list_hit){0};
	switch (i->kind) {
	case LIST_ADDRESS:
		find_address(l, &i->addr, now, ret);
		break;
	case LIST_SERVICE:
		k = key_address(l->head->base, i->kind, &i->addr, i->port);
		find_key(l, &k, i->kind, now, ret);
		find_address(l, &i->addr, now, ret);
		break;
	case LIST_DOMAIN:
		if (l->head->kinds[LIST_DOMAIN])
			find_domain(l, SLICE(i->bytes, i->len), now, ret);
		break;
	case LIST_URL:
		find_url(l, SLICE(i->bytes, i->len), now, ret);
		break;
	default:
		k = key_indicator(l->head->base, i);
		find_key(l, &k, i->kind, now, ret);
	}
	return ret->list != NULL;
}
