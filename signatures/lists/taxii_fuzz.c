/* A page of a TAXII server: an array or a sentence, a token within its limit. */
#include <stdlib.h>
#include <string.h>

#include "signatures/lists/taxii.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	const char *next = NULL;
	json_t *root = NULL, *objects;
	bool more = false;

	objects = taxii_envelope((const char *)data, size, &more, &next, &root, &e);
	if (objects ? !json_is_array(objects) || (next && strlen(next) >= 512) : !e.text[0])
		abort();
	json_decref(root);
	return 0;
}
