/* temp_dir.h — a directory of its own for one test, and text files in it. */
#ifndef RELAY_TESTS_TEMP_DIR_H
#define RELAY_TESTS_TEMP_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

enum { TEMP_PATH_MAX = 256 };

/* The test's directory; empty between temp_dir_setup and temp_dir_teardown of each test. */
struct temp_dir {
    char path[TEMP_PATH_MAX / 2];
};

/* temp_dir_path writes the path of |name| in |dir| and returns it. */
static inline char *temp_dir_path(const struct temp_dir *dir, const char *name,
                                  char path[static TEMP_PATH_MAX])
{
    assert_true(snprintf(path, TEMP_PATH_MAX, "%s/%s", dir->path, name) < TEMP_PATH_MAX);
    return path;
}

/* temp_dir_write makes the file |name| with |len| bytes and |mode|. Returns |path|, its path. */
static inline char *temp_dir_write(const struct temp_dir *dir, const char *name, const void *data,
                                   size_t len, mode_t mode, char path[static TEMP_PATH_MAX])
{
    int fd = open(temp_dir_path(dir, name, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

/* temp_dir_count counts the entries of directory |path|. */
static inline size_t temp_dir_count(const char *path)
{
    DIR *listing = opendir(path);
    size_t count = 0;

    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

static inline int temp_dir_remove_entry(const char *path, const struct stat *status, int type,
                                        struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

/* For cmocka_unit_test_setup_teardown: *state is a struct temp_dir during the test. */
static inline int temp_dir_setup(void **state)
{
    struct temp_dir *dir = calloc(1, sizeof(*dir));

    assert_non_null(dir);
    strcpy(dir->path, "/tmp/relay-test-XXXXXX");
    assert_non_null(mkdtemp(dir->path));
    *state = dir;
    return 0;
}

static inline int temp_dir_teardown(void **state)
{
    struct temp_dir *dir = *state;

    assert_int_equal(nftw(dir->path, temp_dir_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(dir);
    return 0;
}

#endif
