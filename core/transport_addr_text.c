/* transport_addr_text.c — addresses to and from text (RFC 4291 §2.2, RFC 5952). */
#include "transport_addr.h"

#include "text_parse.h"
#include "text_write.h"

#include <string.h>

static char *put_hex(char *at, unsigned value)
{
    bool started = false;
    for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        unsigned digit = value >> shift & 15;
        started = started || digit != 0 || shift == 0;
        if (started)
            *at++ = "0123456789abcdef"[digit];
    }
    return at;
}

static char *put_v4(char *at, const uint8_t *ip)
{
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            *at++ = '.';
        at = text_write_u64(at, ip[i]);
    }
    return at;
}

static unsigned group_at(const uint8_t *ip, size_t group)
{
    return (unsigned)ip[2 * group] << 8 | ip[2 * group + 1];
}

/* The first of the longest runs of two or more zero groups (RFC 5952 §4.2); its length or 0. */
static size_t longest_zero_run(const uint8_t *ip, size_t *ret_start)
{
    size_t best = 0;
    for (size_t start = 0; start < 8; start++) {
        size_t len = 0;
        while (start + len < 8 && group_at(ip, start + len) == 0)
            len++;
        if (len >= 2 && len > best) {
            best = len;
            *ret_start = start;
        }
    }
    return best;
}

static char *put_v6(char *at, const struct transport_addr *addr)
{
    if (transport_addr_is_v4_mapped(addr)) /* RFC 5952 §5 */
        return put_v4(text_write_text(at, "::ffff:"), addr->ip + 12);
    size_t run_start = 0;
    size_t run_len = longest_zero_run(addr->ip, &run_start);
    for (size_t group = 0; group < 8;) {
        if (run_len > 0 && group == run_start) {
            at = text_write_text(at, "::");
            group += run_len;
            continue;
        }
        if (group > 0 && !(run_len > 0 && group == run_start + run_len))
            *at++ = ':';
        at = put_hex(at, group_at(addr->ip, group++));
    }
    return at;
}

char *transport_addr_format(const struct transport_addr *addr,
                            char text[static TRANSPORT_ADDR_TEXT_MAX])
{
    char *at = text;
    bool brackets = addr->family == IP_FAMILY_V6 && addr->port != 0;
    if (brackets)
        *at++ = '[';
    if (addr->family == IP_FAMILY_V4)
        at = put_v4(at, addr->ip);
    else if (addr->family == IP_FAMILY_V6)
        at = put_v6(at, addr);
    else
        at = text_write_text(at, "none");
    if (addr->scope_id != 0) {
        *at++ = '%';
        at = text_write_u64(at, addr->scope_id);
    }
    if (brackets)
        *at++ = ']';
    if (addr->port != 0) {
        *at++ = ':';
        at = text_write_u64(at, addr->port);
    }
    *at = '\0';
    return text;
}

/* A piece of text, without a terminating zero. */
struct span {
    const char *at;
    size_t len;
};

static struct span span_from(struct span text, size_t start)
{
    return (struct span){.at = text.at + start, .len = text.len - start};
}

/* Where |c| stands first, or the length of the text. */
static size_t span_find(struct span text, char c)
{
    size_t i = 0;
    while (i < text.len && text.at[i] != c)
        i++;
    return i;
}

static bool span_has(struct span text, char c)
{
    return span_find(text, c) < text.len;
}

/* Four numbers without leading zeros, which some readers take for octal. */
static bool parse_v4(struct span text, uint8_t ip[static 4])
{
    for (size_t i = 0; i < 4; i++) {
        size_t len = span_find(text, '.');
        bool is_last = len == text.len;
        uint64_t octet = 0;
        if (is_last != (i == 3) || text_parse_u64(text.at, len, 0, 255, &octet) != ERR_OK)
            return false;
        ip[i] = (uint8_t)octet;
        text = span_from(text, is_last ? len : len + 1);
    }
    return true;
}

/* One to four hex digits. */
static bool parse_group(struct span text, uint8_t ret[static 2])
{
    char digits[4] = {'0', '0', '0', '0'};
    if (text.len < 1 || text.len > sizeof digits)
        return false;
    memcpy(digits + sizeof digits - text.len, text.at, text.len);
    return text_parse_hex(digits, sizeof digits, ret, 2) == ERR_OK;
}

