/* payload.h — test payloads that show who sent them, when, in which order, and any damage.
 *
 *     0   run      32 bits   one number for each run, so that leftovers are recognised
 *     4   flow     32 bits
 *     8   sequence 64 bits   within the flow, from 0
 *    16   sent     64 bits   nanoseconds, monotonic
 *    24   checksum 64 bits   of all the rest
 *    32   filler
 *
 * In the byte order of the machine: who wrote a payload reads it.
 */
#ifndef RELAY_PAYLOAD_H
#define RELAY_PAYLOAD_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { PAYLOAD_HEADER_LEN = 32 };

struct payload_stamp {
    uint32_t run;
    uint32_t flow;
    uint64_t sequence;
    uint64_t sent_nsec;
};

/* payload_fill writes |len| bytes of filler that look random and follow from |seed|. */
void payload_fill(uint8_t *filler, size_t len, uint64_t seed);

/* payload_sum sums up |filler| once for many headers in front of it. */
uint64_t payload_sum(struct bytes filler);

/* payload_write_header writes the header that goes in front of a filler of that |sum|. */
void payload_write_header(uint8_t header[static PAYLOAD_HEADER_LEN],
                          const struct payload_stamp *stamp, uint64_t sum);

enum payload_verdict {
    PAYLOAD_GOOD,
    PAYLOAD_OF_ANOTHER_RUN, /* or nothing of ours at all */
    PAYLOAD_CORRUPT,
};

/* payload_read checks |payload|; |ret| is filled when GOOD. */
enum payload_verdict payload_read(struct bytes payload, uint32_t run, struct payload_stamp *ret);

#endif
