// A shared object, but no logic.
extern "C" int tickrelay_something_else() { return 1; }
