# retail/default.xex --lockstep
# The session stays in the title that is launched, which has a past of its own. Without its medium
# the retail title launches nothing, so the call is made for it.
monitor title
find /1 0x82000000, 0x8202ffff, "game:\\second.xex"
set $r3 = $_
set $r4 = 0
monitor import XamLoaderLaunchTitle
set $pc = 0x82013074
continue
monitor title
monitor position
info threads
stepi
stepi
reverse-stepi
reverse-continue
monitor import DbgPrint
monitor history
continue
