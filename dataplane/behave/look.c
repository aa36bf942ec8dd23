/* What names and addresses look like. */
#include "dataplane/behave/detector.h"

/* Pairs of letters that occur in words of English and in Japanese written in Latin letters: bit b
 * of word a. Counted over words of free texts; a pair counts as usual from 6 in 10,000. */
static const uint32_t usual_pairs[26] = {
	0x37effdf, 0x0124911, 0x01a4d95, 0x0104111, 0x3feffff, 0x0124131, 0x1166191,
	0x1184111, 0x37effff, 0x0104111, 0x1104111, 0x11c4919, 0x114d113, 0x11c4d7d,
	0x37effdf, 0x01ec911, 0x0100000, 0x11e715d, 0x11cc195, 0x11ec995, 0x35effdf,
	0x0000111, 0x0104191, 0x0000000, 0x0144111, 0x0104111,
};

static bool is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

struct shape {
	unsigned letters, digits, hex, pairs, rare, turns; /* turns: letter to digit or back */
};

static struct shape shape_of(struct slice label)
{
	struct shape s = {0};
	uint8_t before = 0;

	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = ascii_lower(label.data[i]);

		s.letters += is_letter(c);
		s.digits += is_digit(c);
		s.hex += is_digit(c) || (c >= 'a' && c <= 'f');
		if (is_letter(c) && is_letter(before)) {
			s.pairs++;
			s.rare += !(usual_pairs[before - 'a'] >> (c - 'a') & 1);
		}
		s.turns += (is_letter(c) && is_digit(before)) || (is_digit(c) && is_letter(before));
		before = c;
	}
	return s;
}

unsigned behave_randomness(struct slice label)
{
	struct shape s;
	unsigned score;

	if (label.len < 7 || label.len > 63)
		return 0;
	s = shape_of(label);
	if (s.letters + s.digits < label.len * 9 / 10)
		return 0; /* hyphens: words */
	if (s.digits == label.len)
		return label.len >= 12 ? 40 : 0;
	if (s.hex == label.len && s.digits >= 2 && s.letters >= 2 && s.turns >= 2 && label.len >= 8)
		return 90;
	score = s.pairs ? s.rare * 100 / s.pairs : 0;
	if (s.pairs < 5)
		score = score / 2;
	if (s.turns >= 3)
		score += 15 * (s.turns - 2);
	return score > 100 ? 100 : score;
}

/* Where the last label that ends at `end` begins. */
static size_t label_start(struct slice name, size_t end)
{
	while (end > 0 && name.data[end - 1] != '.')
		end--;
	return end;
}

struct slice behave_domain(struct slice name)
{
	size_t top, second, third;

	while (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	top = label_start(name, name.len);
	if (top == 0)
		return name;
	second = label_start(name, top - 1);
	/* "co.jp", "com.au": two letters behind at most three. */
	if (second > 0 && name.len - top == 2 && top - 1 - second <= 3) {
		third = label_start(name, second - 1);
		return SLICE(name.data + third, name.len - third);
	}
	return SLICE(name.data + second, name.len - second);
}

struct slice behave_domain_label(struct slice name)
{
	struct slice domain = behave_domain(name);
	size_t n = 0;

	while (n < domain.len && domain.data[n] != '.')
		n++;
	return SLICE(domain.data, n == domain.len ? 0 : n);
}

bool behave_inside(const struct ip_addr *a)
{
	uint32_t four;

	if (!ip_addr_is_v4(a))
		return (a->bytes[0] & 0xfe) == 0xfc ||
		       (a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80);
	four = ip_addr_v4_u32(a);
	return four >> 24 == 10 || four >> 20 == 0xac1 || four >> 16 == 0xc0a8 ||
	       four >> 16 == 0xa9fe || four >> 22 == 0x6440 >> 6 || four >> 24 == 127;
}

bool behave_refused(const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;

	return c->packets[1] == 0 || (e->ends.ip_proto == 6 && c->tcp_flags[1] & 4 &&
				      !(c->tcp_flags[1] & 2) && c->packets[1] <= c->packets[0]);
}

bool behave_everyday(const struct behave_event *e)
{
	switch (e->ends.server_port) {
	case 53:
	case 67:
	case 68:
	case 123:
	case 137:
	case 161:
	case 162:
	case 514:
	case 546:
	case 547:
	case 1900:
	case 3478:
	case 3702:
	case 5353:
	case 5355:
		return true;
	default:
		return !behave_unicast(&e->ends.server);
	}
}

bool behave_unicast(const struct ip_addr *a)
{
	if (ip_addr_is_v4(a))
		return a->bytes[12] < 224 && a->bytes[12] != 0;
	return a->bytes[0] != 0xff && !ip_addr_is_zero(a);
}
