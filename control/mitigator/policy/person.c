/* Who says yes twice is one person, whatever door he comes in by: the machine's shell ("sato",
 * "root (as sato)"), the pages here ("sato (pages)"), the centre's ("sato of aoba (by centre-1)",
 * "vendor's sato (by centre-1)"). An account may be a mail address; what stands before the @ is the
 * name. Accounts of one person that are called differently stand in the policy's `persons`. */
#include <string.h>
#include <strings.h>

#include "control/mitigator/policy/policy.h"

enum {
	AT_CENTRE = 20, /* of a name, that an order from the centre keeps */
	NAMES = 2,	/* that an actor may have: his own, and as whom he acts */
};

static const char vendor[] = "vendor's ";

/* A piece of an actor's text. */
struct name {
	const char *text;
	size_t n;
};

static struct name name_until(const char *text, const char *stops)
{
	return (struct name){text, strcspn(text, stops)};
}

/* The names in it; true when it came from the centre. */
static bool names_of(const char *actor, struct name ret[NAMES], unsigned *ret_n)
{
	const char *as = strstr(actor, "(as ");
	bool is_vendor = strncmp(actor, vendor, sizeof(vendor) - 1) == 0;

	if (is_vendor)
		actor += sizeof(vendor) - 1;
	ret[0] = name_until(actor, " @");
	/* Users without an account on the machine: "uid 1001 (as sato)". */
	if (strncmp(actor, "uid ", 4) == 0)
		ret[0].n = 4 + strcspn(actor + 4, " ");
	*ret_n = 1;
	if (as)
		ret[(*ret_n)++] = name_until(as + 4, ")@");
	return is_vendor || strstr(actor, " (by ");
}

static bool alike(struct name a, struct name b, size_t most)
{
	a.n = a.n < most ? a.n : most;
	b.n = b.n < most ? b.n : most;
	return a.n > 0 && a.n == b.n && strncasecmp(a.text, b.text, a.n) == 0;
}

static bool is_listed(const char *list, struct name name, size_t most)
{
	for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
		if (alike(name_until(list, " @"), name, most))
			return true;
		list += strcspn(list, " ");
	}
	return false;
}

static bool one(const struct policy *p, struct name a, struct name b, size_t most)
{
	if (alike(a, b, most))
		return true;
	for (unsigned i = 0; p && i < p->persons_n; i++) {
		if (is_listed(p->persons[i], a, most) && is_listed(p->persons[i], b, most))
			return true;
	}
	return false;
}

bool policy_same_person(const struct policy *p, const char *a, const char *b)
{
	struct name of_a[NAMES], of_b[NAMES];
	unsigned a_n, b_n;
	bool a_centre = names_of(a, of_a, &a_n), b_centre = names_of(b, of_b, &b_n);
	size_t most = a_centre || b_centre ? AT_CENTRE : SIZE_MAX;

	for (unsigned i = 0; i < a_n; i++) {
		for (unsigned k = 0; k < b_n; k++) {
			if (one(p, of_a[i], of_b[k], most))
				return true;
		}
	}
	return false;
}
