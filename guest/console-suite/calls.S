# Calls that gcc's 32-bit ABI can't make: 64-bit arguments are one register for the console and two for gcc, and the ninth
# argument lies elsewhere.
    .text

# read_settings is XamUserReadProfileSettings.
    .globl read_settings
    .type read_settings,@function
read_settings:
    mflr    0
    stw     0, 4(1)
    lwz     11, 8(1)
    stwu    1, -128(1)
    stw     11, 0x54(1)
    bl      XamUserReadProfileSettings
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size read_settings, . - read_settings

# create_listener(areas, version) is XamNotifyCreateListener, for areas below 32.
    .globl create_listener
    .type create_listener,@function
create_listener:
    clrldi  3, 3, 32
    b       XamNotifyCreateListener
    .size create_listener, . - create_listener

# index_of(const uint64_t *xuid, uint32_t *index) is XamUserGetIndexFromXUID.
    .globl index_of
    .type index_of,@function
index_of:
    mr      5, 4
    li      4, 0
    ld      3, 0(3)
    b       XamUserGetIndexFromXUID
    .size index_of, . - index_of

# message_box is XamShowMessageBoxUI.
    .globl message_box
    .type message_box,@function
message_box:
    mflr    0
    stw     0, 4(1)
    lwz     11, 8(1)
    stwu    1, -128(1)
    stw     11, 0x54(1)
    bl      XamShowMessageBoxUI
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size message_box, . - message_box

# read_tile is XamReadTileEx.
    .globl read_tile
    .type read_tile,@function
read_tile:
    mflr    0
    stw     0, 4(1)
    lwz     11, 8(1)
    stwu    1, -128(1)
    stw     11, 0x54(1)
    bl      XamReadTileEx
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size read_tile, . - read_tile

# device_selector is XamShowDeviceSelectorUI, for no bytes.
    .globl device_selector
    .type device_selector,@function
device_selector:
    mr      8, 7
    mr      7, 6
    li      6, 0
    b       XamShowDeviceSelectorUI
    .size device_selector, . - device_selector

# create_achievements is XamUserCreateAchievementEnumerator, of the user alone.
    .globl create_achievements
    .type create_achievements,@function
create_achievements:
    mr      10, 9
    mr      9, 8
    mr      8, 7
    mr      7, 6
    mr      6, 5
    li      5, 0
    b       XamUserCreateAchievementEnumerator
    .size create_achievements, . - create_achievements

# content_of_titles(device, type, handle) is XamContentAggregateCreateEnumerator, for any user.
    .globl content_of_titles
    .type content_of_titles,@function
content_of_titles:
    mr      7, 5
    mr      5, 4
    mr      4, 3
    li      6, 0
    li      3, -1
    b       XamContentAggregateCreateEnumerator
    .size content_of_titles, . - content_of_titles
