/* http_page_files.h — the files of the status page, which the build embeds. */
#ifndef RELAY_HTTP_PAGE_FILES_H
#define RELAY_HTTP_PAGE_FILES_H

#include <stddef.h>

enum { HTTP_PAGE_FILES = 4 };

struct http_page_file {
    const char *path;
    const char *type; /* Content-Type */
    const unsigned char *data;
    size_t len;
};

/* As shard/http_page/embed.cmake makes them of the files beside it. */
extern const struct http_page_file http_page_files[HTTP_PAGE_FILES];

#endif
