/* banken-store: back-up, restore, size and move of the centre's store. */
#include <stdio.h>
#include <string.h>

#include "control/centre/store/keep.h"
#include "control/centre/store/wipe.h"

static const char usage[] =
	"usage: banken-store backup FILE COPY        a whole copy of the embedded store, while it "
	"is\n"
	"                                            in use; checked, then named COPY\n"
	"       banken-store backed-up STATE HISTORY PLACE [DATABASE]\n"
	"                                            PostgreSQL and ClickHouse were copied to "
	"PLACE "
	"by\n"
	"                                            their own means: the centre knows of it\n"
	"       banken-store restore COPY FILE       puts it where no store is yet\n"
	"       banken-store migrate FILE STATE HISTORY [DATABASE]\n"
	"                                            from the embedded store to PostgreSQL and\n"
	"                                            ClickHouse; stop banken-centre first. Goes "
	"on\n"
	"                                            where it was ended; then every row of both "
	"is\n"
	"                                            compared\n"
	"       banken-store migrate-back STATE HISTORY FILE [DATABASE]\n"
	"                                            from there into an embedded store, likewise\n"
	"       banken-store compact FILE            gives room that is free inside back to the "
	"disk\n"
	"       banken-store wipe STATE-FOLDER REPORT-FOLDER CUSTOMER\n"
	"                                            everything of a customer goes, and is looked "
	"for\n"
	"                                            afterwards; stop banken-centre first\n"
	"       banken-store wipe STATE-FOLDER REPORT-FOLDER CUSTOMER STATE HISTORY [DATABASE]\n"
	"                                            the same from PostgreSQL and ClickHouse; stop "
	"all\n"
	"                                            centres first\n"
	"       banken-store size FILE               bytes now, bytes a day\n"
	"       banken-store size STATE HISTORY [DATABASE]\n"
	"\n"
	"examples:\n"
	"  banken-store backup /var/lib/banken/centre/centre.db /backup/centre-2026-11-22.db\n"
	"  banken-store migrate /var/lib/banken/centre/centre.db \\\n"
	"    'postgresql://banken@/banken?host=a,b,c' 'http://c1:8123,http://c2:8123'\n";

static struct store_where beyond(char **state_and_history, const char *database)
{
	return (struct store_where){.state = state_and_history[0],
				    .history = state_and_history[1],
				    .history_database = database};
}

int main(int argc, char **argv)
{
	const struct store_where file = {.path = argc > 2 ? argv[2] : ""};
	struct store_where far = {0};
	struct errmsg err = {""};
	int rc = ERR_INVALID;

	if (argc < 3 || strcmp(argv[1], "--help") == 0) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	if (strcmp(argv[1], "backup") == 0 && argc == 4)
		rc = keep_backup(argv[2], argv[3], &err);
	else if (strcmp(argv[1], "backed-up") == 0 && argc >= 5) {
		far = beyond(argv + 2, argc > 5 ? argv[5] : NULL);
		rc = keep_backed_up(&far, argv[4], &err);
	} else if (strcmp(argv[1], "restore") == 0 && argc == 4)
		rc = keep_restore(argv[2], argv[3], &err);
	else if (strcmp(argv[1], "wipe") == 0 && argc == 5)
		rc = wipe_customer(argv[2], argv[3], argv[4], stdout, &err);
	else if (strcmp(argv[1], "wipe") == 0 && argc >= 7) {
		far = beyond(argv + 5, argc > 7 ? argv[7] : NULL);
		rc = wipe_customer_far(&far, argv[2], argv[3], argv[4], stdout, &err);
	} else if (strcmp(argv[1], "compact") == 0 && argc == 3)
		rc = keep_compact(argv[2], &err);
	else if (strcmp(argv[1], "size") == 0 && argc == 3)
		rc = keep_print_size(&file, &err);
	else if (strcmp(argv[1], "size") == 0) {
		far = beyond(argv + 2, argc > 4 ? argv[4] : NULL);
		rc = keep_print_size(&far, &err);
	} else if (strcmp(argv[1], "migrate") == 0 && argc >= 5) {
		far = beyond(argv + 3, argc > 5 ? argv[5] : NULL);
		rc = keep_migrate(argv[2], &far, stdout, &err);
	} else if (strcmp(argv[1], "migrate-back") == 0 && argc >= 5) {
		far = beyond(argv + 2, argc > 5 ? argv[5] : NULL);
		rc = keep_migrate_back(&far, argv[4], stdout, &err);
	} else {
		fputs(usage, stderr);
		return 2;
	}
	if (rc == ERR_OK)
		return 0;
	fprintf(stderr, "banken-store: %s\n", err.text);
	return 1;
}
