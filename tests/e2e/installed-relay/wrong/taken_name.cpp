// Named like a built-in logic.
#include <relay/logics.h>

class Impostor final : public tickrelay::Logic {};

TICKRELAY_LOGIC("chat", Impostor)
