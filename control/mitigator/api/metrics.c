/* What Prometheus reads (with a token): the same table as `banken metrics`. */
#include <stdio.h>
#include <unistd.h>

#include "control/mitigator/api/files.h"
#include "control/mitigator/api/pages.h"
#include "control/wire/metrics.h"

int page_metrics(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct local_peer peer = {.uid = geteuid(), .account = q->who.name};
	struct metrics_source source = {"banken-mitigator", NULL};
	json_t *request = json_object();
	FILE *out = open_memstream(&ret->bytes, &ret->len);

	if (out)
		source.status = local_do(ctx, "status", &peer, request, e);
	json_decref(request);
	if (!out)
		return ERR_NOMEM;
	metrics_write(&source, 1, out);
	json_decref(source.status);
	ret->type = "text/plain; version=0.0.4; charset=utf-8";
	return fclose(out) == 0 ? ERR_OK : ERR_NOMEM;
}
