/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_iam.c - where cluster and region of an IAM login stand. */
#include "resolve_iam.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/* "iam" among the plug-ins of AWS's JDBC wrapper. */
static bool has_iam(const char *plugins)
{
    while (*plugins) {
        size_t length = strcspn(plugins, ",&");
        if (length == 3 && strncasecmp(plugins, "iam", length) == 0)
            return true;
        if (plugins[length] != ',')
            return false;
        plugins += length + 1;
    }
    return false;
}

static bool is_rds(const char *url)
{
    const char *plugins = strcasestr(url, "wrapperPlugins=");
    return strcasestr(url, "credentialType=AWS-IAM") ||
           (plugins && has_iam(plugins + strlen("wrapperPlugins=")));
}

bool resolve_iam_is_url(const char *url)
{
    return url && (text_starts_nocase(url, "jdbc:redshift:iam:") || is_rds(url));
}

/* Label NUMBER (from 0) of a host name under amazonaws.com; the caller frees it. NULL: none. */
static char *label(const char *host, int number)
{
    const char *domain = strcasestr(host, ".amazonaws.com");
    for (int i = 0; domain && i < number; i++) {
        host = strchr(host, '.');
        if (!host || host >= domain)
            return NULL;
        host++;
    }
    return domain ? xstrndup(host, strcspn(host, ".")) : NULL;
}

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a ? a : b ? b : c;
}

/* NAME.ACCOUNT.REGION.SERVICE.amazonaws.com is where a cluster, workgroup or instance is. */
static void take_region(struct resolving *resolving, const struct jdbc_url *url, const char *host,
                        const char *path)
{
    struct target *target = resolving->target;
    const char *given = target_parameter(target, "region");
    const char *property = resolving_property(resolving, "REGION");
    char *of_host = label(host, 2);
    const char *region = first_of(property, given, url->region ? url->region : of_host);
    if (region && !property) {
        target->aws.region = xstrdup(region);
        resolving_origin(resolving, "aws region", region, path);
    }
    free(of_host);
}

/* Hosts of Redshift begin with the name of the cluster or workgroup; so does CLUSTER:REGION. */
static void take_cluster(struct resolving *resolving, const struct jdbc_url *url, const char *host,
                         const char *path)
{
    struct target *target = resolving->target;
    const char *cluster =
        first_of(resolving_property(resolving, "CLUSTER_IDENTIFIER"),
                 target_parameter(target, "cluster_id"), url->region ? host : NULL);
    const char *workgroup = first_of(resolving_property(resolving, "WORKGROUP_NAME"),
                                     target_parameter(target, "serverless_workgroup"), NULL);
    bool host_of_workgroup = strcasestr(host, ".redshift-serverless.") != NULL;
    bool serverless = host_of_workgroup || (workgroup && !cluster);
    char *of_host = label(host, 0);
    const char *name = serverless ? "workgroup" : "cluster";
    const char *given = first_of(serverless ? workgroup : cluster, of_host, NULL);
    target->host_in_aws = url->region != NULL;
    if (given) {
        target_add_parameter(target, name, given);
        resolving_origin(resolving, name, given, path);
    } else {
        problems_add(&resolving->out->problems, PROPERTIES "CLUSTER_IDENTIFIER", "required",
                     "missing: the host \"%.100s\" of jdbc:redshift:iam does not begin with the "
                     "cluster's name, as hosts of Redshift do; where it is itself the name of a "
                     "cluster, write jdbc:redshift:iam://CLUSTER:REGION/DATABASE",
                     host);
    }
    free(of_host);
}

/* What the definition has beside it is not shown to anybody. */
static void note_unused(struct resolving *resolving)
{
    static const char *const keys[] = {"PASSWORD", "ENCRYPTED_PASSWORD", "SECRET_ID"};
    struct target *target = resolving->target;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        resolving_note_ignored(resolving, keys[i], NULL, "the IAM login of the URL");
    text_wipe_free(target->password);
    free(target->encrypted_password);
    free(target->secret_id);
    target->password = target->encrypted_password = target->secret_id = NULL;
}

void resolve_iam(struct resolving *resolving, const struct jdbc_url *url, const char *path)
{
    struct target *target = resolving->target;
    const char *host = url->endpoint_count ? url->endpoints[0].host : "";
    const char *user = target_parameter(target, "db_user");
    const char *plugins = target_parameter(target, "wrapper_plugins");
    bool rds = text_equal(target_parameter(target, "credential_type"), "AWS-IAM") ||
               (plugins && has_iam(plugins));
    if (!url->iam && !rds)
        return;
    target->aws_login = url->iam ? AWS_LOGIN_REDSHIFT : AWS_LOGIN_RDS;
    target->needs_aws = true;
    target->password_property = path;
    note_unused(resolving);
    if (!target->user && user && url->iam) {
        target->user = xstrdup(user);
        target->user_property = path;
        resolving_origin(resolving, "user", user, path);
    }
    take_region(resolving, url, host, path);
    if (url->iam)
        take_cluster(resolving, url, host, path);
    if (!target->user && rds)
        problems_add(&resolving->out->problems, PROPERTIES "USERNAME", "required",
                     "missing: an IAM login to RDS is one of a database user");
    resolving_origin(resolving, "password", "made by IAM", path);
}
