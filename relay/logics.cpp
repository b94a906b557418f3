#include "relay/logics.h"

#include <dlfcn.h>

namespace tickrelay {

Logics::Logics() { loaded_.emplace("demo", make_demo_logic); }

bool Logics::add(const std::string& name, LogicFactory make) {
    if (find(name)) return false;
    loaded_.emplace(name, std::move(make));
    return true;
}

std::string Logics::load(const std::string& path) {
    // RTLD_NODELETE: rooms outlive any reason to unload.
    void* object = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (object == nullptr) return "logic '" + path + "' cannot be loaded: " + dlerror();
    const auto entry = reinterpret_cast<LogicEntry>(dlsym(object, "tickrelay_logic"));
    if (entry == nullptr) return "logic '" + path + "' has no entry tickrelay_logic: use TICKRELAY_LOGIC(name, class) once in it";
    const LogicPlugin* plugin = entry();
    if (plugin == nullptr || plugin->abi_version != logic_abi_version)
        return "logic '" + path + "' was built for another version of tickrelay (ABI " +
               (plugin == nullptr ? std::string("none") : std::to_string(plugin->abi_version)) + ", this is " +
               std::to_string(logic_abi_version) + "): build it again with these headers";
    const std::string name = plugin->name;
    if (!add(name, [make = plugin->make] { return std::unique_ptr<Logic>(make()); }))
        return "logic '" + path + "' is named '" + name + "', which is taken: give it another name";
    return {};
}

LogicFactory Logics::find(std::string_view name) const {
    if (LogicFactory built_in = built_in_logic(name)) return built_in;
    const auto it = loaded_.find(name);
    return it == loaded_.end() ? LogicFactory{} : it->second;
}

}  // namespace tickrelay
