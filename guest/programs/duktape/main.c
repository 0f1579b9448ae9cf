#include "driver.h"
#include "script_js.h"
#include <duktape.h>

static duk_ret_t script_fold(duk_context *js) {
    duk_size_t size;
    const char *text = duk_to_lstring(js, 0, &size);
    fold(text, size);
    return 0;
}

void program(void) {
    duk_context *js = duk_create_heap_default();
    need(js != NULL, "a heap");
    duk_push_c_function(js, script_fold, 1);
    duk_put_global_string(js, "fold");
    need(!duk_peval_lstring(js, (const char *)script_js, sizeof script_js), "the script");
    duk_destroy_heap(js);
}
