/* record_fields.c — text of the form "v=1 name=value …", as the values of the registry are. */
#include "record_fields.h"

#include "text_parse.h"
#include "text_write.h"

#include <stdbool.h>
#include <string.h>

static void put(struct fields_writer *writer, const char *text, size_t len)
{
    size_t room = writer->size - writer->len - 1;

    if (len > room)
        len = room;
    memcpy(writer->text + writer->len, text, len);
    writer->len += len;
    writer->text[writer->len] = '\0';
}

static void put_text(struct fields_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_name(struct fields_writer *writer, const char *name)
{
    put(writer, " ", 1);
    put_text(writer, name);
    put(writer, "=", 1);
}

void fields_begin(struct fields_writer *writer, char *text, size_t size)
{
    *writer = (struct fields_writer){.text = text, .size = size};
    put_text(writer, "v=1");
}

void fields_add_text(struct fields_writer *writer, const char *name, const char *value)
{
    put_name(writer, name);
    put_text(writer, value);
}

void fields_add_number(struct fields_writer *writer, const char *name, uint64_t value)
{
    char text[TEXT_U64_MAX];

    put_name(writer, name);
    put(writer, text, (size_t)(text_write_u64(text, value) - text));
}

void fields_add_signed(struct fields_writer *writer, const char *name, int64_t value)
{
    char text[TEXT_I64_MAX];

    put_name(writer, name);
    put(writer, text, (size_t)(text_write_i64(text, value) - text));
}

void fields_add_hex(struct fields_writer *writer, const char *name, struct bytes value)
{
    put_name(writer, name);
    for (size_t i = 0; i < value.len; i++) {
        char text[2];

        (void)text_write_hex(text, (struct bytes){.data = value.data + i, .len = 1});
        put(writer, text, sizeof(text));
    }
}

void fields_add_escaped(struct fields_writer *writer, const char *name, struct bytes value)
{
    put_name(writer, name);
    if (writer->size - writer->len > 3 * value.len)
        writer->len += fields_escape(value, writer->text + writer->len);
}

static bool is_plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("._~:@/+-", c) != NULL);
}

size_t fields_escape(struct bytes value, char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;

    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];

        if (is_plain(c)) {
            text[len++] = (char)c;
        } else {
            text[len++] = '%';
            text[len++] = digits[c >> 4];
            text[len++] = digits[c & 15];
        }
    }
    text[len] = '\0';
    return len;
}

enum err fields_get(struct bytes text, const char *name, struct bytes *ret)
{
    size_t name_len = strlen(name);

    for (size_t at = 0; at < text.len;) {
        const uint8_t *field = text.data + at;
        const uint8_t *end = memchr(field, ' ', text.len - at);
        size_t len = end != NULL ? (size_t)(end - field) : text.len - at;

        if (len > name_len && memcmp(field, name, name_len) == 0 && field[name_len] == '=') {
            *ret = (struct bytes){.data = field + name_len + 1, .len = len - name_len - 1};
            return ERR_OK;
        }
        at += len + 1;
    }
    return ERR_NOT_FOUND;
}

enum err fields_check(struct bytes text)
{
    struct bytes version;
    uint64_t number;

    if (fields_get(text, "v", &version) != ERR_OK ||
        text_parse_u64((const char *)version.data, version.len, 0, UINT64_MAX, &number) != ERR_OK)
        return ERR_MALFORMED;
    return number == 1 ? ERR_OK : ERR_RANGE;
}

enum err fields_get_number(struct bytes text, const char *name, uint64_t max, uint64_t *ret)
{
    struct bytes value;
    enum err err = fields_get(text, name, &value);

    if (err != ERR_OK)
        return err;
    if (text_parse_u64((const char *)value.data, value.len, 0, max, ret) != ERR_OK)
        return ERR_MALFORMED;
    return ERR_OK;
}

enum err fields_get_signed(struct bytes text, const char *name, int64_t *ret)
{
    struct bytes value;
    uint64_t number;
    enum err err = fields_get(text, name, &value);

    if (err != ERR_OK)
        return err;
    bool is_negative = value.len > 0 && value.data[0] == '-';

    if (text_parse_u64((const char *)value.data + is_negative, value.len - is_negative, is_negative,
                       (uint64_t)INT64_MAX + is_negative, &number) != ERR_OK)
        return ERR_MALFORMED;
    *ret = is_negative ? -(int64_t)(number - 1) - 1 : (int64_t)number;
    return ERR_OK;
}

enum err fields_get_hex(struct bytes text, const char *name, uint8_t *ret, size_t len)
{
    struct bytes value;
    enum err err = fields_get(text, name, &value);

    if (err != ERR_OK)
        return err;
    return text_parse_hex((const char *)value.data, value.len, ret, len);
}

enum err fields_get_escaped(struct bytes text, const char *name, uint8_t *ret, size_t max,
                            size_t *ret_len)
{
    struct bytes value;
    size_t len = 0;
    enum err err = fields_get(text, name, &value);

    if (err != ERR_OK)
        return err;
    for (size_t at = 0; at < value.len; len++) {
        if (len == max)
            return ERR_MALFORMED;
        if (is_plain(value.data[at])) {
            ret[len] = value.data[at++];
            continue;
        }
        if (value.data[at] != '%' || value.len - at < 3 ||
            text_parse_hex((const char *)value.data + at + 1, 2, &ret[len], 1) != ERR_OK)
            return ERR_MALFORMED;
        at += 3;
    }
    *ret_len = len;
    return ERR_OK;
}
