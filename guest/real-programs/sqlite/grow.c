// A database that grows: grow FILE check | make MEGABYTES | write SECONDS. `write` prints the
// number of each transaction that is committed, so that a test that kills it knows the
// transactions that `check` must find.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;

static void need(int result, const char *what) {
    if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW) return;
    printf("%s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static long long number(const char *question) {
    sqlite3_stmt *statement;
    need(sqlite3_prepare_v2(db, question, -1, &statement, 0), question);
    need(sqlite3_step(statement), question);
    long long answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

static void run(const char *text) { need(sqlite3_exec(db, text, 0, 0, 0), text); }

// A transaction: ten rows that all carry its number.
static void commit(long long transaction) {
    char text[256];
    snprintf(text, sizeof text,
             "begin; with recursive n(i) as (select 1 union all select i + 1 from n where i < 10) "
             "insert into t(batch, data) select %lld, randomblob(900) from n; commit",
             transaction);
    run(text);
}

static int check(void) {
    sqlite3_stmt *statement;
    need(sqlite3_prepare_v2(db, "pragma integrity_check", -1, &statement, 0), "integrity_check");
    need(sqlite3_step(statement), "integrity_check");
    const char *verdict = (const char *)sqlite3_column_text(statement, 0);
    int is_well = verdict && !strcmp(verdict, "ok");
    printf("integrity %s\n", verdict);
    sqlite3_finalize(statement);
    long long broken = number("select count(*) from (select count(*) as n from t group by batch) where n != 10");
    printf("last %lld broken %lld rows %lld\n", number("select coalesce(max(batch), 0) from t"), broken,
           number("select count(*) from t"));
    return is_well && !broken ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    need(sqlite3_open(argv[1], &db), "open");
    run("create table if not exists t(id integer primary key, batch, data); create index if not exists i on t(batch)");
    long long next = number("select coalesce(max(batch), 0) from t") + 1;
    int result = 0;
    if (!strcmp(argv[2], "check")) {
        result = check();
    } else if (!strcmp(argv[2], "make") && argc > 3) {
        long long size = atoll(argv[3]) << 20;
        run("begin");
        while (number("select count(*) from t") * 1000 < size) {
            char text[256];
            snprintf(text, sizeof text,
                     "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) "
                     "insert into t(batch, data) select %lld + (i - 1) / 10, randomblob(900) from n",
                     next);
            run(text);
            next += 1000;
        }
        run("commit");
        printf("made %lld rows\n", number("select count(*) from t"));
    } else if (!strcmp(argv[2], "write") && argc > 3) {
        time_t end = time(0) + atoi(argv[3]);
        while (time(0) < end) {
            commit(next);
            printf("committed %lld\n", next++);
            fflush(stdout);
        }
    }
    need(sqlite3_close(db), "close");
    return result;
}
