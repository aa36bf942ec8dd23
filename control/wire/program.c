#include "control/wire/program.h"

#include <getopt.h>
#include <string.h>

enum { OPT_SET = 256, OPT_PRINT, OPT_HELP, OPT_VERSION, OPT_CHECK, OPT_DEMO };

static const struct option options[] = {
	{"set", required_argument, NULL, OPT_SET},
	{"print-config", no_argument, NULL, OPT_PRINT},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{"check", no_argument, NULL, OPT_CHECK},
	{"demo", no_argument, NULL, OPT_DEMO},
	{NULL, 0, NULL, 0},
};

/* Ends with a sentence. */
static struct config *fail(const struct program *p, struct config *c, const char *sentence,
			   int *ret_status)
{
	fprintf(stderr, "%s: %s\n", p->name, sentence);
	config_free(c);
	*ret_status = 2;
	return NULL;
}

/* The file is read first: what --set says comes on top of it. */
static const char *config_path(int argc, char **argv)
{
	const char *path = NULL;

	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "-c") == 0)
			path = argv[i + 1];
	}
	return path;
}

static bool asks_for(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], option) == 0)
			return true;
	}
	return false;
}

static struct config *end_well(struct config *c, int *ret_status)
{
	config_free(c);
	*ret_status = 0;
	return NULL;
}

/* Each --set in turn; false with a sentence at the first that does not fit. */
static bool read_options(const struct program *p, int argc, char **argv, struct config *c,
			 void *conf, struct errmsg *e)
{
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
		if (option == OPT_SET && config_set(c, p->keys, optarg, conf, e) != ERR_OK)
			return false;
		if (option == OPT_CHECK && p->check) {
			*p->check = true;
		} else if (option == OPT_DEMO && p->demo) {
			*p->demo = true;
		} else if (option == ':') {
			errmsg_set(e, ERR_INVALID, "%.100s needs a value; see %s --help",
				   argv[optind - 1], p->name);
			return false;
		} else if (option == '?' || option == OPT_CHECK || option == OPT_DEMO) {
			errmsg_set(e, ERR_INVALID, "\"%.100s\" is not an option; see %s --help",
				   argv[optind - 1], p->name);
			return false;
		}
	}
	if (optind < argc)
		errmsg_set(e, ERR_INVALID, "\"%.100s\" is not expected; see %s --help",
			   argv[optind], p->name);
	return optind == argc;
}

struct config *program_start(const struct program *p, int argc, char **argv, void *conf,
			     size_t size, int *ret_status)
{
	struct errmsg e = {""};
	struct config *c;

	if (asks_for(argc, argv, "--help") || asks_for(argc, argv, "--version")) {
		if (asks_for(argc, argv, "--help"))
			fputs(p->usage, stdout);
		else
			printf("%s %s\n", p->name, p->version);
		return end_well(NULL, ret_status);
	}
	c = config_load(p->keys, config_path(argc, argv), conf, size, &e);
	if (!c || !read_options(p, argc, argv, c, conf, &e))
		return fail(p, c, e.text, ret_status);
	if (asks_for(argc, argv, "--print-config")) {
		if (config_print(p->keys, conf, true, stdout) != ERR_OK)
			return fail(p, c, "the configuration cannot be written", ret_status);
		return end_well(c, ret_status);
	}
	return c;
}
