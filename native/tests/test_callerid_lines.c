/* callerid_modem on lines that bend the signal: hybrids of G.168 in the path, mark and space of unlike level. */
#include "callerid_modem.h"
#include "check.h"
#include "fsk_signal.h"
#include "g168.h"

#define TRIALS 3
#define LENGTH 24000u            /* 3 s: the next ring is no nearer */

static size_t call(uint8_t *packet)
{
    static const char body[] = "\x01\x08" "11221030" "\x02\x0A" "4951234567" "\x07\x08" "IVANOV I";
    return fsk_packet(packet, 0x80, (const uint8_t *)body, sizeof body - 1);
}

/* A call through a hybrid (0: none), mark louder than space by twist_db; is it read, as what it is, once? */
static bool read_through(const struct fsk *modulation, int model, double twist_db, double noise_dbm0, uint64_t seed)
{
    uint8_t packet[80];
    size_t length = call(packet);
    struct g168_path *path = calloc(1, sizeof *path);
    struct signal s = signal_new(LENGTH, seed);
    struct fsk f = *modulation;
    f.mark_dbm0 += twist_db / 2;
    f.space_dbm0 -= twist_db / 2;
    fsk_draw(&s, &f, 800 + (size_t)(seed * 37 % 800), packet, length);
    if (path == NULL)
        abort();
    if (model > 0)
        g168_path_set(path, model, 0, 0);
    for (size_t i = 0; model > 0 && i < s.length; i++)
        s.x[i] = g168_path_run(path, s.x[i]);
    signal_noise(&s, 0, s.length, noise_dbm0);
    int16_t *x = signal_samples(&s);
    struct sc_callerid_modem *modem = NULL;
    struct sc_callerid_message m;
    CHECK_EQ(sc_callerid_modem_create(&modem, NULL), 0);
    sc_callerid_modem_process(modem, x, s.length);
    bool read = sc_callerid_modem_next(modem, &m);
    CHECK(!read || (strcmp(m.number, "4951234567") == 0 && m.name_length == 8));
    CHECK(!read || m.modulation == (modulation == &fsk_v23 ? SC_CALLERID_V23 : SC_CALLERID_BELL202));
    CHECK(!sc_callerid_modem_next(modem, &m));
    sc_callerid_modem_destroy(modem);
    signal_free(&s);
    free(path);
    free(x);
    return read;
}

static void test_hybrids_m1_to_m8_at_0_db(void)
{
    for (int model = 1; model <= 8; model++)
        for (uint64_t seed = 1; seed <= TRIALS; seed++) {
            CHECK(read_through(&fsk_bell202, model, 0, -60, seed));
            CHECK(read_through(&fsk_v23, model, 0, -60, seed));
        }
}

static void test_mark_and_space_10_db_apart(void)
{
    for (int twist = -10; twist <= 10; twist += 5)
        for (uint64_t seed = 1; seed <= TRIALS; seed++) {
            CHECK(read_through(&fsk_bell202, 0, twist, -60, seed));
            CHECK(read_through(&fsk_v23, 0, twist, -60, seed));
        }
}

int main(void)
{
    RUN(test_hybrids_m1_to_m8_at_0_db);
    RUN(test_mark_and_space_10_db_apart);
    return CHECK_DONE();
}
