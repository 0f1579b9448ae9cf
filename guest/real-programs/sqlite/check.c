// SQLite over itself: what it answers is printed, and is the same everywhere.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void open_database(const char *name) {
    if (sqlite3_open(name, &db) == SQLITE_OK) return;
    printf("cannot open %s: %s\n", name, sqlite3_errmsg(db));
    exit(1);
}

static int print_row(void *unused, int count, char **values, char **names) {
    (void)unused, (void)names;
    for (int i = 0; i < count; i++) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "null");
    printf("\n");
    return 0;
}

static void run(const char *text) {
    char *error = 0;
    if (sqlite3_exec(db, text, print_row, 0, &error) != SQLITE_OK) printf("error: %s\n", error);
    sqlite3_free(error);
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "check.db";
    open_database(name);
    run("pragma page_size = 4096; create table t(id integer primary key, name text unique, value real, data blob)");
    run("create index by_value on t(value)");
    run("with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) "
        "insert into t select i, printf('name-%05d', i * 7919 % 5003), i / 7.0, zeroblob(i % 300) from n");
    run("select count(*), sum(value), min(name), max(name), sum(length(data)) from t");
    run("begin; delete from t where id % 3 = 0; select count(*) from t; rollback; select count(*) from t");
    run("savepoint a; update t set name = upper(name) where id < 10; savepoint b; delete from t; rollback to b; release a");
    run("select name from t where id < 12 order by name desc");
    run("insert into t(name) values ('NAME-02916')");
    run("insert into t(name) values ('name-00001')");
    run("explain query plan select * from t where value between 10 and 20");
    run("select group_concat(id) from (select id from t where value between 100 and 101)");
    run("create virtual table words using fts5(body)");
    run("create table json(j); insert into json values ('{\"a\":[1,2,{\"b\":\"text\"}]}')");
    run("select json_extract(j, '$.a[2].b'), json_array_length(j, '$.a') from json");
    run("select strftime('%Y-%m-%d %H:%M:%S', 1e9, 'unixepoch'), julianday('2000-01-01'), hex(zeroblob(3))");
    run("select name, row_number() over (order by value desc), lag(id) over (order by id) from t limit 3");
    run("select upper('ärger'), length('ärger'), 'abc' like 'A%', 'abc' glob 'A*', 1 / 0, 7 % -3, 9223372036854775807 + 1");
    run("pragma integrity_check");
    sqlite3_close(db);
    open_database(name);
    run("select count(*), sum(id) from t; pragma integrity_check; delete from t where id > 2000; vacuum; pragma page_count");
    run("attach 'other.db' as other; create table other.copy as select * from t; select count(*) from other.copy");
    run("begin; insert into t(name) values ('both'); insert into other.copy(name) values ('both'); commit");
    run("select (select count(*) from t), (select count(*) from other.copy)");
    sqlite3_close(db);
    // Damage is found.
    FILE *file = fopen("other.db", "r+b");
    if (!file) return 1;
    fseek(file, 3 * 4096, SEEK_SET);
    for (int i = 0; i < 4096; i++) fputc(0x5A, file);
    fclose(file);
    open_database("other.db");
    run("pragma integrity_check(1)");
    run("select count(*), sum(length(name)) from copy");
    sqlite3_close(db);
    remove("other.db");
    return 0;
}
