/* portal_message.c — messages of a Phoenix channel (serializer version 1) to and from bytes. */
#include "portal/portal_message.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REF_MAX 9007199254740992.0 /* 2^53: up to there every integer is a double */

static bool is_printable(unsigned char c)
{
    return c >= 0x20 && c < 0x7f;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What a look at the brackets and quotes of a text says about it, whatever stands between. */
struct shape {
    bool is_open;  /* it ends within a string, an object or an array, or before anything came */
    bool is_large; /* it is past a bound */
};

static struct shape scan(struct bytes text)
{
    bool is_in_string = false, is_escaped = false, is_empty = true;
    int depth = 0, values = 1;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (is_in_string) {
            is_in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        if (c == '"')
            is_in_string = true;
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        is_empty = is_empty && is_space(c);
        /* Each comma and each opening bracket stands before one more value at most. */
        values += c == ',' || c == '{' || c == '[';
        if (depth > PORTAL_MESSAGE_DEPTH_MAX || values > PORTAL_MESSAGE_VALUES_MAX)
            return (struct shape){.is_large = true};
    }
    return (struct shape){.is_open = is_in_string || depth > 0 || is_empty};
}

/* Copies |value|, made printable and cut. What is no string is "". */
static void copy_text(const cJSON *value, char ret[static PORTAL_WORD_MAX])
{
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    size_t len = strnlen(text, PORTAL_WORD_MAX - 1);

    memcpy(ret, text, len);
    ret[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (!is_printable((unsigned char)ret[i]))
            ret[i] = '?';
    }
}

static enum portal_event event_of(const char *name)
{
    static const char *const names[PORTAL_EVENT_OTHER] = {
        [PORTAL_EVENT_REPLY] = "phx_reply",       [PORTAL_EVENT_INIT] = "init",
        [PORTAL_EVENT_CLOSE] = "phx_close",       [PORTAL_EVENT_ERROR] = "phx_error",
        [PORTAL_EVENT_DISCONNECT] = "disconnect",
    };

    for (size_t i = 0; i < PORTAL_EVENT_OTHER; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum portal_event)i;
    }
    return PORTAL_EVENT_OTHER;
}

static void read_ref(const cJSON *ref, struct portal_message *ret)
{
    double value;

    if (!cJSON_IsNumber(ref))
        return;
    value = ref->valuedouble;
    if (!(value >= 0 && value <= REF_MAX) || (double)(uint64_t)value < value)
        return;
    ret->has_ref = true;
    ret->ref = (uint64_t)value;
}

/* The reason of a reply stands in its response, as a member or as the whole; of a disconnect in
 * the payload itself. */
static void read_payload(const cJSON *payload, struct portal_message *ret)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(payload, "status");
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(payload, "response");
    const cJSON *place = ret->event == PORTAL_EVENT_REPLY ? response : payload;

    ret->is_ok = cJSON_IsString(status) && strcmp(status->valuestring, "ok") == 0;
    copy_text(cJSON_IsString(place) ? place : cJSON_GetObjectItemCaseSensitive(place, "reason"),
              ret->reason);
}

static enum err read_object(const cJSON *object, struct portal_message *ret)
{
    const cJSON *topic = cJSON_GetObjectItemCaseSensitive(object, "topic");
    const cJSON *event = cJSON_GetObjectItemCaseSensitive(object, "event");

    if (!cJSON_IsObject(object) || !cJSON_IsString(topic) || !cJSON_IsString(event))
        return ERR_MALFORMED;
    *ret = (struct portal_message){
        .event = event_of(event->valuestring),
        .is_relay_topic = strcmp(topic->valuestring, "relay") == 0,
    };
    copy_text(event, ret->name);
    read_ref(cJSON_GetObjectItemCaseSensitive(object, "ref"), ret);
    read_payload(cJSON_GetObjectItemCaseSensitive(object, "payload"), ret);
    return ERR_OK;
}

enum err portal_message_decode(struct bytes text, struct portal_message *ret)
{
    struct shape shape = scan(text);
    const char *end = NULL, *text_end = (const char *)text.data + text.len;
    cJSON *object;
    enum err err;

    if (shape.is_large)
        return ERR_LIMIT;
    if (shape.is_open)
        return ERR_TRUNCATED;
    object = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, false);
    if (object == NULL)
        return ERR_MALFORMED;
    while (end < text_end && is_space((unsigned char)*end))
        end++;
    err = end == text_end ? read_object(object, ret) : ERR_MALFORMED;
    cJSON_Delete(object);
    return err;
}

size_t portal_message_join(struct bytes secret, uint64_t ref, char ret[static PORTAL_OUTGOING_MAX])
{
    static const char head[] = "{\"topic\":\"relay\",\"event\":\"phx_join\",\"payload\":"
                               "{\"stamp_secret\":\"";
    size_t len = sizeof(head) - 1;

    memcpy(ret, head, len);
    for (size_t i = 0; i < secret.len && i < AUTH_SECRET_MAX; i++) {
        if (secret.data[i] == '"' || secret.data[i] == '\\')
            ret[len++] = '\\';
        ret[len++] = (char)secret.data[i];
    }
    len += (size_t)snprintf(ret + len, PORTAL_OUTGOING_MAX - len, "\"},\"ref\":%" PRIu64 "}", ref);
    return len;
}

size_t portal_message_heartbeat(uint64_t ref, char ret[static PORTAL_OUTGOING_MAX])
{
    return (size_t)snprintf(ret, PORTAL_OUTGOING_MAX,
                            "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},"
                            "\"ref\":%" PRIu64 "}",
                            ref);
}
