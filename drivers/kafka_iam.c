/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_iam.c - AWS_MSK_IAM: an AWS identity proven by a signed token, which travels as
 * OAUTHBEARER. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kafka_driver.h"
#include "kafka_library.h"
#include "kafka_token.h"

#define REGION_PROPERTY "ConnectionProperties.REGION"

/* Of the definition or the broker's name, else the agent's own. */
static const char *find_region(const struct target *target)
{
    const char *region = target_parameter(target, "region");
    return region ? region : target->aws.region;
}

bool kafka_iam_prepare(struct probe *probe, const struct target *target, struct error *err)
{
    const char *region = find_region(target);
    if (!target->aws.access_key)
        return error_set(err, REASON_AWS_CREDENTIALS_MISSING,
                         "the mechanism AWS_MSK_IAM needs an AWS identity, and there is none");
    if (!region) {
        error_set(
            err, REASON_INVALID_INPUT,
            "the mechanism AWS_MSK_IAM needs a region: REGION is not given, the broker's name "
            "(%s) does not tell it, and the agent has none of its own",
            target->endpoints[0].host);
        return error_property(err, REGION_PROPERTY);
    }
    if (target->aws.from)
        probe_note(probe, "aws_identity", "%s", target->aws.from);
    probe_note(probe, "region", "%s", region);
    return true;
}

/* The broker's JSON says what it thinks of the token; a byte ends the exchange, and its error
 * comes. */
static bool hear_refusal(struct session *session, const struct kafka_authenticate *said,
                         struct error *err)
{
    struct kafka_authenticate answer;
    char words[KAFKA_TEXT_SIZE];
    snprintf(words, sizeof words, "%.*s", (int)said->token_length, (const char *)said->token);
    if (!session_authenticate(session, "\x01", 1, &answer, err))
        return false;
    if (answer.code == KAFKA_NONE)
        return session_garbled(session, "its answer to the token", err);
    if (!answer.message[0])
        snprintf(answer.message, sizeof answer.message, "%s", words);
    return session_refused(session, REASON_LOGIN_REFUSED, &answer,
                           "the token was signed for that key, region and service: look at the "
                           "key's policy (kafka-cluster:Connect), its validity and the clock",
                           err);
}

bool kafka_iam(struct session *session, struct error *err)
{
    const struct aws_identity *aws = &session->target->aws;
    const struct kafka_caller caller = {.access_key = aws->access_key,
                                        .secret_key = aws->secret_key,
                                        .session_token = aws->session_token,
                                        .region = find_region(session->target),
                                        .user_agent = "testconn/" TESTCONN_VERSION};
    struct kafka_authenticate answer;
    time_t now = time(NULL);
    char *token = kafka_token(&caller, now);
    size_t size = strlen(token) + 32;
    char *message = calloc(1, size);
    if (!message)
        abort();
    int length = snprintf(message, size,
                          "n,,\x01"
                          "auth=Bearer %s\x01\x01",
                          token);
    bool answered = session_authenticate(session, message, (size_t)length, &answer, err);
    if (session->first)
        library_give_token(token, ((long long)now + KAFKA_TOKEN_EXPIRES_S) * 1000);
    explicit_bzero(message, size);
    explicit_bzero(token, strlen(token));
    free(message);
    free(token);
    if (!answered)
        return false;
    if (answer.code != KAFKA_NONE)
        return session_refused(session, REASON_LOGIN_REFUSED, &answer, NULL, err);
    return answer.token_length == 0 || hear_refusal(session, &answer, err);
}
