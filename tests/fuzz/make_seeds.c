/* make_seeds.c — writes the seeds that the fuzzers start from: make_seeds tests/fuzz/corpus
 *
 * parser: the RFCs' sample messages, each kind of request, ChannelData.
 * writer: lists that use each kind of attribute.
 * server: the choices of simulated worlds in which much happened.
 * http: a browser's request, a scrape, and one that is refused.
 */
#include "fuzz_server.h"
#include "message.h"
#include "stun_vectors.h"

#include <stdio.h>
#include <stdlib.h>

enum { SERVER_SEEDS = 12, SERVER_SEED_MAX = 2048, WRITER_SEEDS = 12 };

static const char *corpus;

static void write_seed(const char *target, const char *name, const void *data, size_t len)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s/%s", corpus, target, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void write_vectors(void)
{
    write_seed("parser", "rfc5769-request", stun_vector_request, sizeof(stun_vector_request));
    write_seed("parser", "rfc5769-ipv4-response", stun_vector_ipv4_response,
               sizeof(stun_vector_ipv4_response));
    write_seed("parser", "rfc5769-ipv6-response", stun_vector_ipv6_response,
               sizeof(stun_vector_ipv6_response));
    write_seed("parser", "rfc5769-long-term-request", stun_vector_long_term_request,
               sizeof(stun_vector_long_term_request));
    write_seed("parser", "rfc8489-sha256-request", stun_vector_sha256_request,
               sizeof(stun_vector_sha256_request));
    static const uint8_t channel_data[] = {0x40, 0x00, 0x00, 0x05, 'h', 'e',
                                           'l',  'l',  'o',  0,    0,   0};
    write_seed("parser", "channel-data", channel_data, sizeof(channel_data));
}

static void write_requests(void)
{
    static const uint8_t token[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const struct {
        const char *name;
        uint16_t method;
        const struct attr *attrs;
    } requests[] = {
        {"binding", STUN_BINDING, NO_ATTRS},
        {"allocate", TURN_ALLOCATE, ATTRS(UDP, LIFETIME(600), SOFTWARE_SNOWNET)},
        {"allocate-families", TURN_ALLOCATE, ATTRS(UDP, REQUESTED_FAMILY(1), ADDITIONAL_FAMILY(2))},
        {"allocate-ports", TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(1), TOKEN(token), DONT_FRAGMENT)},
        {"refresh", TURN_REFRESH, ATTRS(LIFETIME(0), REQUESTED_FAMILY(2))},
        {"channel-bind-v4", TURN_CHANNEL_BIND,
         ATTRS(CHANNEL(0x4000), PEER(test_addr("8.8.4.4:5000")))},
        {"channel-bind-v6", TURN_CHANNEL_BIND,
         ATTRS(CHANNEL(0x4FFF), PEER(test_addr("[64:ff9b::8.8.4.4]:5000")))},
        {"create-permission", TURN_CREATE_PERMISSION, ATTRS(PEER(test_addr("8.8.4.4:5000")))},
    };
    struct crypto *crypto;
    if (crypto_new(&crypto) != ERR_OK)
        abort();
    struct test_client client;
    client_init(&client, crypto, test_addr("7.7.7.7:7"), test_addr("203.0.113.9:3478"),
                TEST_USERNAME, TEST_PASSWORD, TEST_REALM);
    client.nonce_len = 16;
    memset(client.nonce, 'n', client.nonce_len);
    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
        struct message m = client_message(&client, requests[i].method, requests[i].attrs);
        m.integrity = (enum integrity)(i % 3);
        m.fingerprint = i % 2 == 0;
        client_build(&client, crypto, &m);
        write_seed("parser", requests[i].name, client.request, client.request_len);
    }
    crypto_free(crypto);
}

static void write_writer_seeds(void)
{
    for (uint64_t seed = 0; seed < WRITER_SEEDS; seed++) {
        char name[32];
        uint8_t bytes[256];
        struct choices choices = choices_of_seed(seed);
        choose_bytes(&choices, bytes, sizeof(bytes));
        snprintf(name, sizeof(name), "list-%02llu", (unsigned long long)seed);
        write_seed("writer", name, bytes, 32 + 18 * (size_t)seed);
    }
}

/* Beginnings of worlds in which data passed both ways before the choices were spent. */
static void write_server_seeds(void)
{
    static struct world world;
    static uint8_t record[SERVER_SEED_MAX];
    size_t written = 0;
    for (uint64_t seed = 0; written < SERVER_SEEDS; seed++) {
        struct choices choices = choices_of_seed(seed);
        choices.record = record;
        choices.record_capacity = sizeof(record);
        fuzz_server_world(&world, choices);
        world_run(&world);
        size_t len = world.choices.record_len;
        world_deinit(&world);

        fuzz_server_world(&world, choices_of_bytes((struct bytes){.data = record, .len = len}));
        world_run(&world);
        const uint64_t *c = world.setups[0].counters;
        if (c[TURN_COUNT_RELAYED_TO_PEER] >= 3 && c[TURN_COUNT_RELAYED_TO_CLIENT] >= 3) {
            char name[32];
            snprintf(name, sizeof(name), "world-%02zu", written++);
            write_seed("server", name, record, len);
        }
        world_deinit(&world);
    }
}

static void write_http_seeds(void)
{
    static const struct {
        const char *name;
        const char *request;
    } seeds[] = {
        {"browser", "GET /map?a=50%3A1&b HTTP/1.1\r\nHost: localhost:8080\r\n"
                    "User-Agent: x\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"},
        {"scrape", "GET http://host/metrics HTTP/1.0\nAccept: text/plain\n\n"},
        {"head", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
        {"body", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"},
        {"chunked", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"version", "GET / HTTP/2.0\r\n\r\n"},
    };

    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        write_seed("http", seeds[i].name, seeds[i].request, strlen(seeds[i].request));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_seeds CORPUS-FOLDER\n");
        return 2;
    }
    corpus = argv[1];
    write_vectors();
    write_requests();
    write_writer_seeds();
    write_server_seeds();
    write_http_seeds();
    return 0;
}
