/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_test.c - JDBC URLs taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jdbc_url.h"
#include "text.h"
#include "url_cases.h"

static void understands_what_is_right(void **state)
{
    static const struct url_case cases[] = {
        {"jdbc:postgresql://h:5432/d", "h:5432 /d"},
        {"jdbc:postgresql://h/d", "h:0 /d"},
        {"jdbc:postgresql://h:5432/", "h:5432 /"},
        {"jdbc:postgresql://h:5432", "h:5432 /"},
        {"JDBC:PostgreSQL://h:1/d", "h:1 /d"},
        {"jdbc:postgresql://[2001:db8::7]:5432/d", "2001:db8::7:5432 /d"},
        {"jdbc:postgresql://[::1]/d", "::1:0 /d"},
        {"jdbc:postgresql://a:1,b,[::1]:3/d", "a:1 b:0 ::1:3 /d"},
        {"jdbc:postgresql://b\xc3\xbc"
         "cher.example:1/d",
         "xn--bcher-kva.example:1 /d"},
        {"jdbc:postgresql://h:1/a%20b%2Fc%25", "h:1 /a b/c%"},
        {"jdbc:postgresql://h:1/a/c", NULL},
        {"jdbc:postgresql://h:1/a%20b%25", "h:1 /a b%"},
        {"jdbc:postgresql://h:1/d?a=b&c=%26%3D&d", "h:1 /d a=b c=&= d="},
        {"jdbc:postgresql://h:1?a=b", "h:1 / a=b"},
        {"jdbc:redshift://h:5439/dev", "h:5439 /dev"},
        {"jdbc:redshift:iam://h:5439/dev", "h:5439 /dev"},
        {"jdbc:redshift://h:5439/dev;a=b;c=%3B%26", "h:5439 /dev a=b c=;&"},
        {"jdbc:redshift://h:5439/dev?a=b;c=d&e=f", "h:5439 /dev a=b c=d e=f"},
        {"jdbc:redshift://h:5439;a=b", "h:5439 / a=b"},
        {"jdbc:redshift:iam://dwh:eu-west-1/dev?DbUser=u", "dwh:0 /dev DbUser=u (eu-west-1)"},
        {"jdbc:redshift:iam://dwh-2:us-gov-east-1/dev;a=b", "dwh-2:0 /dev a=b (us-gov-east-1)"},
        {"jdbc:redshift:iam://dwh:eu-west-1", "dwh:0 / (eu-west-1)"},
        {"jdbc:redshift:iam://dwh/dev", "dwh:0 /dev"},
        {"jdbc:mysql://h:3306/d", "h:3306 /d"},
        {"jdbc:mysql://a:1,b:2/d?useSSL=true", "a:1 b:2 /d useSSL=true"},
        {"jdbc:mysql://address=(host=a)(port=1),(host=b,port=2),[::1]:3/d", "a:1 b:2 ::1:3 /d"},
        {"jdbc:mysql://ADDRESS=(Port=7)(Host=a)/d", "a:7 /d"},
        {"jdbc:mysql:loadbalance://a,b/d", "a:0 b:0 /d"},
        {"jdbc:mysql://[a:1,b]/d", "a:1 b:0 /d"},
        {"jdbc:mysql://[(host=a,port=1),address=(host=b),[::1]:3]/d", "a:1 b:0 ::1:3 /d"},
        {"jdbc:mysql://[(host=a)]/d", "a:0 /d"},
        {"jdbc:mysql://[::1],[::2]/d", "::1:0 ::2:0 /d"},
        {"jdbc:mysql://[::1]/d", "::1:0 /d"},
        {"jdbc:mysql://[a,b/d", NULL},
        {"jdbc:postgresql://[a,b]/d", NULL},
        {"jdbc:postgresql//h/d", NULL},
        {"jdbc:mysql/h", NULL},
        {"jdbc:oracle", NULL},
        {"jdbc:mysql:replication://a:1,b:2/d", "a:1 b:2 /d"},
        {"jdbc:mariadb:sequential://a:1,b:2/d?x=y", "a:1 b:2 /d x=y"},
        {"jdbc:aurora://h/d", "h:0 /d"},
        {"jdbc:oracle:thin:@//h:1521/svc", "h:1521 /svc"},
        {"jdbc:oracle:thin:@h:1521/svc.example.com", "h:1521 /svc.example.com"},
        {"jdbc:oracle:thin:@h/svc", "h:0 /svc"},
        {"jdbc:oracle:thin:@h:1521:ORCL", "h:1521 /ORCL SID=ORCL"},
        {"jdbc:oracle:thin://@h:1521/svc", "h:1521 /svc"},
        {"jdbc:oracle:thin://@h:1521:ORCL", "h:1521 /ORCL SID=ORCL"},
        {"jdbc:oracle://h:1521/svc", "h:1521 /svc"},
        {"jdbc:oracle:thin:@[::1]:1521:ORCL", "::1:1521 /ORCL SID=ORCL"},
        {"jdbc:oracle:thin:@[::1]:1521/svc", "::1:1521 /svc"},
        {"jdbc:oracle:thin:@tcp://a,b:1522/svc", "a:1522 b:1522 /svc"},
        {"jdbc:oracle:thin:@tcps://h:2484/svc?ssl_server_dn_match=yes",
         "h:2484 /svc PROTOCOL=TCPS ssl_server_dn_match=yes"},
        {"jdbc:oracle:thin:@//h:1/svc:dedicated/inst1",
         "h:1 /svc SERVER=dedicated INSTANCE_NAME=inst1"},
        {"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=1521))(CONNECT_DATA=("
         "SERVICE_NAME=s)))",
         "h:1521 /s"},
        {"jdbc:oracle:thin:@( description = "
         "(address_list=(load_balance=on)(address=(protocol=tcps)(host=a)(port=1))(address=("
         "protocol=tcps)(host=b)(port=2)))(connect_data=(sid=S))(security=(ssl_server_cert_dn=\"CN="
         "a,O=x\")))",
         "a:1 b:2 /S load_balance=on PROTOCOL=TCPS PROTOCOL=TCPS SID=S "
         "ssl_server_cert_dn=CN=a,O=x"},
        {"jdbc:sqlserver://h:1433;databaseName=d", "h:1433 /d"},
        {"jdbc:sqlserver://h:1433;database=d;encrypt=true;", "h:1433 /d encrypt=true"},
        {"jdbc:sqlserver://h:1433/d", "h:1433 /d"},
        {"jdbc:sqlserver://h\\INST:1433;databaseName={a;b}}c}", "h:1433 /a;b}c instanceName=INST"},
        {"jdbc:sqlserver://h;instanceName=I:1444;database=d", "h:1444 /d instanceName=I"},
        {"jdbc:sqlserver://;serverName=h;portNumber=5;databaseName=d", "h:5 /d"},
        {"jdbc:sqlserver://;server=::1;port=5", "::1:5 /"},
        {"jdbc:sqlserver://[::1]:1433;database=d", "::1:1433 /d"},
        {"jdbc:sqlserver://h", "h:0 /"},
        {"jdbc:snowflake://acct.snowflakecomputing.com/?user=u&db=D&role=R&warehouse=W",
         "acct.snowflakecomputing.com:0 /D user=u db=D role=R warehouse=W"},
    };
    (void)state;
    url_expect(jdbc_url_parse, cases, sizeof cases / sizeof *cases);
}

