/* http_metrics.c — the counter pages of a host in Prometheus' text format 0.0.4. Pure. */
#include "http_metrics.h"

#include "version.h"

#include <stdio.h>
#include <string.h>

struct output {
    const struct host_state *host;
    struct http_text *text;
};

static void put(const struct output *out, const char *string)
{
    http_text_put(out->text, string);
}

/* The two lines above a family of metrics. */
static void begin(const struct output *out, const char *name, const char *suffix, const char *type,
                  const char *help)
{
    put(out, "# HELP relay_");
    put(out, name);
    put(out, suffix);
    put(out, " ");
    put(out, help);
    put(out, "\n# TYPE relay_");
    put(out, name);
    put(out, suffix);
    put(out, " ");
    put(out, type);
    put(out, "\n");
}

/* relay_NAMESUFFIX{shard="K" … and, when there is a |label|, its value. */
static void put_series(const struct output *out, const char *name, const char *suffix, uint32_t k,
                       const char *label, const char *value)
{
    put(out, "relay_");
    put(out, name);
    put(out, suffix);
    put(out, "{shard=\"");
    http_text_number(out->text, k);
    if (label != NULL) {
        put(out, "\",");
        put(out, label);
        put(out, "=\"");
        put(out, value);
    }
    put(out, "\"} ");
}

static void put_number(const struct output *out, uint64_t number)
{
    http_text_number(out->text, number);
    put(out, "\n");
}

static void put_micro(const struct output *out, int64_t millionths)
{
    http_text_micro(out->text, millionths);
    put(out, "\n");
}

/* Its figures are those of a process that is there. */
static bool is_up(const struct shard_figures *shard)
{
    return shard->err == ERR_OK && shard->snapshot.is_live;
}

/* A metric of the page's header: what of it is in millionths, or no number at all. */
struct header_metric {
    const char *name;
    const char *type;
    const char *help;
    bool (*read)(const struct host_state *host, const struct shard_figures *shard, int64_t *ret);
};

static bool read_start(const struct host_state *host, const struct shard_figures *shard,
                       int64_t *ret)
{
    (void)host;
    *ret = (int64_t)shard->snapshot.page.started_wall_sec * USEC_PER_SEC;
    return true;
}

static bool read_uptime(const struct host_state *host, const struct shard_figures *shard,
                        int64_t *ret)
{
    *ret = host->now.usec - shard->snapshot.page.started_mono_usec;
    return true;
}

static bool read_unseen(const struct host_state *host, const struct shard_figures *shard,
                        int64_t *ret)
{
    *ret = counter_page_age(&shard->snapshot.page, host->now);
    return true;
}

static bool read_restored(const struct host_state *host, const struct shard_figures *shard,
                          int64_t *ret)
{
    uint64_t took = shard->snapshot.page.values[SHARD_COUNT_RESTORE_USEC];

    (void)host;
    *ret = (int64_t)(shard->snapshot.page.started_wall_sec * USEC_PER_SEC + took);
    return took > 0;
}

static bool read_starts(const struct host_state *host, const struct shard_figures *shard,
                        int64_t *ret)
{
    (void)host;
    *ret = (int64_t)(shard->snapshot.page.starts * USEC_PER_SEC);
    return true;
}

static bool read_cpu(const struct host_state *host, const struct shard_figures *shard, int64_t *ret)
{
    (void)host;
    *ret = shard->cpu_usec;
    return shard->cpu_usec >= 0;
}

static const struct header_metric header_metrics[] = {
    {"start_time_seconds", "gauge", "When the process of the shard started, since 1970",
     read_start},
    {"uptime_seconds", "gauge", "For how long the process of the shard has been there",
     read_uptime},
    {"seen_age_seconds", "gauge", "How long ago the event loop of the shard was awake",
     read_unseen},
    {"restore_timestamp_seconds", "gauge",
     "When the shard had restored what was recorded, since 1970", read_restored},
    {"starts_total", "counter", "Starts of the shard since its counter page was made", read_starts},
    {"cpu_seconds_total", "counter", "CPU time that the process of the shard has used", read_cpu},
};

