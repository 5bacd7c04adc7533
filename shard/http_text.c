/* http_text.c — text that grows at its end until it becomes the body of an HTTP answer. */
#include "http_text.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 4096, DIGITS_MAX = 20, MICRO_DIGITS = 6 };

static bool make_room(struct http_text *text, size_t len)
{
    size_t size = text->size > 0 ? text->size : FIRST_SIZE;

    if (text->is_broken)
        return false;
    while (size - text->len < len)
        size *= 2;
    if (size == text->size)
        return true;
    char *data = realloc(text->data, size);

    if (data == NULL) {
        text->is_broken = true;
        return false;
    }
    text->data = data;
    text->size = size;
    return true;
}

static void put(struct http_text *text, const char *data, size_t len)
{
    if (!make_room(text, len))
        return;
    memcpy(text->data + text->len, data, len);
    text->len += len;
}

void http_text_put(struct http_text *text, const char *string)
{
    put(text, string, strlen(string));
}

/* At least |least| digits. */
static void put_digits(struct http_text *text, uint64_t number, size_t least)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || sizeof(digits) - at < least);
    put(text, digits + at, sizeof(digits) - at);
}

void http_text_number(struct http_text *text, uint64_t number)
{
    put_digits(text, number, 1);
}

void http_text_micro(struct http_text *text, int64_t millionths)
{
    uint64_t size = millionths < 0 ? -(uint64_t)millionths : (uint64_t)millionths;

    if (millionths < 0)
        http_text_put(text, "-");
    put_digits(text, size / 1000000, 1);
    http_text_put(text, ".");
    put_digits(text, size % 1000000, MICRO_DIGITS);
}

void http_text_append(struct http_text *text, struct http_text *other)
{
    if (other->len > 0)
        put(text, other->data, other->len);
    text->is_broken |= other->is_broken;
    free(other->data);
    *other = (struct http_text){.data = NULL};
}

struct http_body *http_text_body(struct http_text *text)
{
    struct http_body *body = NULL;

    /* Something to own, also when nothing was written. */
    if (make_room(text, 1) && !text->is_broken) {
        body = http_body_take(text->data, text->len);
        text->data = NULL;
    }
    free(text->data);
    *text = (struct http_text){.data = NULL};
    return body;
}
