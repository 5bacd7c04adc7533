/* http_json.h — JSON as the body of an HTTP answer, one value after another. */
#ifndef RELAY_HTTP_JSON_H
#define RELAY_HTTP_JSON_H

#include "http_text.h"

#include <stdbool.h>
#include <stdint.h>

#define HTTP_JSON_TYPE "application/json"

/* Nesting is the caller's care: each begin has its end. */
struct http_json {
    struct http_text *text;
    bool has_member; /* the open object or array has one already */
};

/* |key| is NULL for the outermost value and for the members of an array. Keys are plain
 * identifiers of the source. |bracket| is '{' or '[', and the closing one. */
void http_json_begin(struct http_json *json, const char *key, char bracket);
void http_json_end(struct http_json *json, char bracket);

void http_json_number(struct http_json *json, const char *key, int64_t number);
void http_json_bool(struct http_json *json, const char *key, bool value);
void http_json_null(struct http_json *json, const char *key);

/* http_json_text: |string| is ASCII, as all names and addresses are; what else there may be is
 * escaped or becomes a question mark. */
void http_json_text(struct http_json *json, const char *key, const char *string);

#endif