static void refuses_what_is_wrong_and_quotes_no_credentials(void **state)
{
    static const struct {
        const char *url;
        const char *words;
    } cases[] = {
        {"postgresql://h/d", "jdbc:"},
        {"jdbc:postgres://h/d", "did you mean jdbc:postgresql"},
        {"jdbc:postgersql://h/d", "did you mean jdbc:postgresql"},
        {"jdbc:", "no database driver"},
        {"jdbc:postgresql:d", "//HOST"},
        {"jdbc:postgresql:///d", "no host"},
        {"jdbc:postgresql://:5432/d", "no host"},
        {"jdbc:postgresql://h:/d", "port"},
        {"jdbc:postgresql://h:0/d", "port"},
        {"jdbc:postgresql://h:65536/d", "port"},
        {"jdbc:postgresql://h:1:2/d", "brackets"},
        {"jdbc:postgresql://::1/d", "brackets"},
        {"jdbc:postgresql://[::1/d", "bracket"},
        {"jdbc:postgresql://[::1]x/d", "bracket"},
        {"jdbc:postgresql://h,,g/d", "no host"},
        {"jdbc:postgresql://u:c4nary@h/d", "USERNAME and PASSWORD"},
        {"jdbc:postgresql://h/d;user=u;password=c4nary", "within its database name"},
        {"jdbc:redshift://dwh:eu-west-1/d", "port"},
        {"jdbc:redshift:iam://dwh.example:eu-west-1/d", "port"},
        {"jdbc:redshift:iam://a,dwh:eu-west-1/d", "port"},
        {"jdbc:redshift:iam://dwh:eu_west/d", "port"},
        {"jdbc:redshift:iam://u:c4nary@dwh:eu-west-1/d", "USERNAME and PASSWORD"},
        {"jdbc:postgresql://h/d%zz", "percent"},
        {"jdbc:postgresql://h/d%00", "percent"},
        {"jdbc:postgresql://h/d?a=%ff", "percent"},
        {"jdbc:postgresql://h/d?=x", "empty name"},
        {"jdbc:sqlite:/etc/passwd", "file"},
        {"jdbc:h2:file:/x", "file"},
        {"jdbc:h2:~/x", "file"},
        {"jdbc:hsqldb:file:x", "file"},
        {"jdbc:derby:x", "file"},
        {"jdbc:mysql://address=(port=1)/d", "no host"},
        {"jdbc:mysql://(host=h,user=x,password=c4nary)/d", "USERNAME and PASSWORD"},
        {"jdbc:oracle:thin:u/c4nary@//h:1/s", "USERNAME and PASSWORD"},
        {"jdbc:oracle:thin:@orcl", "tnsnames"},
        {"jdbc:oracle:thin:@ldap://h/x", "elsewhere"},
        {"jdbc:oracle:thin:@LDAPS://h/x", "elsewhere"},
        {"jdbc:oracle:thin:@config-file:///etc/x", "elsewhere"},
        {"jdbc:oracle:oci:@h:1/s", "OCI"},
        {"jdbc:oracle:kprb:", "none of Oracle"},
        {"jdbc:oracle:thin:@//h:1", "no service"},
        {"jdbc:oracle:thin:@//h:0/s", "port"},
        {"jdbc:oracle:thin:h:1/s", "no @"},
        {"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=1))", "parentheses"},
        {"jdbc:oracle:thin:@(DESCRIPTION=(CONNECT_DATA=(SID=x)))", "without an ADDRESS"},
        {"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=BEQ)(PROGRAM=/bin/sh)))", "PROTOCOL"},
        {"jdbc:oracle:thin:@(ADDRESS=(PROTOCOL=IPC)(HOST=h)(PORT=1))", "PROTOCOL"},
        {"jdbc:sqlserver:h", "//HOST"},
        {"jdbc:sqlserver://;databaseName=d", "no host"},
        {"jdbc:sqlserver://h:x;databaseName=d", "port"},
        {"jdbc:sqlserver://h;databaseName={d", "braces"},
        {"jdbc:sqlserver://h;databaseName", "without a value"},
        {"jdbc:sqlserver://h;=x", "without a name"},
        {"jdbc:sqlserver://u:c4nary@h", "USERNAME and PASSWORD"},
        {"jdbc:snowflake://", "no host"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        bool right = jdbc_url_parse(cases[i].url, "URL", &url, &problems);
        char *text = problems_join(&problems, "");
        if (right || !strstr(text, cases[i].words) || strstr(text, "c4nary"))
            fail_msg("%s: %s", cases[i].url, text);
        free(text);
        problems_release(&problems);
        jdbc_url_release(&url);
    }
}

static void knows_other_databases_from_misspelt_ones(void **state)
{
    static const struct {
        const char *url;
        enum jdbc_standing standing;
    } cases[] = {
        {"jdbc:db2://h:1/d", JDBC_OTHER},
        {"jdbc:h2:tcp://h/d", JDBC_OTHER},
        {"jdbc:derby://h:1527/d", JDBC_OTHER},
        {"jdbc:oracle:thin:@//h:1521/s", JDBC_VENDOR},
        {"jdbc:sqlserver://h:1433;database=d", JDBC_VENDOR},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        assert_true(jdbc_url_parse(cases[i].url, "URL", &url, &problems));
        assert_int_equal(url.standing, cases[i].standing);
        assert_int_equal(problems.count, 0);
        jdbc_url_release(&url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_what_is_right),
        cmocka_unit_test(refuses_what_is_wrong_and_quotes_no_credentials),
        cmocka_unit_test(knows_other_databases_from_misspelt_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
