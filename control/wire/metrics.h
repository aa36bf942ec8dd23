/* A program's status as Prometheus metrics (text exposition format 0.0.4), so that no program
 * counts twice: each has one answer to {"do": "status"}, and a table says which of its members is
 * which metric. Names, units and help as Prometheus' own rules have them: prefix banken_, base
 * units (seconds, bytes), counters end in _total. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct metrics_source {
	const char *program; /* "banken-control" */
	json_t *status;	     /* its answer; NULL = it does not run */
};

/* All metrics of those programs; each metric's samples stand together. */
void metrics_write(const struct metrics_source *sources, size_t n, FILE *out);
