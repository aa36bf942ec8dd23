#include "dataplane/app/text/compile.h"
#include "dataplane/app/tls/tls.h"

/* --- sticky buffers --- */

static const struct tls_side *side_of(const struct app_tx *tx, enum dir dir)
{
	return &tls_tx_of(tx)->side[dir];
}

static bool get_sni(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, DIR_TS)->sni, ret);
}

static bool get_subject(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->subject, ret);
}

static bool get_issuer(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->issuer, ret);
}

static bool get_serial(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->serial, ret);
}

static bool get_fingerprint(const struct app_tx *tx, enum dir dir, uint32_t index,
			    struct slice *ret)
{
	const struct tls_side *s = side_of(tx, dir);

	*ret = SLICE(s->fingerprint, sizeof(s->fingerprint));
	return s->has_certificate;
}

static bool get_certs(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct tls_chain *chain = side_of(tx, dir)->chain;
	uint32_t from;

	if (!chain || index >= chain->count)
		return false;
	from = index > 0 ? chain->end[index - 1] : 0;
	*ret = SLICE(chain->bytes.data + from, chain->end[index] - from);
	return true;
}

/* The server's number is there before it has come, as zeros: so Suricata has it. */
static bool has_random(const struct app_tx *tx, enum dir dir)
{
	return dir == DIR_TC || side_of(tx, dir)->has_random;
}

static bool get_random(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	*ret = SLICE(side_of(tx, dir)->random, 32);
	return has_random(tx, dir);
}

static bool get_random_time(const struct app_tx *tx, enum dir dir, uint32_t index,
			    struct slice *ret)
{
	*ret = SLICE(side_of(tx, dir)->random, 4);
	return has_random(tx, dir);
}

static bool get_random_bytes(const struct app_tx *tx, enum dir dir, uint32_t index,
			     struct slice *ret)
{
	*ret = SLICE(side_of(tx, dir)->random + 4, 28);
	return has_random(tx, dir);
}

static bool get_ja3_string(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return kept_get(&side_of(tx, dir)->ja3, ret);
}

static bool get_ja3_hash(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct tls_side *s = side_of(tx, dir);

	*ret = SLICE(s->ja3_hash, sizeof(s->ja3_hash));
	return s->ja3.data != NULL;
}

static bool get_ja4(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct tls_side *s = side_of(tx, DIR_TS);

	*ret = SLICE(s->ja4, sizeof(s->ja4));
	return s->has_ja4;
}

#define BOTH                                                                                       \
	{                                                                                          \
		true, true                                                                         \
	}
#define CLIENT                                                                                     \
	{                                                                                          \
		true, false                                                                        \
	}
#define SERVER                                                                                     \
	{                                                                                          \
		false, true                                                                        \
	}
/* The server's side goes from the start to the end of the handshake at once. */
#define CERT                                                                                       \
	{                                                                                          \
		TLS_CERT_READY, TLS_HANDSHAKE_DONE                                                 \
	}

const struct app_buffer tls_buffers[TLS_BUFFERS] = {
	{.name = "tls.sni", .dir = CLIENT, .get = get_sni},
	{.name = "tls.cert_subject", .dir = BOTH, .progress = CERT, .get = get_subject},
	{.name = "tls.cert_issuer", .dir = BOTH, .progress = CERT, .get = get_issuer},
	{.name = "tls.cert_serial", .dir = BOTH, .progress = CERT, .get = get_serial},
	{.name = "tls.cert_fingerprint", .dir = BOTH, .progress = CERT, .get = get_fingerprint},
	{.name = "tls.certs", .dir = BOTH, .progress = CERT, .multi = true, .get = get_certs},
	{.name = "tls.random", .dir = BOTH, .get = get_random},
	{.name = "tls.random_time", .dir = BOTH, .get = get_random_time},
	{.name = "tls.random_bytes", .dir = BOTH, .get = get_random_bytes},
	{.name = "ja3.hash", .dir = CLIENT, .get = get_ja3_hash},
	{.name = "ja3.string", .dir = CLIENT, .get = get_ja3_string},
	{.name = "ja3s.hash", .dir = SERVER, .get = get_ja3_hash},
	{.name = "ja3s.string", .dir = SERVER, .get = get_ja3_string},
	{.name = "ja4.hash", .dir = CLIENT, .get = get_ja4},
};

