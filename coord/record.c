/* record.c — keys and values of the ownership registry, as text. */
#include "record.h"

#include "record_fields.h"
#include "text_parse.h"
#include "text_write.h"
#include "wire.h"

#include <string.h>

#define ALLOCATION_NAME   "allocation"
#define CHANNEL_PREFIX    "channel:0x"
#define PERMISSION_PREFIX "permission:"

enum { CHANNEL_DIGITS = 4 };

/* Writing. */

/* Ends the text that begins at |text|, and goes to |at|. */
static size_t end_text(const char *text, char *at)
{
    *at = '\0';
    return (size_t)(at - text);
}

size_t record_key_write(const struct five_tuple *five_tuple, char text[static RECORD_KEY_MAX])
{
    char addr[TRANSPORT_ADDR_TEXT_MAX];
    char *at = text_write_text(text, transport_addr_format(&five_tuple->client, addr));

    *at++ = '>';
    return end_text(text, text_write_text(at, transport_addr_format(&five_tuple->server, addr)));
}

size_t record_name_write(const struct turn_record *record, char text[static RECORD_NAME_MAX])
{
    char peer[TRANSPORT_ADDR_TEXT_MAX];
    uint8_t number[CHANNEL_DIGITS / 2];
    char *at = text;

    switch (record->kind) {
    case TURN_RECORD_ALLOCATION:
        at = text_write_text(at, ALLOCATION_NAME);
        break;
    case TURN_RECORD_CHANNEL:
        wire_store_u16(number, record->channel.number);
        at = text_write_hex(text_write_text(at, CHANNEL_PREFIX),
                            (struct bytes){.data = number, .len = sizeof(number)});
        break;
    case TURN_RECORD_PERMISSION:
        at = text_write_text(text_write_text(at, PERMISSION_PREFIX),
                             transport_addr_format(&record->permission.peer, peer));
        break;
    }
    return end_text(text, at);
}

static const char *families_text(uint8_t families)
{
    static const char *const texts[] = {"", "4", "6",
                                        "4,6"}; /* by FAMILY_SET_V4 and FAMILY_SET_V6 */

    return texts[families & (FAMILY_SET_V4 | FAMILY_SET_V6)];
}

static void write_allocation(struct fields_writer *writer,
                             const struct turn_allocation_record *allocation)
{
    fields_add_number(writer, "port", allocation->port);
    fields_add_text(writer, "families", families_text(allocation->families));
    fields_add_escaped(
        writer, "user",
        (struct bytes){.data = allocation->username, .len = allocation->username_len});
    fields_add_signed(writer, "created", allocation->created.usec);
    fields_add_signed(writer, "expires", allocation->expires.usec);
    fields_add_number(writer, "lifetime", allocation->granted_lifetime_sec);
    fields_add_hex(writer, "transaction",
                   (struct bytes){.data = allocation->transaction_id,
                                  .len = sizeof(allocation->transaction_id)});
    fields_add_hex(
        writer, "key",
        (struct bytes){.data = allocation->key_check, .len = sizeof(allocation->key_check)});
    if (allocation->missing_families != 0)
        fields_add_text(writer, "missing", families_text(allocation->missing_families));
    if (allocation->dont_fragment)
        fields_add_text(writer, "dont_fragment", "1");
    if (allocation->unclaimed)
        fields_add_text(writer, "unclaimed", "1");
}

size_t record_value_write(const struct turn_record *record, char text[static RECORD_VALUE_MAX])
{
    struct fields_writer writer;
    char peer[TRANSPORT_ADDR_TEXT_MAX];

    fields_begin(&writer, text, RECORD_VALUE_MAX);
    switch (record->kind) {
    case TURN_RECORD_ALLOCATION:
        write_allocation(&writer, &record->allocation);
        break;
    case TURN_RECORD_CHANNEL:
        fields_add_text(&writer, "peer", transport_addr_format(&record->channel.peer, peer));
        fields_add_signed(&writer, "until", record->channel.bound_until.usec);
        break;
    case TURN_RECORD_PERMISSION:
        fields_add_signed(&writer, "expires", record->permission.expires.usec);
        break;
    }
    return writer.len;
}

