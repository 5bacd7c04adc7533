/* http_request.c — the head of an HTTP/1 request, as far as somebody who only reads needs it. Pure.
 */
#include "http_request.h"

#include "transport_addr.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* What is left of the head. Lines are taken from its beginning. */
struct head {
    char *at;
    size_t len;
};

struct line {
    char *text;
    size_t len;
};

/* Takes the next line, without its CRLF or bare LF. False when its end has not come. */
static bool take_line(struct head *head, struct line *ret)
{
    char *end = memchr(head->at, '\n', head->len);

    if (end == NULL)
        return false;
    size_t len = (size_t)(end - head->at);

    *ret = (struct line){.text = head->at, .len = len};
    if (len > 0 && end[-1] == '\r')
        ret->len--;
    head->at += len + 1;
    head->len -= len + 1;
    return true;
}

static bool is_printable(char c)
{
    return c > ' ' && c <= '~';
}

static bool is_token_char(char c)
{
    return is_printable(c) && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of the printable text that |line| has at |from|. */
static size_t word_len(struct line line, size_t from)
{
    size_t len = 0;

    while (from + len < line.len && is_printable(line.text[from + len]))
        len++;
    return len;
}

static bool is_word(struct line line, size_t from, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(line.text + from, word, len) == 0;
}

/* Leaves of |target| the path: http://host/path is allowed too (RFC 9112 §3.2.2). NULL when there
 * is none. */
static char *path_of(char *target)
{
    static const char scheme[] = "http://";

    if (strncasecmp(target, scheme, sizeof(scheme) - 1) == 0)
        target = strchr(target + sizeof(scheme) - 1, '/');
    return target != NULL && *target == '/' ? target : NULL;
}

/* Where the three words of a request line are. */
struct request_line {
    struct line line;
    size_t method_len;
    size_t target;
    size_t target_len;
    bool is_1_1;
};

static unsigned read_version(struct line line, size_t from, bool *ret_is_1_1)
{
    static const char name[] = "HTTP/";
    size_t len = word_len(line, from);
    const char *version = line.text + from;

    if (len != 8 || from + len != line.len || memcmp(version, name, sizeof(name) - 1) != 0 ||
        !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7]))
        return HTTP_STATUS_BAD_REQUEST;
    *ret_is_1_1 = version[7] > '0';
    return version[5] == '1' ? HTTP_STATUS_OK : HTTP_STATUS_VERSION;
}

/* Looks at the request line and writes to nothing: the fields behind it may be to come. */
static unsigned read_request_line(struct line line, struct request_line *ret)
{
    size_t method_len = 0;

    while (method_len < line.len && is_token_char(line.text[method_len]))
        method_len++;
    size_t target = method_len + 1;

    if (method_len == 0 || target >= line.len || line.text[method_len] != ' ')
        return HTTP_STATUS_BAD_REQUEST;
    size_t target_len = word_len(line, target);
    size_t version = target + target_len + 1;

    if (target_len == 0 || version >= line.len || line.text[version - 1] != ' ')
        return HTTP_STATUS_BAD_REQUEST;
    *ret = (struct request_line){
        .line = line, .method_len = method_len, .target = target, .target_len = target_len};
    return read_version(line, version, &ret->is_1_1);
}

/* What the fields say that matters here. */
struct fields {
    unsigned hosts;
    char *host; /* its value, |host_len| bytes */
    size_t host_len;
    bool has_body;
};

static bool is_zero(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (value[i] != '0')
            return false;
    }
    return true;
}

static unsigned read_field(struct line line, struct fields *fields)
{
    size_t name_len = 0;

    while (name_len < line.len && is_token_char(line.text[name_len]))
        name_len++;
    if (name_len == 0 || name_len == line.len || line.text[name_len] != ':')
        return HTTP_STATUS_BAD_REQUEST;
    char *value = line.text + name_len + 1;
    size_t len = line.len - name_len - 1;

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value[i] < ' ' && value[i] != '\t')
            return HTTP_STATUS_BAD_REQUEST;
    }
    while (len > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        len--;
    }
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    if (name_len == 4 && strncasecmp(line.text, "Host", name_len) == 0) {
        fields->hosts++;
        fields->host = value;
        fields->host_len = len;
    } else if (name_len == 14 && strncasecmp(line.text, "Content-Length", name_len) == 0) {
        fields->has_body |= len == 0 || !is_zero(value, len);
    } else if (name_len == 17 && strncasecmp(line.text, "Transfer-Encoding", name_len) == 0) {
        fields->has_body = true;
    }
    return HTTP_STATUS_OK;
}

static void fill(const struct request_line *words, const struct fields *fields,
                 struct http_request *ret)
{
    struct line line = words->line;

