/* portal_resolver.c — asks the system's resolver for the addresses of one host, in a thread. */
#include "portal/portal_resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct portal_resolver {
    pthread_mutex_t mutex; /* guards what follows, apart from |host| */
    bool is_asking;        /* a thread runs */
    bool is_answered;
    bool is_abandoned; /* nobody but the thread knows of it */
    struct portal_addresses addresses;
    struct problem problem;
    void (*wake)(void *context);
    void *context;
    char *host;
};

static void destroy(struct portal_resolver *resolver)
{
    pthread_mutex_destroy(&resolver->mutex);
    free(resolver->host);
    free(resolver);
}

struct portal_resolver *portal_resolver_new(const char *host, void (*wake)(void *context),
                                            void *context)
{
    struct portal_resolver *resolver = calloc(1, sizeof(*resolver));

    if (resolver == NULL)
        return NULL;
    resolver->host = strdup(host);
    if (resolver->host == NULL || pthread_mutex_init(&resolver->mutex, NULL) != 0) {
        free(resolver->host);
        free(resolver);
        return NULL;
    }
    resolver->wake = wake;
    resolver->context = context;
    return resolver;
}

static void add(struct portal_addresses *addresses, const struct addrinfo *info)
{
    const void *ip = NULL;

    if (info->ai_family == AF_INET)
        ip = &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr;
    else if (info->ai_family == AF_INET6)
        ip = &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr;
    if (ip != NULL && addresses->count < PORTAL_ADDRESSES_MAX &&
        inet_ntop(info->ai_family, ip, addresses->text[addresses->count], INET6_ADDRSTRLEN) != NULL)
        addresses->count++;
}

/* The thread. */
static void *ask(void *argument)
{
    struct portal_resolver *resolver = argument;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    struct portal_addresses addresses = {.count = 0};
    bool is_abandoned;
    int failure = getaddrinfo(resolver->host, NULL, &hints, &list);

    for (const struct addrinfo *info = failure == 0 ? list : NULL; info != NULL;
         info = info->ai_next)
        add(&addresses, info);
    if (failure == 0)
        freeaddrinfo(list);

    pthread_mutex_lock(&resolver->mutex);
    resolver->is_asking = false;
    resolver->is_answered = true;
    resolver->addresses = addresses;
    if (addresses.count == 0)
        problem_set(&resolver->problem, "DNS: %s: %s", resolver->host,
                    failure != 0 ? gai_strerror(failure) : "no address");
    is_abandoned = resolver->is_abandoned;
    if (!is_abandoned)
        resolver->wake(resolver->context);
    pthread_mutex_unlock(&resolver->mutex);
    if (is_abandoned)
        destroy(resolver);
    return NULL;
}

/* Starts a thread that no signal is delivered to: they are for the one that serves. */
static bool start_thread(struct portal_resolver *resolver)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    bool is_started;

    sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    is_started = pthread_create(&thread, &attributes, ask, resolver) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_started;
}

enum err portal_resolver_ask(struct portal_resolver *resolver)
{
    enum err err = ERR_OK;

    pthread_mutex_lock(&resolver->mutex);
    if (!resolver->is_asking) {
        resolver->is_answered = false;
        resolver->is_asking = start_thread(resolver);
        err = resolver->is_asking ? ERR_OK : ERR_IO;
    }
    pthread_mutex_unlock(&resolver->mutex);
    return err;
}

enum err portal_resolver_take(struct portal_resolver *resolver, struct portal_addresses *ret,
                              struct problem *problem)
{
    enum err err = ERR_UNAVAILABLE;

    pthread_mutex_lock(&resolver->mutex);
    if (resolver->is_answered) {
        resolver->is_answered = false;
        *ret = resolver->addresses;
        *problem = resolver->problem;
        err = ret->count > 0 ? ERR_OK : ERR_NOT_FOUND;
    }
    pthread_mutex_unlock(&resolver->mutex);
    return err;
}

void portal_resolver_free(struct portal_resolver *resolver)
{
    bool is_asking;

    if (resolver == NULL)
        return;
    pthread_mutex_lock(&resolver->mutex);
    is_asking = resolver->is_asking;
    resolver->is_abandoned = true;
    pthread_mutex_unlock(&resolver->mutex);
    if (!is_asking)
        destroy(resolver);
}
