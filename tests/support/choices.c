/* choices.c — where a random test's decisions come from: a seed, or a fuzzer's bytes. */
#include "choices.h"

struct choices choices_of_seed(uint64_t seed)
{
    return (struct choices){.state = seed};
}

struct choices choices_of_bytes(struct bytes bytes)
{
    return (struct choices){.bytes = bytes, .from_bytes = true};
}

bool choices_spent(const struct choices *choices)
{
    return choices->from_bytes && choices->bytes.len == 0;
}

/* SplitMix64 (Steele, Lea and Flood, 2014): well mixed from any seed, 0 included. */
static uint64_t next_random(struct choices *choices)
{
    uint64_t z = choices->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static uint8_t next_byte(struct choices *choices)
{
    if (choices->bytes.len == 0)
        return 0;
    uint8_t byte = choices->bytes.data[0];
    choices->bytes.data++;
    choices->bytes.len--;
    return byte;
}

static void record(struct choices *choices, uint8_t byte)
{
    if (choices->record_len < choices->record_capacity)
        choices->record[choices->record_len++] = byte;
}

uint32_t choose(struct choices *choices, uint32_t bound)
{
    /* As few bytes as the bound needs, so that each byte of the input matters. */
    unsigned bits = 0;
    while (bits < 32 && (bound - 1) >> bits != 0)
        bits += 8;
    uint32_t value = 0;
    if (!choices->from_bytes) {
        value = (uint32_t)(next_random(choices) % bound);
        for (unsigned shift = bits; shift > 0; shift -= 8)
            record(choices, (uint8_t)(value >> (shift - 8)));
        return value;
    }
    for (; bits > 0; bits -= 8)
        value = value << 8 | next_byte(choices);
    return value % bound;
}

bool chance(struct choices *choices, uint32_t percent)
{
    return choose(choices, 100) < percent;
}

void choose_bytes(struct choices *choices, uint8_t *ret, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ret[i] = (uint8_t)choose(choices, 256);
}