    if (is_word(line, 0, words->method_len, "GET"))
        ret->method = HTTP_GET;
    else if (is_word(line, 0, words->method_len, "HEAD"))
        ret->method = HTTP_HEAD;
    else
        ret->method = HTTP_OTHER;
    line.text[words->target + words->target_len] = '\0';
    char *path = path_of(line.text + words->target);
    char *query = path != NULL ? strchr(path, '?') : NULL;

    ret->path = path;
    ret->query = query != NULL ? query + 1 : "";
    if (query != NULL)
        *query = '\0';
    ret->host = "";
    if (fields->hosts > 0) {
        fields->host[fields->host_len] = '\0';
        ret->host = fields->host;
    }
}

/* Nobody has to send all of a request that will be refused anyway. */
static unsigned status_of_incomplete(const char *text, size_t len, bool has_request_line)
{
    if (len < HTTP_REQUEST_MAX && (len == 0 || is_token_char(text[0])))
        return HTTP_STATUS_INCOMPLETE;
    if (len < HTTP_REQUEST_MAX)
        return HTTP_STATUS_BAD_REQUEST;
    return has_request_line ? HTTP_STATUS_FIELDS_TOO_LARGE : HTTP_STATUS_URI_TOO_LONG;
}

unsigned http_request_parse(char *text, size_t len, struct http_request *ret)
{
    struct head head = {.at = text, .len = len};
    struct fields fields = {.hosts = 0};
    struct request_line words;
    struct line line;

    if (!take_line(&head, &line))
        return status_of_incomplete(text, len, false);
    unsigned status = read_request_line(line, &words);

    if (status != HTTP_STATUS_OK)
        return status;
    for (;;) {
        if (!take_line(&head, &line))
            return status_of_incomplete(text, len, true);
        if (line.len == 0)
            break;
        status = read_field(line, &fields);
        if (status != HTTP_STATUS_OK)
            return status;
    }
    if (fields.hosts > 1 || (words.is_1_1 && fields.hosts == 0))
        return HTTP_STATUS_BAD_REQUEST;
    fill(&words, &fields, ret);
    if (fields.has_body)
        return HTTP_STATUS_CONTENT_TOO_LARGE;
    return ret->path != NULL || ret->method == HTTP_OTHER ? HTTP_STATUS_OK
                                                          : HTTP_STATUS_BAD_REQUEST;
}

const char *http_status_text(unsigned status)
{
    switch (status) {
    case HTTP_STATUS_OK:
        return "OK";
    case HTTP_STATUS_BAD_REQUEST:
        return "Bad Request";
    case HTTP_STATUS_NOT_FOUND:
        return "Not Found";
    case HTTP_STATUS_METHOD_NOT_ALLOWED:
        return "Method Not Allowed";
    case HTTP_STATUS_CONTENT_TOO_LARGE:
        return "Content Too Large";
    case HTTP_STATUS_URI_TOO_LONG:
        return "URI Too Long";
    case HTTP_STATUS_MISDIRECTED:
        return "Misdirected Request";
    case HTTP_STATUS_FIELDS_TOO_LARGE:
        return "Request Header Fields Too Large";
    case HTTP_STATUS_SERVER_ERROR:
        return "Internal Server Error";
    case HTTP_STATUS_UNAVAILABLE:
        return "Service Unavailable";
    case HTTP_STATUS_VERSION:
        return "HTTP Version Not Supported";
    default:
        return "";
    }
}

bool http_request_is_for_address(const struct http_request *request)
{
    const char *host = request->host;
    bool is_bracketed = host[0] == '[';
    size_t len = strcspn(is_bracketed ? ++host : host, is_bracketed ? "]" : ":");
    const char *rest = host + len;
    char name[64];
    struct transport_addr addr;

    if (request->host[0] == '\0')
        return true;
    if (is_bracketed && *rest++ != ']')
        return false;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (len >= sizeof(name) || *rest != '\0')
        return false;
    memcpy(name, host, len);
    name[len] = '\0';
    return strcasecmp(name, "localhost") == 0 || ip_addr_parse(name, &addr) == ERR_OK;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes |text| up to the next & or its end. NULL as http_request_parameter. */
static char *decode(const char *text, char *ret, size_t size)
{
    size_t len = 0;

    while (*text != '\0' && *text != '&') {
        int value = *text == '+' ? ' ' : *text;

        if (*text == '%') {
            int high = hex_value(text[1]);
            int low = high < 0 ? -1 : hex_value(text[2]);

            value = low < 0 ? 0 : high << 4 | low;
            text += 2;
        }
        if (value == 0 || len + 1 >= size)
            return NULL;
        ret[len++] = (char)value;
        text++;
    }
    ret[len] = '\0';
    return ret;
}

char *http_request_parameter(const struct http_request *request, const char *name, char *ret,
                             size_t size)
{
    size_t name_len = strlen(name);
    const char *at = request->query;

    while (at != NULL) {
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=')
            return decode(at + name_len + 1, ret, size);
        at = strchr(at, '&');
        if (at != NULL)
            at++;
    }
    return NULL;
}