size_t record_user_write(struct bytes username, char text[static RECORD_USER_MAX])
{
    return fields_escape(username, text);
}

/* Reading. */

/* Takes "%SCOPE" out of |text|. */
static enum err take_scope(char *text, uint32_t *ret)
{
    char *percent = strchr(text, '%');
    uint64_t scope;

    *ret = 0;
    if (percent == NULL)
        return ERR_OK;
    size_t len = strcspn(percent + 1, "]");

    if (text_parse_u64(percent + 1, len, 1, UINT32_MAX, &scope) != ERR_OK)
        return ERR_MALFORMED;
    memmove(percent, percent + 1 + len, strlen(percent + 1 + len) + 1);
    *ret = (uint32_t)scope;
    return ERR_OK;
}

enum err record_addr_read(struct bytes bytes, struct transport_addr *ret)
{
    char text[TRANSPORT_ADDR_TEXT_MAX];
    struct transport_addr addr;
    uint32_t scope;

    if (bytes.len == 0 || bytes.len >= sizeof(text) || memchr(bytes.data, '\0', bytes.len) != NULL)
        return ERR_MALFORMED;
    memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    if (take_scope(text, &scope) != ERR_OK ||
        (transport_addr_parse(text, 0, &addr) != ERR_OK && ip_addr_parse(text, &addr) != ERR_OK))
        return ERR_MALFORMED;
    if (scope != 0 && addr.family != IP_FAMILY_V6)
        return ERR_MALFORMED;
    addr.scope_id = scope;
    *ret = addr;
    return ERR_OK;
}

enum err record_key_read(struct bytes text, struct five_tuple *ret)
{
    const uint8_t *arrow = text.len > 0 ? memchr(text.data, '>', text.len) : NULL;
    struct five_tuple five_tuple;
    char again[RECORD_KEY_MAX];

    if (arrow == NULL)
        return ERR_MALFORMED;
    size_t client_len = (size_t)(arrow - text.data);

    if (record_addr_read((struct bytes){.data = text.data, .len = client_len},
                         &five_tuple.client) != ERR_OK ||
        record_addr_read((struct bytes){.data = arrow + 1, .len = text.len - client_len - 1},
                         &five_tuple.server) != ERR_OK)
        return ERR_MALFORMED;
    /* A five-tuple has one key: another spelling would be a second record of it. */
    (void)record_key_write(&five_tuple, again);
    if (!bytes_equal(text, bytes_of_text(again)))
        return ERR_MALFORMED;
    *ret = five_tuple;
    return ERR_OK;
}

/* name_after: does |name| begin with |prefix|? Then the rest of it. */
static bool name_after(struct bytes name, const char *prefix, struct bytes *ret_rest)
{
    size_t len = strlen(prefix);

    if (name.len < len || memcmp(name.data, prefix, len) != 0)
        return false;
    *ret_rest = (struct bytes){.data = name.data + len, .len = name.len - len};
    return true;
}

/* A flag that is not there is off. */
static enum err read_flag(struct bytes value, const char *name, bool *ret)
{
    uint64_t number = 0;
    enum err err = fields_get_number(value, name, 1, &number);

    *ret = number == 1;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Families that are not there are none. */
static enum err read_families(struct bytes value, const char *name, uint8_t *ret)
{
    struct bytes text = {.data = NULL};

    (void)!fields_get(value, name, &text);
    for (unsigned set = 0; set <= (FAMILY_SET_V4 | FAMILY_SET_V6); set++)
        if (bytes_equal(text, bytes_of_text(families_text((uint8_t)set)))) {
            *ret = (uint8_t)set;
            return ERR_OK;
        }
    return ERR_MALFORMED;
}

static enum err read_allocation(struct bytes value, struct turn_allocation_record *ret)
{
    uint64_t port, lifetime;
    size_t username_len;