/* --- keywords --- */

static void *compile_fingerprint(struct slice argument, char *why, size_t cap)
{
	struct compile_quoted *q = compile_quoted(argument, why, cap);

	if (!q)
		return NULL;
	if (q->len != 59)
		return compile_refuse(
			q, why, cap,
			"tls.fingerprint takes the 20 bytes of a SHA-1 as hex with colons");
	for (size_t i = 0; i < q->len; i++)
		q->text[i] = (char)ascii_lower((uint8_t)q->text[i]);
	return q;
}

static bool match_within(const struct kept *b, const struct compile_quoted *q)
{
	if (!b->data)
		return false;
	return (memmem(b->data, b->len, q->text, q->len) != NULL) != q->negated;
}

static bool match_subject(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_within(&side_of(tx, dir)->subject, compiled);
}

static bool match_issuer(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_within(&side_of(tx, dir)->issuer, compiled);
}

static bool match_fingerprint(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct tls_side *s = side_of(tx, dir);
	const struct compile_quoted *q = compiled;

	if (!s->has_certificate)
		return false;
	return slice_eq(SLICE(s->fingerprint, sizeof(s->fingerprint)), SLICE(q->text, q->len)) !=
	       q->negated;
}

struct version {
	uint16_t value;
	bool raw;
};

static int hex_digit(uint8_t c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0x7f12" */
static bool raw_version(struct slice s, struct version *ret)
{
	if (s.len != 6 || s.data[0] != '0' || s.data[1] != 'x')
		return false;
	ret->raw = true;
	ret->value = 0;
	for (size_t i = 2; i < s.len; i++) {
		int d = hex_digit(s.data[i]);

		if (d < 0)
			return false;
		ret->value = (uint16_t)(ret->value << 4 | d);
	}
	return true;
}

static void *compile_version(struct slice argument, char *why, size_t cap)
{
	static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};
	struct version *v = compile_new(sizeof(*v));
	struct slice s = text_trim(argument);

	for (uint16_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (slice_eq(s, slice_of(names[i]))) {
			v->value = (uint16_t)(TLS_VERSION_10 + i);
			return v;
		}
	}
	if (raw_version(s, v))
		return v;
	return compile_refuse(v, why, cap,
			      "tls.version takes 1.0, 1.1, 1.2, 1.3 or a number as 0x7f12");
}

static bool match_version(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct version *v = compiled;
	uint16_t version = side_of(tx, dir)->version;

	if (!v->raw && version >> 8 == 0x7f)
		version = TLS_VERSION_13;
	return version == v->value;
}

/* Words of a list; each may be negated. */
struct words {
	uint32_t set, negated;
};

static const struct {
	const char *name;
	uint32_t value;
} version_words[] =
	{
		{"sslv2", TLS_VERSION_SSL2}, {"sslv3", TLS_VERSION_SSL3},
		{"tls1.0", TLS_VERSION_10},  {"tls1.1", TLS_VERSION_11},
		{"tls1.2", TLS_VERSION_12},  {"tls1.3", TLS_VERSION_13},
},
  state_words[] = {
	  {"client_hello", TLS_CLIENT_HELLO},
	  {"server_hello", TLS_SERVER_HELLO},
	  {"client_keyx", TLS_CLIENT_KEYX},
	  {"server_keyx", TLS_SERVER_KEYX},
	  {"unknown", 0},
};

/* The next word up to one of `separators`. */
static struct slice next_word(struct slice *s, const char *separators, bool *ret_negated)
{
	size_t n = 0;
	struct slice word;

	while (n < s->len && !strchr(separators, s->data[n]))
		n++;
	word = text_trim(slice_sub(*s, 0, n));
	*s = slice_sub(*s, n < s->len ? n + 1 : n, s->len);
	*ret_negated = word.len > 0 && word.data[0] == '!';
	return text_trim(slice_sub(word, *ret_negated, word.len));
}

