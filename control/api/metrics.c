#include "control/api/metrics.h"

#include <stdio.h>

#include "control/wire/metrics.h"

int api_metrics(const char *program, json_t *status, struct api_answer *ret)
{
	struct metrics_source source = {program, status};
	FILE *out = open_memstream(&ret->bytes, &ret->len);

	if (out)
		metrics_write(&source, 1, out);
	json_decref(status);
	ret->type = "text/plain; version=0.0.4; charset=utf-8";
	return out && fclose(out) == 0 ? ERR_OK : ERR_NOMEM;
}
