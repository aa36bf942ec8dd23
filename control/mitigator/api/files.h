/* Routes whose answer or body is a file: lists, archives, policies, recorded judgements. */
#pragma once

#include "control/api/route.h"

/* Their context is the mitigator. */
int page_judgements_csv(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e);
int page_undo_list(void *ctx, const struct api_request *q, struct api_answer *ret,
		   struct errmsg *e);
int page_undo_zip(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e);
int page_undo_import(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e);
int page_policy_check(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e);
int page_policy_simulate(void *ctx, const struct api_request *q, struct api_answer *ret,
			 struct errmsg *e);
/* What `text` would have done at the judgements of the last days, as compact JSON of at most `cap`
 * bytes with NUL: for who asks from elsewhere. ERR_INVALID with a sentence. */
int policy_try(void *ctx, const char *text, unsigned days, char *ret, size_t cap, struct errmsg *e);
int page_list_simulate(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e);
int page_policy_put(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e);
int page_audit_verify(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e);
/* metrics.c */
int page_metrics(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e);
/* report.c */
int page_report(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e);
