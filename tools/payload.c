/* payload.c — test payloads that show who sent them, when, in which order, and any damage. */
#include "payload.h"

/* Odd multipliers, so that each step is a bijection of the running sum: no change of a
 * single word goes unseen. */
#define MULTIPLIER UINT64_C(0x9E3779B97F4A7C15)

static uint64_t load_u64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static uint64_t step(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * MULTIPLIER;
    return sum ^ sum >> 32;
}

void payload_fill(uint8_t *filler, size_t len, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            state = step(state + i, seed);
        filler[i] = (uint8_t)(state >> (i % 8 * 8));
    }
}

uint64_t payload_sum(struct bytes filler)
{
    /* Four lanes, so that the multiplications overlap. */
    uint64_t lanes[4] = {1, 2, 3, 4};
    const uint8_t *p = filler.data;
    size_t left = filler.len;
    for (; left >= 32; left -= 32, p += 32) {
        lanes[0] = step(lanes[0], load_u64(p));
        lanes[1] = step(lanes[1], load_u64(p + 8));
        lanes[2] = step(lanes[2], load_u64(p + 16));
        lanes[3] = step(lanes[3], load_u64(p + 24));
    }
    for (; left >= 8; left -= 8, p += 8)
        lanes[0] = step(lanes[0], load_u64(p));
    if (left > 0) {
        uint64_t tail = 0;
        memcpy(&tail, p, left);
        lanes[1] = step(lanes[1], tail);
    }
    uint64_t sum = step(filler.len, lanes[0]);
    for (int i = 1; i < 4; i++)
        sum = step(sum, lanes[i]);
    return sum;
}

static uint64_t checksum_of(const uint8_t *header, uint64_t sum)
{
    for (size_t i = 0; i < 24; i += 8)
        sum = step(sum, load_u64(header + i));
    return sum;
}

void payload_write_header(uint8_t header[static PAYLOAD_HEADER_LEN],
                          const struct payload_stamp *stamp, uint64_t sum)
{
    memcpy(header, &stamp->run, sizeof stamp->run);
    memcpy(header + 4, &stamp->flow, sizeof stamp->flow);
    memcpy(header + 8, &stamp->sequence, sizeof stamp->sequence);
    memcpy(header + 16, &stamp->sent_nsec, sizeof stamp->sent_nsec);
    uint64_t checksum = checksum_of(header, sum);
    memcpy(header + 24, &checksum, sizeof checksum);
}

enum payload_verdict payload_read(struct bytes payload, uint32_t run, struct payload_stamp *ret)
{
    if (payload.len < PAYLOAD_HEADER_LEN || memcmp(payload.data, &run, sizeof run) != 0)
        return PAYLOAD_OF_ANOTHER_RUN;
    struct bytes filler = {payload.data + PAYLOAD_HEADER_LEN, payload.len - PAYLOAD_HEADER_LEN};
    if (load_u64(payload.data + 24) != checksum_of(payload.data, payload_sum(filler)))
        return PAYLOAD_CORRUPT;
    ret->run = run;
    memcpy(&ret->flow, payload.data + 4, sizeof ret->flow);
    ret->sequence = load_u64(payload.data + 8);
    ret->sent_nsec = load_u64(payload.data + 16);
    return PAYLOAD_GOOD;
}
