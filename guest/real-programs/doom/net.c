// The network that there is none of: the game's own code finds no module that begins.
#include "net_gui.h"
#include "net_sdl.h"
#include "net_query.h"
#include "net_dedicated.h"
#include "i_system.h"
#include <stddef.h>

static boolean begin(void) { return false; }
static net_addr_t *resolve(const char *address) { return (void)address, NULL; }

net_module_t net_sdl_module = {.InitClient = begin, .InitServer = begin, .ResolveAddress = resolve};

void NET_WaitForLaunch(void) {}
void NET_DedicatedServer(void) { I_Error("there is no network"); }
