/* http_ports.c — /api/ports: which shard has which relay port open, as runs of ports. */
#include "http_ports.h"

#include "http_json.h"

void http_port_owners_clear(struct http_port_owners *owners)
{
    for (uint32_t port = 0; port <= UINT16_MAX; port++)
        owners->of[port] = HTTP_PORTS_NOBODY;
}

void http_port_owners_add(struct http_port_owners *owners, uint32_t shard,
                          const struct port_map_page *page)
{
    for (unsigned w = 0; w < PORT_MAP_WORDS; w++) {
        for (uint64_t bits = page->words[w]; bits != 0; bits &= bits - 1)
            owners->of[w * 64 + (unsigned)__builtin_ctzll(bits)] = (uint16_t)shard;
    }
}

void http_port_owners_read(struct http_port_owners *owners, const struct state_dir *dir,
                           const struct shard_figures *figures, uint32_t count)
{
    struct problem problem;

    http_port_owners_clear(owners);
    for (unsigned live = 0; live <= 1; live++) {
        for (uint32_t k = 0; k < count; k++) {
            if (figures[k].snapshot.is_live == (live == 1) &&
                port_map_read(dir, k, &owners->page, &problem) == ERR_OK)
                http_port_owners_add(owners, k, &owners->page);
        }
    }
}

static void write_run(struct http_json *json, uint32_t first, uint32_t last, uint32_t shard)
{
    http_json_begin(json, NULL, '[');
    http_json_number(json, NULL, first);
    http_json_number(json, NULL, last);
    http_json_number(json, NULL, shard);
    http_json_end(json, ']');
}

void http_ports_write(const struct http_port_owners *owners, uint16_t lowest, uint16_t highest,
                      struct http_text *text)
{
    struct http_json json = {.text = text};

    http_json_begin(&json, NULL, '{');
    http_json_number(&json, "lowest_port", lowest);
    http_json_number(&json, "highest_port", highest);
    http_json_begin(&json, "runs", '[');
    for (uint32_t port = 0, first; port <= UINT16_MAX; port++) {
        const uint16_t owner = owners->of[port];

        first = port;
        while (port < UINT16_MAX && owners->of[port + 1] == owner)
            port++;
        if (owner != HTTP_PORTS_NOBODY)
            write_run(&json, first, port, owner);
    }
    http_json_end(&json, ']');
    http_json_end(&json, '}');
}
