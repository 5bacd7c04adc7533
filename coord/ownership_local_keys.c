/* ownership_local_keys.c — keys of the embedded registry, and the heads of its values, as text. */
#include "ownership_local_keys.h"

#include "siphash.h"
#include "text_parse.h"
#include "text_write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    HASH_DIGITS = 32,
    MEMBER_LEN_MAX = RECORD_KEY_MAX - 1,
};
_Static_assert(sizeof(LOCAL_USER) + LOCAL_USER_MAX + 1 + MEMBER_LEN_MAX <= LOCAL_KEY_MAX,
               "the longest key of the users fits");
_Static_assert(sizeof(LOCAL_ALLOCATION) + MEMBER_LEN_MAX + 1 + RECORD_NAME_MAX <= LOCAL_KEY_MAX,
               "the longest key of a record fits");
_Static_assert(sizeof(LOCAL_ALLOCATIONS) + OWNER_TEXT_MAX + 1 + MEMBER_LEN_MAX <= LOCAL_KEY_MAX,
               "the longest key of a shard's allocations fits");
_Static_assert(sizeof(LOCAL_EXPIRY) + LOCAL_END_DIGITS + 1 + sizeof(LOCAL_ALLOCATION) +
                       MEMBER_LEN_MAX <=
                   LOCAL_KEY_MAX,
               "the longest key of what ends fits");

static void append(struct local_key *key, const char *text, size_t len)
{
    if (len > LOCAL_KEY_MAX - key->len)
        len = LOCAL_KEY_MAX - key->len;
    memcpy(key->text + key->len, text, len);
    key->len += len;
    key->text[key->len] = '\0';
}

void local_key_make(struct local_key *key, const char *a, const char *b, const char *c,
                    const char *d)
{
    key->len = 0;
    append(key, a, strlen(a));
    append(key, b, strlen(b));
    append(key, c, strlen(c));
    append(key, d, strlen(d));
}

void local_key_user(struct local_key *key, struct bytes user, const char *member)
{
    /* The keys are no secret: who looks for two names with one hash has 128 bits to search. */
    static const struct siphash_key keys[] = {{.k0 = 0x6c6f63616c, .k1 = 1},
                                              {.k0 = 0x6c6f63616c, .k1 = 2}};
    char hash[1 + HASH_DIGITS + 1];

    local_key_make(key, LOCAL_USER, "", "", "");
    if (user.len <= LOCAL_USER_MAX) {
        append(key, (const char *)user.data, user.len);
    } else {
        (void)snprintf(hash, sizeof(hash), "=%016" PRIx64 "%016" PRIx64,
                       siphash(&keys[0], user.data, user.len),
                       siphash(&keys[1], user.data, user.len));
        append(key, (const char *)user.data, LOCAL_USER_MAX - sizeof(hash) + 1);
        append(key, hash, strlen(hash));
    }
    append(key, " ", 1);
    append(key, member, strlen(member));
}

static int64_t not_negative(int64_t usec)
{
    return usec > 0 ? usec : 0;
}

void local_end_write(int64_t end, char text[static LOCAL_END_DIGITS + 1])
{
    char digits[TEXT_I64_MAX];
    size_t len = (size_t)(text_write_i64(digits, not_negative(end)) - digits);

    memset(text, '0', LOCAL_END_DIGITS - len);
    memcpy(text + LOCAL_END_DIGITS - len, digits, len);
    text[LOCAL_END_DIGITS] = '\0';
}

void local_key_expiry(struct local_key *key, int64_t end, const char *target)
{
    char digits[LOCAL_END_DIGITS + 1];

    local_end_write(end, digits);
    local_key_make(key, LOCAL_EXPIRY, digits, " ", target);
}

struct bytes local_key_rest(struct bytes key, const struct local_key *prefix)
{
    return (struct bytes){.data = key.data + prefix->len, .len = key.len - prefix->len};
}

/* Takes the text up to the next blank, and the blank, out of |text|. */
static struct bytes take_word(struct bytes *text)
{
    const uint8_t *blank = text->len > 0 ? memchr(text->data, ' ', text->len) : NULL;
    size_t len = blank != NULL ? (size_t)(blank - text->data) : text->len;
    struct bytes word = {.data = text->data, .len = len};

    if (blank != NULL)
        len++;
    text->data += len;
    text->len -= len;
    return word;
}

static enum err take_number(struct bytes *text, uint64_t max, uint64_t *ret)
{
    struct bytes word = take_word(text);

    return text_parse_u64((const char *)word.data, word.len, 0, max, ret) == ERR_OK ? ERR_OK
                                                                                    : ERR_MALFORMED;
}

static enum err take_time(struct bytes *text, int64_t *ret)
{
    uint64_t number;
    enum err err = take_number(text, INT64_MAX, &number);

    if (err == ERR_OK)
        *ret = (int64_t)number;
    return err;
}

enum err local_head_read_allocation(struct bytes text, struct local_head *ret,
                                    struct bytes *ret_value)
{
    struct local_head head = {.epoch = 0};

    if (owner_read(take_word(&text), &head.owner) != ERR_OK ||
        take_number(&text, UINT64_MAX, &head.epoch) != ERR_OK ||
        take_time(&text, &head.end) != ERR_OK)
        return ERR_MALFORMED;
    *ret = head;
    *ret_value = text;
    return ERR_OK;
}

enum err local_head_read_lease(struct bytes text, struct local_head *ret, struct bytes *ret_value)
{
    struct local_head head = {.epoch = 0};

    if (take_number(&text, UINT64_MAX, &head.epoch) != ERR_OK ||
        take_time(&text, &head.until) != ERR_OK || take_time(&text, &head.end) != ERR_OK)
        return ERR_MALFORMED;
    *ret = head;
    *ret_value = text;
    return ERR_OK;
}

static char *put_number(char *at, uint64_t number)
{
    *at++ = ' ';
    return text_write_u64(at, number);
}

/* Puts a blank and |value| behind what was written to |text| up to |at|. Returns the length. */
static size_t put_value(char *text, char *at, struct bytes value)
{
    size_t room = LOCAL_VALUE_MAX - (size_t)(at - text) - 1;

    assert(value.len <= room);
    *at++ = ' ';
    memcpy(at, value.data, value.len);
    return (size_t)(at - text) + value.len;
}

size_t local_head_write_allocation(const struct local_head *head, struct bytes value,
                                   char text[static LOCAL_VALUE_MAX])
{
    char *at = text + owner_write(&head->owner, text);

    at = put_number(at, head->epoch);
    at = put_number(at, (uint64_t)not_negative(head->end));
    return put_value(text, at, value);
}

size_t local_head_write_lease(const struct local_head *head, const char *value,
                              char text[static LOCAL_VALUE_MAX])
{
    char *at = text_write_u64(text, head->epoch);

    at = put_number(at, (uint64_t)not_negative(head->until));
    at = put_number(at, (uint64_t)not_negative(head->end));
    return put_value(text, at, bytes_of_text(value));
}
