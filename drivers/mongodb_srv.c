/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_srv.c - mongodb+srv://: the hosts of the SRV records and the options of the TXT record,
 * under the rules that keep a name server from leading elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_driver.h"
#include "testconn/srv.h"

enum { OPTIONS_MAXIMUM = 3, NAME_MAXIMUM = 512 };

/* What a TXT record may set. */
static const char *const allowed[OPTIONS_MAXIMUM] = {"authSource", "replicaSet", "loadBalanced"};

struct service {
    struct target target; /* a copy that borrows, with the hosts and options found */
    struct srv_hosts hosts;
    char *text;                 /* of the TXT record; NULL: none */
    bool sets[OPTIONS_MAXIMUM]; /* which of ALLOWED it set */
};

/* What a host's name has to end in: the domain of NAME, or all of it where it has but two parts. */
static const char *parent_domain(const char *name)
{
    const char *domain = strchr(name, '.');
    return domain && strchr(domain + 1, '.') ? domain + 1 : name;
}

static bool is_below(const char *host, const char *domain)
{
    size_t length = strlen(host);
    size_t tail = strlen(domain);
    if (tail &&
        domain[tail - 1] == '.') /* the name may end in the root's dot, a record's does not */
        tail--;
    return length > tail + 1 && host[length - tail - 1] == '.' &&
           strncasecmp(host + length - tail, domain, tail) == 0;
}

static bool check_hosts(const struct service *service, const char *name, const char *query,
                        struct error *err)
{
    const char *domain = parent_domain(name);
    for (size_t i = 0; i < service->hosts.count; i++) {
        const struct endpoint *host = &service->hosts.endpoints[i];
        if (is_below(host->host, domain))
            continue;
        error_set(err, REASON_DNS_NOT_FOUND,
                  "the SRV record of \"%s\" names the host %s:%u, which does not lie in the domain "
                  "\"%s\": drivers refuse it",
                  query, host->host, host->port, domain);
        return error_remedy(err,
                            "have the SRV records name hosts below \"%s\", or list the hosts "
                            "in a mongodb:// URL",
                            domain);
    }
    return true;
}

static const char *find_allowed(const char *name)
{
    for (int i = 0; i < OPTIONS_MAXIMUM; i++)
        if (strcasecmp(allowed[i], name) == 0)
            return allowed[i];
    return NULL;
}

static bool refuse_option(const char *name, const char *option, struct error *err)
{
    error_set(err, REASON_DNS_NOT_FOUND,
              "the TXT record of \"%s\" sets the option \"%s\", which is not allowed there: only "
              "authSource, replicaSet and loadBalanced are, each with a value",
              name, option);
    return error_remedy(err, "take the option out of the TXT record, or write it into the URL");
}

/* One NAME=VALUE of the TXT record; what the URL says goes before it. */
static bool take_option(struct service *service, const char *name, char *option, struct error *err)
{
    char *value = strchr(option, '=');
    if (!value)
        return refuse_option(name, option, err);
    *value++ = '\0';
    const char *known = find_allowed(option);
    if (!known)
        return refuse_option(name, option, err);
    if (!*value)
        return refuse_option(name, option, err);
    if (target_parameter(&service->target, known))
        return true;
    for (int i = 0; i < OPTIONS_MAXIMUM; i++)
        service->sets[i] |= allowed[i] == known;
    struct target *target = &service->target;
    target->parameters[target->parameter_count++] =
        (struct parameter){.name = strdup(known), .value = strdup(value)};
    return true;
}

static bool take_options(struct service *service, const char *name, struct error *err)
{
    const struct target *target = &service->target;
    struct parameter *parameters =
        calloc(target->parameter_count + OPTIONS_MAXIMUM, sizeof *parameters);
    for (size_t i = 0; i < target->parameter_count; i++)
        parameters[i] = target->parameters[i];
    service->target.parameters = parameters;
    char *rest = service->text ? strdup(service->text) : NULL;
    for (char *option; (option = strsep(&rest, "&"));)
        if (*option && !take_option(service, name, option, err))
            return false;
    return true;
}

static bool look_up_text(struct probe *probe, struct service *service, const char *name,
                         struct error *err)
{
    char **texts;
    size_t count;
    if (!srv_texts(probe, name, &texts, &count, err))
        return false;
    service->text = count ? texts[0] : NULL;
    if (count <= 1)
        return true;
    error_set(err, REASON_DNS_NOT_FOUND,
              "\"%s\" has %zu TXT records; drivers allow one, with the options of the connection",
              name, count);
    return error_remedy(err, "leave only one TXT record at that name");
}

static void limit_hosts(struct service *service)
{
    const char *digits = target_parameter(&service->target, "srvMaxHosts");
    unsigned long most = digits ? strtoul(digits, NULL, 10) : 0;
    if (most && service->hosts.count > most)
        service->hosts.count = most;
}

const struct target *service_target(const struct service *service)
{
    return &service->target;
}

bool service_sets(const struct service *service, const char *option)
{
    for (int i = 0; i < OPTIONS_MAXIMUM; i++)
        if (strcmp(allowed[i], option) == 0)
            return service->sets[i];
    return false;
}

void service_tell(const struct service *service, struct probe *probe)
{
    const char *hosts[SRV_HOSTS_MAXIMUM];
    char texts[SRV_HOSTS_MAXIMUM][HOST_MAXIMUM + 8];
    for (size_t i = 0; i < service->hosts.count; i++) {
        const struct endpoint *host = &service->hosts.endpoints[i];
        snprintf(texts[i], sizeof texts[i], "%s:%u", host->host, host->port);
        hosts[i] = texts[i];
    }
    probe_note_list(probe, "srv_hosts", hosts, service->hosts.count);
    if (service->text)
        probe_note(probe, "txt", "%s", service->text);
}

/* The service lives as long as the test: its target is used all the time. */
struct service *service_look_up(struct probe *probe, const struct target *target, struct error *err)
{
    struct service *service = calloc(1, sizeof *service);
    const char *name = target->endpoints[0].host;
    const char *kind = target_parameter(target, "srvServiceName");
    char query[NAME_MAXIMUM];
    if (!service) {
        error_set(err, REASON_BUSY, "no memory");
        return NULL;
    }
    service->target = *target;
    snprintf(query, sizeof query, "_%s._tcp.%s", kind ? kind : "mongodb", name);
    if (srv_lookup(probe, query, &service->hosts, err) && check_hosts(service, name, query, err) &&
        look_up_text(probe, service, name, err) && take_options(service, name, err)) {
        limit_hosts(service);
        service->target.endpoints = service->hosts.endpoints;
        service->target.endpoint_count = service->hosts.count;
        return service;
    }
    if (err->reason == REASON_DNS_NOT_FOUND && !err->remedy[0])
        error_remedy(err,
                     "check the name for a typing error: mongodb+srv:// needs SRV records at "
                     "\"%s\"; where there are none, write the hosts into a mongodb:// URL",
                     query);
    error_property(err, target->host_property);
    free(service);
    return NULL;
}