static void *compile_ssl_version(struct slice argument, char *why, size_t cap)
{
	struct words *w = compile_new(sizeof(*w));
	struct slice s = text_trim(argument);

	do {
		bool negated;
		struct slice word = next_word(&s, ",", &negated);
		unsigned i = 0;

		while (i < ARRAY_SIZE(version_words) &&
		       !slice_eq_nocase(word, slice_of(version_words[i].name)))
			i++;
		if (i == ARRAY_SIZE(version_words))
			return compile_refuse(
				w, why, cap,
				"ssl_version takes sslv2, sslv3, tls1.0, tls1.1, tls1.2 and "
				"tls1.3, with commas between");
		w->set |= 1u << i;
		w->negated |= negated ? 1u << i : 0;
	} while (s.len > 0);
	if (w->negated != 0 && w->negated != w->set)
		return compile_refuse(w, why, cap, "ssl_version mixes negated and other versions");
	return w;
}

/* A negated version never matches, as in Suricata 7. */
static bool match_ssl_version(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct words *w = compiled;
	uint16_t version = side_of(tx, dir)->version;

	if (version >> 8 == 0x7f) /* a draft */
		version = TLS_VERSION_13;
	for (unsigned i = 0; i < ARRAY_SIZE(version_words); i++) {
		if (version_words[i].value == version)
			return (w->set & ~w->negated) >> i & 1;
	}
	return false;
}

static void *compile_ssl_state(struct slice argument, char *why, size_t cap)
{
	struct words *w = compile_new(sizeof(*w));
	struct slice s = text_trim(argument);

	do {
		bool negated;
		struct slice word = next_word(&s, ",|", &negated);
		unsigned i = 0;

		while (i < ARRAY_SIZE(state_words) &&
		       !slice_eq(word, slice_of(state_words[i].name)))
			i++;
		if (i == ARRAY_SIZE(state_words))
			return compile_refuse(
				w, why, cap,
				"ssl_state takes client_hello, server_hello, client_keyx, "
				"server_keyx and unknown");
		w->set |= state_words[i].value;
		w->negated |= negated ? state_words[i].value : 0;
	} while (s.len > 0);
	return w;
}

static bool match_ssl_state(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct words *w = compiled;

	return ((w->set & tls_tx_of(tx)->current) ^ w->negated) != 0;
}

static bool match_chain_len(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct tls_chain *chain = side_of(tx, dir)->chain;

	return text_range_match(compiled, chain ? chain->count : 0);
}

/* --- validity --- */

struct date_test {
	enum { DATE_AT, DATE_UPTO, DATE_FROM, DATE_WITHIN } how;
	int64_t a, b;
};

static bool take_digits(struct slice *s, unsigned least, unsigned most, int low, int high, int *ret)
{
	unsigned n = 0;

	*ret = 0;
	while (n < s->len && n < most && s->data[n] >= '0' && s->data[n] <= '9')
		*ret = *ret * 10 + (s->data[n++] - '0');
	*s = slice_sub(*s, n, s->len);
	return n >= least && *ret >= low && *ret <= high;
}

/* Days since 1970-01-01; day 0 and 31 February are the days they come to. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1 - 719468;
}

/* YYYY[-MM[-DD[(T| )hh[:mm[:ss]]]]]. A year alone is before every date, as 7.0.10 reads it. */
static bool parse_date(struct slice s, int64_t *ret)
{
	static const struct {
		const char *before;
		int low, high;
	} parts[] = {{"-", 1, 12}, {"-", 1, 31}, {"T ", 0, 23}, {":", 0, 59}, {":", 0, 61}};
	int year, value[5] = {1, 1, 0, 0, 0};
	unsigned n = 0;

	if (!take_digits(&s, 1, 4, 0, 9999, &year))
		return false;
	for (; s.len > 0 && n < ARRAY_SIZE(parts); n++) {
		if (!strchr(parts[n].before, s.data[0]) || s.data[0] == '\0')
			return false;
		s = slice_sub(s, 1, s.len);
		if (!take_digits(&s, 1, 2, parts[n].low, parts[n].high, &value[n]))
			return false;
	}
	*ret = days_of(year, value[0], value[1]) * 86400 + value[2] * 3600 + value[3] * 60 +
	       value[4];
	if (n == 0)
		*ret = INT64_MIN + year;
	return s.len == 0;
}

