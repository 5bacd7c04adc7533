/* record_lease.c — the owners of records and their leases, as text. */
#include "counter_page.h"
#include "record.h"
#include "record_fields.h"
#include "text_parse.h"
#include "text_write.h"

#include <string.h>

bool host_name_valid(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(text);

    return len >= 1 && len <= HOST_NAME_MAX_LEN && strspn(text, allowed) == len;
}

bool owner_equal(const struct owner *a, const struct owner *b)
{
    return a->shard == b->shard && strcmp(a->host, b->host) == 0;
}

size_t owner_write(const struct owner *owner, char text[static OWNER_TEXT_MAX])
{
    char *at = text_write_text(text, owner->host);

    *at++ = '/';
    at = text_write_u64(at, owner->shard);
    *at = '\0';
    return (size_t)(at - text);
}

enum err owner_read(struct bytes text, struct owner *ret)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    struct owner owner = {.shard = 0};
    uint64_t shard;

    if (slash == NULL || slash - text.data > HOST_NAME_MAX_LEN)
        return ERR_MALFORMED;
    size_t host_len = (size_t)(slash - text.data);

    memcpy(owner.host, text.data, host_len);
    if (strlen(owner.host) != host_len || !host_name_valid(owner.host) ||
        text_parse_u64((const char *)slash + 1, text.len - host_len - 1, 0, UINT32_MAX, &shard) !=
            ERR_OK)
        return ERR_MALFORMED;
    owner.shard = (uint32_t)shard;
    *ret = owner;
    return ERR_OK;
}

size_t lease_value_write(const struct shard_lease *lease, char text[static LEASE_VALUE_MAX])
{
    struct fields_writer writer;

    fields_begin(&writer, text, LEASE_VALUE_MAX);
    fields_add_text(&writer, "state", shard_state_name(lease->state));
    fields_add_signed(&writer, "pid", lease->pid);
    fields_add_number(&writer, "shards", lease->shards);
    fields_add_number(&writer, "lowest_port", lease->lowest_port);
    fields_add_number(&writer, "highest_port", lease->highest_port);
    fields_add_number(&writer, "started", lease->started_wall_sec);
    fields_add_escaped(&writer, "version", bytes_of_text(lease->version));
    fields_add_escaped(&writer, "boot", bytes_of_text(lease->boot));
    fields_add_signed(&writer, "wall_offset", lease->wall_offset_usec);
    fields_add_signed(&writer, "until", lease->until.usec);
    return writer.len;
}

static enum err read_text(struct bytes value, const char *name, char *ret, size_t size)
{
    size_t len;
    enum err err = fields_get_escaped(value, name, (uint8_t *)ret, size - 1, &len);

    if (err == ERR_OK)
        ret[len] = '\0';
    if (err == ERR_OK && strlen(ret) != len)
        err = ERR_MALFORMED;
    return err;
}

/* A state that this version has no name for is as good as any that it does not know. */
static enum err read_state(struct bytes value, uint32_t *ret)
{
    struct bytes name;
    uint32_t state = 0;

    if (fields_get(value, "state", &name) != ERR_OK)
        return ERR_MALFORMED;
    while (state <= SHARD_STATE_STOPPED &&
           !bytes_equal(name, bytes_of_text(shard_state_name(state))))
        state++;
    *ret = state;
    return ERR_OK;
}

enum err lease_value_read(struct bytes text, struct shard_lease *ret)
{
    struct shard_lease lease = *ret;
    uint64_t shards, lowest_port, highest_port;
    enum err err = fields_check(text);

    if (err != ERR_OK)
        return err;
    if (read_state(text, &lease.state) != ERR_OK ||
        fields_get_signed(text, "pid", &lease.pid) != ERR_OK ||
        fields_get_number(text, "shards", UINT32_MAX, &shards) != ERR_OK ||
        fields_get_number(text, "lowest_port", UINT16_MAX, &lowest_port) != ERR_OK ||
        fields_get_number(text, "highest_port", UINT16_MAX, &highest_port) != ERR_OK ||
        fields_get_number(text, "started", UINT64_MAX, &lease.started_wall_sec) != ERR_OK ||
        read_text(text, "version", lease.version, sizeof(lease.version)) != ERR_OK ||
        read_text(text, "boot", lease.boot, sizeof(lease.boot)) != ERR_OK ||
        fields_get_signed(text, "wall_offset", &lease.wall_offset_usec) != ERR_OK ||
        fields_get_signed(text, "until", &lease.until.usec) != ERR_OK)
        return ERR_MALFORMED;
    lease.shards = (uint32_t)shards;
    lease.lowest_port = (uint16_t)lowest_port;
    lease.highest_port = (uint16_t)highest_port;
    *ret = lease;
    return ERR_OK;
}
