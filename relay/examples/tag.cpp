// The plugin: tickrelay --logic tag.so, then room.spawn {"logic": "tag"}.
#include "tag.h"

TICKRELAY_LOGIC("tag", TagLogic)
