#include "driver.h"
#include <cJSON.h>

void program(void) {
    cJSON *list = cJSON_CreateArray();
    char words[48];
    for (int i = 0; i < 2500; i++) {
        cJSON *item = cJSON_CreateObject(), *tags = cJSON_AddArrayToObject(item, "tags");
        make_text(words, sizeof words - 1);
        words[47] = 0;
        cJSON_AddNumberToObject(item, "id", i * 3);
        cJSON_AddStringToObject(item, "name", words);
        cJSON_AddBoolToObject(item, "active", i & 1);
        for (int tag = 0; tag < i % 6; tag++) cJSON_AddItemToArray(tags, cJSON_CreateNumber((int)(next_random() % 1000)));
        cJSON_AddItemToArray(list, item);
    }
    for (int again = 0; again < 8; again++) {
        char *text = again & 1 ? cJSON_Print(list) : cJSON_PrintUnformatted(list);
        need(text != NULL, "text");
        fold_number(strlen(text));
        if (again < 2) fold(text, strlen(text));
        cJSON *copy = cJSON_Parse(text);
        need(copy != NULL, "JSON");
        uint64_t sum = 0;
        const cJSON *item, *tag;
        cJSON_ArrayForEach(item, copy) {
            sum += (uint64_t)cJSON_GetObjectItem(item, "id")->valueint;
            cJSON_ArrayForEach(tag, cJSON_GetObjectItem(item, "tags")) sum += (uint64_t)tag->valueint;
        }
        fold_number(sum);
        need(cJSON_Compare(list, copy, 1), "the same again");
        cJSON_Delete(list);
        list = copy;
        free(text);
    }
    cJSON_Delete(list);
}