    *ret = (struct turn_allocation_record){.port = 0};
    if (fields_get_number(value, "port", UINT16_MAX, &port) != ERR_OK ||
        read_families(value, "families", &ret->families) != ERR_OK ||
        fields_get_escaped(value, "user", ret->username, sizeof(ret->username), &username_len) !=
            ERR_OK ||
        fields_get_signed(value, "created", &ret->created.usec) != ERR_OK ||
        fields_get_signed(value, "expires", &ret->expires.usec) != ERR_OK ||
        fields_get_number(value, "lifetime", UINT32_MAX, &lifetime) != ERR_OK ||
        fields_get_hex(value, "transaction", ret->transaction_id, sizeof(ret->transaction_id)) !=
            ERR_OK ||
        fields_get_hex(value, "key", ret->key_check, sizeof(ret->key_check)) != ERR_OK ||
        read_families(value, "missing", &ret->missing_families) != ERR_OK ||
        read_flag(value, "dont_fragment", &ret->dont_fragment) != ERR_OK ||
        read_flag(value, "unclaimed", &ret->unclaimed) != ERR_OK)
        return ERR_MALFORMED;
    ret->port = (uint16_t)port;
    ret->granted_lifetime_sec = (uint32_t)lifetime;
    ret->username_len = (uint16_t)username_len;
    return ERR_OK;
}

static enum err read_channel(struct bytes digits, struct bytes value,
                             struct turn_channel_record *ret)
{
    uint8_t number[CHANNEL_DIGITS / 2];
    struct bytes peer;

    *ret = (struct turn_channel_record){.number = 0};
    if (text_parse_hex((const char *)digits.data, digits.len, number, sizeof(number)) != ERR_OK ||
        fields_get(value, "peer", &peer) != ERR_OK ||
        record_addr_read(peer, &ret->peer) != ERR_OK ||
        fields_get_signed(value, "until", &ret->bound_until.usec) != ERR_OK)
        return ERR_MALFORMED;
    ret->number = (uint16_t)(number[0] << 8 | number[1]);
    return ERR_OK;
}

static enum err read_permission(struct bytes peer, struct bytes value,
                                struct turn_permission_record *ret)
{
    *ret = (struct turn_permission_record){.peer.port = 0};
    if (record_addr_read(peer, &ret->peer) != ERR_OK || ret->peer.port != 0 ||
        fields_get_signed(value, "expires", &ret->expires.usec) != ERR_OK)
        return ERR_MALFORMED;
    return ERR_OK;
}

enum err record_read(struct bytes key, struct bytes name, struct bytes value,
                     struct turn_record *ret)
{
    struct turn_record record = {.kind = TURN_RECORD_ALLOCATION};
    struct bytes rest;
    enum err err = record_key_read(key, &record.five_tuple);

    if (err == ERR_OK)
        err = fields_check(value);
    if (err != ERR_OK)
        return err;
    if (bytes_equal(name, bytes_of_text(ALLOCATION_NAME))) {
        err = read_allocation(value, &record.allocation);
    } else if (name_after(name, CHANNEL_PREFIX, &rest)) {
        record.kind = TURN_RECORD_CHANNEL;
        err = read_channel(rest, value, &record.channel);
    } else if (name_after(name, PERMISSION_PREFIX, &rest)) {
        record.kind = TURN_RECORD_PERMISSION;
        err = read_permission(rest, value, &record.permission);
    } else {
        err = ERR_MALFORMED;
    }
    if (err == ERR_OK)
        *ret = record;
    return err;
}

static void move(struct mono_time *time, int64_t usec)
{
    if (__builtin_add_overflow(time->usec, usec, &time->usec))
        time->usec = usec > 0 ? INT64_MAX : INT64_MIN;
}

void record_move_times(struct turn_record *record, int64_t usec)
{
    switch (record->kind) {
    case TURN_RECORD_ALLOCATION:
        move(&record->allocation.created, usec);
        move(&record->allocation.expires, usec);
        break;
    case TURN_RECORD_CHANNEL:
        move(&record->channel.bound_until, usec);
        break;
    case TURN_RECORD_PERMISSION:
        move(&record->permission.expires, usec);
        break;
    }
}
