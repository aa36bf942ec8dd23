#include "dataplane/app/ldap/filter.h"

#include "dataplane/app/text/ber.h"

enum { /* Filter ::= CHOICE (RFC 4511 4.5.1) */
       AND = 0xa0,
       OR = 0xa1,
       NOT = 0xa2,
       EQUAL = 0xa3,
       SUBSTRINGS = 0xa4,
       GREATER_OR_EQUAL = 0xa5,
       LESS_OR_EQUAL = 0xa6,
       PRESENT = 0x87,
       APPROX = 0xa8,
       EXTENSIBLE = 0xa9,
       /* SubstringFilter */
       INITIAL = 0x80,
       FINAL = 0x82,
       /* MatchingRuleAssertion */
       RULE = 0x81,
       TYPE = 0x82,
       VALUE = 0x83,
       DN_ATTRIBUTES = 0x84,
};

static void put(struct ldap_filter *f, struct slice s)
{
	if (s.len > sizeof(f->text) - f->len) {
		f->cut = true;
		return;
	}
	if (s.len)
		memcpy(f->text + f->len, s.data, s.len);
	f->len += s.len;
}

static void put_char(struct ldap_filter *f, char c)
{
	put(f, SLICE(&c, 1));
}

/* Only printable ASCII as it is (RFC 4515 section 3, stricter). */
static void put_value(struct ldap_filter *f, struct slice s)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len && !f->cut; i++) {
		uint8_t c = s.data[i];
		char escaped[] = {'\\', hex[c >> 4], hex[c & 15]};

		if (c < 0x20 || c > 0x7e || c == '*' || c == '(' || c == ')' || c == '\\')
			put(f, SLICE(escaped, sizeof(escaped)));
		else
			put_char(f, (char)c);
	}
}

static void put_pair(struct ldap_filter *f, struct slice content, const char *relation)
{
	struct cursor c = cursor_of(content), type, value;

	if (!ber_take(&c, BER_OCTET_STRING, &type) || !ber_take(&c, BER_OCTET_STRING, &value)) {
		f->cut = true;
		return;
	}
	put_value(f, cursor_rest(&type));
	put(f, SLICE_STR(relation));
	put_value(f, cursor_rest(&value));
}

static void put_substrings(struct ldap_filter *f, struct slice content)
{
	struct cursor c = cursor_of(content), type, parts;
	struct ber part;
	bool open = false;

	if (!ber_take(&c, BER_OCTET_STRING, &type) || !ber_take(&c, BER_SEQUENCE, &parts)) {
		f->cut = true;
		return;
	}
	put_value(f, cursor_rest(&type));
	put_char(f, '=');
	while (!f->cut && cursor_left(&parts) > 0) {
		if (ber_next(&parts, &part) != BER_OK)
			break;
		if (part.first != INITIAL)
			put_char(f, '*');
		put_value(f, part.value);
		open = part.first != FINAL;
	}
	if (open)
		put_char(f, '*');
}

static void put_extensible(struct ldap_filter *f, struct slice content)
{
	struct cursor c = cursor_of(content);
	struct slice parts[4] = {{0}};
	struct ber b;

	while (cursor_left(&c) > 0 && ber_next(&c, &b) == BER_OK) {
		if (b.first >= RULE && b.first <= DN_ATTRIBUTES)
			parts[b.first - RULE] = b.value;
	}
	put_value(f, parts[TYPE - RULE]);
	if (parts[DN_ATTRIBUTES - RULE].len && parts[DN_ATTRIBUTES - RULE].data[0])
		put(f, SLICE_LIT(":dn"));
	if (parts[RULE - RULE].len)
		put_char(f, ':');
	put_value(f, parts[RULE - RULE]);
	put(f, SLICE_LIT(":="));
	put_value(f, parts[VALUE - RULE]);
}

static void put_leaf(struct ldap_filter *f, struct ber b)
{
	put_char(f, '(');
	switch (b.first) {
	case EQUAL:
		put_pair(f, b.value, "=");
		break;
	case GREATER_OR_EQUAL:
		put_pair(f, b.value, ">=");
		break;
	case LESS_OR_EQUAL:
		put_pair(f, b.value, "<=");
		break;
	case APPROX:
		put_pair(f, b.value, "~=");
		break;
	case SUBSTRINGS:
		put_substrings(f, b.value);
		break;
	case PRESENT:
		put_value(f, b.value);
		put(f, SLICE_LIT("=*"));
		break;
	case EXTENSIBLE:
		put_extensible(f, b.value);
		break;
	default:
		f->cut = true;
	}
	put_char(f, ')');
}

void ldap_filter_text(struct slice element, struct ldap_filter *ret)
{
	struct cursor open[LDAP_FILTER_DEPTH];
	unsigned depth = 0;
	struct ber b;

	ret->len = 0;
	ret->cut = false;
	open[0] = cursor_of(element);
	while (!ret->cut) {
		if (cursor_left(&open[depth]) == 0) {
			if (depth == 0)
				return;
			put_char(ret, ')');
			depth--;
		} else if (ber_next(&open[depth], &b) != BER_OK) {
			ret->cut = true;
		} else if (b.first != AND && b.first != OR && b.first != NOT) {
			put_leaf(ret, b);
		} else if (++depth == LDAP_FILTER_DEPTH) {
			ret->cut = true;
		} else {
			put_char(ret, '(');
			put_char(ret, b.first == AND ? '&' : b.first == OR ? '|' : '!');
			open[depth] = cursor_of(b.value);
		}
	}
}
