/* http_json.c — JSON as the body of an HTTP answer, one value after another. */
#include "http_json.h"

static void put_char(struct http_text *text, char c)
{
    http_text_put(text, (const char[]){c, '\0'});
}

static void begin_member(struct http_json *json, const char *key)
{
    if (json->has_member)
        http_text_put(json->text, ",");
    json->has_member = true;
    if (key == NULL)
        return;
    http_text_put(json->text, "\"");
    http_text_put(json->text, key);
    http_text_put(json->text, "\":");
}

void http_json_begin(struct http_json *json, const char *key, char bracket)
{
    begin_member(json, key);
    put_char(json->text, bracket);
    json->has_member = false;
}

void http_json_end(struct http_json *json, char bracket)
{
    put_char(json->text, bracket);
    json->has_member = true;
}

void http_json_number(struct http_json *json, const char *key, int64_t number)
{
    begin_member(json, key);
    if (number < 0)
        http_text_put(json->text, "-");
    http_text_number(json->text, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void http_json_bool(struct http_json *json, const char *key, bool value)
{
    begin_member(json, key);
    http_text_put(json->text, value ? "true" : "false");
}

void http_json_null(struct http_json *json, const char *key)
{
    begin_member(json, key);
    http_text_put(json->text, "null");
}

void http_json_text(struct http_json *json, const char *key, const char *string)
{
    begin_member(json, key);
    http_text_put(json->text, "\"");
    for (const char *p = string; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            put_char(json->text, '\\');
        if (*p >= ' ' && *p <= '~')
            put_char(json->text, *p);
        else
            http_text_put(json->text, "?");
    }
    http_text_put(json->text, "\"");
}
