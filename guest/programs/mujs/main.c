#include "driver.h"
#include "script_js.h"
#include <mujs.h>

static void script_fold(js_State *js) {
    const char *text = js_tostring(js, 1);
    fold(text, strlen(text));
    js_pushundefined(js);
}

void program(void) {
    js_State *js = js_newstate(NULL, NULL, JS_STRICT);
    static char text[sizeof script_js + 1];
    need(js != NULL, "a state");
    memcpy(text, script_js, sizeof script_js);
    js_newcfunction(js, script_fold, "fold", 1);
    js_setglobal(js, "fold");
    need(!js_dostring(js, text), "the script");
    js_freestate(js);
}
