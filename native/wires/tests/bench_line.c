/* What a line costs: microseconds for a tick of 80 samples, silent and with speech both ways. */
#include "parts.h"

#include <stdio.h>
#include <time.h>

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double cost(struct tw_line *line)
{
    int16_t playback[80] = {1000, -1000};
    int16_t capture[80];
    double began = now_us();
    for (int i = 0; i < 20000; i++)
        tw_port_exchange(line, playback, capture, 80);
    return (now_us() - began) / 20000.0;
}

int main(void)
{
    struct tw_line_settings settings;
    struct tw_line *line = NULL;
    tw_line_settings_default(&settings);
    if (tw_line_create(&line, &settings) != 0)
        return 1;
    tw_line_set_loop(line, true);
    printf("line, silent device: %.2f us a tick\n", cost(line));
    tw_say_speech(tw_line_device(line), 1, -18.0, 0);
    printf("line, device speaks: %.2f us a tick\n", cost(line));
    tw_line_destroy(line);
    return 0;
}
