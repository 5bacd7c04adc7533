/* control_message.h — what relayctl and a shard say to each other over the shard's control socket.
 *
 *     relayctl ──► one request, a line ──────────────────► shard
 *              ◄── answers, a line each, until the last ── and the connection ends
 *
 *     request  1 drain            take no new allocations
 *              1 undrain          take new ones again
 *              1 delete CLIENT    end every allocation of this address and port
 *              1 records          tell every allocation, each before its channels
 *     answer   record KEY NAME VALUE     to records: as in record.h
 *              deleted KEY RELAY-PORT    to delete: this one has ended
 *     last     done COUNT                allocations here (drain, undrain), ended, or records
 *              error CODE TEXT           nothing, or no more, was done; TEXT is for a person
 *
 * Who hangs up before the request is read takes it back: one that waited while the shard hung is
 * not carried out when nobody wants it any more.
 *
 * The number before a request is the version of all this. Records are told a few at a time while
 * the shard goes on with its work: what is made or ended meanwhile may be missing, or be there, and
 * a channel beside it missing, or there twice. Times are instants of the host's monotonic clock.
 *
 * Pure: text to values and back. The socket is control_socket.h.
 */
#ifndef RELAY_CONTROL_MESSAGE_H
#define RELAY_CONTROL_MESSAGE_H

#include "bytes.h"
#include "err.h"
#include "problem.h"
#include "record.h"
#include "transport_addr.h"
#include "turn_record.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CONTROL_VERSION = 1,
    CONTROL_REQUEST_MAX = 128, /* bytes of a line, its newline and a terminating zero among them */
    CONTROL_ANSWER_MAX = RECORD_KEY_MAX + RECORD_NAME_MAX + RECORD_VALUE_MAX + 16,
};
_Static_assert((int)CONTROL_ANSWER_MAX >= (int)PROBLEM_TEXT_MAX + 32, "any error fits");

enum control_verb {
    CONTROL_DRAIN,
    CONTROL_UNDRAIN,
    CONTROL_DELETE,
    CONTROL_RECORDS,
};

struct control_request {
    enum control_verb verb;
    struct transport_addr client; /* DELETE */
};

/* X(NAME, "code") */
#define CONTROL_ERRORS(X)                                                                          \
    X(VERSION, "version")     /* the request is of another version */                              \
    X(MALFORMED, "malformed") /* it is no request */                                               \
    X(DENIED, "denied")       /* from somebody who may not ask */                                  \
    X(BUSY, "busy")           /* too many ask at this time */                                      \
    X(FAILED, "failed")       /* it could not be done */

enum control_error {
#define X(name, code) CONTROL_ERROR_##name,
    CONTROL_ERRORS(X)
#undef X
};

enum control_answer_kind {
    CONTROL_ANSWER_RECORD,
    CONTROL_ANSWER_DELETED,
    CONTROL_ANSWER_DONE,
    CONTROL_ANSWER_ERROR,
};

struct control_answer {
    enum control_answer_kind kind;
    union {
        struct turn_record record;
        struct {
            struct five_tuple five_tuple;
            uint16_t relay_port;
        } deleted;
        uint64_t count; /* DONE */
        struct {
            enum control_error code;
            struct problem problem;
        } error;
    };
};

/* Writing: each gives a line with its newline and a terminating zero, and returns its length
 * without the zero. All that the structs can hold fits; a text is cut at a control character. */
size_t control_request_write(const struct control_request *request,
                             char text[static CONTROL_REQUEST_MAX]);
size_t control_answer_write(const struct control_answer *answer,
                            char text[static CONTROL_ANSWER_MAX]);

/*
 * Reading, whatever the bytes are. |line| is without its newline.
 *   control_request_read: ERR_OK; ERR_MALFORMED; ERR_RANGE, of another version
 *   control_answer_read:  ERR_OK; ERR_MALFORMED
 * |ret| is written with ERR_OK only.
 */
enum err control_request_read(struct bytes line, struct control_request *ret) MUST_CHECK;
enum err control_answer_read(struct bytes line, struct control_answer *ret) MUST_CHECK;

#endif
