/* loop_worker.h: the loop switches of city lines, opened and closed on time by a thread of their own.
 *
 * What it does: closes and opens a line's loop at once when it is told to, and works it by a train of breaks: dial pulses,
 * whose 67 and 33 ms an exchange measures, and the flash that asks it for another call. A train begins when it is ordered, and
 * leaves the loop closed. No Python runs there: a pulse neither stretches nor splits because the interpreter is busy.
 *
 * Also read by cffi: plain C only. */
#ifndef LW_LOOP_WORKER_H
#define LW_LOOP_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#define LW_LINES_MAX 32
#define LW_PARTS_MAX 64
#define LW_PART_MS_MAX 5000

struct lw_line {
    int output_fd;              /* a GPIO line request (uAPI v2) that has the loop switch; logical 1 closes the loop */
    uint32_t bit;               /* its place in that request */
};

struct lw_settings {
    uint32_t line_count;        /* 1 .. 32 */
    const struct lw_line *lines;
    int priority;               /* SCHED_FIFO 1..99; 0 = 60, as the ringer's */
};

struct lw_statistics {
    uint64_t trains;            /* that were worked to their ends */
    uint64_t parts;             /* of trains, begun */
    uint64_t failures;          /* pins that could not be worked; the train was given up */
    uint32_t worst_late_us;     /* the latest that a part began */
};

struct lw_worker;

/* Opens every loop and starts the thread. EINVAL, ENOMEM, errno of the kernel's ioctl or of pthread_create. */
int lw_create(struct lw_worker **out, const struct lw_settings *settings);

/* Gives up all trains, opens every loop, joins the thread; NULL is allowed. The file descriptors stay the caller's. */
void lw_destroy(struct lw_worker *worker);

/* Closes or opens the loop now; a train of this line is over. EINVAL, errno of the ioctl. Any thread. */
int lw_set(struct lw_worker *worker, uint32_t line, bool closed);

/* Works the loop by breaks from now on: open for part_ms[0], closed for part_ms[1], open ... An odd count: closed at its end.
 * EINVAL: no such line, count not 1 .. LW_PARTS_MAX, a part not 1 .. LW_PART_MS_MAX; EBUSY: a train is under way. Any thread. */
int lw_work(struct lw_worker *worker, uint32_t line, const uint32_t *part_ms, uint32_t count);

/* Any thread. EINVAL: no such line. */
int lw_look(struct lw_worker *worker, uint32_t line, struct lw_statistics *out);

/* Whether SCHED_FIFO was granted. */
bool lw_real_time(const struct lw_worker *worker);

#endif
