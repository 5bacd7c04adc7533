/* turn_credential.c — usernames and their long-term keys, three schemes. */
#include "turn_credential.h"

#include "hash_index.h"
#include "siphash.h"
#include "stun_attr.h"
#include "text_parse.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Chains stay short up to this many users; beyond it they grow. */
enum { USERS_EXPECTED = 1 << 16 };

struct turn_users {
    struct hash_index by_name;
};

struct static_user {
    struct hash_link link; /* first: a link is its user */
    struct turn_key key;
    size_t name_len;
    uint8_t name[];
};

/* The table is filled by the operator, so nobody chooses names against it. */
static const struct siphash_key users_hash_key = {0};

struct turn_users *turn_users_new(void)
{
    struct turn_users *users = calloc(1, sizeof *users);
    if (users && hash_index_init(&users->by_name, USERS_EXPECTED) != ERR_OK) {
        free(users);
        return NULL;
    }
    return users;
}

void turn_users_free(struct turn_users *users)
{
    if (!users)
        return;
    for (size_t i = 0; i < users->by_name.used; i++) {
        struct hash_link *next;
        for (struct hash_link *link = users->by_name.heads[i]; link; link = next) {
            struct static_user *user = (struct static_user *)(void *)link;
            next = link->next;
            crypto_wipe(&user->key, sizeof user->key);
            free(user);
        }
    }
    hash_index_deinit(&users->by_name);
    free(users);
}

static const struct static_user *find_user(const struct turn_users *users, struct bytes name)
{
    uint64_t hash = siphash(&users_hash_key, name.data, name.len);
    for (const struct hash_link *link = hash_index_first(&users->by_name, hash); link;
         link = hash_index_next(link)) {
        const struct static_user *user = (const struct static_user *)(const void *)link;
        if (bytes_equal(name, (struct bytes){.data = user->name, .len = user->name_len}))
            return user;
    }
    return NULL;
}

enum err turn_users_add_line(struct turn_users *users, const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len == 0 || line[0] == '#')
        return ERR_OK;

    /* The key is the last field, since a username may hold colons. */
    size_t name_len = len;
    while (name_len > 0 && line[name_len - 1] != ':')
        name_len--;
    if (name_len < 2)
        return ERR_MALFORMED;
    const char *key_text = line + name_len;
    size_t key_len = len - name_len;
    name_len--;
    if (name_len > STUN_USERNAME_MAX)
        return ERR_MALFORMED;
    struct turn_key key = {0};
    enum err err = text_parse_hex(key_text, key_len, key.bytes, sizeof key.bytes);
    if (err != ERR_OK)
        return err;

    struct bytes name = {.data = (const uint8_t *)line, .len = name_len};
    if (find_user(users, name)) {
        err = ERR_EXISTS;
        goto out;
    }
    struct static_user *user = malloc(sizeof *user + name_len);
    if (!user) {
        err = ERR_NO_MEMORY;
        goto out;
    }
    user->key = key;
    user->name_len = name_len;
    memcpy(user->name, line, name_len);
    hash_index_insert(&users->by_name, &user->link, siphash(&users_hash_key, name.data, name.len));
out:
    crypto_wipe(&key, sizeof key);
    return err;
}

size_t turn_users_count(const struct turn_users *users)
{
    return users->by_name.count;
}

/*
 * Reads "EXPIRY" or "EXPIRY:rest of the name". |ret_rest| views what follows
 * the first colon; its data is NULL when there is no colon. Numbers that are not
 * canonical are refused, so that one expiry has one spelling.
 */
static bool split_expiry(struct bytes username, uint64_t *ret_expiry, struct bytes *ret_expiry_text,
                         struct bytes *ret_rest)
{
    const uint8_t *colon = memchr(username.data, ':', username.len);
    size_t len = colon ? (size_t)(colon - username.data) : username.len;
    uint64_t expiry;
    if (len > 1 && username.data[0] == '0')
        return false;
    if (text_parse_u64((const char *)username.data, len, 0, UINT64_MAX, &expiry) != ERR_OK)
        return false;
    *ret_expiry = expiry;
    *ret_expiry_text = (struct bytes){.data = username.data, .len = len};
    *ret_rest = colon ? (struct bytes){.data = colon + 1, .len = username.len - len - 1}
                      : (struct bytes){0};
    return true;
}

