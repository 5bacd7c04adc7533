/* log.c — makes lines of events and writes each at once. */
#include "log.h"

#include "log_output.h"
#include "problem.h"
#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    MESSAGE_MAX = PROBLEM_TEXT_MAX,
    LINE_TAIL = 2, /* room kept for "}\n" */
    TIME_TEXT_MAX = 40,
};

static struct {
    enum log_level level;
    enum log_format format;
    int shard;
    uint64_t lost; /* lines, since the last that was written */
} config = {
    .level = LOG_LEVEL_INFO,
    .format = LOG_FORMAT_HUMAN,
    .shard = LOG_SUPERVISOR,
};

struct line {
    size_t len;
    bool is_full; /* something did not fit; nothing is added until it is taken back */
    char text[LOG_LINE_MAX];
};

void log_init(enum log_level level, enum log_format format, int fd, int shard)
{
    config.level = level;
    config.format = format;
    config.shard = shard;
    config.lost = 0;
    log_output_set(fd);
}

bool log_enabled(enum log_level level)
{
    return level <= config.level;
}

char *log_number(char text[static LOG_NUMBER_MAX], uint64_t number)
{
    snprintf(text, LOG_NUMBER_MAX, "%llu", (unsigned long long)number);
    return text;
}

char *log_bytes(char text[static LOG_BYTES_MAX], const void *data, size_t len)
{
    /* One byte more than a value may have, so that log_event sees that it is cut. */
    size_t copied = len < LOG_BYTES_MAX - 1 ? len : LOG_BYTES_MAX - 1;

    if (copied > 0)
        memcpy(text, data, copied);
    for (size_t i = 0; i < copied; i++) {
        if (text[i] == '\0')
            text[i] = '?';
    }
    text[copied] = '\0';
    return text;
}

static void put_bytes(struct line *line, const void *data, size_t len)
{
    if (line->is_full || len > sizeof(line->text) - LINE_TAIL - line->len) {
        line->is_full = true;
        return;
    }
    memcpy(line->text + line->len, data, len);
    line->len += len;
}

static void put(struct line *line, const char *text)
{
    put_bytes(line, text, strlen(text));
}

/* The character that |len| bytes, 1 to 3, are in UTF-8. */
static unsigned code_point(const unsigned char *p, size_t len)
{
    return len == 1   ? p[0]
           : len == 2 ? (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU)
                      : (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
}

/* What terminals and viewers obey: C0, DEL and C1; line and paragraph separators; and the marks
 * that turn the direction of writing, by which a value could rearrange the line around it. */
static bool is_control(const unsigned char *p, size_t len)
{
    if (len == 0 || len > 3)
        return false;
    unsigned c = code_point(p, len);

    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void put_escaped_json(struct line *line, const unsigned char *p, size_t len)
{
    char escaped[8];

    if (len == 0)
        put(line, "\\ufffd");
    else if (is_control(p, len)) {
        snprintf(escaped, sizeof(escaped), "\\u%04x", code_point(p, len) & 0xffffU);
        put(line, escaped);
    } else {
        if (p[0] == '"' || p[0] == '\\')
            put(line, "\\");
        put_bytes(line, p, len);
    }
}

static void put_escaped_human(struct line *line, const unsigned char *p, size_t len)
{
    char escaped[8];

    if (len == 0 || is_control(p, len)) {
        for (size_t i = 0; i < (len == 0 ? 1 : len); i++) {
            snprintf(escaped, sizeof(escaped), "\\x%02x", p[i]);
            put(line, escaped);
        }
    } else {
        if (p[0] == '"' || p[0] == '\\')
            put(line, "\\");
        put_bytes(line, p, len);
    }
}

/* Adds |text|, escaped and cut to |max| bytes. */
static void put_escaped(struct line *line, const char *text, size_t max)
{
    const unsigned char *begin = (const unsigned char *)text;
    const unsigned char *p = begin;

    while (*p != '\0') {
        size_t len = utf8_len((const char *)p);
        size_t step = len == 0 ? 1 : len;

        if ((size_t)(p - begin) + step > max) {
            put(line, "\xe2\x80\xa6"); /* an ellipsis */
            return;
        }
        if (config.format == LOG_FORMAT_JSON)
            put_escaped_json(line, p, len);
        else
            put_escaped_human(line, p, len);
        p += step;
    }
}

static bool needs_quotes(const char *value)
{
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\\' || *p == '=')
            return true;
    }
    return value[0] == '\0';
}

/* Adds a field, or nothing when the line has no room for all of it. */
static void put_field(struct line *line, const char *key, const char *value)
{
    size_t len = line->len;
    const char *quote = config.format == LOG_FORMAT_JSON || needs_quotes(value) ? "\"" : "";

    put(line, config.format == LOG_FORMAT_JSON ? ",\"" : " ");
    put(line, key);
    put(line, config.format == LOG_FORMAT_JSON ? "\":" : "=");
    put(line, quote);
    put_escaped(line, value, LOG_VALUE_MAX);
    put(line, quote);
    if (line->is_full) {
        line->len = len;
        line->is_full = false;
    }
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        break;
    }
    return "debug";
}

static void format_time(char text[static TIME_TEXT_MAX])
{
    struct timespec now = {0};
    struct tm utc = {0};
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    len = strftime(text, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, TIME_TEXT_MAX - len, ".%03uZ", (unsigned)(now.tv_nsec / 1000000) % 1000);
}

/* Adds everything up to and including the message. */
static void put_head(struct line *line, enum log_level level, const char *message)
{
    bool is_json = config.format == LOG_FORMAT_JSON;
    const char *name = config.shard == LOG_PORTAL ? "portal" : "supervisor";
    char time[TIME_TEXT_MAX], head[TIME_TEXT_MAX + 96], origin[24];

    format_time(time);
    if (config.shard >= 0)
        snprintf(origin, sizeof(origin), is_json ? "%d" : "shard %d", config.shard);
    else
        snprintf(origin, sizeof(origin), is_json ? "\"%s\"" : "%s", name);
    if (is_json)
        snprintf(head, sizeof(head),
                 "{\"time\":\"%s\",\"level\":\"%s\",\"shard\":%s,\"message\":\"", time,
                 level_name(level), origin);
    else
        snprintf(head, sizeof(head), "%s %-7s %s: ", time, level_name(level), origin);
    put(line, head);
    put_escaped(line, message, MESSAGE_MAX);
    put(line, is_json ? "\"" : "");
}

void log_event(enum log_level level, const char *message, ...)
{
    struct line line = {.len = 0, .is_full = false};
    int saved_errno = errno;
    const char *key;
    va_list args;

    if (!log_enabled(level))
        return;
    put_head(&line, level, message);
    va_start(args, message);
    while ((key = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);
        put_field(&line, key, value != NULL ? value : "-");
    }
    va_end(args);
    if (config.lost > 0)
        put_field(&line, "lines_lost", LOG_U64(config.lost));
    if (config.format == LOG_FORMAT_JSON)
        line.text[line.len++] = '}';
    line.text[line.len++] = '\n';
    if (log_output_write(line.text, line.len))
        config.lost = 0;
    else
        config.lost++;
    errno = saved_errno;
}