static bool parse_date_test(struct slice s, struct date_test *ret)
{
	const uint8_t *between;

	if (s.len > 0 && (s.data[0] == '<' || s.data[0] == '>')) {
		ret->how = s.data[0] == '<' ? DATE_UPTO : DATE_FROM;
		return parse_date(text_trim(slice_sub(s, 1, s.len)), &ret->a);
	}
	between = memmem(s.data, s.len, "<>", 2);
	if (!between) {
		ret->how = DATE_AT;
		return parse_date(s, &ret->a);
	}
	ret->how = DATE_WITHIN;
	return parse_date(text_trim(SLICE(s.data, between - s.data)), &ret->a) &&
	       parse_date(text_trim(slice_sub(s, (size_t)(between - s.data) + 2, s.len)),
			  &ret->b) &&
	       ret->a <= ret->b;
}

static void *compile_date(struct slice argument, char *why, size_t cap)
{
	struct date_test *d = compile_new(sizeof(*d));

	if (!parse_date_test(text_trim(argument), d))
		return compile_refuse(
			d, why, cap,
			"a date is YYYY-MM-DDThh:mm:ss or its beginning, alone, after < or "
			">, or two of them with <> between");
	return d;
}

static bool match_date(const struct date_test *d, int64_t when)
{
	switch (d->how) {
	case DATE_AT:
		return when == d->a;
	case DATE_UPTO:
		return when <= d->a;
	case DATE_FROM:
		return when >= d->a;
	case DATE_WITHIN:
		return when >= d->a && when <= d->b;
	}
	return false;
}

static bool match_not_before(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct tls_side *s = side_of(tx, DIR_TC);

	return s->has_certificate && match_date(compiled, s->not_before);
}

static bool match_not_after(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct tls_side *s = side_of(tx, DIR_TC);

	return s->has_certificate && match_date(compiled, s->not_after);
}

static int64_t seconds_now(const struct app_tx *tx)
{
	return (int64_t)(tls_tx_of(tx)->now_ns / 1000000000ULL);
}

static bool match_expired(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct tls_side *s = side_of(tx, DIR_TC);

	return s->has_certificate && s->not_after <= seconds_now(tx);
}

static bool match_valid(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct tls_side *s = side_of(tx, DIR_TC);

	return s->has_certificate && s->not_after > seconds_now(tx);
}

/* Certificates are kept by policy, not by a rule. */
static bool match_store(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return true;
}

const struct app_keyword tls_keywords[TLS_KEYWORDS] = {
	{"tls.version", BOTH, {0}, compile_version, match_version},
	{"ssl_version", BOTH, {0}, compile_ssl_version, match_ssl_version},
	{"ssl_state", BOTH, {0}, compile_ssl_state, match_ssl_state},
	{"tls.subject", BOTH, CERT, compile_quoted, match_subject},
	{"tls.issuerdn", BOTH, CERT, compile_quoted, match_issuer},
	{"tls.fingerprint", BOTH, CERT, compile_fingerprint, match_fingerprint},
	{"tls.cert_chain_len", SERVER, CERT, compile_range_u32, match_chain_len},
	{"tls_cert_notbefore", SERVER, CERT, compile_date, match_not_before},
	{"tls_cert_notafter", SERVER, CERT, compile_date, match_not_after},
	{"tls_cert_expired", SERVER, CERT, compile_none, match_expired},
	{"tls_cert_valid", SERVER, CERT, compile_none, match_valid},
	{"tls_store", BOTH, {0}, compile_none, match_store},
};
