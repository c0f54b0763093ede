/* dtmf_look.h: what one frame of sound looks like to the DTMF receiver: its two tones, how pure they are, what else there is.
 *
 * Part of the DTMF receiver (dtmf_receiver.h). _take is given each frame of the tone bank once, in order. */
#ifndef SC_DTMF_LOOK_H
#define SC_DTMF_LOOK_H

#include "dtmf_receiver.h"
#include "tone_bank.h"

#define SC_DTMF_TONES 8u
#define SC_DTMF_GROUP 4u
#define SC_DTMF_HISTORY 8u              /* frames kept to find the beginning of a tone */
#define SC_DTMF_HOP_MS 5.0f

struct sc_dtmf_tone {
    uint32_t index;                     /* 0 .. 3 low group, 4 .. 7 high group */
    float amplitude;                    /* corrected for frequency */
    float raw;                          /* as the window gave it */
    float advance_real, advance_imaginary; /* of this frame over the one before, nominal advance removed */
    float weight;                       /* modulus of the advance */
};

struct sc_dtmf_look {
    struct sc_dtmf_tone low, high;
    float mean_square;
    float purity;                       /* both sines' share of the energy */
    bool good;                          /* two tones within the limits of frequency, level, purity and twist */
    bool lopsided;                      /* the same but the twist: so pure that an echo may have made it */
};

struct sc_dtmf_eye {
    struct sc_tone_bank *bank;
    float lowest_amplitude, low_louder_db, high_louder_db;
    float rotate_real[SC_DTMF_TONES], rotate_imaginary[SC_DTMF_TONES]; /* undo the nominal advance of one hop */
    struct sc_tone_frame history[SC_DTMF_HISTORY];
    uint32_t newest;
};

/* Settings as sc_dtmf_receiver_create has settled them. ENOMEM. */
int sc_dtmf_eye_open(struct sc_dtmf_eye *eye, const struct sc_dtmf_receiver_settings *settings);
void sc_dtmf_eye_close(struct sc_dtmf_eye *eye);
void sc_dtmf_eye_reset(struct sc_dtmf_eye *eye);

void sc_dtmf_eye_take(struct sc_dtmf_eye *eye, const struct sc_tone_frame *frame, struct sc_dtmf_look *look);

/* Energy of the newest frame where a telephone has none, over that of the two tones. */
float sc_dtmf_eye_stray(struct sc_dtmf_eye *eye, const struct sc_dtmf_look *look);

/* Amplitude of a tone `back` frames ago, as the window gave it; 0 where the frame was too weak to be measured. */
float sc_dtmf_eye_modulus(const struct sc_dtmf_eye *eye, uint32_t back, uint32_t tone);

/* Were both tones absent a moment ago? A key starts both at once; notes of music that happen to fit begin each in its time. */
bool sc_dtmf_eye_saw_both_begin(const struct sc_dtmf_eye *eye, const struct sc_dtmf_look *look);

/* Hz off the tone's nominal frequency that an advance (or a sum of them) means; what is tolerated. */
float sc_dtmf_offset_hz(float advance_real, float advance_imaginary);
float sc_dtmf_tolerance_hz(uint32_t tone);

float sc_dtmf_twist_db(float low, float high);

#endif
