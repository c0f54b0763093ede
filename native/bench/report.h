/* report.h: what a benchmark found, one figure a line: JSON with --json, otherwise a line to read. */
#ifndef SC_BENCH_REPORT_H
#define SC_BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BENCH_OURS "ours"
#define BENCH_SPANDSP "libspandsp"
#define BENCH_SPEEX "libspeexdsp"

static bool bench_json, bench_quick;

/* `of` is the number of trials, or 0 where the value is no count. */
static inline void report(const char *figure, const char *who, double value, double of)
{
    if (bench_json)
        printf("{\"figure\": \"%s\", \"who\": \"%s\", \"value\": %.6g, \"of\": %.6g}\n", figure, who, value, of);
    else if (of > 0)
        printf("%-52s %-12s %10.6g of %g\n", figure, who, value, of);
    else
        printf("%-52s %-12s %10.6g\n", figure, who, value);
    fflush(stdout);
}

/* The same with the place at which it was measured: one point of a chart. */
static inline void report_point(const char *figure, const char *who, double x, double y, double value)
{
    if (bench_json)
        printf("{\"figure\": \"%s\", \"who\": \"%s\", \"x\": %.6g, \"y\": %.6g, \"value\": %.6g}\n", figure, who, x, y,
               value);
    else
        printf("%-52s %-12s at %g, %g: %g\n", figure, who, x, y, value);
}

/* Reads --json and --quick; the index of the first word that is neither. */
static inline int bench_options(int count, char **words)
{
    int i = 1;
    for (; i < count; i++)
        if (strcmp(words[i], "--json") == 0)
            bench_json = true;
        else if (strcmp(words[i], "--quick") == 0)
            bench_quick = true;
        else
            break;
    return i;
}

#endif
