/* What Prometheus reads (with a token): the same table as `banken metrics`. */
#include <unistd.h>

#include "control/api/metrics.h"
#include "control/mitigator/api/files.h"
#include "control/mitigator/api/pages.h"

int page_metrics(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct local_peer peer = {.uid = geteuid(), .account = q->who.name};
	json_t *request = json_object();
	json_t *status = local_do(ctx, "status", &peer, request, e);

	json_decref(request);
	return api_metrics("banken-mitigator", status, ret);
}
