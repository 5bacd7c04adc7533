/* test_demultiplex.c — what a datagram is, and what happens to what is none of it. */
#include "scenario.h"

#include "wire.h"

static struct bytes view(const uint8_t *data, size_t len)
{
    return (struct bytes){.data = data, .len = len};
}

/* A Binding request of 20 bytes whose header can then be spoilt. */
static void bare_header(uint8_t header[static STUN_HEADER_LEN], uint16_t type)
{
    memset(header, 0x5A, STUN_HEADER_LEN);
    wire_store_u16(header, type);
    wire_store_u16(header + 2, 0);
    wire_store_u32(header + 4, STUN_MAGIC_COOKIE);
}

static void source_port_zero(void **state)
{
    struct fixture *f = *state;
    f->alice.tuple.client.port = 0;
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT_DROP(f, "row Source port 0: drop", SOURCE_PORT_ZERO);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_DROP(f, "row Source port 0: drop, ChannelData too", SOURCE_PORT_ZERO);
}

static void every_first_byte(void **state)
{
    struct fixture *f = *state;
    client_sends(f, &f->alice, view((const uint8_t *)"", 0));
    EXPECT_DROP(f, "an empty datagram: drop", EMPTY);
    for (unsigned first = 0; first < 256; first++) {
        uint8_t datagram[8] = {(uint8_t)first};
        client_sends(f, &f->alice, view(datagram, sizeof(datagram)));
        if (first <= 3)
            EXPECT_DROP(f, "row first byte 0-3: STUN, here without a header", NOT_STUN);
        else if (first >= 64 && first <= 79)
            EXPECT_DROP(f, "row first byte 64-79: ChannelData, here without an allocation",
                        NO_ALLOCATION);
        else
            EXPECT_DROP(f, "row first byte other than 0-3 / 64-79: drop", UNKNOWN_FIRST_BYTE);
    }
}

static void no_stun_header(void **state)
{
    struct fixture *f = *state;
    uint8_t header[STUN_HEADER_LEN];
    bare_header(header, stun_type(STUN_REQUEST, STUN_BINDING));
    for (size_t len = 1; len < STUN_HEADER_LEN; len++) {
        client_sends(f, &f->alice, view(header, len));
        EXPECT_DROP(f, "shorter than a STUN header: drop", NOT_STUN);
    }
    header[4] ^= 1;
    client_sends(f, &f->alice, view(header, sizeof(header)));
    EXPECT_DROP(f, "another magic cookie (RFC 8489 §5): drop", NOT_STUN);
}

/* Row «Malformed STUN, readable header, request class: 400; indications and responses never
 * get an answer», for each way to be malformed and each class. */
static void malformed_stun(void **state)
{
    struct fixture *f = *state;
    struct {
        const char *rule;
        uint8_t tail[24];
        size_t tail_len;
        uint16_t declared;
    } broken[] = {
        {"row Malformed STUN: the length is not a multiple of 4", {0x80, 0x22, 0, 1, 'x'}, 5, 5},
        {"row Malformed STUN: longer than it says", {0x80, 0x22, 0, 4, 1, 2, 3, 4}, 8, 4},
        {"row Malformed STUN: shorter than it says", {0x80, 0x22, 0, 4, 1, 2, 3, 4}, 8, 12},
        {"row Malformed STUN: an attribute past the end", {0x80, 0x22, 0, 5, 1, 2, 3, 4}, 8, 8},
        {"row Malformed STUN: MESSAGE-INTEGRITY of 4 bytes", {0, 8, 0, 4, 1, 2, 3, 4}, 8, 8},
        {"row Malformed STUN: FINGERPRINT of 2 bytes", {0x80, 0x28, 0, 2, 1, 2, 0, 0}, 8, 8},
    };
    static const uint16_t methods[] = {STUN_BINDING, TURN_ALLOCATE, 0x0FF};
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        for (unsigned class = 0; class < 4; class ++) {
            for (size_t m = 0; m < sizeof(methods) / sizeof(*methods); m++) {
                uint8_t datagram[48];
                bare_header(datagram, stun_type((enum stun_class) class, methods[m]));
                wire_store_u16(datagram + 2, broken[i].declared);
                memcpy(datagram + STUN_HEADER_LEN, broken[i].tail, broken[i].tail_len);
                client_sends(f, &f->alice, view(datagram, STUN_HEADER_LEN + broken[i].tail_len));
                if (class == STUN_REQUEST)
                    EXPECT(f, broken[i].rule, ERROR(alice, 400));
                else
                    EXPECT_DROP(f, broken[i].rule, MALFORMED_STUN);
            }
        }
    }
}

