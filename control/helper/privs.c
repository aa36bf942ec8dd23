#include "control/helper/privs.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int find_user(const char *user, struct passwd *ret, struct errmsg *e)
{
	struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return errmsg_set(e, ERR_NOTFOUND,
				  "user %s does not exist: create it (useradd --system %s) or "
				  "set another one",
				  user, user);
	*ret = *pw;
	return 0;
}

static void choose_caps(cap_mask keep, bool ambient)
{
	capng_type_t sets = CAPNG_EFFECTIVE | CAPNG_PERMITTED | (ambient ? CAPNG_INHERITABLE : 0);

	capng_clear(CAPNG_SELECT_BOTH);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (keep & 1ull << cap) {
			capng_update(CAPNG_ADD, sets, (unsigned)cap);
			if (ambient)
				capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, (unsigned)cap);
		}
	}
}

static int raise_ambient(cap_mask keep, struct errmsg *e)
{
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if ((keep & 1ull << cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return errmsg_set(e, ERR_IO, "ambient capability %lu: %s", cap,
					  strerror(errno));
	}
	return 0;
}

static int change_user(const char *user, cap_mask keep, bool ambient, struct errmsg *e)
{
	struct passwd pw = {0};
	int rc;

	if (find_user(user, &pw, e) < 0)
		return ERR_NOTFOUND;
	choose_caps(keep, ambient);
	rc = capng_change_id((int)pw.pw_uid, (int)pw.pw_gid,
			     CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	if (rc < 0)
		return errmsg_set(e, ERR_IO, "cannot become user %s (capng %d): %s", user, rc,
				  strerror(errno));
	return 0;
}

int privs_become(const char *user, cap_mask keep, bool ambient, struct errmsg *e)
{
	int rc = 0;

	if (geteuid() == 0 && user[0]) {
		rc = change_user(user, keep, ambient, e);
	} else {
		choose_caps(keep, ambient);
		/* Without privileges there is no bounding set to shrink. */
		if (capng_apply(geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0)
			rc = errmsg_set(e, ERR_DENIED,
					"the capabilities this program needs are missing: start "
					"it as root or with AmbientCapabilities");
	}
	if (rc == 0 && ambient)
		rc = raise_ambient(keep, e);
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = errmsg_set(e, ERR_IO, "no_new_privs: %s", strerror(errno));
	return rc;
}

int privs_own_folder(const char *path, const char *user, struct errmsg *e)
{
	struct passwd pw = {0};

	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return errmsg_set(e, ERR_IO, "%s: cannot be made: %s", path, strerror(errno));
	if (geteuid() != 0 || !user[0])
		return 0;
	if (find_user(user, &pw, e) < 0)
		return ERR_NOTFOUND;
	if (chown(path, pw.pw_uid, pw.pw_gid) < 0)
		return errmsg_set(e, ERR_IO, "%s: cannot be given to %s: %s", path, user,
				  strerror(errno));
	return 0;
}

int privs_confine(enum sandbox_list list, const char *name, struct errmsg *e)
{
	int rc = sandbox_enter(list, name, e);

	if (rc != ERR_UNSUPPORTED)
		return rc;
	fprintf(stderr, "%s: %s\n", name, e->text);
	return 0;
}