static void write_header(const struct output *out, size_t index)
{
    const struct header_metric *metric = &header_metrics[index];

    begin(out, metric->name, "", metric->type, metric->help);
    for (uint32_t k = 0; k < out->host->count; k++) {
        const struct shard_figures *shard = &out->host->shards[k];
        int64_t value;

        if (!is_up(shard) || !metric->read(out->host, shard, &value))
            continue;
        put_series(out, metric->name, "", k, NULL, NULL);
        put_micro(out, value);
    }
}

static void write_states(const struct output *out, size_t index)
{
    (void)index;
    begin(out, "shard_up", "", "gauge", "1 while the process of the shard is there");
    for (uint32_t k = 0; k < out->host->count; k++) {
        put_series(out, "shard_up", "", k, NULL, NULL);
        put_number(out, out->host->shards[k].snapshot.is_live);
    }
    begin(out, "shard_state", "", "gauge", "1 for the state that the shard is in, 0 for others");
    for (uint32_t k = 0; k < out->host->count; k++) {
        const struct shard_figures *shard = &out->host->shards[k];

        for (uint32_t state = SHARD_STATE_STARTING; is_up(shard) && state <= SHARD_STATE_STOPPED;
             state++) {
            put_series(out, "shard_state", "", k, "state", shard_state_name(state));
            put_number(out, state == shard->snapshot.page.state);
        }
    }
}

static void write_build(const struct output *out, size_t index)
{
    (void)index;
    begin(out, "build_info", "", "gauge", "1, with the version of the relay");
    put(out, "relay_build_info{version=\"");
    put(out, relay_version());
    put(out, "\"} 1\n");
    begin(out, "shards", "", "gauge", "Shards that this host is set up for");
    put(out, "relay_shards ");
    put_number(out, out->host->count);
}

/* Values of the table that become one metric, told apart by a label. */
struct family {
    enum counter_kind kind;
    /* Of the values' names; what follows is the label's value. NULL: counter_drop_reason is. */
    const char *prefix;
    const char *name;
    const char *label;
    const char *help;
};

static const struct family families[] = {
    {COUNTER_EVENT, "requests_", "requests_total", "method", "STUN requests by method"},
    {COUNTER_EVENT, "responses_", "responses_total", "code",
     "STUN responses by error code, or success"},
    {COUNTER_DROP, NULL, "dropped_datagrams_total", "reason", "Datagrams dropped by reason"},
};

/* The value of the label when the metric |info| belongs to |family|, else NULL. */
static const char *label_in(const struct family *family, const struct counter_info *info)
{
    if (info->kind != family->kind)
        return NULL;
    if (family->prefix == NULL)
        return counter_drop_reason(info);
    size_t len = strlen(family->prefix);

    return strncmp(info->name, family->prefix, len) == 0 ? info->name + len : NULL;
}

static void write_family(const struct output *out, size_t index)
{
    const struct family *family = &families[index];

    begin(out, family->name, "", "counter", family->help);
    for (uint32_t k = 0; k < out->host->count; k++) {
        const struct shard_figures *shard = &out->host->shards[k];

        for (size_t i = 0; is_up(shard) && i < COUNTER_PAGE_VALUES; i++) {
            const char *value = label_in(family, counter_info_of(i));

            if (value == NULL)
                continue;
            put_series(out, family->name, "", k, family->label, value);
            put_number(out, shard->snapshot.page.values[i]);
        }
    }
}

static bool is_in_family(const struct counter_info *info)
{
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
        if (label_in(&families[f], info) != NULL)
            return true;
    }
    return false;
}