static void indications_and_responses(void **state)
{
    struct fixture *f = *state;
    static const uint16_t methods[] = {STUN_BINDING,      TURN_ALLOCATE, TURN_REFRESH,
                                       TURN_SEND,         TURN_DATA,     TURN_CREATE_PERMISSION,
                                       TURN_CHANNEL_BIND, 0x0FF};
    allocate_udp(f, &f->alice);
    for (size_t m = 0; m < sizeof(methods) / sizeof(*methods); m++) {
        struct message message = client_message(&f->alice, methods[m], ATTRS(UDP, LIFETIME(0)));
        message.class = STUN_INDICATION;
        client_asks(f, &f->alice, &message, FORGED);
        EXPECT_DROP(f, "row Malformed STUN: indications never get an answer", INDICATION);
        message.class = STUN_SUCCESS;
        client_asks(f, &f->alice, &message, FORGED);
        EXPECT_DROP(f, "row Malformed STUN: responses never get an answer", RESPONSE);
        message.class = STUN_ERROR;
        client_asks(f, &f->alice, &message, FORGED);
        EXPECT_DROP(f, "row Malformed STUN: responses never get an answer", RESPONSE);
    }
}

/* Default profile: a Send indication is not relayed, with whatever in it. */
static void send_indications_are_not_relayed(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    struct message message =
        client_message(&f->alice, TURN_SEND,
                       ATTRS(PEER(f->peer_v4), ATTR_OF_BYTES(STUN_ATTR_DATA, EVEN_PORT_R0, 1)));
    message.class = STUN_INDICATION;
    message.key = NULL;
    client_asks(f, &f->alice, &message, FORGED);
    EXPECT_DROP(f, "row Default profile: Send indications are not relayed", INDICATION);
}

static void unknown_methods(void **state)
{
    struct fixture *f = *state;
    /* Methods 0x010 and above have bits on both sides of the class bits. */
    static const uint16_t methods[] = {0x000, 0x002, TURN_SEND, TURN_DATA, 0x00A,
                                       0x010, 0x07F, 0x080,     0x100,     0xFFF};
    get_nonce(f, &f->alice);
    for (size_t m = 0; m < sizeof(methods) / sizeof(*methods); m++) {
        if (stun_type(STUN_REQUEST, methods[m]) >> 8 > 3)
            continue; /* not a first byte of 0-3 */
        ask(f, &f->alice, methods[m], ATTRS(UDP));
        EXPECT(f, "an unknown method: 400, and its method is echoed as it was", ERROR(alice, 400));
    }
}

static void fingerprint_is_checked_when_present(void **state)
{
    struct fixture *f = *state;
    f->alice.fingerprint = true;
    struct message message = client_message(&f->alice, STUN_BINDING, NO_ATTRS);
    client_build(&f->alice, f->crypto, &message);
    f->alice.request[f->alice.request_len - 1] ^= 1;
    client_sends(f, &f->alice, view(f->alice.request, f->alice.request_len));
    EXPECT_DROP(f, "row Bytes after MESSAGE-INTEGRITY: FINGERPRINT checked when present",
                BAD_FINGERPRINT);

    allocate_udp(f, &f->alice);
    EXPECT_TRUE("FINGERPRINT is answered with FINGERPRINT",
                answer_has(&f->answer, STUN_ATTR_FINGERPRINT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(source_port_zero),
        SCENARIO(every_first_byte),
        SCENARIO(no_stun_header),
        SCENARIO(malformed_stun),
        SCENARIO(indications_and_responses),
        SCENARIO(send_indications_are_not_relayed),
        SCENARIO(unknown_methods),
        SCENARIO(fingerprint_is_checked_when_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
