/* fuzz_writer.c — any list of attributes through the writer, then the reader: the same again.
 *
 * The input chooses the list, the buffer's size and the protection. A changed
 * bit in what is covered must be seen.
 */
#include "fuzz.h"

#include "choices.h"
#include "stun_attr.h"
#include "stun_integrity.h"
#include "stun_writer.h"

enum { LIST_MAX = 24, VALUE_MAX = 600, BUFFER_MAX = 4096 };

/* What was added, as it must come back. */
struct added {
    uint16_t type;
    size_t len;
    uint8_t value[VALUE_MAX];
};

static struct crypto *crypto;
static struct added list[LIST_MAX];
static size_t list_count;
static size_t needed; /* bytes of the message so far */

static struct added *expect(uint16_t type, size_t len)
{
    FUZZ_CHECK(list_count < LIST_MAX && len <= VALUE_MAX);
    list[list_count] = (struct added){.type = type, .len = len};
    needed += 4 + (len + 3) / 4 * 4;
    return &list[list_count++];
}

/* RFC 8489 §14.2, done here once more. */
static void add_address(struct stun_writer *w, struct choices *c, const uint8_t *id)
{
    struct transport_addr addr = {.family = chance(c, 50) ? IP_FAMILY_V4 : IP_FAMILY_V6};
    size_t ip_len = addr.family == IP_FAMILY_V4 ? 4 : 16;
    choose_bytes(c, addr.ip, ip_len);
    addr.port = (uint16_t)choose(c, 65536);
    stun_add_xor_address(w, STUN_ATTR_XOR_PEER_ADDRESS, &addr);

    uint8_t mask[16] = {0x21, 0x12, 0xA4, 0x42};
    memcpy(mask + 4, id, STUN_TRANSACTION_ID_LEN);
    struct added *e = expect(STUN_ATTR_XOR_PEER_ADDRESS, 4 + ip_len);
    e->value[1] = ip_len == 4 ? 1 : 2;
    wire_store_u16(e->value + 2, addr.port ^ 0x2112);
    for (size_t i = 0; i < ip_len; i++)
        e->value[4 + i] = addr.ip[i] ^ mask[i];
}

static void add_error(struct stun_writer *w, struct choices *c)
{
    uint16_t code = (uint16_t)(300 + choose(c, 400));
    const char *phrase = chance(c, 50) ? "" : "A Reason";
    uint8_t family = chance(c, 50) ? IP_FAMILY_V4 : IP_FAMILY_V6;
    bool for_address = chance(c, 50);
    if (for_address)
        stun_add_address_error_code(w, family, code, phrase);
    else
        stun_add_error_code(w, code, phrase);
    struct added *e = expect(for_address ? STUN_ATTR_ADDRESS_ERROR_CODE : STUN_ATTR_ERROR_CODE,
                             4 + strlen(phrase));
    e->value[0] = for_address ? stun_family_code(family) : 0;
    e->value[2] = (uint8_t)(code / 100);
    e->value[3] = (uint8_t)(code % 100);
    memcpy(e->value + 4, phrase, strlen(phrase));
}

static void add_unknown(struct stun_writer *w, struct choices *c)
{
    uint16_t types[20];
    size_t count = choose(c, 20);
    struct added *e = expect(STUN_ATTR_UNKNOWN_ATTRIBUTES, 2 * count);
    for (size_t i = 0; i < count; i++) {
        types[i] = (uint16_t)choose(c, 65536);
        wire_store_u16(e->value + 2 * i, types[i]);
    }
    stun_add_unknown_attributes(w, types, count);
}

/* A type that is not one of those that end the attributes. */
static uint16_t choose_type(struct choices *c)
{
    uint16_t type = (uint16_t)choose(c, 65536);
    bool protects = type == STUN_ATTR_MESSAGE_INTEGRITY || type == STUN_ATTR_FINGERPRINT ||
                    type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
    return protects ? STUN_ATTR_SOFTWARE : type;
}

static void add_one(struct stun_writer *w, struct choices *c, const uint8_t *id)
{
    switch (choose(c, 5)) {
    case 0:
        add_address(w, c, id);
        break;
    case 1:
        add_error(w, c);
        break;
    case 2:
        add_unknown(w, c);
        break;
    case 3: {
        struct added *e = expect(choose_type(c), 4);
        uint32_t value = choose(c, UINT32_MAX);
        wire_store_u32(e->value, value);
        stun_add_u32(w, e->type, value);
        break;
    }
    default: {
        struct added *e = expect(choose_type(c), choose(c, VALUE_MAX));
        choose_bytes(c, e->value, e->len);
        stun_add_bytes(w, e->type, (struct bytes){.data = e->value, .len = e->len});
        break;
    }
    }
}

