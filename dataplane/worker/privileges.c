/* Once the ports are open nothing of what opened them is needed. */
#include "dataplane/worker/live_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>

static int become(const char *user, struct errmsg *err)
{
	struct passwd *account = getpwnam(user);

	if (!account)
		return errmsg_set(
			err, ERR_NOTFOUND,
			"user %s: there is no such account; make it or set user to another", user);
	if (setgroups(0, NULL) < 0 ||
	    setresgid(account->pw_gid, account->pw_gid, account->pw_gid) < 0 ||
	    setresuid(account->pw_uid, account->pw_uid, account->pw_uid) < 0)
		return errmsg_set(err, ERR_IO,
				  "cannot become user %s (%s); start as root or leave user empty",
				  user, strerror(errno));
	return ERR_OK;
}

int live_drop_privileges(const char *user, struct errmsg *err)
{
	int rc = ERR_OK;

	capng_clear(CAPNG_SELECT_BOTH);
	/* While we still may. Who started us without CAP_SETPCAP keeps its bound; what counts then
	 * is that nothing can be gained (no_new_privs). */
	(void)capng_apply(CAPNG_SELECT_BOUNDS);
	if (user[0] && getuid() == 0)
		rc = become(user, err);
	if (rc != ERR_OK)
		return rc;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return errmsg_set(err, ERR_IO, "capabilities cannot be dropped (%s)",
				  strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errmsg_set(err, ERR_IO, "no_new_privs cannot be set (%s)", strerror(errno));
	return ERR_OK;
}
