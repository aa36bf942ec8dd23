#include "control/api/serve.h"

#include <unistd.h>

int api_serve_certificate(const struct api_serve *p, const char *state_folder,
			  struct certificate *ret, bool *ret_tls, struct errmsg *e)
{
	int rc;

	*ret_tls = false;
	if (p->certificate[0] && !p->key[0])
		return errmsg_set(e, ERR_INVALID,
				  "pages: the certificate needs its key: set pages.key");
	if (p->certificate[0])
		rc = certificate_read(p->certificate, p->key, ret, e);
	else if (p->behind_tls || certificate_is_loopback(p->listen))
		return ERR_OK;
	else
		rc = certificate_own(state_folder, p->listen, ret, e);
	*ret_tls = rc == ERR_OK;
	return rc;
}

bool api_serve_has_pages(const struct api_serve *p)
{
	return p->folder[0] && access(p->folder, R_OK | X_OK) == 0;
}
