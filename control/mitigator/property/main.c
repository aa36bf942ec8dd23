/* Random sites, policies and alert storms through the whole decision, with the promises of Q3 to Q9
 * checked at every order: no protected host is cut, no forged source gets a host cut, the fuse is
 * never exceeded, a switch's port is cut whole for one machine only, every cut ends as it may or is
 * a person's.
 *
 *   mitigator_property_test [CASES [SEED [CASE]]]    CASE: only this one, told
 *
 * Without CASES as many as BANKEN_PROPERTY_CASES says, else 10,000 (sanitized: 2,000). The full
 * million is tests/property/million; mistakes put in on purpose, each found by the sample, are
 * tests/property/mistakes.
 *
 * What nobody could tell is left out: whose a MAC is that never showed the address which is
 * protected. */
#include <stdio.h>
#include <stdlib.h>

#include "control/mitigator/property/site.h"

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 2000 };
#else
enum { CASES = 10000 };
#endif

static uint64_t wanted_cases(const char *argument)
{
	const char *text = argument ? argument : getenv("BANKEN_PROPERTY_CASES");

	return text ? strtoull(text, NULL, 10) : CASES;
}

static void one_case(struct site *s)
{
	site_begin(s);
	storm(s);
	site_end(s);
}

int main(int argc, char **argv)
{
	uint64_t cases = wanted_cases(argv[1]);
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct site *s = calloc(1, sizeof(*s));
	bool too_few;

	if (!s)
		return 1;
	site_set_up(s);
	s->loud = argc > 3;
	if (s->loud)
		cases = strtoull(argv[3], NULL, 10) + 1;
	for (s->case_number = s->loud ? cases - 1 : 0; s->case_number < cases; s->case_number++) {
		s->random = (seed << 40 ^ s->case_number) * 0x9e3779b97f4a7c15ULL + 1;
		one_case(s);
	}
	printf("%llu random sites: %llu automatic cuts (%llu while a release was under way), %llu "
	       "questions, %llu ended by themselves; every promise held\n",
	       (unsigned long long)cases, (unsigned long long)s->automatic,
	       (unsigned long long)s->again, (unsigned long long)s->held,
	       (unsigned long long)s->ended);
	/* A test that never cuts proves nothing. */
	too_few = cases >= 100 && s->automatic < cases / 4;
	if (too_few)
		fprintf(stderr, "too few automatic cuts to prove anything\n");
	site_done(s);
	return too_few;
}