static void check_list(const struct stun_message *message)
{
    struct bytes left = message->attrs;
    struct stun_attr attr;
    for (size_t i = 0; i < list_count; i++) {
        FUZZ_CHECK(stun_attr_next(&left, &attr));
        FUZZ_CHECK(attr.type == list[i].type && attr.value.len == list[i].len);
        FUZZ_CHECK(attr.value.len == 0 ||
                   memcmp(attr.value.data, list[i].value, attr.value.len) == 0);
    }
    FUZZ_CHECK(!stun_attr_next(&left, &attr) && left.len == 0);
}

/* One bit of what the integrity covers is changed: it must not match any more. */
static void check_changed_bit(struct choices *c, uint8_t *buf, size_t len, struct bytes key)
{
    struct stun_message message;
    struct bytes whole = {.data = buf, .len = len};
    if (stun_message_parse(whole, &message) != ERR_OK || message.integrity_offset == 0)
        return;
    size_t at = choose(c, (uint32_t)message.integrity_offset);
    buf[at] ^= (uint8_t)(1 << choose(c, 8));
    if (stun_message_parse(whole, &message) == ERR_OK && message.integrity_offset != 0)
        FUZZ_CHECK(stun_integrity_check(crypto, &message, key) == ERR_AUTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t space[BUFFER_MAX];
    uint8_t id[STUN_TRANSACTION_ID_LEN], secret[16];
    struct choices choices = choices_of_bytes((struct bytes){.data = data, .len = size});
    struct choices *c = &choices;
    if (!crypto && crypto_new(&crypto) != ERR_OK)
        abort();
    choose_bytes(c, secret, sizeof(secret));
    choose_bytes(c, id, sizeof(id));
    const struct bytes key = {.data = secret, .len = sizeof(secret)};
    enum stun_class class = (enum stun_class)choose(c, 4);
    uint16_t method = (uint16_t)choose(c, 4096);
    size_t capacity = chance(c, 70) ? BUFFER_MAX : choose(c, BUFFER_MAX);
    bool sha1 = chance(c, 50), sha256 = chance(c, 50), fingerprint = chance(c, 50);
    /* A copy of exactly this size, for the sanitizer. */
    uint8_t *buf = malloc(capacity ? capacity : 1);
    if (!buf)
        abort();

    struct stun_writer w;
    list_count = 0;
    needed = STUN_HEADER_LEN;
    stun_writer_begin(&w, buf, capacity, class, method, id);
    while (!choices_spent(c) && list_count < LIST_MAX - 1)
        add_one(&w, c, id);
    if (sha1)
        stun_add_integrity(&w, crypto, key);
    if (sha256)
        stun_add_integrity_sha256(&w, crypto, key);
    if (fingerprint)
        stun_add_fingerprint(&w);
    needed += (sha1 ? 24u : 0) + (sha256 ? 36u : 0) + (fingerprint ? 8u : 0);

    size_t len;
    enum err err = stun_writer_finish(&w, &len);
    FUZZ_CHECK(err == (needed <= capacity ? ERR_OK : ERR_NO_SPACE));
    if (err == ERR_OK) {
        FUZZ_CHECK(len == needed);
        struct stun_message message;
        FUZZ_CHECK(stun_message_parse((struct bytes){.data = buf, .len = len}, &message) == ERR_OK);
        FUZZ_CHECK(message.class == class && message.method == method);
        FUZZ_CHECK(memcmp(message.transaction_id, id, sizeof(id)) == 0);
        check_list(&message);
        FUZZ_CHECK(stun_integrity_check(crypto, &message, key) == (sha1 ? ERR_OK : ERR_NOT_FOUND));
        FUZZ_CHECK(stun_integrity_check_sha256(crypto, &message, key) ==
                   (sha256 ? ERR_OK : ERR_NOT_FOUND));
        FUZZ_CHECK((message.fingerprint_offset != 0) == fingerprint);
        FUZZ_CHECK(stun_fingerprint_ok(&message));
        memcpy(space, buf, len);
        check_changed_bit(c, space, len, key);
    }
    free(buf);
    return 0;
}
