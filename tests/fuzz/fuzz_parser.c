/* fuzz_parser.c — any bytes into the readers of STUN and ChannelData. */
#include "fuzz.h"

#include "channel_data.h"
#include "stun_attr.h"
#include "stun_integrity.h"

static struct crypto *crypto;

/* A view lies within the input, or is empty. */
static void check_view(struct bytes view, struct bytes input)
{
    FUZZ_CHECK(view.len <= input.len);
    FUZZ_CHECK(view.len == 0 || (view.data >= input.data &&
                                 (size_t)(view.data - input.data) <= input.len - view.len));
}

static void check_texts(const struct stun_message *message)
{
    struct bytes text;
    if (stun_get_username(message, &text) == ERR_OK) {
        check_view(text, message->attrs);
        FUZZ_CHECK(text.len >= 1 && text.len <= STUN_USERNAME_MAX);
        FUZZ_CHECK(!memchr(text.data, 0, text.len));
    }
    if (stun_get_realm(message, &text) == ERR_OK)
        check_view(text, message->attrs);
    if (stun_get_nonce(message, &text) == ERR_OK)
        check_view(text, message->attrs);
    if (stun_get_reservation_token(message, &text) == ERR_OK) {
        check_view(text, message->attrs);
        FUZZ_CHECK(text.len == 8);
    }
}

static void check_addresses(const struct stun_message *message)
{
    static const uint16_t types[] = {STUN_ATTR_XOR_PEER_ADDRESS, STUN_ATTR_XOR_MAPPED_ADDRESS,
                                     STUN_ATTR_XOR_RELAYED_ADDRESS};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        struct transport_addr addr;
        if (stun_get_xor_address(message, types[i], &addr) != ERR_OK)
            continue;
        FUZZ_CHECK(addr.family == IP_FAMILY_V4 || addr.family == IP_FAMILY_V6);
        FUZZ_CHECK(addr.scope_id == 0 && addr.unused == 0);
        struct transport_addr inner = transport_addr_unwrap(&addr);
        struct transport_addr again = transport_addr_unwrap(&inner);
        FUZZ_CHECK(inner.port == addr.port && transport_addr_equal(&inner, &again));
    }
}

static void check_numbers(const struct stun_message *message)
{
    uint32_t lifetime;
    uint16_t number, code;
    uint8_t transport, family;
    bool reserve;
    if (stun_get_address_family(message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &family) == ERR_OK)
        FUZZ_CHECK(family == IP_FAMILY_V4 || family == IP_FAMILY_V6);
    if (stun_get_address_family(message, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &family) == ERR_OK)
        FUZZ_CHECK(family == IP_FAMILY_V4 || family == IP_FAMILY_V6);
    if (stun_get_error_code(message, &code) == ERR_OK)
        FUZZ_CHECK(code >= 300 && code <= 699);
    /* Any value may stand in these; reading them must do no harm. */
    enum err errs[] = {stun_get_lifetime(message, &lifetime),
                       stun_get_channel_number(message, &number),
                       stun_get_requested_transport(message, &transport),
                       stun_get_even_port(message, &reserve), stun_get_dont_fragment(message)};
    for (size_t i = 0; i < sizeof(errs) / sizeof(*errs); i++)
        FUZZ_CHECK(errs[i] == ERR_OK || errs[i] == ERR_NOT_FOUND || errs[i] == ERR_MALFORMED);
}

static void check_protection(const struct stun_message *message)
{
    static const uint8_t zeros[16] = {0};
    const struct bytes key = {.data = zeros, .len = sizeof(zeros)};
    enum err sha1 = stun_integrity_check(crypto, message, key);
    enum err sha256 = stun_integrity_check_sha256(crypto, message, key);
    FUZZ_CHECK((sha1 == ERR_NOT_FOUND) == (message->integrity_offset == 0));
    FUZZ_CHECK((sha256 == ERR_NOT_FOUND) == (message->integrity_sha256_offset == 0));
    FUZZ_CHECK(stun_fingerprint_ok(message) || message->fingerprint_offset != 0);
    FUZZ_CHECK(message->integrity_offset < message->whole.len);
    FUZZ_CHECK(message->integrity_sha256_offset < message->whole.len);
    FUZZ_CHECK(message->fingerprint_offset < message->whole.len);
}

static void check_attrs(const struct stun_message *message)
{
    struct bytes left = message->attrs;
    struct stun_attr attr, first;
    while (stun_attr_next(&left, &attr)) {
        check_view(attr.value, message->attrs);
        FUZZ_CHECK(stun_message_find(message, attr.type, &first));
        FUZZ_CHECK(first.value.data <= attr.value.data);
        FUZZ_CHECK(attr.type != STUN_ATTR_MESSAGE_INTEGRITY_SHA256);
        FUZZ_CHECK(attr.type != STUN_ATTR_MESSAGE_INTEGRITY);
    }
    FUZZ_CHECK(left.len == 0);
    static const uint16_t known[] = {STUN_ATTR_USERNAME, STUN_ATTR_REALM, STUN_ATTR_NONCE};
    uint16_t unknown[5];
    size_t count = stun_message_unknown_required(message, known, 3, unknown, 5);
    FUZZ_CHECK(count <= 5);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(unknown[i] < STUN_ATTR_COMPREHENSION_OPTIONAL);
}

static void check_stun(struct bytes input)
{
    struct stun_message message;
    enum err err = stun_message_parse(input, &message);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED || err == ERR_TRUNCATED);
    if (err == ERR_TRUNCATED)
        return;
    FUZZ_CHECK(input.len >= STUN_HEADER_LEN && message.class <= STUN_ERROR);
    FUZZ_CHECK(message.method <= 0xFFF && message.transaction_id == input.data + 8);
    FUZZ_CHECK(stun_type((enum stun_class)message.class, message.method) ==
               wire_load_u16(input.data));
    if (err != ERR_OK)
        return;
    FUZZ_CHECK(message.whole.data == input.data && message.whole.len == input.len);
    check_view(message.attrs, input);
    check_attrs(&message);
    check_texts(&message);
    check_addresses(&message);
    check_numbers(&message);
    check_protection(&message);
}

static void check_channel_data(struct bytes input)
{
    uint16_t number;
    struct bytes payload;
    if (!channel_data_parse(input, &number, &payload))
        return;
    check_view(payload, input);
    FUZZ_CHECK(payload.len <= input.len - CHANNEL_DATA_HEADER_LEN);
    uint8_t header[CHANNEL_DATA_HEADER_LEN];
    channel_data_write_header(header, number, (uint16_t)payload.len);
    FUZZ_CHECK(memcmp(header, input.data, sizeof(header)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!crypto && crypto_new(&crypto) != ERR_OK)
        abort();
    struct bytes input = {.data = data, .len = size};
    check_stun(input);
    check_channel_data(input);
    return 0;
}
