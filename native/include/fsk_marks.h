/* fsk_marks.h: where the seizure before a packet of FSK ends, and which modulation's marks follow it. No memory. */
#ifndef SC_FSK_MARKS_H
#define SC_FSK_MARKS_H

#include <stdbool.h>

#define SC_FSK_MARKS_HALF 640           /* samples it wants on either side of where the marks about begin */

enum sc_fsk_modulation { SC_FSK_BELL202, SC_FSK_V23 };

struct sc_fsk_marks {
    enum sc_fsk_modulation modulation;
    double mark_hz, space_hz;           /* as sent: the marks' is measured, the spaces' in proportion */
    int edge;                           /* where the marks begin, from the middle of what was given */
};

/* Of 2 * SC_FSK_MARKS_HALF samples; false when that is no end of a seizure. */
bool sc_fsk_marks_find(const float *line, struct sc_fsk_marks *found);

#endif