/* The unit of |name|, cut off and written into |ret| as Prometheus wants it. */
static bool cut_usec(const char *name, char *ret, size_t size)
{
    static const char unit[] = "_usec";
    size_t len = strlen(name);

    if (len >= size || len < sizeof(unit) || strcmp(name + len - (sizeof(unit) - 1), unit) != 0)
        return false;
    memcpy(ret, name, len - (sizeof(unit) - 1));
    ret[len - (sizeof(unit) - 1)] = '\0';
    return true;
}

static void write_value(const struct output *out, size_t index)
{
    const struct counter_info *info = counter_info_of(index);
    const bool is_gauge = info->kind == COUNTER_GAUGE;

    if ((!is_gauge && info->kind != COUNTER_EVENT) || is_in_family(info))
        return;
    char without_unit[64];
    const bool is_usec = cut_usec(info->name, without_unit, sizeof(without_unit));
    const char *name = is_usec ? without_unit : info->name;
    const char *suffix =
        is_usec ? (is_gauge ? "_seconds" : "_seconds_total") : (is_gauge ? "" : "_total");

    begin(out, name, suffix, is_gauge ? "gauge" : "counter", info->help);
    for (uint32_t k = 0; k < out->host->count; k++) {
        const struct shard_figures *shard = &out->host->shards[k];

        if (!is_up(shard))
            continue;
        put_series(out, name, suffix, k, NULL, NULL);
        if (is_usec)
            put_micro(out, (int64_t)shard->snapshot.page.values[index]);
        else
            put_number(out, shard->snapshot.page.values[index]);
    }
}

static void write_histogram(const struct output *out, const struct counter_histogram *histogram,
                            uint32_t k)
{
    const uint64_t *values = out->host->shards[k].snapshot.page.values;
    uint64_t count = 0;

    for (unsigned i = 0; i < COUNTER_BUCKET_COUNT; i++) {
        char bound[8];

        count += values[histogram->first + i];
        if (i == COUNTER_BUCKET_COUNT - 1) /* the last one has no end */
            break;
        (void)snprintf(bound, sizeof(bound), "%u", 1U << i);
        put_series(out, histogram->name, "_bucket", k, "le", bound);
        put_number(out, count);
    }
    put_series(out, histogram->name, "_bucket", k, "le", "+Inf");
    put_number(out, count);
    put_series(out, histogram->name, "_sum", k, NULL, NULL);
    put_number(out, values[histogram->sum]);
    put_series(out, histogram->name, "_count", k, NULL, NULL);
    put_number(out, count);
}

static void write_histograms(const struct output *out, size_t index)
{
    const struct counter_histogram *histogram = counter_histogram_of(index);

    begin(out, histogram->name, "", "histogram", histogram->help);
    for (uint32_t k = 0; k < out->host->count; k++) {
        if (is_up(&out->host->shards[k]))
            write_histogram(out, histogram, k);
    }
}

static void write_portal(const struct output *out, size_t index)
{
    (void)index;
    if (out->host->portal != NULL)
        http_portal_metrics(out->host->portal, out->text);
}

/* What all metrics consist of. */
struct group {
    size_t count;
    void (*write)(const struct output *out, size_t index); /* index < count */
};

static const struct group groups[] = {
    {1, write_build},
    {1, write_states},
    {sizeof(header_metrics) / sizeof(header_metrics[0]), write_header},
    {COUNTER_PAGE_VALUES, write_value},
    {sizeof(families) / sizeof(families[0]), write_family},
    {COUNTER_HISTOGRAM_COUNT, write_histograms},
    {1, write_portal},
};

size_t http_metrics_parts(void)
{
    size_t parts = 0;

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        parts += groups[i].count;
    return parts;
}

void http_metrics_write(const struct host_state *host, size_t part, struct http_text *text)
{
    const struct output out = {.host = host, .text = text};
    size_t group = 0;

    for (; part >= groups[group].count; group++)
        part -= groups[group].count;
    groups[group].write(&out, part);
}
