#include "dataplane/worker/files.h"

#include <pwd.h>

bool files_desk_wanted(const struct options *o)
{
	return o->desk.store || o->desk.archives || o->desk.yara[0];
}

/* Who writes into the store once privileges are dropped. */
static uint32_t owner_of(const char *user)
{
	struct passwd *account = user[0] ? getpwnam(user) : NULL;

	return account ? account->pw_uid : 0;
}

/* As much of a file as the desk gathers: what is kept goes to the disk and may be large. */
static size_t most_inspected(const struct options *o)
{
	uint64_t most = (uint64_t)o->store_file_mb << 20;

	if (!o->desk.store)
		return DESK_INSPECT;
	return most && most < INSPECTOR_BYTES ? (size_t)most : INSPECTOR_BYTES;
}

int files_inspector_new(const struct options *o, int core,
			int (*enter)(void *options, struct errmsg *err), struct inspector **ret,
			struct errmsg *err)
{
	struct inspect_config config = {
		.archives = o->desk.archives,
		.yara = o->desk.yara,
		.inspector = {.enter = enter,
			      .enter_ctx = (void *)o,
			      .bytes = most_inspected(o),
			      .core = core,
			      .cpu_s = INSPECTOR_CPU_S,
			      .patience_s = core < 0 ? INSPECTOR_OFFLINE_S : INSPECTOR_LIVE_S},
	};

	*ret = NULL;
	if (!o->desk.archives && !o->desk.yara[0])
		return ERR_OK;
	return inspect_start(&config, ret, err);
}

struct desk *files_desk_new(const struct options *o, const char *folder, unsigned workers,
			    bool offline, struct inspector *inspector, struct errmsg *err)
{
	struct desk_config config = o->desk;

	if (o->desk.dir[0] != '/' && (size_t)snprintf(config.dir, sizeof(config.dir), "%s/%s",
						      folder, o->desk.dir) >= sizeof(config.dir)) {
		errmsg_set(err, ERR_INVALID, "file-store.dir: %s/%s is too long", folder,
			   o->desk.dir);
		return NULL;
	}
	config.limits = (struct store_limits){
		.owner = offline ? 0 : owner_of(o->user),
		.space = (uint64_t)o->store_mb << 20,
		.file = (uint64_t)o->store_file_mb << 20,
		.age_s = (uint64_t)o->store_days * 86400,
		.free_bytes = (uint64_t)o->store_free_mb << 20,
	};
	config.pipe_bytes = (size_t)o->desk_ring_kb << 10;
	config.memory = (size_t)o->desk_memory_mb << 20;
	config.workers = workers;
	config.wait = offline;
	config.inspector = inspector;
	config.eve = (struct record_eve_options){(int)o->utc_offset_minutes, o->community_id};
	return desk_new(&config, err);
}

void files_desk_use(const struct options *o, struct desk *d, unsigned index, bool offline,
		    struct pipeline_config *config)
{
	if (!d)
		return;
	config->desk = desk_port(d, index);
	config->carry = (struct carry_config){
		.all = o->desk.archives || o->desk.yara[0],
		.store = o->desk.store,
		.force = o->force_store,
		.at_end = offline,
		.file_max = (uint64_t)o->store_file_mb << 20,
		.first_id = index + 1,
		.step = offline ? 1 : DESK_PORTS,
	};
}

int files_keeper_new(const struct options *o, const char *folder, unsigned workers, bool offline,
		     uint64_t now_ns, struct keeper **ret, struct errmsg *err)
{
	struct keeper_config config = o->keeper;

	*ret = NULL;
	if (!o->evidence)
		return ERR_OK;
	if (config.dir[0] != '/' && (size_t)snprintf(config.dir, sizeof(config.dir), "%s/%s",
						     folder, o->keeper.dir) >= sizeof(config.dir))
		return errmsg_set(err, ERR_INVALID, "evidence.dir: %s/%s is too long", folder,
				  o->keeper.dir);
	config.tape_bytes = (size_t)o->tape_mb << 20;
	config.piece_bytes = (size_t)o->piece_kb << 10;
	config.limits = (struct chain_limits){(uint64_t)o->evidence_mb << 20,
					      (uint64_t)o->evidence_free_mb << 20};
	config.workers = workers;
	config.owner = offline ? 0 : owner_of(o->user);
	snprintf(config.program, sizeof(config.program), "Banken %s", BANKEN_VERSION);
	snprintf(config.iface, sizeof(config.iface), "%s", offline ? "capture" : "mirror");
	return keeper_new(&config, now_ns, ret, err);
}