/* RFC 4291 §2.2, all three forms. */
static bool parse_v6(struct span text, uint8_t ip[static 16])
{
    enum { NO_GAP = 17 }; /* no offset, not even that of the end */
    uint8_t out[16] = {0};
    size_t len = 0;
    size_t gap = NO_GAP; /* the offset in |out| where "::" stands */
    if (text.len >= 2 && text.at[0] == ':' && text.at[1] == ':') {
        gap = 0;
        text = span_from(text, 2);
    }
    while (text.len > 0) {
        struct span piece = {.at = text.at, .len = span_find(text, ':')};
        bool is_last = piece.len == text.len;
        bool dotted = is_last && span_has(piece, '.');
        size_t piece_bytes = dotted ? 4 : 2;
        if (len + piece_bytes > sizeof out ||
            !(dotted ? parse_v4(piece, out + len) : parse_group(piece, out + len)))
            return false;
        len += piece_bytes;
        if (is_last)
            break;
        text = span_from(text, piece.len + 1);
        if (text.len == 0)
            return false;
        if (text.at[0] == ':') {
            if (gap != NO_GAP)
                return false;
            gap = len;
            text = span_from(text, 1);
        }
    }
    /* "::" stands for at least one group. */
    if (gap == NO_GAP ? len != sizeof out : len > sizeof out - 2)
        return false;
    size_t head = gap == NO_GAP ? len : gap;
    memset(ip, 0, sizeof out);
    memcpy(ip, out, head);
    memcpy(ip + sizeof out - (len - head), out + head, len - head);
    return true;
}

static enum err parse_ip(struct span text, struct transport_addr *ret)
{
    uint8_t ip[16];
    if (parse_v4(text, ip))
        *ret = transport_addr_v4(ip, 0);
    else if (parse_v6(text, ip))
        *ret = transport_addr_v6(ip, 0);
    else
        return ERR_MALFORMED;
    return ERR_OK;
}

enum err ip_addr_parse(const char *text, struct transport_addr *ret)
{
    return parse_ip((struct span){.at = text, .len = strlen(text)}, ret);
}

enum err transport_addr_parse(const char *text, uint16_t default_port, struct transport_addr *ret)
{
    struct span all = {.at = text, .len = strlen(text)};
    struct span host = all;
    struct span rest = span_from(all, all.len); /* "" or ":port" */
    bool bracketed = all.len > 0 && all.at[0] == '[';
    if (bracketed) {
        size_t close = span_find(all, ']');
        if (close == all.len)
            return ERR_MALFORMED;
        host = (struct span){.at = all.at + 1, .len = close - 1};
        rest = span_from(all, close + 1);
    } else {
        size_t colon = span_find(all, ':');
        /* With a second colon it is an IPv6 address without brackets, hence without a port. */
        if (colon < all.len && !span_has(span_from(all, colon + 1), ':')) {
            host = (struct span){.at = all.at, .len = colon};
            rest = span_from(all, colon);
        }
    }

    struct transport_addr addr;
    enum err err = parse_ip(host, &addr);
    if (err != ERR_OK)
        return err;
    if (bracketed && addr.family != IP_FAMILY_V6)
        return ERR_MALFORMED;
    uint64_t port = default_port;
    if (rest.len > 0) {
        if (rest.at[0] != ':')
            return ERR_MALFORMED;
        err = text_parse_u64(rest.at + 1, rest.len - 1, 1, UINT16_MAX, &port);
        if (err != ERR_OK)
            return err;
    } else if (default_port == 0) {
        return ERR_MALFORMED;
    }
    addr.port = (uint16_t)port;
    *ret = addr;
    return ERR_OK;
}

enum err ip_prefix_parse(const char *text, struct ip_prefix *ret)
{
    struct span all = {.at = text, .len = strlen(text)};
    size_t slash = span_find(all, '/');
    struct transport_addr addr;
    enum err err = parse_ip((struct span){.at = all.at, .len = slash}, &addr);
    if (err != ERR_OK)
        return err;
    uint64_t bits = addr.family == IP_FAMILY_V4 ? 32 : 128;
    if (slash < all.len) {
        err = text_parse_u64(all.at + slash + 1, all.len - slash - 1, 0, bits, &bits);
        if (err != ERR_OK)
            return err;
    }
    for (size_t bit = (size_t)bits; bit < sizeof addr.ip * 8; bit++) {
        if (addr.ip[bit / 8] >> (7 - bit % 8) & 1)
            return ERR_RANGE;
    }
    struct ip_prefix prefix = {.family = addr.family, .len = (uint8_t)bits};
    memcpy(prefix.ip, addr.ip, sizeof prefix.ip);
    *ret = prefix;
    return ERR_OK;
}
