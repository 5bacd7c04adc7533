/* channel_data.h — the ChannelData header (RFC 8656 §12.4, §12.5).
 *
 *   | channel number, 16 bits | length, 16 bits | application data … (padding)
 *
 * Over UDP padding is optional: it is accepted from clients, not counted in the
 * length, and never sent.
 */
#ifndef RELAY_CHANNEL_DATA_H
#define RELAY_CHANNEL_DATA_H

#include "bytes.h"
#include "wire.h"

#include <stdbool.h>

enum {
    CHANNEL_DATA_HEADER_LEN = 4,
    CHANNEL_NUMBER_MIN = 0x4000,
    CHANNEL_NUMBER_MAX = 0x4FFF,
    /* RFC 5766 §11 allowed more; RFC 8656 gave the rest of the first bytes away. */
    CHANNEL_NUMBER_MAX_RFC5766 = 0x7FFF,
    /* The largest payload whose header fits a 16-bit length and a UDP datagram over IPv4. */
    CHANNEL_DATA_PAYLOAD_MAX = 65507 - CHANNEL_DATA_HEADER_LEN,
};

/* channel_number_valid: |number| may be bound; with |rfc5766| also those of the older RFC. */
static inline bool channel_number_valid(uint16_t number, bool rfc5766)
{
    return number >= CHANNEL_NUMBER_MIN &&
           number <= (rfc5766 ? CHANNEL_NUMBER_MAX_RFC5766 : CHANNEL_NUMBER_MAX);
}

/* channel_data_parse: true with the number and a view of the payload when the
 * header is there and its length fits the datagram. */
static inline bool channel_data_parse(struct bytes datagram, uint16_t *ret_number,
                                      struct bytes *ret_payload)
{
    struct wire_reader r = wire_reader_of(datagram);
    uint16_t number = wire_read_u16(&r);
    uint16_t len = wire_read_u16(&r);
    struct bytes payload = wire_read_bytes(&r, len);
    if (r.failed)
        return false;
    *ret_number = number;
    *ret_payload = payload;
    return true;
}

/* channel_data_write_header writes the 4 bytes in front of a payload of |len| bytes. */
static inline void channel_data_write_header(uint8_t header[static CHANNEL_DATA_HEADER_LEN],
                                             uint16_t number, uint16_t len)
{
    wire_store_u16(header, number);
    wire_store_u16(header + 2, len);
}

#endif
