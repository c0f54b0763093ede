/* Tests of serial_port.c over a pair of sockets: frames both ways, bytes in pieces, a peer that takes nothing, that is gone, that
 * pauses; a descriptor that comes and goes; failing allocations. */
#include "serial_port.h"

#include "alloc.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PI 3.14159265358979323846

struct modem {
    int ours, theirs;
    struct sc_serial_port *port;
    uint64_t said, position;    /* samples of the modem's voice, of the tick's */
};

static struct modem plugged(void)
{
    int pair[2];
    struct modem modem = { 0 };
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    modem.ours = pair[0];
    modem.theirs = pair[1];
    CHECK_EQ(sc_serial_port_create(&modem.port), 0);
    CHECK_EQ(sc_serial_port_plug(modem.port, modem.ours), 0);
    close(modem.ours);
    return modem;
}

static void unplug(struct modem *modem)
{
    if (sc_serial_port_unplug(modem->port) == EAGAIN)
        sc_serial_port_service(modem->port);
    CHECK_EQ(sc_serial_port_unplug(modem->port), 0);
    sc_serial_port_destroy(modem->port);
    if (modem->theirs >= 0)
        close(modem->theirs);
}

static void say(struct modem *modem, double hz)
{
    uint8_t frame[SC_SERIAL_FRAME_BYTES];
    for (size_t i = 0; i < SC_SERIAL_FRAME_SAMPLES; i++) {
        uint16_t word = (uint16_t)(int16_t)lrint(8000 * sin(2 * PI * hz / 8000 * (double)modem->said++));
        frame[2 * i] = (uint8_t)(word & 0xFF);
        frame[2 * i + 1] = (uint8_t)(word >> 8);
    }
    CHECK_EQ(write(modem->theirs, frame, sizeof frame), (ssize_t)sizeof frame);
}

static void tick(struct modem *modem, double hz, int16_t *capture)
{
    int16_t playback[SC_TICK_SAMPLES];
    for (size_t i = 0; i < SC_TICK_SAMPLES; i++)
        playback[i] = (int16_t)lrint(8000 * sin(2 * PI * hz / 8000 * (double)modem->position++));
    sc_serial_port_service(modem->port);
    CHECK_EQ(sc_serial_port_exchange(modem->port, playback, capture, SC_TICK_SAMPLES), 0);
}

/* Share of a tone in the energy, in dB over the rest. */
static double tone_over_rest_db(const int16_t *x, size_t n, double hz)
{
    double c = 0, s = 0, xx = 0;
    for (size_t i = 0; i < n; i++) {
        c += x[i] * cos(2 * PI * hz / 8000 * (double)i);
        s += x[i] * sin(2 * PI * hz / 8000 * (double)i);
        xx += (double)x[i] * x[i];
    }
    double tone = 2 * (c * c + s * s) / (double)n;
    return 10 * log10(tone / fmax(xx - tone, 1e-9));
}

static void sound_goes_both_ways(void)
{
    static int16_t heard[800], played[100 * SC_SERIAL_FRAME_SAMPLES];
    struct modem modem = plugged();
    struct sc_serial_port_statistics figures;
    int16_t capture[SC_TICK_SAMPLES];
    size_t got = 0;
    for (int i = 0; i < 2000; i++) {
        if (i % 2 == 0)
            say(&modem, 1000);
        tick(&modem, 700, capture);
        if (i >= 1990)
            memcpy(heard + (i - 1990) * SC_TICK_SAMPLES, capture, sizeof capture);
        if (i < 1900)
            (void)!read(modem.theirs, played, SC_SERIAL_FRAME_BYTES);
        else
            got += (size_t)fmax(0.0, (double)read(modem.theirs, (uint8_t *)played + got, sizeof played - got));
    }
    CHECK_EQ(got, 50 * SC_SERIAL_FRAME_BYTES);
    double in = tone_over_rest_db(heard, 800, 1000), out = tone_over_rest_db(played, 50 * SC_SERIAL_FRAME_SAMPLES, 700);
    printf("serial port: a tone is %.1f dB over the rest on its way in, %.1f dB on its way out\n", in, out);
    CHECK(in > 40);
    CHECK(out > 40);
    sc_serial_port_statistics(modem.port, &figures);
    CHECK_EQ(figures.captured_frames, 1000);
    CHECK_EQ(figures.played_frames, 1000);
    CHECK_EQ(figures.dropped_frames, 0);
    CHECK_NEAR(figures.captured_dbm0, -9.1, 0.5);
    CHECK_EQ(figures.gone, 0);
    unplug(&modem);
}

