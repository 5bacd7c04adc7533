/* json_writer.h — JSON output, one value after another. */
#ifndef RELAY_JSON_WRITER_H
#define RELAY_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Nesting is the caller's care: each begin has its end. */
struct json_writer {
    FILE *out;
    unsigned depth;
    bool has_member; /* the open object or array has one already */
};

/* |key| is NULL for the outermost value and for the members of an array. Keys are
 * plain identifiers of the source. The outermost end writes a newline. */
struct json_writer json_writer_to(FILE *out);
void json_begin_object(struct json_writer *json, const char *key);
void json_end_object(struct json_writer *json);
void json_begin_array(struct json_writer *json, const char *key);
void json_end_array(struct json_writer *json);

/* json_text escapes what RFC 8259 §7 demands; what is no UTF-8 becomes U+FFFD. */
void json_text(struct json_writer *json, const char *key, const char *text);
void json_u64(struct json_writer *json, const char *key, uint64_t value);
void json_bool(struct json_writer *json, const char *key, bool value);
/* json_number writes |value|, which is finite, with |decimals| digits after the point. */
void json_number(struct json_writer *json, const char *key, double value, int decimals);

#endif
