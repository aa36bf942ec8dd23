/* What is known of the site from hours and weeks: which hosts call which places outside, what a
 * host does in which hour of the week. Filled by the core before detectors see an event; private to
 * behave/. A place is what somebody registered (example.org) where the name behind an address is
 * known, else the address itself; inside, an address with its port. */
#pragma once

#include "dataplane/behave/detector.h"

enum { PAST_HOURS = 168 }; /* of a week; 0 is Monday 00:00 of the site's time */

struct past_place {
	struct behave_entry entry;
	uint64_t clients; /* behave_small_add */
	uint64_t domain;  /* of an address: word of the name behind it, 0 = none was seen */
	char name[48];	  /* the same as text, cut */
	bool made_up;	  /* as a program draws them */
};

struct past_host {
	struct behave_entry entry; /* start_ns: first seen */
	uint64_t hour;		   /* running, of all time */
	uint64_t up;		   /* bytes sent outside in it */
	uint32_t calls;
	uint32_t busy; /* connections of its busiest hours; fades */
	/* Most that was sent outside in that hour of the week, a code of past.c that fades. */
	uint16_t usual_up[PAST_HOURS];
	uint8_t seen[PAST_HOURS / 8]; /* busy in that hour of some week */
};

/* The site as a whole. */
struct past_site {
	uint64_t first_ns;
	uint32_t active[PAST_HOURS]; /* hosts, over all weeks */
};

enum past_table { PAST_PLACES, PAST_HOSTS, PAST_FLOWS, PAST_TABLES };

/* Where an event's connection goes. */
struct past_target {
	uint64_t word; /* of the place */
	uint64_t first_ns;
	unsigned clients; /* inside hosts that called it, up to some 60 */
	bool named, made_up;
};

struct behave_past {
	struct behave_table tables[PAST_TABLES];
	struct past_site site;
	enum behave_span span;
	int utc_offset_minutes;
	struct behave_view view; /* its own */
	/* Of the event that is looked at: what several detectors ask for. */
	struct past_event {
		bool target_known;
		struct past_target target;
		struct past_host *client; /* at the end of a connection; NULL: look it up */
	} event;
};

/* Shares of past_mb. */
extern const uint8_t past_weights[PAST_TABLES];

extern const uint32_t past_entry_sizes[PAST_TABLES];

/* As a detector's. */
void past_ahead(const struct behave_past *p, const struct behave_event *e, struct behave_ahead *a);
/* Before detectors see the event. */
void past_note(struct behave_past *p, const struct behave_event *e);

/* As known now. */
struct past_target past_target_of(const struct behave_view *v, const struct behave_event *e);
/* The place's name, or the address: for sentences. */
struct behave_text past_name(const struct behave_view *v, const struct behave_event *e);
/* Everybody here uses it. */
bool past_popular(const struct behave_view *v, const struct past_target *t);
/* Live in banken-control: a regular call that was there when the site was learnt, of a place that
 * nothing is odd about, is put to a person (D11) and true; so is one that was accepted. */
struct past_rhythm {
	uint64_t since_ns;
	double every_seconds;
};
bool past_offered(const struct behave_view *v, const struct behave_event *e,
		  const struct past_target *t, const struct past_rhythm *r);

uint64_t past_who(const struct behave_view *v, const struct ip_addr *a);
/* The event's client. */
static inline uint64_t past_caller(const struct behave_view *v, const struct behave_event *e)
{
	return v->sink->who ? past_who(v, &e->ends.client) : v->facts->client;
}
unsigned past_hour_of(const struct behave_past *p, uint64_t now_ns);
/* The client's own; NULL when it is not known. */
struct past_host *past_client_of(const struct behave_view *v, const struct behave_event *e);
/* Most that it sent outside about that hour on such a day (weekday or weekend). */
uint64_t past_usual_up(const struct behave_past *p, const struct past_host *h, uint64_t now_ns);
/* Known for long enough that what it does not do means something. */
bool past_is_known(const struct behave_view *v, const struct past_host *h, uint64_t now_ns);
/* It was never busy about that hour on such a day, and few of the site do. */
bool past_off_hours(const struct behave_view *v, const struct past_host *h, uint64_t now_ns);
