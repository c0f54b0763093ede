/* fuzz.h: what the harnesses share: bytes taken from the fuzzer's input, and a claim that ends the run when it is wrong. */
#ifndef SC_FUZZ_H
#define SC_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLAIM(what)                                                             \
    do {                                                                        \
        if (!(what)) {                                                          \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);  \
            abort();                                                            \
        }                                                                       \
    } while (0)

struct fuzz {
    const uint8_t *at;
    size_t left;
};

/* The next byte; 0 after the last. */
static inline uint8_t fuzz_byte(struct fuzz *fuzz)
{
    if (fuzz->left == 0)
        return 0;
    fuzz->left--;
    return *fuzz->at++;
}

static inline uint32_t fuzz_number(struct fuzz *fuzz, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | fuzz_byte(fuzz);
    return value;
}

/* The next n bytes or what is left of them, in *n. */
static inline const uint8_t *fuzz_bytes(struct fuzz *fuzz, size_t *n)
{
    const uint8_t *here = fuzz->at;
    *n = *n < fuzz->left ? *n : fuzz->left;
    fuzz->at += *n;
    fuzz->left -= *n;
    return here;
}

#endif
