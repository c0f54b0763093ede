/* check.h: the few macros that every C test uses. A test binary is one file with a main that calls its test functions
 * with RUN and ends with `return CHECK_DONE();`, which prints "N passed, N failed" (checks) and gives the exit code. */
#ifndef SC_CHECK_H
#define SC_CHECK_H

#include <math.h>
#include <stdio.h>

static unsigned check_passed;
static unsigned check_failed;

static inline void check_report(int good, const char *file, int line, const char *text)
{
    if (good) {
        check_passed++;
        return;
    }
    check_failed++;
    printf("%s:%d: FAILED: %s\n", file, line, text);
}

#define CHECK(cond) check_report((cond) ? 1 : 0, __FILE__, __LINE__, #cond)

#define CHECK_EQ(got, want)                                                                                            \
    do {                                                                                                               \
        long long check_got_ = (long long)(got), check_want_ = (long long)(want);                                      \
        check_report(check_got_ == check_want_, __FILE__, __LINE__, #got " == " #want);                                \
        if (check_got_ != check_want_)                                                                                 \
            printf("    got %lld, want %lld\n", check_got_, check_want_);                                              \
    } while (0)

#define CHECK_NEAR(got, want, tolerance)                                                                               \
    do {                                                                                                               \
        double check_got_ = (double)(got), check_want_ = (double)(want);                                               \
        int check_good_ = fabs(check_got_ - check_want_) <= (double)(tolerance);                                       \
        check_report(check_good_, __FILE__, __LINE__, #got " near " #want);                                            \
        if (!check_good_)                                                                                              \
            printf("    got %g, want %g +- %g\n", check_got_, check_want_, (double)(tolerance));                       \
    } while (0)

#define RUN(test)                                                                                                      \
    do {                                                                                                               \
        unsigned run_failed_ = check_failed;                                                                           \
        test();                                                                                                        \
        if (check_failed != run_failed_)                                                                               \
            printf("in %s\n", #test);                                                                                  \
    } while (0)

static inline int check_done(const char *file)
{
    printf("%s: %u passed, %u failed\n", file, check_passed, check_failed);
    return check_failed == 0 && check_passed > 0 ? 0 : 1;
}

#define CHECK_DONE() check_done(__FILE__)

#endif
