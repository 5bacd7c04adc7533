/* control_message.c — what relayctl and a shard say to each other over the shard's control socket.
 */
#include "control_message.h"

#include "text_parse.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const verbs[] = {
    [CONTROL_DRAIN] = "drain",
    [CONTROL_UNDRAIN] = "undrain",
    [CONTROL_DELETE] = "delete",
    [CONTROL_RECORDS] = "records",
};

static const char *const kinds[] = {
    [CONTROL_ANSWER_RECORD] = "record",
    [CONTROL_ANSWER_DELETED] = "deleted",
    [CONTROL_ANSWER_DONE] = "done",
    [CONTROL_ANSWER_ERROR] = "error",
};

static const char *const error_codes[] = {
#define X(name, code) [CONTROL_ERROR_##name] = (code),
    CONTROL_ERRORS(X)
#undef X
};

enum {
    VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]),
    KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]),
    ERROR_COUNT = sizeof(error_codes) / sizeof(error_codes[0]),
};

/* Writing. */

size_t control_request_write(const struct control_request *request,
                             char text[static CONTROL_REQUEST_MAX])
{
    char client[TRANSPORT_ADDR_TEXT_MAX];

    if (request->verb == CONTROL_DELETE)
        return (size_t)snprintf(text, CONTROL_REQUEST_MAX, "%d %s %s\n", CONTROL_VERSION,
                                verbs[request->verb],
                                transport_addr_format(&request->client, client));
    return (size_t)snprintf(text, CONTROL_REQUEST_MAX, "%d %s\n", CONTROL_VERSION,
                            verbs[request->verb]);
}

static int write_record(const struct turn_record *record, char text[static CONTROL_ANSWER_MAX])
{
    char key[RECORD_KEY_MAX], name[RECORD_NAME_MAX], value[RECORD_VALUE_MAX];

    (void)record_key_write(&record->five_tuple, key);
    (void)record_name_write(record, name);
    (void)record_value_write(record, value);
    return snprintf(text, CONTROL_ANSWER_MAX, "%s %s %s %s\n", kinds[CONTROL_ANSWER_RECORD], key,
                    name, value);
}

static int write_error(const struct control_answer *answer, char text[static CONTROL_ANSWER_MAX])
{
    const char *problem = answer->error.problem.text;
    int len = 0;

    while (len < PROBLEM_TEXT_MAX && (unsigned char)problem[len] >= ' ')
        len++;
    return snprintf(text, CONTROL_ANSWER_MAX, "%s %s %.*s\n", kinds[CONTROL_ANSWER_ERROR],
                    error_codes[answer->error.code], len, problem);
}

size_t control_answer_write(const struct control_answer *answer,
                            char text[static CONTROL_ANSWER_MAX])
{
    char key[RECORD_KEY_MAX];
    int len = 0;

    switch (answer->kind) {
    case CONTROL_ANSWER_RECORD:
        len = write_record(&answer->record, text);
        break;
    case CONTROL_ANSWER_DELETED:
        (void)record_key_write(&answer->deleted.five_tuple, key);
        len = snprintf(text, CONTROL_ANSWER_MAX, "%s %s %u\n", kinds[answer->kind], key,
                       answer->deleted.relay_port);
        break;
    case CONTROL_ANSWER_DONE:
        len = snprintf(text, CONTROL_ANSWER_MAX, "%s %" PRIu64 "\n", kinds[answer->kind],
                       answer->count);
        break;
    case CONTROL_ANSWER_ERROR:
        len = write_error(answer, text);
        break;
    }
    return (size_t)len;
}

/* Reading. */

/* Takes what is before the first blank of |rest|, which is left with what is behind it. */
static struct bytes take_word(struct bytes *rest)
{
    const uint8_t *blank = rest->len > 0 ? memchr(rest->data, ' ', rest->len) : NULL;
    struct bytes word = *rest;