/* "expiry:salt" with exactly one colon. */
static bool split_stamp(struct bytes username, uint64_t *ret_expiry, struct bytes *ret_expiry_text,
                        struct bytes *ret_salt)
{
    return username.len > 0 && split_expiry(username, ret_expiry, ret_expiry_text, ret_salt) &&
           ret_salt->data && (ret_salt->len == 0 || !memchr(ret_salt->data, ':', ret_salt->len));
}

enum err turn_password_stamp(struct crypto *crypto, struct bytes secret, struct bytes username,
                             char ret[static TURN_PASSWORD_MAX])
{
    uint64_t expiry;
    struct bytes expiry_text, salt;
    if (!split_stamp(username, &expiry, &expiry_text, &salt))
        return ERR_MALFORMED;
    const struct bytes colon = bytes_of_text(":");
    const struct bytes parts[] = {expiry_text, colon, secret, colon, salt};
    uint8_t digest[SHA256_LEN];
    enum err err = crypto_sha256(crypto, parts, sizeof parts / sizeof *parts, digest);
    if (err == ERR_OK)
        base64_encode((struct bytes){.data = digest, .len = sizeof digest}, false, ret);
    crypto_wipe(digest, sizeof digest);
    return err;
}

enum err turn_password_rest(struct crypto *crypto, struct bytes secret, struct bytes username,
                            char ret[static TURN_PASSWORD_MAX])
{
    uint64_t expiry;
    struct bytes expiry_text, name;
    if (username.len == 0 || !split_expiry(username, &expiry, &expiry_text, &name))
        return ERR_MALFORMED;
    uint8_t digest[SHA1_LEN];
    enum err err = crypto_hmac_sha1(crypto, secret, &username, 1, digest);
    if (err == ERR_OK)
        base64_encode((struct bytes){.data = digest, .len = sizeof digest}, true, ret);
    crypto_wipe(digest, sizeof digest);
    return err;
}

enum err turn_long_term_key(struct crypto *crypto, struct bytes username, struct bytes realm,
                            struct bytes password, struct turn_key *ret)
{
    const struct bytes colon = bytes_of_text(":");
    const struct bytes parts[] = {username, colon, realm, colon, password};
    return crypto_md5(crypto, parts, sizeof parts / sizeof *parts, ret->bytes);
}

/* Derives the key of a time-limited |scheme|; false when the username does not fit it. */
static bool derive(const struct turn_credentials *credentials, struct crypto *crypto,
                   struct wall_time wall, struct bytes username, enum turn_scheme scheme,
                   struct turn_candidate *ret)
{
    uint64_t expiry;
    struct bytes expiry_text, rest;
    if (username.len == 0 || !split_expiry(username, &expiry, &expiry_text, &rest))
        return false;
    char password[TURN_PASSWORD_MAX];
    enum err err = scheme == TURN_SCHEME_STAMP
                       ? turn_password_stamp(crypto, credentials->secret, username, password)
                       : turn_password_rest(crypto, credentials->secret, username, password);
    struct turn_key key = {0};
    if (err == ERR_OK)
        err =
            turn_long_term_key(crypto, username, credentials->realm, bytes_of_text(password), &key);
    if (err == ERR_OK)
        *ret = (struct turn_candidate){.scheme = scheme, .key = key, .expired = expiry < wall.sec};
    crypto_wipe(password, sizeof password);
    crypto_wipe(&key, sizeof key);
    return err == ERR_OK;
}

size_t turn_credentials_candidates(const struct turn_credentials *credentials,
                                   struct crypto *crypto, struct wall_time wall,
                                   struct bytes username,
                                   struct turn_candidate ret[static TURN_CANDIDATES_MAX])
{
    size_t count = 0;
    if (credentials->schemes & TURN_SCHEME_STATIC && credentials->users) {
        const struct static_user *user = find_user(credentials->users, username);
        if (user)
            ret[count++] = (struct turn_candidate){.scheme = TURN_SCHEME_STATIC, .key = user->key};
    }
    static const enum turn_scheme timed[] = {TURN_SCHEME_STAMP, TURN_SCHEME_REST};
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++)
        if (credentials->schemes & timed[i] &&
            derive(credentials, crypto, wall, username, timed[i], &ret[count]))
            count++;
    return count;
}
