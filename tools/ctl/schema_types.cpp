#include <flatbuffers/reflection.h>

#include <algorithm>
#include <string_view>

#include "tools/ctl/schema_changes.h"

namespace tickrelay::ctl {

namespace {

class TypeComparison {
  public:
    TypeComparison(const reflection::Schema& before, const reflection::Schema& after, SchemaChanges& changes)
        : before_(before), after_(after), changes_(changes) {}

    void run() {
        for (const reflection::Enum* one : *before_.enums()) {
            const auto* found = find(*after_.enums(), name_of(*one));
            if (found != nullptr) compare_enum(*one, *found);
        }
        for (const reflection::Object* one : *before_.objects()) {
            const auto* found = find(*after_.objects(), name_of(*one));
            if (found != nullptr && !one->is_struct() && !found->is_struct()) compare_table(*one, *found);
        }
    }

  private:
    template <class T>
    static std::string name_of(const T& named) {
        return named.name()->str();
    }

    // Not by the sorted vectors' own search: anyone may have written the file.
    template <class T>
    static const T* find(const flatbuffers::Vector<flatbuffers::Offset<T>>& all, std::string_view name) {
        for (const T* one : all)
            if (one->name()->string_view() == name) return one;
        return nullptr;
    }

    void compare_enum(const reflection::Enum& before, const reflection::Enum& after) {
        for (const reflection::EnumVal* value : *before.values()) {
            const std::string name = name_of(before) + "." + name_of(*value);
            const auto* now = find(*after.values(), value->name()->string_view());
            if (now == nullptr) {
                changes_.breaking.push_back(name + " is gone");
            } else if (now->value() != value->value()) {
                changes_.breaking.push_back(name + " was " + std::to_string(value->value()) + " and is " + std::to_string(now->value()));
            }
        }
        for (const reflection::EnumVal* value : *after.values()) {
            if (find(*before.values(), value->name()->string_view()) == nullptr)
                changes_.additive.push_back(name_of(after) + "." + name_of(*value) + " is new: older programs see a number that they do not know");
        }
    }

    void compare_table(const reflection::Object& before, const reflection::Object& after) {
        for (const reflection::Field* field : *before.fields()) {
            const std::string name = name_of(before) + "." + name_of(*field);
            const auto* now = find(*after.fields(), field->name()->string_view());
            if (now == nullptr) {
                if (!field->deprecated()) changes_.breaking.push_back(name + " is gone: mark it deprecated instead");
            } else if (now->id() != field->id()) {
                changes_.breaking.push_back(name + " changes its place in the table: fields may only be added at the end");
            } else if (!same_type(*field->type(), *now->type())) {
                changes_.breaking.push_back(name + " changes its type");
            }
        }
        for (const reflection::Field* field : *after.fields()) {
            if (find(*before.fields(), field->name()->string_view()) != nullptr) continue;
            const std::string name = name_of(after) + "." + name_of(*field) + " is new";
            field->required() ? changes_.breaking.push_back(name + " and required: older programs do not write it") : changes_.additive.push_back(name);
        }
    }

    // A type's index is within the objects where parse_schema let it pass; of an enum it is only looked at by number.
    bool same_type(const reflection::Type& before, const reflection::Type& after) {
        if (before.base_type() != after.base_type() || before.element() != after.element() || before.fixed_length() != after.fixed_length())
            return false;
        const bool object = before.base_type() == reflection::Obj || before.element() == reflection::Obj;
        if (!object) return true;
        const auto& one = *before_.objects()->Get(static_cast<flatbuffers::uoffset_t>(before.index()));
        const auto& other = *after_.objects()->Get(static_cast<flatbuffers::uoffset_t>(after.index()));
        return name_of(one) == name_of(other) && one.is_struct() == other.is_struct() && (!one.is_struct() || same_struct(one, other));
    }

    // Inside tables a struct never grows. Structs cannot hold themselves: parse_schema saw to that only for components, so the
    // depth is held.
    bool same_struct(const reflection::Object& before, const reflection::Object& after, int depth = 0) {
        if (before.bytesize() != after.bytesize() || before.fields()->size() != after.fields()->size() || depth > 16) return false;
        return std::ranges::all_of(*before.fields(), [&](const reflection::Field* field) {
            const auto* now = find(*after.fields(), field->name()->string_view());
            return now != nullptr && now->offset() == field->offset() && same_member(*field->type(), *now->type(), depth);
        });
    }
    bool same_member(const reflection::Type& before, const reflection::Type& after, int depth) {
        if (before.base_type() != after.base_type() || before.element() != after.element() || before.fixed_length() != after.fixed_length())
            return false;
        if (before.base_type() != reflection::Obj && before.element() != reflection::Obj) return true;
        return same_struct(*before_.objects()->Get(static_cast<flatbuffers::uoffset_t>(before.index())),
                           *after_.objects()->Get(static_cast<flatbuffers::uoffset_t>(after.index())), depth + 1);
    }

    const reflection::Schema& before_;
    const reflection::Schema& after_;
    SchemaChanges& changes_;
};

}  // namespace

void compare_types(std::span<const std::byte> before, std::span<const std::byte> after, SchemaChanges& changes) {
    const std::vector<std::byte> aligned_before(before.begin(), before.end()), aligned_after(after.begin(), after.end());
    TypeComparison(*reflection::GetSchema(aligned_before.data()), *reflection::GetSchema(aligned_after.data()), changes).run();
}

}  // namespace tickrelay::ctl
