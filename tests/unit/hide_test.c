/* SPDX-License-Identifier: Apache-2.0 */
/* hide_test.c - secrets are taken out of what is shown, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hide.h"

static void credentials_in_urls_are_hidden(void **state)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"jdbc:postgresql://db:5432/orders", "jdbc:postgresql://db:5432/orders"},
        {"jdbc:postgresql://[2001:db8::7]:5432/o", "jdbc:postgresql://[2001:db8::7]:5432/o"},
        {"jdbc:postgresql://db/o?user=a&password=s3cret&ssl=true",
         "jdbc:postgresql://db/o?user=a&password=***&ssl=true"},
        {"jdbc:postgresql://db/o?sslpassword=s3cret", "jdbc:postgresql://db/o?sslpassword=***"},
        {"jdbc:sqlserver://db:1433;user=a;password={s3;}}c@ret};encrypt=true",
         "jdbc:sqlserver://db:1433;user=a;password=***;encrypt=true"},
        {"jdbc:sqlserver://db;password=s3c@ret", "jdbc:sqlserver://db;password=***"},
        {"jdbc:oracle:thin:scott/s3c@ret@//db:1521/s", "jdbc:oracle:thin:scott/***@//db:1521/s"},
        {"jdbc:oracle:thin:scott/s3cret@(DESCRIPTION=(HOST=h))",
         "jdbc:oracle:thin:scott/***@(DESCRIPTION=(HOST=h))"},
        {"jdbc:oracle:thin:@//db:1521/s", "jdbc:oracle:thin:@//db:1521/s"},
        {"jdbc:oracle:thin://@db:1521/s", "jdbc:oracle:thin://@db:1521/s"},
        {"mongodb://u:s3c@r/et@h:27017,h2/db?tls=true", "mongodb://u:***@h:27017,h2/db?tls=true"},
        {"mongodb://u:s3c?ret@h/db", "mongodb://u:***@h/db"},
        {"mongodb://u:1234@h/db", "mongodb://u:***@h/db"},
        {"mongodb://u@h/db", "mongodb://u@h/db"},
        {"mongodb://:s3cret@h", "mongodb://:***@h"},
        {"mongodb://h:27017/db?x=a@b", "mongodb://h:27017/db?x=a@b"},
        {"mongodb://h/db?proxyPassword=s3cret", "mongodb://h/db?proxyPassword=***"},
        {"mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:s3cret&tls=true",
         "mongodb://h/?authMechanismProperties=***&tls=true"},
        {"mongodb://h/?authMechanismProperties=SERVICE_NAME:m,aws_session_TOKEN%3As3cret",
         "mongodb://h/?authMechanismProperties=***"},
        {"mongodb://h/?authMechanismProperties=SERVICE_NAME:mongo",
         "mongodb://h/?authMechanismProperties=SERVICE_NAME:mongo"},
        {"jdbc:mysql://address=(host=h)(password=s3cret)/db",
         "jdbc:mysql://address=(host=h)(password=***)/db"},
        {"https://h/?access_token=s3cret", "https://h/?access_token=***"},
        {"", ""},
        {"password=", "password=***"},
        {"jdbc:x://h;password={s3cret", "jdbc:x://h;password=***"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *shown = hide_in_url(cases[i].url);
        assert_string_equal(shown, cases[i].shown);
        free(shown);
    }
}

static void secret_members_are_removed_and_others_stay(void **state)
{
    json_t *document =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s}, s:{s:{s:{s:s}, s:{s:s, s:s}}}}", "Name",
                  "a", "ConnectionProperties", "USERNAME", "u", "PASSWORD", "s3cret",
                  "KAFKA_SASL_PLAIN_PASSWORD", "s3cret", "MY_API_TOKEN", "s3cret", "SECRET_ID",
                  "name", "CONNECTION_URL", "mongodb://u:s3cret@h/d", "AuthenticationConfiguration",
                  "OAuth2Properties", "AuthorizationCodeProperties", "AuthorizationCode", "s3cret",
                  "TokenUrlParametersMap", "client_secret", "s3cret", "audience", "x");
    (void)state;
    assert_non_null(document);
    hide_passwords(document);
    char *text = json_dumps(document, JSON_COMPACT);
    assert_string_equal(
        text, "{\"Name\":\"a\",\"ConnectionProperties\":{\"USERNAME\":\"u\",\"SECRET_ID\":"
              "\"name\",\"CONNECTION_URL\":\"mongodb://u:***@h/d\"},"
              "\"AuthenticationConfiguration\":{\"OAuth2Properties\":{"
              "\"TokenUrlParametersMap\":{\"audience\":\"x\"}}}}");
    free(text);
    json_decref(document);
    /* The content of a secret in place of its ARN. */
    document = json_pack("{s:{s:s}}", "AuthenticationConfiguration", "SecretArn", "{\"a\":\"b\"}");
    hide_passwords(document);
    assert_int_equal(json_object_size(json_object_get(document, "AuthenticationConfiguration")), 0);
    json_decref(document);
    document = json_pack("{s:{s:{s:s}}}", "AuthenticationConfiguration", "OAuth2Properties",
                         "TokenUrl", "https://h/t?a=b&client_secret=s3cret");
    hide_passwords(document);
    text = json_dumps(document, JSON_COMPACT);
    assert_non_null(strstr(text, "\"https://h/t?a=b&client_secret=***\""));
    free(text);
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_in_urls_are_hidden),
        cmocka_unit_test(secret_members_are_removed_and_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