static void bytes_may_come_in_any_pieces(void)
{
    struct modem modem = plugged();
    struct sc_serial_port_statistics figures;
    int16_t capture[SC_TICK_SAMPLES];
    uint8_t bytes[7] = { 0 };
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(write(modem.theirs, bytes, sizeof bytes), (ssize_t)sizeof bytes);
        tick(&modem, 700, capture);
    }
    sc_serial_port_statistics(modem.port, &figures);
    CHECK_EQ(figures.captured_frames, 1000 * sizeof bytes / SC_SERIAL_FRAME_BYTES);
    unplug(&modem);
}

static void who_takes_nothing_costs_frames_and_no_time(void)
{
    struct modem modem = plugged();
    struct sc_serial_port_statistics figures;
    int16_t capture[SC_TICK_SAMPLES];
    for (int i = 0; i < 4000; i++) {
        if (i % 2 == 0)
            say(&modem, 1000);
        tick(&modem, 700, capture);
    }
    sc_serial_port_statistics(modem.port, &figures);
    CHECK_EQ(figures.captured_frames, 2000);
    CHECK(figures.dropped_frames > 100);
    CHECK(figures.played_frames + figures.dropped_frames <= 2000);
    CHECK(figures.played_frames + figures.dropped_frames >= 1999);
    unplug(&modem);
}

static void a_flood_is_throttled(void)
{
    struct modem modem = plugged();
    struct sc_serial_port_statistics figures;
    int16_t capture[SC_TICK_SAMPLES];
    for (int i = 0; i < 100; i++)
        say(&modem, 1000);
    tick(&modem, 700, capture);
    sc_serial_port_statistics(modem.port, &figures);
    CHECK(figures.captured_frames <= 4);
    unplug(&modem);
}

static void who_is_gone_is_left(void)
{
    struct modem modem = plugged();
    struct sc_serial_port_statistics figures;
    int16_t capture[SC_TICK_SAMPLES];
    say(&modem, 1000);
    close(modem.theirs);
    modem.theirs = -1;
    for (int i = 0; i < 3; i++)
        tick(&modem, 700, capture);
    sc_serial_port_statistics(modem.port, &figures);
    CHECK_EQ(figures.gone, EPIPE);
    for (int i = 0; i < 30; i++)
        tick(&modem, 700, capture);
    for (size_t i = 0; i < SC_TICK_SAMPLES; i++)
        CHECK_EQ(capture[i], 0);
    unplug(&modem);
}

static void nothing_of_the_last_call_is_heard_in_the_next(void)
{
    struct modem modem = plugged();
    int16_t capture[SC_TICK_SAMPLES];
    uint8_t frame[SC_SERIAL_FRAME_BYTES] = { 0 };
    for (int i = 0; i < 40; i++) {
        if (i % 2 == 0)
            say(&modem, 1000);
        tick(&modem, 700, capture);
    }
    for (int i = 0; i < 40; i++)
        tick(&modem, 0, capture);
    for (int i = 0; i < 40; i++) {
        if (i % 2 == 0)
            CHECK_EQ(write(modem.theirs, frame, sizeof frame), (ssize_t)sizeof frame);
        tick(&modem, 0, capture);
        for (size_t j = 0; j < SC_TICK_SAMPLES; j++)
            CHECK_EQ(capture[j], 0);
    }
    unplug(&modem);
}

static void one_descriptor_at_a_time(void)
{
    struct modem modem = plugged();
    CHECK_EQ(sc_serial_port_plug(modem.port, modem.theirs), EBUSY);
    CHECK_EQ(sc_serial_port_unplug(modem.port), 0); /* nobody has used it yet */
    CHECK_EQ(sc_serial_port_plug(modem.port, -1), EBADF);
    CHECK_EQ(sc_serial_port_plug(modem.port, modem.theirs), 0);
    sc_serial_port_service(modem.port);
    CHECK_EQ(sc_serial_port_unplug(modem.port), EAGAIN);
    unplug(&modem);
}

static void each_failing_allocation_is_told(void)
{
    struct sc_serial_port *port;
    int error = ENOMEM, failures = 0;
    while (error == ENOMEM && failures < 20) {
        sc_alloc_fail_after(failures++);
        error = sc_serial_port_create(&port);
        sc_alloc_fail_after(-1);
    }
    CHECK_EQ(error, 0);
    CHECK(failures > 3);
    sc_serial_port_destroy(port);
    sc_serial_port_destroy(NULL);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(sound_goes_both_ways);
    RUN(bytes_may_come_in_any_pieces);
    RUN(who_takes_nothing_costs_frames_and_no_time);
    RUN(a_flood_is_throttled);
    RUN(who_is_gone_is_left);
    RUN(nothing_of_the_last_call_is_heard_in_the_next);
    RUN(one_descriptor_at_a_time);
    RUN(each_failing_allocation_is_told);
    return CHECK_DONE();
}
