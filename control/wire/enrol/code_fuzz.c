/* What people type as a code: what is taken comes back the same, what is refused has a sentence,
 * and one changed letter is never taken. */
#include <stdlib.h>
#include <string.h>

#include "control/wire/enrol/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_taken(const struct enrol_code *c)
{
	struct enrol_code again;
	char text[ENROL_CODE_TEXT];

	enrol_code_text(c, text);
	if (enrol_code_parse(text, &again, NULL) || memcmp(c, &again, sizeof(*c)) != 0 ||
	    enrol_code_role(c) == ROLE_NONE)
		abort();
	again = *c;
	again.digits[c->digits[3] % ENROL_DIGITS] ^= 1 + c->digits[4] % 31;
	enrol_code_text(&again, text);
	if (enrol_code_parse(text, &again, NULL) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	struct enrol_code c;
	char text[256];
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;

	if (n)
		memcpy(text, data, n);
	text[n] = '\0';
	if (enrol_code_parse(text, &c, &e) == 0)
		check_taken(&c);
	else if (!e.text[0])
		abort();
	return 0;
}
