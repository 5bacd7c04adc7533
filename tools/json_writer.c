/* json_writer.c — JSON output, one value after another. */
#include "json_writer.h"

#include "utf8.h"

#include <inttypes.h>

struct json_writer json_writer_to(FILE *out)
{
    return (struct json_writer){.out = out};
}

static void begin_member(struct json_writer *json, const char *key)
{
    if (json->has_member)
        fputs(", ", json->out);
    json->has_member = true;
    if (key)
        fprintf(json->out, "\"%s\": ", key);
}

static void begin(struct json_writer *json, const char *key, char bracket)
{
    begin_member(json, key);
    fputc(bracket, json->out);
    json->depth++;
    json->has_member = false;
}

static void end(struct json_writer *json, char bracket)
{
    fputc(bracket, json->out);
    json->depth--;
    json->has_member = true;
    if (json->depth == 0)
        fputc('\n', json->out);
}

void json_begin_object(struct json_writer *json, const char *key)
{
    begin(json, key, '{');
}

void json_end_object(struct json_writer *json)
{
    end(json, '}');
}

void json_begin_array(struct json_writer *json, const char *key)
{
    begin(json, key, '[');
}

void json_end_array(struct json_writer *json)
{
    end(json, ']');
}

void json_text(struct json_writer *json, const char *key, const char *text)
{
    begin_member(json, key);
    fputc('"', json->out);
    for (const char *p = text; *p;) {
        unsigned char c = (unsigned char)*p;
        size_t len = utf8_len(p);
        if (len == 0)
            fputs("\\ufffd", json->out);
        else if (c == '"' || c == '\\')
            fprintf(json->out, "\\%c", c);
        else if (c < 0x20)
            fprintf(json->out, "\\u%04x", c);
        else
            fprintf(json->out, "%.*s", (int)len, p);
        p += len == 0 ? 1 : len;
    }
    fputc('"', json->out);
}

void json_u64(struct json_writer *json, const char *key, uint64_t value)
{
    begin_member(json, key);
    fprintf(json->out, "%" PRIu64, value);
}

void json_bool(struct json_writer *json, const char *key, bool value)
{
    begin_member(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_number(struct json_writer *json, const char *key, double value, int decimals)
{
    begin_member(json, key);
    fprintf(json->out, "%.*f", decimals, value);
}