    if (blank == NULL) {
        *rest = (struct bytes){.data = NULL};
        return word;
    }
    word.len = (size_t)(blank - rest->data);
    *rest = (struct bytes){.data = blank + 1, .len = rest->len - word.len - 1};
    return word;
}

static bool find_word(struct bytes word, const char *const *words, unsigned count, unsigned *ret)
{
    for (unsigned i = 0; i < count; i++)
        if (bytes_equal(word, bytes_of_text(words[i]))) {
            *ret = i;
            return true;
        }
    return false;
}

static enum err read_number(struct bytes word, uint64_t max, uint64_t *ret)
{
    return text_parse_u64((const char *)word.data, word.len, 0, max, ret) == ERR_OK ? ERR_OK
                                                                                    : ERR_MALFORMED;
}

enum err control_request_read(struct bytes line, struct control_request *ret)
{
    struct control_request request = {.verb = CONTROL_DRAIN};
    struct bytes word = take_word(&line);
    uint64_t version;
    unsigned verb;

    if (read_number(word, UINT32_MAX, &version) != ERR_OK)
        return ERR_MALFORMED;
    if (version != CONTROL_VERSION)
        return ERR_RANGE;
    word = take_word(&line);
    if (!find_word(word, verbs, VERB_COUNT, &verb))
        return ERR_MALFORMED;
    request.verb = (enum control_verb)verb;
    if (request.verb == CONTROL_DELETE) {
        if (record_addr_read(line, &request.client) != ERR_OK || request.client.port == 0)
            return ERR_MALFORMED;
    } else if (line.data != NULL) {
        return ERR_MALFORMED;
    }
    *ret = request;
    return ERR_OK;
}

static enum err read_record(struct bytes rest, struct turn_record *ret)
{
    struct bytes key = take_word(&rest);
    struct bytes name = take_word(&rest);

    return record_read(key, name, rest, ret) == ERR_OK ? ERR_OK : ERR_MALFORMED;
}

static enum err read_deleted(struct bytes rest, struct control_answer *ret)
{
    struct bytes key = take_word(&rest);
    uint64_t port;

    if (record_key_read(key, &ret->deleted.five_tuple) != ERR_OK ||
        read_number(rest, UINT16_MAX, &port) != ERR_OK)
        return ERR_MALFORMED;
    ret->deleted.relay_port = (uint16_t)port;
    return ERR_OK;
}

static enum err read_error(struct bytes rest, struct control_answer *ret)
{
    struct bytes word = take_word(&rest);
    unsigned code;

    if (!find_word(word, error_codes, ERROR_COUNT, &code) || rest.len >= PROBLEM_TEXT_MAX)
        return ERR_MALFORMED;
    /* It goes to a terminal. */
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] < ' ' || rest.data[i] == 0x7f)
            return ERR_MALFORMED;
    ret->error.code = (enum control_error)code;
    problem_set(&ret->error.problem, "%.*s", (int)rest.len, (const char *)rest.data);
    return ERR_OK;
}

enum err control_answer_read(struct bytes line, struct control_answer *ret)
{
    struct bytes word = take_word(&line);
    struct control_answer answer = {.count = 0};
    enum err err = ERR_MALFORMED;
    unsigned kind;

    if (!find_word(word, kinds, KIND_COUNT, &kind))
        return ERR_MALFORMED;
    answer.kind = (enum control_answer_kind)kind;
    switch (answer.kind) {
    case CONTROL_ANSWER_RECORD:
        err = read_record(line, &answer.record);
        break;
    case CONTROL_ANSWER_DELETED:
        err = read_deleted(line, &answer);
        break;
    case CONTROL_ANSWER_DONE:
        err = read_number(line, UINT64_MAX, &answer.count);
        break;
    case CONTROL_ANSWER_ERROR:
        err = read_error(line, &answer);
        break;
    }
    if (err == ERR_OK)
        *ret = answer;
    return err;
}
