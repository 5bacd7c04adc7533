/* redirect_message.h — how misrouted datagrams are packed for the shard that owns them.
 *
 * A message goes from one shard to another as one datagram, and carries as many datagrams of
 * clients as the sender had for that owner. All numbers are big-endian:
 *
 *     message   version, one byte: 1
 *               records, one or more
 *
 *     record    0  family: 4 or 6
 *               1  hops: how many shards have handed the datagram over
 *               2  length of the datagram, two bytes
 *               4  client: port, two bytes; IPv6: scope, four bytes; address, 4 or 16 bytes
 *                  server: the same
 *                  the datagram, as it came
 *
 * A shard restarted as another version of the relay may speak to an older one for a moment:
 * what it cannot read is dropped.
 */
#ifndef RELAY_REDIRECT_MESSAGE_H
#define RELAY_REDIRECT_MESSAGE_H

#include "bytes.h"
#include "err.h"
#include "transport_addr.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REDIRECT_VERSION = 1,
    REDIRECT_OVERHEAD_MAX = 1 + 4 + 2 * (2 + 4 + 16), /* of a message with one record */
    REDIRECT_MESSAGE_MAX = 66 * 1024, /* room for the largest datagram; the kernel keeps such a
                                         message in pages, and looks for no large piece */
};
_Static_assert(REDIRECT_MESSAGE_MAX >= REDIRECT_OVERHEAD_MAX + 65535, "any datagram fits");

/* A datagram of a client, as a shard hands it over. */
struct redirected {
    struct five_tuple five_tuple;
    struct bytes datagram; /* at most 65535 bytes */
    uint8_t hops;
};

/*
 * redirect_message_add writes |redirected| behind what |message| has already, and the version
 * before it when it is the first. False, and nothing is written, when there is no room.
 */
bool redirect_message_add(struct wire_writer *message, const struct redirected *redirected);

/* redirect_message_begin starts reading |message|: ERR_OK, or ERR_MALFORMED when it is of another
 * version. */
enum err redirect_message_begin(struct bytes message, struct wire_reader *ret) MUST_CHECK;

/*
 * redirect_message_next reads the next record; its datagram is a view of the message.
 * ERR_OK, ERR_NOT_FOUND (the message is at its end), ERR_MALFORMED.
 */
enum err redirect_message_next(struct wire_reader *message, struct redirected *ret) MUST_CHECK;

#endif
