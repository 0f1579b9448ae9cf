#include "driver.h"
#include "script_lua.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static int script_fold(lua_State *lua) {
    size_t length;
    const char *text = luaL_checklstring(lua, 1, &length);
    fold(text, length);
    return 0;
}

void program(void) {
    lua_State *lua = luaL_newstate();
    need(lua != NULL, "a state");
    luaL_openlibs(lua);
    lua_register(lua, "fold", script_fold);
    if (luaL_loadbuffer(lua, script_lua, sizeof script_lua, "script") || lua_pcall(lua, 0, 0, 0))
        need(0, lua_tostring(lua, -1));
    lua_close(lua);
}
