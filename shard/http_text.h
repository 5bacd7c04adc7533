/* http_text.h — text that grows at its end until it becomes the body of an HTTP answer.
 *
 * Numbers are written without printf: the figures of a large host are ten thousand lines, and the
 * packet path waits for them.
 */
#ifndef RELAY_HTTP_TEXT_H
#define RELAY_HTTP_TEXT_H

#include "http_body.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed it is empty. */
struct http_text {
    char *data;
    size_t len;
    size_t size;
    bool is_broken; /* there was no memory; everything after that is dropped */
};

/* Each appends. http_text_micro writes |millionths| as a decimal fraction: 1500000 as 1.500000. */
void http_text_put(struct http_text *text, const char *string);
void http_text_number(struct http_text *text, uint64_t number);
void http_text_micro(struct http_text *text, int64_t millionths);

/* http_text_append appends |other| and leaves it empty. */
void http_text_append(struct http_text *text, struct http_text *other);

/* http_text_body makes a body of it, which the caller holds, and leaves |text| empty. NULL when
 * there was no memory. */
struct http_body *http_text_body(struct http_text *text);

#endif
