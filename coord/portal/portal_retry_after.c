/* portal_retry_after.c — reads a Retry-After header field (RFC 9110 §10.2.3); pure. */
#include "portal/portal_retry_after.h"

#include "text_parse.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { FIELD_MAX = 64 };

static enum err take(uint64_t sec, int64_t *ret_usec)
{
    if (sec > PORTAL_RETRY_AFTER_MAX_SEC)
        sec = PORTAL_RETRY_AFTER_MAX_SEC;
    *ret_usec = (int64_t)sec * USEC_PER_SEC;
    return sec > 0 ? ERR_OK : ERR_MALFORMED;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static enum err parse_date(const char *text, struct wall_time wall, int64_t *ret_usec)
{
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
        "%a, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
        "%a %b %d %H:%M:%S %Y",      /* asctime */
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm utc = {0};
        const char *end = strptime(text, forms[i], &utc);
        time_t when;

        if (end == NULL || *end != '\0')
            continue;
        when = timegm(&utc);
        return take(when > 0 && (uint64_t)when > wall.sec ? (uint64_t)when - wall.sec : 0,
                    ret_usec);
    }
    return ERR_MALFORMED;
}

enum err portal_retry_after_parse(struct bytes field, struct wall_time wall, int64_t *ret_usec)
{
    char text[FIELD_MAX];
    uint64_t sec;
    enum err err;

    while (field.len > 0 && is_blank(field.data[field.len - 1]))
        field.len--;
    while (field.len > 0 && is_blank(field.data[0])) {
        field.data++;
        field.len--;
    }
    if (field.len == 0 || field.len >= sizeof(text) || memchr(field.data, '\0', field.len) != NULL)
        return ERR_MALFORMED;
    memcpy(text, field.data, field.len);
    text[field.len] = '\0';
    err = text_parse_u64(text, field.len, 0, UINT64_MAX, &sec);
    if (err == ERR_MALFORMED)
        return parse_date(text, wall, ret_usec);
    return take(err == ERR_OK ? sec : UINT64_MAX, ret_usec); /* a number, however large */
}
