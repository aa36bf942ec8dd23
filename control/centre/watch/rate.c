#include "control/centre/watch/rate.h"

#include <stdbool.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median_of(uint64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

enum { SAMPLES_MOST = 256 };

struct rate rate_judge(uint64_t now, uint64_t *past, size_t n)
{
	struct rate r = {.now = now};
	uint64_t away[SAMPLES_MOST], spread;

	if (n < RATE_PAST_LEAST || n > SAMPLES_MOST)
		return r;
	r.median = median_of(past, n);
	r.least = past[0];
	r.most = past[n - 1];
	for (size_t i = 0; i < n; i++)
		away[i] = past[i] > r.median ? past[i] - r.median : r.median - past[i];
	/* 1.4826 median deviations are a standard deviation of what is normally distributed. */
	spread = median_of(away, n) * RATE_MANY_TIMES * 14826 / 10000;
	r.verdict = RATE_NORMAL;
	if (now > r.median + (spread > RATE_MANY_LEAST ? spread : RATE_MANY_LEAST) && now > r.most)
		r.verdict = RATE_MANY;
	else if (r.median >= RATE_FEW_MEDIAN && now < r.median / RATE_FEW_PART && now < r.least / 2)
		r.verdict = RATE_FEW;
	return r;
}

enum { DAYS_LEAST = 3, DAYS_MOST = 30 };

static int compare_slopes(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static bool median_slope(const uint64_t *days, const uint64_t *used, size_t n, double *ret)
{
	double slopes[DAYS_MOST * DAYS_MOST / 2];
	size_t k = 0;

	if (n < DAYS_LEAST || n > DAYS_MOST)
		return false;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			if (days[j] > days[i])
				slopes[k++] = ((double)used[j] - (double)used[i]) /
					      (double)(days[j] - days[i]);
		}
	}
	if (k == 0)
		return false;
	qsort(slopes, k, sizeof(*slopes), compare_slopes);
	*ret = slopes[k / 2];
	return true;
}

double rate_of_growth(const uint64_t *days, const uint64_t *used, size_t n)
{
	double slope;

	return median_slope(days, used, n, &slope) ? slope : 0;
}

double rate_days_to_full(const uint64_t *days, const uint64_t *used, size_t n, uint64_t size)
{
	double slope;

	if (!median_slope(days, used, n, &slope))
		return -1;
	if (slope <= 0 || used[n - 1] >= size)
		return used[n - 1] >= size ? 0 : -1;
	return (double)(size - used[n - 1]) / slope;
}
